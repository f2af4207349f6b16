"""A writer and a report section added from outside, each in one file, up to the command line.

Oracles: the weights of ``handcrafted:2nd_argmax_2`` (1 and -1 alone), and the regions that the
library lists. What every writer must write is in ``test_documents``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from extension.extremes import NAME, extremes_section
from extension.sheet import SUFFIX, WRITER
from support.command_line import run

import algzoo_exact as az
from algzoo_exact.present.sections.registry import SECTIONS, register_section
from algzoo_exact.present.writers.registry import WRITERS

MODEL = "handcrafted:2nd_argmax_2"


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(WRITERS, SUFFIX, WRITER)
    register_section(NAME, extremes_section, before="proof")
    yield
    del SECTIONS[NAME]


def report(path: Path) -> str:
    done = run("report", MODEL, "-o", path, "--samples", "1000", "--no-certificate")
    assert done.exit_code == 0, done.output
    return path.read_text("utf-8")


def test_a_writer_from_outside(tmp_path: Path) -> None:
    lines = report(tmp_path / "r.tsv").splitlines()
    assert "region\tmeasure\tanswer\tright" in lines
    program = az.load(MODEL).program
    patterns = {str(region.pattern) for region in az.activation_regions(program)}
    rows = [line.split("\t") for line in lines]
    assert {row[0] for row in rows if row[0] in patterns} == patterns
    assert run("report", MODEL, "-o", tmp_path / "r.odt").stderr.count(SUFFIX) == 1


@pytest.mark.parametrize("suffix", [".html", ".md", ".tex", ".txt"])
def test_a_section_from_outside(suffix: str, tmp_path: Path) -> None:
    weights = [az.load(MODEL).program.input_weights, *az.load(MODEL).program.readout]
    assert {abs(w) for row in weights for w in row} == {1}
    text = report(tmp_path / f"r{suffix}")
    assert text.rindex("Extreme weights") < text.rindex("Why it holds")
    place = text[text.rindex("Extreme weights") :][:400]
    assert "Smallest" in place
    assert "-1" in place or "−1" in place


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="already"):
        register_section(NAME, extremes_section)
