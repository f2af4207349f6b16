"""Weights beyond the range of floats cost a sample, and never what is proved beside it.

Oracle: exact results do not depend on a power of two that all weights of a layer are multiplied by;
the same model with moderate weights says what they are.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_for_tests import json_of, run, text_of
from reports_for_tests import check_page, report_of
from safetensors.numpy import load_file, save_file
from stories_for_tests import claim, story, verified

import algzoo_exact as az
from algzoo_exact.errors import FloatRangeError
from algzoo_exact.program.ir import Program
from algzoo_exact.zoo.loading import shipped_folder

UP = 2.0**700
"""Weights of about 1e210 are floats, and their products are not."""


def scaled(name: str) -> Program:
    """A shipped RNN whose input and output weights are enlarged alone: the answers, and the shares
    of inputs that get them, are those of the model itself."""
    return enlarged(az.load(name).program)


def enlarged(program: Program) -> Program:
    return replace(
        program,
        input_weights=tuple(w * Fraction(UP) for w in program.input_weights),
        readout=tuple(tuple(w * Fraction(UP) for w in row) for row in program.readout),
    )


def stored(name: str, folder: Path) -> Path:
    """The same as a float64 file."""
    weights = load_file(shipped_folder() / f"{name}.safetensors")
    factors = {"rnn.weight_ih_l0": UP, "linear.weight": UP}
    wide = {key: w.astype(np.float64) * factors.get(key, 1.0) for key, w in weights.items()}
    task = name.partition("_2_")[0] if "_2_" in name else name.rpartition("_4_")[0]
    path = folder / f"huge_{name}.safetensors"
    save_file(wide, path, {"task": task, "seq_len": name.rpartition("_")[2]})
    return path


def test_the_advice_names_no_type_in_use() -> None:
    program = scaled("2nd_argmax_2_2")
    for dtype, said in (("float32", "float64 has a wider range"), ("float64", "cannot be sampled")):
        with pytest.raises(FloatRangeError, match=said) as caught:
            az.sample(program, az.tasks.second_argmax(2), 10, dtype=dtype)
        assert f"in {dtype}" in str(caught.value)
    beyond = replace(program, readout=((10**400, 0), (0, 1)))
    with pytest.raises(FloatRangeError, match="float64"):
        az.sample(beyond, az.tasks.second_argmax(2), 10, dtype="float64")


@pytest.mark.parametrize("name", ["2nd_argmax_2_2", "2nd_argmax_4_3", "median_2_2"])
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
    if name != "median_2_2":
        assert found["accuracy"]["lower"][:30] == plain["accuracy"]["lower"][:30]


def test_bounds_keep_their_result(tmp_path: Path) -> None:
    found = json_of(
        "accuracy", stored("2nd_argmax_4_3", tmp_path), "--method", "bounds", "--max-regions", 10
    )
    assert found["kind"] == "certified"
    assert found["sampled"] is None
    assert "overflow" in found["not_sampled"]


@pytest.mark.parametrize("name", ["2nd_argmax_4_3", "median_2_2"])
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
    program = enlarged(az.load("2nd_argmax_6_4").program)
    report = report_of(program, az.tasks.second_argmax(4), time_limit=0.5)
    found = report.findings
    assert (found.check.agrees, found.regions, found.confusion) == (None, None, None)
    text = report.markdown()
    assert "none could be run" in text
    assert "None was made" in text
    check_page(report.html())


def test_claims_keep_their_verdicts() -> None:
    """Seven inputs: the probability of a claim about states can only be sampled, and that of the
    order is exact."""
    rng = np.random.default_rng(0)
    wide = Program(
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
    program = enlarged(az.load("2nd_argmax_16_10").program)
    verification = az.verify(story(program), program)
    ledger = az.surprise(verification)
    assert ledger.given.bits is None
    assert "cannot be sampled" in ledger.given.reason


def test_a_command_whose_result_is_the_sample_fails(tmp_path: Path) -> None:
    found = run("sample", stored("2nd_argmax_2_2", tmp_path), "--samples", 10, "--dtype", "float64")
    assert found.exit_code == 2
    assert "cannot be sampled" in found.stderr
