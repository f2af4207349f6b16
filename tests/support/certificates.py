"""Certificates for tests: a bare interpreter that checks them, and single-field faults."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from algzoo_exact.certificate import check

Json = dict[str, Any]
CHECKER = Path(check.__file__)
_HEAVY = ("cells", "pieces", "rays", "model")

# What only the digest can vouch for: texts, the tie rule where nothing is tied, and the type of
# floats where no file is given (the weights may be floats of several types).
UNSEALED = ("software", "ties", "digest", "format", "version", "kind")


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


@dataclass(frozen=True)
class Fault:
    """A certificate with one field changed. ``sealed``: its digest was made to fit again, so that
    only a check of what it says can reject it."""

    where: str
    sealed: bool
    document: Json


def faults(document: Json, seed: int, count: int) -> Iterator[Fault]:
    """``count`` faults at random places, each another value than the true one."""
    rng = np.random.default_rng(seed)
    while count:
        broken = copy.deepcopy(document)
        path = _break(broken, rng)
        if path is None or broken == document:
            continue
        sealed = path[0] not in UNSEALED and path[:2] not in (("model", "name"), ("model", "dtype"))
        sealed = sealed and isinstance(broken.get("kind"), str)
        yield Fault(" ".join(map(str, path)), sealed, seal(broken) if sealed else broken)
        count -= 1


def _break(document: Json, rng: np.random.Generator) -> tuple[Any, ...] | None:
    """Change one field at random, in place; its path."""
    path: list[Any] = []
    at: Any = document
    if rng.random() < 0.75:  # where most of the content is
        path.append(str(rng.choice([key for key in _HEAVY if key in document])))
        at = document[path[0]]
        if path == ["model"]:
            path.append("weights")
            at = at["weights"]
        if not isinstance(at, dict | list) or not at:
            path, at = [], document
    while True:
        keys = list(at) if isinstance(at, dict) else range(len(at))
        if not len(keys):
            at.append(1)  # ties
            return (*path, "append")
        key = keys[int(rng.integers(len(keys)))]
        path.append(key)
        value = at[key]
        if not isinstance(value, dict | list) or rng.random() < 0.1:
            break
        at = value
    kind = rng.random()
    if kind < 0.15 and isinstance(at, dict):
        del at[key]
        return (*path, "drop")
    if kind < 0.3 and isinstance(at, list):
        if kind < 0.2:
            at.insert(key, copy.deepcopy(value))
            return (*path, "double")
        del at[key]
        return (*path, "drop")
    at[key] = _other(value, rng)
    return tuple(path)


def _other(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return [] if rng.random() < 0.5 else {"x": 1}
    if isinstance(value, int):
        return value + int(rng.choice([-2, -1, 1, 2]))
    characters = list(value)
    places = [k for k, c in enumerate(characters) if c.isdigit()]
    if not places or rng.random() < 0.1:
        return value + "x"
    place = places[int(rng.integers(len(places)))]
    digits = "01" if set(value) <= set("01|") else "0123456789"
    others = [c for c in digits if c != characters[place]]
    characters[place] = others[int(rng.integers(len(others)))]
    return "".join(characters)


def dumped(document: Json, path: Path) -> Path:
    path.write_text(json.dumps(document))
    return path
