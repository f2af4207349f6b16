"""Bounds, samples and the command line of the mean squared error.

Oracle for bounds: the exact value, itself compared in ``test_squared_error``. For exact values of
more than three inputs: samples, by numpy and independent of the package, within 5 standard errors
(a false alarm less than once in 10^6 each).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from support.command_line import (
    BOUNDS,
    DECIMAL,
    NULL,
    NUMBER,
    SCORE,
    TEXT,
    either,
    json_of,
    record,
    refused,
    run,
    sample_schemas,
    text_of,
)
from support.command_line import bounds as bounds_of
from support.medians import median_of_two, medians, silent
from support.programs import random_program
from support.scores import by_cones

import algzoo_exact as az
from algzoo_exact.geometry.cone import dot
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score import compute, cones
from algzoo_exact.score.linear_parts import largest_slope, whole_space_bounds
from algzoo_exact.score.question import Question
from algzoo_exact.zoo.architectures import to_state


def sampled(program: az.Program, count: int, seed: int) -> tuple[float, float]:
    """Mean squared error and its standard error, in numpy."""
    n = program.seq_len
    x = np.random.default_rng(seed).standard_normal((count, n))
    w_hi = np.array([float(w) for w in program.input_weights])
    w_hh = np.array([[float(w) for w in row] for row in program.recurrent])
    h = np.zeros((count, len(w_hi)))
    for t in range(n):
        h = np.maximum(0, h @ w_hh.T + x[:, t : t + 1] * w_hi)
    squares = (h @ np.array([float(w) for w in program.readout[0]]) - np.median(x, axis=1)) ** 2
    return float(squares.mean()), float(squares.std() / math.sqrt(count))


def agrees(result: az.Score, program: az.Program) -> bool:
    mean, error = sampled(program, 400_000, 3)
    return bool(
        float(result.enclosure.lower) - 5 * error
        <= mean
        <= float(result.enclosure.upper) + 5 * error
    )


def test_four_inputs_against_samples() -> None:
    for name, program in medians(11, 2, (1, 2), 4):
        result = az.squared_error(program, digits=15, method="exact")
        assert result.kind == "exact"
        assert result.enclosure.width <= Fraction(1, 10**15)
        assert agrees(result, program), name


@pytest.mark.slow
@pytest.mark.parametrize(("n", "count", "d"), [(4, 16, (1, 3)), (5, 16, (1, 2))])
def test_more_inputs_against_samples(n: int, count: int, d: tuple[int, int]) -> None:
    for name, program in medians(12, count, d, n):
        result = az.squared_error(program, digits=12, method="exact")
        assert result.kind == "exact"
        assert agrees(result, program), name


@pytest.mark.slow
def test_six_inputs() -> None:
    """One neuron. Bounds must hold the samples, whatever was decided."""
    program = random_program(np.random.default_rng(13), 1, 6, 1)
    assert agrees(az.squared_error(program, digits=8, time_limit=20), program)


@pytest.mark.slow
def test_compiled_search_agrees() -> None:
    program, task = random_program(np.random.default_rng(14), 3, 4, 1), az.tasks.median(4)
    exact = by_cones(program, task, digits=15, compiled=False)
    compiled = by_cones(program, task, digits=15)
    compiled.enclosure.intersect(exact.enclosure)
    assert (compiled.cells, compiled.regions) == (exact.cells, exact.regions)


def check_nested(found: list[az.Score], exact: az.Score) -> None:
    for before, after in itertools.pairwise(found):
        assert before.enclosure.contains(after.enclosure)
        assert before.undecided >= after.undecided  # equal where time was up before masses were
        assert before.kind == "certified"
    for result in found:
        result.enclosure.intersect(exact.enclosure)  # ValueError if they contradict each other
        assert result.enclosure.lower >= 0


def test_bounds_are_nested_and_true() -> None:
    for n, count, d in ((2, 16, (1, 4)), (3, 6, (1, 2))):
        for _, program in medians(15 + n, count, d, n):
            exact = az.squared_error(program)
            found = list(az.squared_error_bounds(program))
            check_nested(found, exact)
            assert all(a.undecided > b.undecided for a, b in itertools.pairwise(found))
            assert found[-1].kind == "exact"
            assert found[-1].enclosure.width <= Fraction(1, 10**30)
            assert found[-1].regions == exact.regions
            check_nested(list(az.squared_error_bounds(program, max_cells=3)), exact)
            check_nested(list(az.squared_error_bounds(program, time_limit=0.003)), exact)


def test_overstated_cells_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: 1e-6 too much in each value cell."""
    original = cones.decide

    def generous(setup: cones.Setup, job: cones.Job) -> cones.Outcome:
        part = original(setup, job)
        if not isinstance(part, cones.Part):
            return part  # a cone that is to be cut
        more = part.value.plus(az.Enclosure.exactly(Fraction(1, 10**6)))
        return cones.Part(more, part.leaves, part.patterns)

    program = random_program(np.random.default_rng(16), 2, 3, 1)
    exact = az.squared_error(program)
    monkeypatch.setattr(cones, "decide", generous)
    with pytest.raises(ValueError, match="empty"):
        check_nested(list(az.squared_error_bounds(program)), exact)


