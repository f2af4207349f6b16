"""A metric added from outside: how often the answer of a 2nd_argmax model is off by one place, that
is the greatest input or the third."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, permutations

from algzoo_exact.deadline import Deadline
from algzoo_exact.geometry.cone import Cone
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.direction import Direction, directions, top_logits
from algzoo_exact.score.metric import Piece


@cache
def orders(n: int) -> tuple[tuple[int, ...], ...]:
    """Who is first, second and third."""
    return tuple(permutations(range(n), min(n, 3)))


@cache
def starts(n: int) -> tuple[Start, ...]:
    """Each order twice: for an answer one place too high, and for one too low."""
    found = []
    for order in orders(n):
        pairs = [*pairwise(order), *((order[-1], k) for k in range(n) if k not in order)]
        rows = [tuple((k == a) - (k == b) for k in range(n)) for a, b in pairs]
        for answer in (order[0], *order[2:]):
            for sign in (1, -1):
                cone = Cone.from_inequalities((*rows, (sign, *(0,) * (n - 1))))
                assert cone is not None
                found.append(Start(answer, cone, inner=1))
    return tuple(found)


def pieces(program: Program, task: Task, deadline: Deadline) -> list[Piece]:
    mass = Fraction(1, len(orders(task.seq_len)))
    all_starts = starts(task.seq_len)
    pairs = zip(all_starts[::2], all_starts[1::2], strict=True)
    return [Piece(pair, mass) for pair in pairs]


def usable(program: Program, task: Task) -> Iterator[Direction]:
    cones = starts(task.seq_len)
    return directions(program, cones, Fraction(1, len(orders(task.seq_len))), top_logits)


def scores(task: Task) -> bool:
    return task.rank == 1


OFF_BY_ONE = replace(
    ACCURACY,
    name="off_by_one",
    words="off by one",
    scores=scores,
    pieces=pieces,
    directions=usable,
)
