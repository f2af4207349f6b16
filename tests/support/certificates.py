"""Certificates for tests: their schema, a bare interpreter that checks them, what it rejects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema

from algzoo_exact.certificate import check

Json = dict[str, Any]
CHECKER = Path(check.__file__)
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads(CHECKER.with_name("certificate.schema.json").read_text())
)


def run_bare(*arguments: str | Path, checker: Path = CHECKER) -> tuple[int, str]:
    """Exit code and output of the checker's file in Python without site-packages."""
    command = [sys.executable, "-I", "-S", str(checker), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def by_hash(document: Json) -> tuple[str, str]:
    """Options that demand the model's hash, by which rational weights are known without a file."""
    return "--sha256", document["model"]["sha256"]


def asking(document: Json) -> check.Asked:
    """The same for ``check_document``."""
    return check.Asked(sha256=document["model"]["sha256"])


def seal(document: Json) -> Json:
    """The document with the digest that its content has."""
    long = check.LISTS[document["kind"]]
    rest = {key: value for key, value in document.items() if key not in (*long, "digest")}
    lists = [document.get(key) or [] for key in long]
    return document | {"digest": check.digest_of(rest, lists)}


def reject(document: Json, weights: bytes | None = None) -> str:
    """The reason for which a certificate is not accepted; it proves nothing."""
    outcome = check.check_document(document, weights)
    assert outcome.status == "rejected"
    assert {outcome.accuracy, outcome.squared_error, outcome.root} == {None}
    assert outcome.reason
    return outcome.reason


def without(document: Json, number: int) -> Json:
    """A cell or piece left out, with the rays that only it has; its digest is the old one."""
    cones = [cone for k, cone in enumerate(document[document["kind"]]) if k != number]
    used = sorted({ray for cone in cones for ray in cone["rays"]})
    cones = [cone | {"rays": [used.index(ray) for ray in cone["rays"]]} for cone in cones]
    rays = [document["rays"][ray] for ray in used]
    return document | {document["kind"]: cones, "rays": rays}


def story_of(nodes: list[Any], parts: list[Json]) -> Json:
    """An explanation of one claim, as a certificate has it."""
    claim = {"name": "a", "text": "", "written": {}, "about": None}
    claim |= {"instances": [{"parameters": {}, "parts": parts, "inside": None}]}
    rest: Json = {"title": "", "factors": None, "others": [], "cases": []}
    return rest | {"nodes": nodes, "claims": [claim], "disjoint": None, "accuracy": None}


def dumped(document: Json, path: Path) -> Path:
    path.write_text(json.dumps(document))
    return path