def test_interrupted_runs_keep_what_is_decided() -> None:
    program = random_program(np.random.default_rng(17), 1, 4, 1)
    exact = az.squared_error(program, digits=15, method="exact")
    for stop in (1, 12):
        calls = itertools.count(1)

        def progress(fraction: float, text: str, calls: Any = calls, stop: int = stop) -> None:
            if next(calls) == stop:
                raise KeyboardInterrupt

        found = az.squared_error(program, digits=15, method="exact", progress=progress)
        assert found.kind == "certified"
        assert found.undecided == Fraction(24 - stop, 24)
        assert found.enclosure.contains(exact.enclosure)


def test_no_time_at_all() -> None:
    result = az.squared_error(silent(5), time_limit=0)
    assert (result.kind, result.undecided) == ("certified", 1)
    assert result.enclosure.contains(Fraction(28683, 100_000))


@pytest.mark.slow
def test_two_processes() -> None:
    program = random_program(np.random.default_rng(18), 2, 4, 1)
    exact = az.squared_error(program, digits=15, method="exact")
    found = list(az.squared_error_bounds(program, digits=15, workers=2))
    check_nested(found, exact)
    assert (found[-1].kind, found[-1].cells) == ("exact", exact.cells)


def test_norms_hold_for_long_inputs() -> None:
    """Oracle: samples."""
    for seed, n in ((19, 10), (20, 12)):
        program = random_program(np.random.default_rng(seed), 2, n, 1)
        result = az.squared_error(program)
        assert (result.kind, result.cells) == ("certified", None)
        assert agrees(result, program)


def test_slopes_bound_the_error() -> None:
    """|f - median| <= L |x| at the rays and the middle of each starting cone, and E g^2 <= ..."""
    for _, program in medians(21, 16, (1, 4), 3):
        task = az.tasks.median(3)
        values = [cell.value for cell in task.value_cells()]
        for start in starting_cones(task):
            slope = largest_slope(program, values[start.label], start.cone)
            for x in (*start.cone.rays, start.cone.interior_point()):
                error = program.evaluate(x).logit[0] - task.value(x)
                assert error**2 <= slope**2 * dot(x, x)
        assert (
            whole_space_bounds(program, Fraction(2, 3)).upper
            >= az.squared_error(program).enclosure.lower
        )


def test_samples() -> None:
    """z-scores against exact values, and the same outcome from the same seed."""
    program = random_program(np.random.default_rng(22), 3, 3, 1)
    task = az.tasks.median(3)
    exact = az.squared_error(program)
    for dtype in ("float32", "float64"):
        estimate = az.sample_squared_error(program, task, 150_000, seed=4, dtype=dtype)
        assert abs(estimate.z_score(exact.value)) < 5
        assert estimate.root == math.sqrt(estimate.mean)
        again = az.sample_squared_error(program, task, 150_000, seed=4, dtype=dtype)
        assert (again.mean, again.standard_error) == (estimate.mean, estimate.standard_error)
        low, high = estimate.interval(0.99)
        assert (high - low) / 2 == pytest.approx(2.5758293 * estimate.standard_error)
    assert abs(estimate.z_score(2 * exact.value)) > 50


def test_sampled_deviations() -> None:
    """Oracle: numpy's mean and standard deviation over the same inputs, whose median is all."""
    from algzoo_exact.runtime.sampling import inputs

    task, count = az.tasks.median(3), 100_000
    blocks = [inputs(task, 5, b, torch.float64, torch.device("cpu")) for b in range(2)]
    squares = np.median(torch.cat(blocks, dim=1).numpy()[:, :count], axis=0) ** 2
    estimate = az.sample_squared_error(silent(3), task, count, seed=5, dtype="float64")
    assert estimate.mean == pytest.approx(squares.mean(), rel=1e-12)
    error = squares.std(ddof=1) / math.sqrt(count)
    assert estimate.standard_error == pytest.approx(error, rel=1e-12)


