"""Certified bounds: true and nested whenever they are stopped.

Oracle: the exact accuracy by the boundary flow of the whole program, which is itself compared with
independent algorithms in ``test_accuracy_oracles``. Both are rigorous, so they must overlap without
any tolerance. Each decision is reported here (not five a second), and jobs are small, so that small
models take many of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from oracles.conventions import ALL_TIES, Ties
from support.programs import (
    KINDS,
    Rng,
    dead_mass_program,
    degenerate_programs,
    handcrafted_2_2,
    random_program,
)

import algzoo_exact as az
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score import compute, cones
from algzoo_exact.score.question import Question

NAMES = {
    2: ("2nd_argmax", "argmax"),
    3: ("2nd_argmax", "argmedian", "argoutlier"),
    4: ("2nd_argmax", "argmax", "argoutlier"),
    5: ("2nd_argmax", "argmedian"),
}
Case = tuple[str, az.Program, az.Task, Ties]


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_parts(q: Question, leaves: float) -> Question:
        return replace(q, most_leaves={2: 3, 3: 6, 4: 12, 5: 60, 6: 4}[q.n], leaves=leaves)

    monkeypatch.setattr(cones, "_SNAPSHOT_SECONDS", -1.0)
    monkeypatch.setattr(compute, "in_parts", in_parts)


def cases(rng: Rng, count: int, d: tuple[int, int], n: int) -> Iterator[Case]:
    """``count`` degenerate and half as many random models; tasks and tie rules take turns."""
    models = [(kind, program) for kind, program in degenerate_programs(rng, count, d, n)]
    for _ in range(count // 2):
        models.append(("random", random_program(rng, int(rng.integers(d[0], d[1] + 1)), n)))
    for k, (kind, program) in enumerate(models):
        name = NAMES[n][k // 3 % len(NAMES[n])]
        ties = ALL_TIES[k % 3]
        yield f"{k}: {kind}, {name}, {ties}, n={n}", program, az.Task(name, n), ties


def truth(program: az.Program, task: az.Task, ties: Ties) -> az.Enclosure:
    return az.accuracy(program, task, ties=ties, method="exact", digits=20).enclosure


def check(found: list[az.Score], exact: az.Enclosure, case: str) -> None:
    """Each enclosure is true and lies in the one before; kinds say what they are."""
    for before, after in itertools.pairwise(found):
        assert before.enclosure.contains(after.enclosure), case
        assert before.undecided >= after.undecided, case
        assert before.kind == "certified", case
    for result in found:
        result.enclosure.intersect(exact)  # ValueError if they contradict each other
        assert result.enclosure.lower >= 0, case
        assert result.enclosure.upper <= 1, case
        if result.kind == "exact":
            assert result.undecided == 0, case
            assert result.enclosure.width <= Fraction(1, 10**28), case
        else:
            # Narrower where a part's mass is not measured yet, but what it adds is known.
            assert result.enclosure.width < result.undecided + Fraction(1, 10**9), case


def stopped_somehow(case: Case, rng: Rng, monkeypatch: pytest.MonkeyPatch) -> list[az.Score]:
    """The results seen until one of five kinds of stop, at a random moment."""
    _, program, task, ties = case
    when = int(rng.integers(0, 12))
    options: dict[str, Any] = {"ties": ties}
    match rng.integers(5):
        case 0:
            return list(az.accuracy_bounds(program, task, max_cells=10 * when, **options))
        case 1:
            limit = float(rng.random()) * 0.03
            return list(az.accuracy_bounds(program, task, time_limit=limit, **options))
        case 2:  # the caller has seen enough
            return list(itertools.islice(az.accuracy_bounds(program, task, **options), when + 1))
        case 3:  # Ctrl-C while the caller's own code runs
            seen = []

            def progress(done: float, text: str) -> None:
                seen.append(text)
                if len(seen) > when:
                    raise KeyboardInterrupt

            return [az.accuracy(program, task, method="bounds", progress=progress, **options)]
        case _:  # Ctrl-C while a job is decided
            original, calls = cones.decide, itertools.count()

            def interrupted(*job: Any) -> cones.Outcome:
                if next(calls) == when:
                    raise KeyboardInterrupt
                return original(*job)

            with monkeypatch.context() as patch:
                patch.setattr(cones, "decide", interrupted)
                return [az.accuracy(program, task, method="bounds", **options)]


def check_stops(
    seed: int, count: int, d: tuple[int, int], n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    kinds = set()
    for case in cases(rng, count, d, n):
        exact = truth(*case[1:])
        for _ in range(2):
            found = stopped_somehow(case, rng, monkeypatch)
            check(found, exact, case[0])
            kinds |= {result.kind for result in found}
    assert kinds == {"certified", "exact"}


@pytest.mark.slow
@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize(("n", "count", "most"), [(2, 32, 6), (3, 32, 3), (4, 8, 2)])
def test_stopped_at_random_moments(
    n: int, count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_stops(n, count, (1, most), n, monkeypatch)


@pytest.mark.slow
@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize(
    ("n", "count", "most"), [(2, 128, 24), (3, 128, 4), (4, 2 * len(KINDS), 2)]
)
def test_stopped_at_random_moments_at_length(
    n: int, count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_stops(10 + n, count, (1, most), n, monkeypatch)


@pytest.mark.usefixtures("talkative")
def test_left_alone_the_last_one_is_exact() -> None:
    """Another road to the exact value: cone by cone, split where there is much to do."""
    rng = np.random.default_rng(20)
    models = [*cases(rng, len(KINDS), (1, 3), 3), *cases(rng, 2, (2, 2), 4)]
    for case, program, task, ties in models:
        found = list(az.accuracy_bounds(program, task, ties=ties))
        exact = truth(program, task, ties)
        check(found, exact, case)
        last = found[-1]
        assert last.kind == "exact", case
        assert last.by_label is not None
        lower = sum((part.lower for part in last.by_label.values()), Fraction(0))
        upper = sum((part.upper for part in last.by_label.values()), Fraction(0))
        assert max(lower, last.enclosure.lower) <= min(upper, last.enclosure.upper), case
        assert upper - lower <= Fraction(1, 10**28), case
        search = ExactSearch(program, ties)
        for start in starting_cones(task):
            for _ in search.exact_cells(start):
                pass
        assert last.cells is not None
        assert last.cells >= search.leaves, case  # cuts between jobs add cells, and lose none


@pytest.mark.usefixtures("talkative")
def test_labels_of_a_perfect_model() -> None:
    *_, last = az.accuracy_bounds(handcrafted_2_2(), az.tasks.second_argmax(2))
    assert last.by_label is not None
    for part in last.by_label.values():
        assert part.contains(Fraction(1, 2))
        assert part.width <= Fraction(1, 10**28)


def test_no_time_at_all() -> None:
    """Nothing is decided, and that is what is said."""
    program, task = dead_mass_program(), az.tasks.second_argmax(3)
    for limit in (0.0, 1e-9):
        result = az.accuracy(program, task, method="bounds", time_limit=limit)
        assert result.kind == "certified"
        assert result.enclosure.lower == 0
        assert result.enclosure.upper == 1
        assert result.undecided == 1


@pytest.mark.usefixtures("talkative")
def test_wrong_mass_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a job's right mass is overstated by 1e-6. The exact value falls outside."""
    original = cones.decide

    def generous(*job: Any) -> cones.Outcome:
        part = original(*job)
        if not isinstance(part, cones.Part):
            return part
        more = part.value.plus(az.Enclosure.exactly(Fraction(1, 10**6)))
        return cones.Part(more, part.leaves, part.patterns)

    program, task = random_program(np.random.default_rng(21), 2, 3), az.tasks.second_argmax(3)
    exact = truth(program, task, "lowest")
    check(list(az.accuracy_bounds(program, task)), exact, "no fault")
    monkeypatch.setattr(cones, "decide", generous)
    with pytest.raises((AssertionError, ValueError)):
        check(list(az.accuracy_bounds(program, task)), exact, "a fault")


