"""Running the command line in tests, and the schemas of its JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import torch
from typer.testing import CliRunner, Result

import algzoo_exact
from algzoo_exact.cli.app import app
from algzoo_exact.exact.enclosure import Enclosure
from support import weight_files


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def refused(*arguments: object) -> str:
    """The one sentence on stderr, with exit code 2 and nothing on stdout."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    line = result.stderr
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    assert line.endswith((".\n", "?\n"))
    assert "Traceback" not in line
    return line


def text_of(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def json_of(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text_of(*arguments, "--json"), parse_constant=no_constant)
    assert found["version"] == algzoo_exact.__version__
    return found


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def write(path: Path, **changes: torch.Tensor | None) -> Path:
    """A state dict with keys added, replaced or (None) removed; underscores stand for dots."""
    tensors: dict[str, Any] = weight_files.state(2, 2)
    for key, value in changes.items():
        tensors[key.replace("__", ".")] = value
    tensors = {key: value for key, value in tensors.items() if value is not None}
    return weight_files.write(path, tensors)


# --- JSON schemas ---

DECIMAL = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
NULL = {"type": "null"}


def record(**properties: object) -> dict[str, object]:
    """Exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def either(*kinds: object) -> dict[str, object]:
    return {"anyOf": list(kinds)}


NUMBER, COUNT = {"type": "number"}, {"type": "integer", "minimum": 0}
TEXT, TRUTH = {"type": "string"}, {"type": "boolean"}
BOUNDS = record(lower=DECIMAL, upper=DECIMAL)
MODEL = record(
    name=TEXT,
    sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    weights_sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    hidden_size=COUNT,
    seq_len=COUNT,
    parameters=COUNT,
    heads=either(COUNT, NULL),
    heads_assumed=either(TRUTH, NULL),
    taken={"type": "object", "additionalProperties": TEXT},
)
COUNTS = record(
    inputs=COUNT,
    undecided=COUNT,
    tied=COUNT,
    confusion={"type": "array", "items": {"type": "array", "items": COUNT}},
)


def sample_schemas(**estimates: object) -> tuple[dict[str, object], dict[str, object]]:
    """What random inputs give, and the same held against a score."""
    keys: dict[str, object] = {
        "kind": {"const": "sampled"},
        "samples": COUNT,
        "lower": NUMBER,
        "upper": NUMBER,
        "confidence": NUMBER,
        "standard_error": NUMBER,
        "seed": {"type": "integer"},
        "device": TEXT,
        "dtype": {"enum": ["float32", "float64"]},
        "seconds": NUMBER,
    }
    keys |= estimates
    return record(**keys), record(**keys, z_score=either(NUMBER, NULL), agrees=TRUTH)


SAMPLED, CHECK = sample_schemas(
    correct={"type": "string", "pattern": r"^\d+(/\d+)?$"},
    estimate=NUMBER,
    interval={"enum": ["Clopper-Pearson", "Chernoff-Hoeffding"]},
)
TIES = {"enum": ["lowest", "incorrect", "uniform"]}
SCORE: dict[str, object] = {
    "model": MODEL,
    "regions": either(COUNT, NULL),
    "cells": either(COUNT, NULL),
    "undecided": DECIMAL,
    "interrupted": TRUTH,
    "method": TEXT,
    "seconds": NUMBER,
    "not_sampled": either(TEXT, NULL),
    "version": TEXT,
}
ACCURACY = record(
    **SCORE,
    task=TEXT,
    ties=TIES,
    kind={"enum": ["exact", "certified"]},
    accuracy=record(lower=DECIMAL, upper=DECIMAL, closed_form=either(TEXT, NULL)),
    by_label=either({"type": "object", "additionalProperties": BOUNDS}, NULL),
    counts=either(COUNTS, NULL),
    sampled=either(SAMPLED, NULL),
    check=either(CHECK, NULL),
)


def accuracy(*arguments: object) -> dict[str, Any]:
    found = json_of("accuracy", *arguments)
    jsonschema.validate(found, ACCURACY)
    return found


def bounds(found: dict[str, Any]) -> Enclosure:
    return Enclosure(Fraction(found["lower"]), Fraction(found["upper"]))
