"""What every entry of the race promises, by parametrisation: a new one goes through it too.

Oracles: the budget that an entry is given; for unbiased ones the exact accuracy.
"""

from __future__ import annotations

import numpy as np
import pytest

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.estimator import Estimate
from algzoo_exact.race.registry import UNCOUNTED, estimator, names

Subject = tuple[az.Program, az.Task]


def subject(name: str) -> Subject:
    model = az.load(name)
    assert model.task is not None
    return model.program, model.task


TAKEN = ("2nd_argmax_4_3", "argmedian_4_3", "2nd_argmax_16_10")
OTHERS = ("2nd_argmax_2_2", "2nd_argmax_4_4", "median_4_3")
SUBJECTS = {name: subject(name) for name in (*TAKEN, *OTHERS)}
SUBJECTS["argmax_4_3"] = SUBJECTS["2nd_argmax_4_3"][0], az.tasks.argmax(3)
SUBJECTS["wide"] = az.rnn([1] * 63, [[0] * 63] * 63, [[0] * 63] * 3, 3), az.tasks.second_argmax(3)


def estimate(name: str, on: Subject, budget: float, seed: int = 5) -> Estimate | None:
    return estimator(name).estimate(*on, budget, seed)


def reach(name: str) -> list[Subject]:
    """What an entry is tried on; whoever counts no operations might take long on the large one."""
    names = TAKEN[:-1] if name in UNCOUNTED else TAKEN
    return [SUBJECTS[key] for key in names if not estimator(name).fits(*SUBJECTS[key])]


@pytest.mark.parametrize("name", names())
def test_it_says_what_it_is(name: str) -> None:
    chosen = estimator(name)
    assert chosen.name == name
    assert chosen.kind in ("deductive", "cubature", "sampled")
    assert chosen.summary
    for on in SUBJECTS.values():
        reason = chosen.fits(*on)
        assert reason is None or (reason.startswith(f"{name} is ") and reason.endswith("."))
    assert chosen.fits(*SUBJECTS["median_4_3"])
    assert reach(name)


@pytest.mark.parametrize(
    ("name", "model", "reason"),
    [
        ("sampling-thrifty", "2nd_argmax_2_2", "three inputs or more"),
        ("sampling-pieces", "2nd_argmax_2_2", "three inputs or more"),
        ("sampling-pieces", "argmedian_4_3", None),
        ("sampling-pieces", "wide", "62 neurons at most"),
        ("last-input", "2nd_argmax_2_2", "2nd_argmax on three inputs"),
        ("last-input", "argmax_4_3", "2nd_argmax on three inputs"),
        ("last-input-pieces", "argmax_4_3", "2nd_argmax on three inputs"),
        ("last-input-pieces", "wide", "62 neurons at most"),
        ("solid-angles", "2nd_argmax_4_4", "three inputs"),
        ("symmetric-noise", "2nd_argmax_4_4", "4 hidden neurons and 3 inputs only"),
        ("gmhp", "argmedian_4_3", None),
        ("mean-field", "argmax_4_3", "2nd_argmax only"),
        ("mean-field-calibrated", "2nd_argmax_4_4", "16 hidden neurons"),
        *((name, "2nd_argmax_4_3", None) for name in names() if name != "mean-field-calibrated"),
    ],
)
def test_what_is_out_of_reach(name: str, model: str, reason: str | None) -> None:
    found = estimator(name).fits(*SUBJECTS[model])
    assert found is None if reason is None else reason in str(found)


@pytest.mark.parametrize("name", names())
def test_answers_repeat(name: str) -> None:
    """With the same seed; another seed gives another answer where there is one, and only there."""
    for on in reach(name):
        first, again, other = (estimate(name, on, 3e6, seed) for seed in (5, 5, 6))
        assert first is not None
        assert again is not None
        assert other is not None
        assert first.kind == estimator(name).kind
        assert -0.5 < first.value < 1.5
        assert (first.value, first.flops) == (again.value, again.flops)
        assert (first.value != other.value) == estimator(name).seeded


@pytest.mark.parametrize("name", names())
def test_budgets_are_kept(name: str) -> None:
    """And used: by points nine tenths of it, or half where their number is a power of two."""
    for on in reach(name):
        if name in UNCOUNTED:
            found = estimate(name, on, 1)
            assert found is not None
            assert found.flops is None
            continue
        assert estimate(name, on, 10) is None
        for budget in (300, 20_000, 3e6):
            found = estimate(name, on, budget)
            if found is None:
                continue
            assert found.flops is not None
            assert 0 < found.flops <= budget
            if estimator(name).seeded:
                least = 0.5 if name.startswith("sobol") else 0.9
                assert found.flops > least * budget - 9000
            else:
                same, less = (estimate(name, on, found.flops - k) for k in (0, 1))
                assert same is not None
                assert (same.value, same.flops) == (found.value, found.flops)
                assert less is None or (less.flops is not None and less.flops < found.flops)


@pytest.mark.parametrize("name", ["sampling", "sobol", "sobol-order"])
def test_point_entries_are_unbiased(name: str) -> None:
    """64 seeds of 1,024 points, within 5 standard errors."""
    program, task = SUBJECTS["2nd_argmax_4_3"]
    truth = float(next(az.accuracies([program], task)).enclosure.midpoint)
    budget = 1024 * sample_cost(program)
    found = [estimate(name, (program, task), budget, seed) for seed in range(64)]
    values = np.array([e.value for e in found if e is not None])
    assert abs(values.mean() - truth) < 5 * values.std(ddof=1) / 8
    assert {e.flops for e in found if e is not None} == {int(budget)}


def test_unknown_estimators_are_refused() -> None:
    with pytest.raises(InputError, match="choose from sampling, sampling-thrifty, sampling-pieces"):
        estimator("magic")
