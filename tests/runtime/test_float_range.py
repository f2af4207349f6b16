"""Weights beyond the range of floats cost a sample, and never what is proved beside it.

Oracles: exact results without a sample; and the same model with moderate input and output weights,
as no answer depends on a factor that they all have.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.command_line import json_of, refused, text_of
from support.reports import check_page, report_of
from support.stories import claim, story, verified

import algzoo_exact as az
from algzoo_exact.errors import FloatRangeError
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.runtime.observed import observe
from algzoo_exact.zoo.loading import shipped_folder

UP = 2.0**700
"""Weights of about 1e210 are floats, and their products are not."""


SLOW = pytest.mark.slow


def steep(program: Program) -> Program:
    """With recurrent weights whose products overflow from the third step on."""
    rows = tuple(tuple(w * Fraction(UP) for w in row) for row in program.recurrent)
    return rnn(program.input_weights, rows, program.readout, program.seq_len)


def stored(name: str, folder: Path) -> Path:
    """A shipped model made steep, as a float64 file."""
    weights = load_file(shipped_folder() / f"{name}.safetensors")
    factors = {"rnn.weight_hh_l0": UP}
    wide = {key: w.astype(np.float64) * factors.get(key, 1.0) for key, w in weights.items()}
    task, _, n = name.rsplit("_", 2)
    path = folder / f"huge_{name}.safetensors"
    save_file(wide, path, {"task": task, "seq_len": n})
    return path


@pytest.mark.parametrize(
    "exponents",
    [
        (700, 700),
        *(pytest.param(p, marks=SLOW) for p in ((-900, 100), (-500, -500), (1000, -1000))),
    ],
)
@pytest.mark.parametrize("ties", ["lowest", "uniform"])
def test_tiny_and_huge_weights_are_sampled_as_moderate_ones(
    exponents: tuple[int, int], ties: Any
) -> None:
    """Input for input: the same credit in all, and the same patterns and answers."""
    program = az.load("2nd_argmax_3_3").program
    first, last = (Fraction(2) ** exponent for exponent in exponents)
    scaled = rnn(
        [w * first for w in program.input_weights],
        program.recurrent,
        [[w * last for w in row] for row in program.readout],
        3,
    )
    task = az.tasks.second_argmax(3)
    for dtype in ("float32", "float64"):
        found = [az.sample(p, task, 5000, dtype=dtype, ties=ties) for p in (program, scaled)]
        assert found[0].correct == found[1].correct
    assert observe(program, task, 0).answers == observe(scaled, task, 0).answers


def test_a_weight_that_would_vanish_is_named() -> None:
    program = rnn((1, 1), ((0, 0), (0, 0)), ((10**60, 0), (0, 1)), 2)  # type: ignore[arg-type]
    with pytest.raises(FloatRangeError, match="in float32; float64 has a wider range"):
        az.sample(program, az.tasks.argmax(2), 10)
    assert az.sample(program, az.tasks.argmax(2), 10, dtype="float64").samples == 10


def test_the_advice_names_no_type_in_use() -> None:
    program = steep(az.load("2nd_argmax_4_3").program)
    for dtype, said in (("float32", "float64 has a wider range"), ("float64", "cannot be sampled")):
        with pytest.raises(FloatRangeError, match=said) as caught:
            az.sample(program, az.tasks.second_argmax(3), 10, dtype=dtype)
        assert f"in {dtype}" in str(caught.value)
    beyond = rnn(program.input_weights, ((10**400,) * 4,) * 4, program.readout, program.seq_len)
    with pytest.raises(FloatRangeError, match="float64"):
        az.sample(beyond, az.tasks.second_argmax(3), 10, dtype="float64")


@pytest.mark.parametrize("name", ["2nd_argmax_4_3", "argmedian_4_3", "median_4_3"])
def test_accuracy_keeps_its_result(tmp_path: Path, name: str) -> None:
    path = stored(name, tmp_path)
    found = json_of("accuracy", path, "--check-samples", 1000)
    assert (found["kind"], found["sampled"], found["check"]) == ("exact", None, None)
    assert "cannot be sampled" in found["not_sampled"]
    plain = json_of("accuracy", name, "--check-samples", 1000)
    assert plain["not_sampled"] is None
    assert plain["check"]["agrees"]
    text = text_of("accuracy", path, "--check-samples", 1000)
    assert "no: The " in text
    bare = json_of("accuracy", path)
    score = "mean_squared_error" if name == "median_4_3" else "accuracy"
    assert (found[score], bare["not_sampled"]) == (bare[score], None)


def test_bounds_keep_their_result(tmp_path: Path) -> None:
    found = json_of(
        "accuracy", stored("2nd_argmax_4_3", tmp_path), "--method", "bounds", "--max-regions", 10
    )
    assert found["kind"] == "certified"
    assert found["sampled"] is None
    assert "overflow" in found["not_sampled"]


@pytest.mark.parametrize("name", ["2nd_argmax_4_3", pytest.param("median_4_3", marks=SLOW)])
def test_a_report_without_a_sample(tmp_path: Path, name: str) -> None:
    path = stored(name, tmp_path)
    found = json_of("report", path, "-o", tmp_path / "a.html", "--samples", 1000)
    assert found["kind"] == "exact"
    assert found["sample_agrees"] is None
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    check_page(page)
    assert "None was made" in page
    again = text_of("report", path, "-o", tmp_path / "a.md", "--samples", 1000)
    assert "none: " in again


def test_a_report_of_bounds_without_a_sample() -> None:
    """What would be read off random inputs is left out, and said to be."""
    program = steep(az.load("2nd_argmax_6_4").program)
    report = report_of(program, az.tasks.second_argmax(4), time_limit=0.5)
    found = report.findings
    assert (found.check.agrees, found.regions, found.confusion) == (None, None, None)
    text = report.markdown()
    assert "none was run" in text
    assert "None was made" in text
    check_page(report.html())


def test_claims_keep_their_verdicts() -> None:
    """Seven inputs: the probability of a claim about states can only be sampled, and that of the
    order is exact."""
    rng = np.random.default_rng(0)
    wide = rnn(
        tuple(rng.normal(size=2) * UP), rng.normal(size=(2, 2)) * UP, rng.normal(size=(7, 2)), 7
    )  # type: ignore[arg-type]
    tables: list[Any] = [
        claim("order", "measure", condition="x[0] < x[1]", equals="1/2"),
        claim("states", "measure", condition="h[6][0] > h[6][1]", at_least="1/3"),
        claim("near", "close", left="logit[0]", right="logit[1]", error="mean", at_most=0),
    ]
    found = verified(wide, *tables, seconds=2.0)
    assert [result.status for result in found.claims][:2] == ["proved", "unknown"]
    (unseen,) = found.claims[1].instances[0].figures
    assert (unseen.kind, unseen.estimate, unseen.samples) == ("sampled", None, None)
    assert unseen.unseen == "beyond the range of floats"


def test_a_ledger_without_a_sample() -> None:
    program = steep(az.load("2nd_argmax_16_10").program)
    stated = claim("a", "weights", statement="1 == 1")
    verification = az.verify(story(program, stated), program)
    ledger = az.surprise(verification)
    assert ledger.given.bits is None
    assert "cannot be sampled" in ledger.given.reason


def test_a_command_whose_result_is_the_sample_fails(tmp_path: Path) -> None:
    assert "cannot be sampled" in refused(
        "sample", stored("2nd_argmax_4_3", tmp_path), "--samples", 10, "--dtype", "float64"
    )
