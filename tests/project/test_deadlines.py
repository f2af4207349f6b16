"""Limits on time, by a clock of our own: wherever it strikes, work ends soon, and what it says is
true.

The clock strikes at its k-th look, for many k, so that it does so while things are prepared, too.
Oracles: the same question without a limit. No time is measured; benchmarks/limits.py does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import typer
from support.medians import one_output
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact import deadline as clock
from algzoo_exact.cli import _process_start
from algzoo_exact.cli.options import deadline_after
from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.present.findings.random_inputs import Order, sampler
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.runtime.sampled_squares import sample_squares
from algzoo_exact.runtime.sampling import BLOCK, Draw, sample_drawn

SOON = 40  # looks at the clock after it struck
"""Enough for every loop within a loop to look once; a time that began anew would take 200."""


class Striking:
    """A clock that stands still until its ``strike``-th look. Then an hour has passed, and a second
    more passes from look to look."""

    def __init__(self, strike: float) -> None:
        self.strike, self.looks = strike, 0

    def __call__(self) -> float:
        self.looks += 1
        return 3600.0 + self.looks if self.looks >= self.strike else 0.0


def strikes(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[], object], count: int = 12
) -> Iterator[object]:
    """What ``run`` gives with clocks that strike at different moments, the first look included."""
    whole = Striking(math.inf)
    monkeypatch.setattr(clock, "monotonic", whole)
    yield run()
    assert whole.looks > count, "the clock is hardly looked at"
    for k in np.unique(np.geomspace(2, whole.looks, count).astype(int)):
        struck = Striking(int(k))
        monkeypatch.setattr(clock, "monotonic", struck)
        yield run()
        assert struck.looks <= k + SOON, f"{struck.looks - k} looks after it struck at number {k}"


# --- the value ---


def test_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    deadline = Deadline.after(8)
    assert (deadline.left, deadline.passed, deadline.limited, deadline.timeout) == (
        8,
        False,
        True,
        8,
    )
    assert deadline.part(0.25) == Deadline(102)
    assert deadline.within(3) == Deadline(103)
    assert deadline.within(30) == deadline
    deadline.look()
    now = 108.5
    assert (deadline.left, deadline.passed, deadline.timeout) == (0, True, 0)
    assert deadline.part(0.5) == deadline
    with pytest.raises(TimeIsUpError):
        deadline.look()
    assert Deadline.after(None) is NEVER
    assert (NEVER.limited, NEVER.passed, NEVER.left, NEVER.timeout) == (
        False,
        False,
        math.inf,
        None,
    )
    assert NEVER.part(0.5) == NEVER


# --- scores ---


@pytest.mark.parametrize(("d", "n"), [(3, 3), (2, 4)])
def test_accuracies(d: int, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program, task = random_program(np.random.default_rng(40 + n), d, n), az.tasks.second_argmax(n)
    exact = az.accuracy(program, task, method="exact", digits=20).enclosure

    def run() -> az.Score:
        return az.accuracy(program, task, digits=20, time_limit=200.0)

    kinds = set()
    for found in strikes(monkeypatch, run):
        assert isinstance(found, az.Score)
        found.enclosure.intersect(exact)  # ValueError if they contradict each other
        kinds.add(found.kind)
    assert kinds == {"exact", "certified"}


def test_squared_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    program = one_output(random_program(np.random.default_rng(44), 2, 3))
    exact = az.squared_error(program, digits=10).enclosure
    kinds = set()
    for found in strikes(
        monkeypatch, lambda: az.squared_error(program, digits=10, time_limit=200.0)
    ):
        assert isinstance(found, az.Score)
        found.enclosure.intersect(exact)
        kinds.add(found.kind)
    assert kinds == {"exact", "certified"}


def test_inputs_of_a_transformer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every input is tried up to the moment when the clock strikes, and none is left untried."""
    model, task = az.load("longest_cycle_4_4"), az.tasks.longest_cycle(4)
    exact = az.accuracy(model, task).enclosure.lower
    decided = []
    for found in strikes(monkeypatch, lambda: az.accuracy(model, task, time_limit=200.0)):
        assert isinstance(found, az.Score)
        assert found.enclosure.contains(exact)
        decided.append(256 * (1 - found.undecided))
    assert decided[0] == 256
    assert decided[1:] == sorted(decided[1:])
    assert decided[-1] == 255


def test_nothing_is_left_of_what_was_compiling() -> None:
    """The process that loads or compiles ends with the limit."""
    program, task = random_program(np.random.default_rng(46), 3, 7), az.tasks.second_argmax(7)
    *_, last = az.accuracy_bounds(program, task, time_limit=0.01)
    assert last.undecided > 0
    assert not active_children()


# --- statements ---

