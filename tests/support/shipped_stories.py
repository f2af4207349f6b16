"""The shipped explanations, as they are and with mistakes planted in them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.explain.story import Explanation, parse_explanation
from algzoo_exact.explain.verify import Verification
from algzoo_exact.zoo.explanations import explanation_path
from algzoo_exact.zoo.loading import shipped_folder
from support.certificates import VALIDATOR, Json, by_hash, run_bare
from support.paths import ALGZOO

ALGZOO_2_2 = ALGZOO / "2nd_argmax_2_2.safetensors"


def model_of(name: str) -> az.Model:
    """The model that a shipped explanation is about, without a download."""
    if name.startswith("algzoo_2nd_argmax_2_2"):
        if not ALGZOO_2_2.exists():
            pytest.skip("needs ../shared/algzoo/2nd_argmax_2_2.safetensors")
        return az.load(ALGZOO_2_2)
    subject = az.load_explanation(explanation_path(name)).subject
    assert subject.name is not None
    return az.load(subject.name)


def certified(name: str, explanation: Verification | Path, folder: Path) -> Json:
    """A certificate with the explanation, accepted by the checker's file alone; the exact accuracy
    lies in the derived one."""
    subject = az.load_explanation(explanation_path(name)).subject
    model = az.load(subject.name or "")
    written = az.write_certificate(folder / "c.json.gz", model, explanation=explanation)
    weights = shipped_folder() / f"{subject.name}.safetensors"
    document: Json = check.read(written.path)
    known_by = [weights] if weights.is_file() else by_hash(document)
    code, text = run_bare(written.path, *known_by)
    assert code == 0, text
    VALIDATOR.validate(document)
    stated = document["explanation"]["accuracy"]
    if document["kind"] == "cells":
        known = az.accuracy(model, subject.task).enclosure
        assert Fraction(stated["lower"]) <= known.upper
        assert known.lower <= Fraction(stated["upper"])
    return document


def text_of(name: str) -> str:
    return explanation_path(name).read_text(encoding="utf-8")


def changed(name: str, old: str, new: str) -> Explanation:
    """A shipped explanation with one place in it changed."""
    text = text_of(name)
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return parse_explanation(text.replace(old, new))


def tables(text: str, sort: str) -> list[str]:
    """The [[claim]] or [[case]] tables of an explanation, as written."""
    found, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith("["):
            inside = line.startswith(f"[[{sort}]]")
            if inside:
                found.append("")
        if inside:
            found[-1] += line
    return found


def cases_only(name: str) -> tuple[str, list[str]]:
    """A shipped explanation without its claims, in two parts: all but its cases, and these, with
    nothing said of the model in them, so that only their being a partition is checked."""
    text = text_of(name)
    cases = tables(text, "case")
    for table in [*tables(text, "claim"), *cases]:
        text = text.replace(table, "")
    silent = []
    for table in cases:
        lines = [line for line in table.splitlines() if not line.startswith("claims = ")]
        lines = ['verdict = "unknown"' if x.startswith("verdict = ") else x for x in lines]
        silent.append("\n".join(lines) + "\n")
    return text, silent
