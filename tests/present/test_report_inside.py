"""The sections of reports that look inside a model, in every format, against the functions that
commands call."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import algzoo_exact as az
from algzoo_exact.exact.shares import percent
from algzoo_exact.present.wording import digits


def test_wrong_cells_neurons_and_what_each_is_worth() -> None:
    model = az.load("2nd_argmax_2_2")
    report = az.make_report(model, samples=1000)
    text = report.markdown()
    for cell in az.find_errors(model).cells():
        assert digits(cell.probability, 12) in text
        assert " ".join(map(str, cell.input)) in text
    for chance in az.neuron_facts(model).on.values():
        assert digits(chance, 10) in text
    for part in az.importance(model).parts:
        assert digits(part.score.enclosure, 12) in text


@pytest.mark.slow
@pytest.mark.parametrize("asked", [False, True])
def test_sections_of_four_inputs(tmp_path: Path, asked: bool) -> None:
    """In every format; the look in full, at a model with more cells than are looked at unasked,
    is taken where it is asked for."""
    model = az.perturb(az.load("2nd_argmax_4_4"), 0.0)
    report = az.make_report(model, samples=1000, inside=asked)
    for suffix in (".html", ".md", ".tex", ".txt", ".json"):
        report.write(tmp_path / f"a{suffix}")
    assert (tmp_path / "a.section.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "a.section.pdf").read_bytes().startswith(b"%PDF")
    pairs = az.positive_inputs(model, 2, workers=1).cases
    for suffix in (".html", ".md", ".tex", ".txt"):
        text = (tmp_path / f"a{suffix}").read_text().replace("\\", "")
        assert "Where few inputs are not 0" in text
        assert ("What its neurons do" in text) == asked
        for case in pairs:
            assert case.share is not None
            assert percent(case.share, 3) in text
    data = json.loads((tmp_path / "a.json").read_text())
    assert len(data["pairs"]) == 12
    assert (data["neurons"] is not None) == asked
    if asked:
        worst = az.find_errors(model).cells(1)[0]
        assert float(data["errors"]["cells"][0]["probability"]["lower"]) == pytest.approx(
            float(worst.probability.lower), rel=1e-15
        )
        assert data["importance"][0]["neuron"] == az.importance(model).parts[0].part


def test_what_a_neuron_is_worth_to_a_median() -> None:
    """Without one, an error rises; and steps are no layers."""
    text = az.make_report(az.load("median_2_2"), samples=1000).markdown()
    assert "Each neuron taken out: what is left, the largest rises first." in text
    assert "| neuron | mean squared error | rise |" in re.sub(" +", " ", text)
    assert "| neuron | step 0 | step 1 |" in re.sub(" +", " ", text)
    assert "two logits" not in text


def test_within_a_limit_only_where_asked() -> None:
    model = az.load("2nd_argmax_2_2")
    for asked in (False, True):
        report = az.make_report(model, samples=1000, time_limit=20, inside=asked)
        assert (report.findings.inside.neurons is not None) == asked