STATEMENTS = (
    "max(0, logit[0] - logit[1]) >= 0",
    "h[2][0] + h[2][1] >= 0",
    "logit[0] <= 1000 * (abs(x[0]) + abs(x[1]) + abs(x[2]))",
    "logit[0] >= logit[1]",
    "sum(j in 0..2: h[2][j]) <= abs(x[0]) / 1000",
)


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("domain", [None, "h[1][0] > 0 and x[2] > x[0]"])
def test_proofs(statement: str, domain: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    program = random_program(np.random.default_rng(47), 3, 3)
    first, *others = strikes(
        monkeypatch, lambda: az.prove(program, statement, domain=domain, seconds=200.0), 8
    )
    assert isinstance(first, az.Outcome)
    assert first.verdict.status in ("proved", "refuted")
    for found in others:
        assert isinstance(found, az.Outcome)
        assert found.verdict.status in (first.verdict.status, "unknown")
        assert (found.witness is not None) == (found.verdict.status == "refuted")


def test_a_large_statement_is_not_prepared_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its linear forms alone take ten seconds."""
    model = az.load("2nd_argmax_32_10")
    text = "sum(j in 0..31: h[9][j]) <= 1000000 * max(i in 0..9: abs(x[i]))"
    for strike in (3, 30, 300):
        struck = Striking(strike)
        monkeypatch.setattr(clock, "monotonic", struck)
        found = az.prove(model, text, seconds=1.0)
        assert found.verdict.status == "unknown"
        assert "the time was up" in found.verdict.reason
        assert struck.looks <= strike + SOON


STORY = """
title = "Claims of all kinds"

[model]
task = "2nd_argmax"
hidden_size = 2
seq_len = 3

[[claim]]
name = "it"
text = "It holds."
{claim}
"""
COUNTED = "max(x[0:2]) > min(x[1:3]) or x[0] > 0 and x[1] < x[2]"
SIZE = "abs(x[0]) + abs(x[1]) + abs(x[2])"
CLAIMS = {
    "always": f'kind = "always"\nstatement = "logit[0] <= 1000 * ({SIZE})"',
    "measure": 'kind = "measure"\ncondition = "h[2][0] > h[2][1]"\nat_least = 0',
    "order": f'kind = "measure"\ncondition = "{COUNTED}"\nat_least = 0',
    "right": 'kind = "right"\ndomain = "x[0] > x[1]"',
    "mean": 'kind = "close"\nleft = "logit[0]"\nright = "logit[1]"\nerror = "mean"\nat_least = 0',
    "supremum": f'kind = "close"\nleft = "h[2][0]"\nright = "0"\nscale = "{SIZE}"\nat_most = 100',
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims(claim: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    path.write_text(STORY.format(claim=CLAIMS[claim]))
    story, program = az.load_explanation(path), random_program(np.random.default_rng(48), 2, 3)
    first, *others = strikes(
        monkeypatch, lambda: az.verify(story, program, seconds=200.0).claims[0].status, 8
    )
    assert first in ("proved", "refuted")
    assert {first} <= {first, *others} <= {first, "unknown"}


# --- samples ---


def test_samples_that_there_is_time_for() -> None:
    """One block at least, the same inputs as of a sample of that size."""
    program, task = random_program(np.random.default_rng(49), 3, 3), az.tasks.second_argmax(3)
    draw = Draw(10**7, deadline=Deadline(0))
    short = sample_drawn(program, task, draw)
    whole = az.sample(program, task, BLOCK, dtype="float64")
    assert (short.samples, short.correct) == (BLOCK, whole.correct)
    assert (short.lower, short.upper) == (whole.lower, whole.upper)
    median = one_output(random_program(np.random.default_rng(50), 2, 3))
    task = az.tasks.median(3)
    some = sample_squares(median, task, draw)
    rest = az.sample_squared_error(median, task, BLOCK, dtype="float64")
    assert (some.samples, some.mean) == (BLOCK, rest.mean)
    assert some.standard_error == rest.standard_error


def test_a_sample_beside_a_score() -> None:
    """Within a limit it is drawn in another process, which knows when to end, and is not waited for
    if it does not. What goes wrong is said, and costs nothing else."""
    program, task = random_program(np.random.default_rng(51), 3, 3), az.tasks.second_argmax(3)

    def order(program: az.Program, samples: int, deadline: Deadline) -> Order:
        return Order(program, task, "lowest", samples, 0, rounded=False, deadline=deadline)

    whole = az.sample(program, task, 1000, dtype="float64")
    huge = az.rnn([1], [[Fraction(10) ** 400]], [[1], [1], [1]], 3)
    for apart, limit in ((False, NEVER), (True, Deadline.after(60))):
        with sampler(apart=apart) as beside:
            found = beside(order(program, 1000, limit))(lambda done, of: None).score
            failed = beside(order(huge, 1000, limit))(lambda done, of: None)
        assert isinstance(found, SampleEstimate)
        assert (found.correct, found.lower, found.upper) == (
            whole.correct,
            whole.lower,
            whole.upper,
        )
        assert failed.score is None
        assert "float" in failed.failure
    with sampler(apart=True) as beside:
        late = beside(order(program, 10**12, Deadline(time.monotonic() - 1)))(lambda done, of: None)
    assert (late.score, late.failure) == (None, "There was no time for it.")
    assert not active_children()


def test_a_command_counts_from_the_start_of_its_process() -> None:
    assert _process_start() < time.monotonic()

    def of(limit: float | None, began: float | None) -> Deadline:
        context = typer.Context(typer.main.TyperCommand("it"), obj=began)
        return deadline_after(context, limit)

    assert of(2.0, 100.0) == Deadline(102)
    assert of(None, 100.0) is NEVER
    assert 1 < of(2.0, None).left <= 2
