"""A thousand models, each scored by the engine and by something else.

    make oracles, or: cd tests && python -m oracles.thousand [FIRST LAST]

500 random models and 500 degenerate ones (dead, equal and parallel neurons, rows of zeros, weights
over 35 orders of magnitude, ties everywhere), n = 2 .. 8, all tasks that have labels, all tie
rules, and medians. The list is the same each time; hidden sizes are small where n is large.

What each score is compared with:

* n = 2: breakpoints along two lines (``flat_enumeration``) or masks (``squared_error``); n = 3:
  activation masks one by one (``brute_force``, ``squared_error``).
* n = 4, 5: cells enumerated in integers alone, and a flow along another direction in ball
  arithmetic of many bits. n = 6 to 8: the flow along another direction, in which walls between
  labels count, as they do not along the diagonal.
* A sample of 20,000 inputs, ties of which are decided in integers, within 5 standard errors: by
  chance one in 1,700 such runs has a score beyond.

Enclosures must have a point in common, and lie within ``ORACLE_ERROR`` of a number to 40 digits,
or 1e-11 of the integral for medians of three in float64.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np
from support.medians import one_output
from support.programs import degenerate_programs, random_program
from support.scores import by_cones, everywhere

import algzoo_exact as az
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cones import Precision
from algzoo_exact.score.squared_error import SQUARED_ERROR

from . import brute_force, flat_enumeration, sampling, squared_error
from .conventions import ALL_TIES, Ties

# n: how many random models, as many degenerate ones, and up to which hidden size.
SIZES = {2: (125, 5), 3: (125, 3), 4: (120, 2), 5: (80, 2), 6: (36, 1), 7: (10, 1), 8: (4, 1)}
TASKS = {
    2: ("2nd_argmax", "argmax", "median"),
    3: ("2nd_argmax", "argmedian", "median", "argoutlier", "argmax"),
    4: ("argoutlier", "2nd_argmax", "median", "argmax"),
    5: ("argmedian", "2nd_argmax", "median", "argoutlier", "argmax"),
    6: ("2nd_argmax", "median", "argoutlier", "argmax"),
    7: ("argmedian", "2nd_argmax", "argmax"),
    8: ("2nd_argmax", "argmax"),
}
SAMPLES = 20_000
MANY_BITS = Precision(110, Fraction(1, 10**20), False, None)
FLOATS = Precision(100, Fraction(1, 10**16), True, None)
ORACLE_ERROR = Fraction(1, 10**38)
WIDEST = Fraction(1, 10**6)  # of an exact score, or a share of it if that is larger
INTEGRAL_ERROR = 1e-11  # of itself; 48 nodes a side, and float64


@dataclass(frozen=True)
class Case:
    """A model on a task; no tie rule for medians."""

    number: int
    kind: str
    program: az.Program
    task: az.Task
    ties: Ties | None

    def __str__(self) -> str:
        size = f"d = {self.program.hidden_size}, n = {self.task.seq_len}"
        return f"{self.number}: {self.kind}, {size}, {self.task.name}, ties {self.ties}"


@dataclass(frozen=True)
class Checked:
    """What the engine gave, by how many standard errors the sample differs, and the processor's
    seconds."""

    score: az.Score
    z: float
    seconds: float


class ContradictionError(Exception):
    """Engine and oracle do not agree."""


def cases() -> Iterator[Case]:
    """All 1,000, in the same order each time, sizes mixed."""
    lists = [iter(_of_size(n)) for n in SIZES]
    number = 0
    while lists:
        for models in list(lists):
            found = next(models, None)
            if found is None:
                lists.remove(models)
                continue
            yield Case(number, *found)
            number += 1


def _of_size(n: int) -> Iterator[tuple[str, az.Program, az.Task, Ties | None]]:
    count, most = SIZES[n]
    rng = np.random.default_rng(7000 + n)
    odd = degenerate_programs(rng, count, (1, most), n)
    for k in range(count):
        name, ties = TASKS[n][k % len(TASKS[n])], ALL_TIES[k // len(TASKS[n]) % 3]
        for kind, program in (("random", random_program(rng, 1 + k % most, n)), next(odd)):
            if name == "median":
                yield kind, one_output(program), az.Task(name, n), None
            else:
                yield kind, program, az.Task(name, n), ties


def check(case: Case) -> Checked:
    """ContradictionError where the engine's score cannot be the oracle's."""
    began = time.process_time()
    found = by_cones(case.program, case.task, case.ties)
    if found.kind != "exact":
        raise ContradictionError(f"{case}: only {found}")
    if found.enclosure.width > WIDEST * (1 + found.enclosure.lower):
        raise ContradictionError(f"{case}: {found}, which is wide")
    _agree(case, found.enclosure)
    z = _deviation(case, found.value)
    if abs(z) > 5:
        raise ContradictionError(f"{case}: {found}, sampled {z:.1f} standard errors from it")
    return Checked(found, z, time.process_time() - began)


def _agree(case: Case, found: az.Enclosure) -> None:
    other = _otherwise(case)
    if other.lower > found.upper or other.upper < found.lower:
        raise ContradictionError(f"{case}: {found}, but otherwise {other}")


def _otherwise(case: Case) -> az.Enclosure:
    program, task, ties, n = case.program, case.task, case.ties, case.task.seq_len
    if n <= 3:
        if ties is None:
            error = Fraction(INTEGRAL_ERROR) if n == 3 else ORACLE_ERROR
            value = _fraction(squared_error.mean_squared_error(program))
            return _around(value, error * (1 + value))
        by_masks = flat_enumeration.exact_2 if n == 2 else brute_force.accuracy
        return _around(_fraction(by_masks(program, task, ties)), ORACLE_ERROR)
    metric = SQUARED_ERROR if ties is None else ACCURACY
    *_, direction = islice(metric.directions(program, task), 2)
    return everywhere(metric, program, task, ties, direction, MANY_BITS if n <= 5 else FLOATS)


def _around(value: Fraction, error: Fraction) -> az.Enclosure:
    return az.Enclosure(value - error, value + error)


def _fraction(value: object) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_  # type: ignore[attr-defined]
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** int(exponent)


def _deviation(case: Case, value: float) -> float:
    if case.ties is not None:
        sampled = sampling.sample_accuracy(case.program, case.task, SAMPLES, case.number, case.ties)
        return (sampled.mean - value) / sampled.standard_error
    squares = _sampled_squares(case.program, case.number)
    spread = float(squares.std()) / SAMPLES**0.5
    return (float(squares.mean()) - value) / spread if spread else 0.0


def _sampled_squares(program: az.Program, seed: int) -> sampling.Floats:
    """Squared errors of a median program on random inputs, in float64."""
    w_in, w_hh, w_out = (
        np.array(w, np.float64) for w in (program.input_weights, program.recurrent, program.readout)
    )
    x = np.random.default_rng(seed).standard_normal((SAMPLES, program.seq_len))
    state = np.zeros((SAMPLES, program.hidden_size))
    for column in x.T:
        state = np.maximum(state @ w_hh.T + column[:, None] * w_in, 0)
    squares: sampling.Floats = ((state @ w_out.T)[:, 0] - np.median(x, axis=1)) ** 2
    return squares


def main(first: int, last: int) -> int:
    """Checks these; prints a line for each n, and each contradiction."""
    kinds: dict[int, list[Case]] = defaultdict(list)
    done: dict[int, list[Checked]] = defaultdict(list)
    wrong, began = 0, time.process_time()
    for case in islice(cases(), first, last):
        if case.number % 20 == 0:
            seconds = time.process_time() - began
            print(f"{case.number} models, {seconds:.0f} s", file=sys.stderr, flush=True)
        n = case.task.seq_len
        try:
            done[n].append(check(case))
            kinds[n].append(case)
        except ContradictionError as error:
            wrong += 1
            print(error, flush=True)
    for n, some in sorted(done.items()):
        wide = max(float(c.score.enclosure.width) / max(1.0, c.score.value) for c in some)
        zs = np.array([c.z for c in some])
        random = sum(case.kind == "random" for case in kinds[n])
        print(
            f"n = {n}: {random} random, {len(some) - random} degenerate; widest {wide:.0e}; "
            f"z {np.abs(zs).max():.2f} at most, {np.sqrt((zs**2).mean()):.2f} in the mean; "
            f"{sum(c.seconds for c in some):.0f} s"
        )
    print(f"{wrong} contradictions; {time.process_time() - began:.0f} s of processor time")
    return 1 if wrong else 0


if __name__ == "__main__":
    bounds = [int(text) for text in sys.argv[1:3]] or [0, 1000]
    sys.exit(main(*bounds))