@pytest.mark.slow
def test_six_inputs() -> None:
    """One neuron: too much for an exact run here, but bounds are true. Oracle: 1e5 samples, 5
    sigma (a false alarm once in 1.7e6)."""
    program, task = random_program(np.random.default_rng(22), 1, 6), az.tasks.second_argmax(6)
    found = list(az.accuracy_bounds(program, task, digits=8, time_limit=10.0))
    for before, after in itertools.pairwise(found):
        assert before.enclosure.contains(after.enclosure)
    from oracles.sampling import sample_accuracy

    sampled = sample_accuracy(program, task, 100_000, 1)
    assert found[-1].enclosure.lower <= sampled.mean + 5 * sampled.standard_error
    assert found[-1].enclosure.upper >= sampled.mean - 5 * sampled.standard_error


@pytest.mark.slow
def test_two_processes() -> None:
    """Jobs are shared out; whatever their order, the answer is the same."""
    program, task = random_program(np.random.default_rng(23), 3, 4), az.tasks.second_argmax(4)
    exact = truth(program, task, "uniform")
    found = list(az.accuracy_bounds(program, task, ties="uniform", workers=2))
    check(found, exact, "two processes")
    assert found[-1].kind == "exact"
    whole = az.accuracy(program, task, ties="uniform", method="exact", workers=2)
    whole.enclosure.intersect(exact)
    assert whole.cells == az.accuracy(program, task, ties="uniform", method="exact").cells
    stopped = list(az.accuracy_bounds(program, task, ties="uniform", workers=2, max_cells=100))
    check(stopped, exact, "two processes, stopped")


@pytest.mark.parametrize("ties", ["lowest", "incorrect", "uniform"])
def test_exact_runs_stop_with_what_is_decided(ties: Ties) -> None:
    """Ctrl-C during an exact run: label cells done so far, each of mass 1/12, are decided."""
    program = random_program(np.random.default_rng(31), 2, 4)
    task = az.tasks.second_argmax(4)
    exact = az.accuracy(program, task, ties=ties, method="exact")
    for stop in (1, 5, 11):
        calls = 0

        def progress(fraction: float, text: str, stop: int = stop) -> None:
            nonlocal calls
            calls += 1
            if calls == stop:
                raise KeyboardInterrupt

        found = az.accuracy(program, task, ties=ties, method="exact", progress=progress)
        assert found.kind == "certified"
        assert found.enclosure.contains(exact.enclosure)
        assert abs(found.undecided - Fraction(12 - stop, 12)) < Fraction(1, 10**20)