def test_sampling_refuses() -> None:
    task = az.tasks.median(3)
    for arguments, text in [
        ((silent(3), az.tasks.argmax(3), 10), "argmax"),
        ((silent(4), task, 10), "4 inputs"),
        ((silent(3), task, 0), "at least 1"),
    ]:
        with pytest.raises(az.InputError, match=text):
            az.sample_squared_error(*arguments)
    with pytest.raises(az.InputError, match="float16"):
        az.sample_squared_error(silent(3), task, 10, dtype="float16")
    with pytest.raises(az.InputError, match="confidence"):
        az.sample_squared_error(silent(3), task, 10).interval(1.0)


# --- the command line ---

SAMPLED, CHECK = sample_schemas(
    mean_squared_error=NUMBER, root_mean_squared_error=NUMBER, interval={"const": "normal"}
)
SQUARED_ERROR = record(
    **SCORE,
    task={"const": "median"},
    kind={"enum": ["exact", "certified"]},
    mean_squared_error=record(lower=DECIMAL, upper=DECIMAL, closed_form=either(TEXT, NULL)),
    root_mean_squared_error=BOUNDS,
    sampled=either(SAMPLED, NULL),
    check=either(CHECK, NULL),
)


def write(path: Path, program: az.Program) -> Path:
    torch.save(to_state(program, torch.float32), path)
    return path


def test_command_line(tmp_path: Path) -> None:
    program = random_program(np.random.default_rng(23), 2, 3, 1)
    path = write(tmp_path / "median_2_3.pth", program)
    exact = az.squared_error(program)
    found = json_of("accuracy", path, "--check-samples", "1e5")
    jsonschema.validate(found, SQUARED_ERROR)
    assert bounds_of(found["mean_squared_error"]).contains(exact.enclosure)
    assert bounds_of(found["root_mean_squared_error"]).contains(exact.root)
    assert found["mean_squared_error"]["closed_form"] == str(exact.form)
    assert found["check"]["agrees"]
    text = text_of("accuracy", path, "--closed-form")
    for part in ("mean squared error", "root mean squared error", "exact", str(exact.form)):
        assert part in text
    sample = json_of("sample", path, "-n", "1e5")
    jsonschema.validate(sample["sampled"], SAMPLED)
    assert abs(sample["sampled"]["mean_squared_error"] - exact.value) < (
        5 * sample["sampled"]["standard_error"]
    )
    assert "not a proof" in text_of("sample", path, "-n", "1e5")


def test_command_line_of_the_median_itself(tmp_path: Path) -> None:
    """Samples are off by rounding alone, which is no contradiction."""
    path = write(tmp_path / "median_2_2.pth", median_of_two())
    found = json_of("accuracy", path, "--check-samples", "1e5")
    assert found["mean_squared_error"]["closed_form"] == "0"
    assert found["check"]["agrees"]


def test_command_line_bounds(tmp_path: Path) -> None:
    path = write(tmp_path / "median_2_10.pth", random_program(np.random.default_rng(24), 2, 10, 1))
    found = json_of("accuracy", path)
    jsonschema.validate(found, SQUARED_ERROR)
    assert found["kind"] == "certified"
    assert found["sampled"] is not None
    assert "between" in text_of("accuracy", path)


def test_contradictions_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: the result is twice too large."""
    original = compute.answer

    def wrong(question: Question, *others: Any) -> az.Score:
        result = original(question, *others)
        low, high = result.enclosure.lower, result.enclosure.upper
        return dataclasses.replace(result, enclosure=az.Enclosure(low * 2, high * 2))

    path = write(tmp_path / "median_1_3.pth", silent(3))
    assert run("accuracy", path, "--check-samples", "1e5").exit_code == 0
    monkeypatch.setattr(compute, "answer", wrong)
    result = run("accuracy", path, "--check-samples", "1e5")
    assert result.exit_code == 1
    assert "contradicts" in result.stdout


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--by-label",), "--by-label"),
        (("--method", "best"), "Unknown method"),
    ],
)
def test_command_line_refuses(tmp_path: Path, options: tuple[str, ...], text: str) -> None:
    path = write(tmp_path / "median_1_3.pth", silent(3))
    assert text in refused("accuracy", path, *options)


def test_show_counts_one_output(tmp_path: Path) -> None:
    path = write(tmp_path / "median_1_3.pth", silent(3))
    assert "3 inputs, 1 hidden neurons, 1 output, 3 weights" in text_of("show", path)


def test_regions_refuse(tmp_path: Path) -> None:
    assert "a median model has none" in refused(
        "regions", write(tmp_path / "median_1_3.pth", silent(3))
    )
