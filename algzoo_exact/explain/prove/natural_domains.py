"""Natural sets of inputs, by signs and order: the largest on which a claim that failed is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, permutations

import numpy as np

from algzoo_exact.explain.language.expression import Formula
from algzoo_exact.explain.outcome import Point
from algzoo_exact.explain.prove.sampled_figures import Block, Floating
from algzoo_exact.program.ir import Program

SAMPLES = 1 << 12
MOST = 5
"""Sets that are to be tried, the likeliest first."""

Reader = Callable[[str], Formula]


def conditions(n: int) -> list[str]:
    """Single ones: distinct inputs, inputs that are not 0, their signs, which of two is larger, and
    which is the largest of all."""
    inputs = [f"x[{i}]" for i in range(n)]
    every = f"x[0:{n}]"
    found = [
        " and ".join(f"{a} != {b}" for a, b in combinations(inputs, 2)),
        " and ".join(f"{a} != 0" for a in inputs),
        f"max({every}) > 0", f"min({every}) < 0", f"min({every}) > 0", f"max({every}) < 0",
    ]  # fmt: skip
    found += [f"{a} {op} 0" for a in inputs for op in (">", "<")]
    found += [f"{a} > {b}" for a, b in permutations(inputs, 2)]
    if n > 2:
        found += [f"{a} == max({every})" for a in inputs]
    return found


def largest(
    program: Program, false: Formula, domain: Formula, known: Iterable[Point], read: Reader
) -> Iterator[str]:
    """Conditions, or two of them together, on which ``false`` was never met in the ``domain``: by
    samples, and at points that are ``known``. The likeliest come first, and no more than a few.

    They are candidates: nothing is proved of them. FloatRangeError beyond floats.
    """
    n = program.seq_len
    drawn = np.random.default_rng(0).standard_normal((n, SAMPLES))
    points = [[float(c) for c in point] for point in known]
    if points:
        drawn = np.concatenate([drawn, np.array(points).T], axis=1)
    block = Block(Floating(program), drawn)
    fails, inside = block.formula(false), block.formula(domain)
    singles = conditions(n)
    holds = np.array([block.formula(read(text)) for text in singles])
    met = (holds & fails).astype(np.float32) @ holds.T  # failing inputs, for each two
    mass = (holds & inside).astype(np.float32) @ holds.T
    found = []
    for a, b in combinations(range(len(singles)), 2):
        if met[a, b] == 0 and 0 < mass[a, b] < min(mass[a, a], mass[b, b]):
            found.append((float(mass[a, b]), 2, f"{singles[a]} and {singles[b]}"))
    for a, text in enumerate(singles):
        if met[a, a] == 0 and mass[a, a] > 0:
            found.append((float(mass[a, a]), 1, text))
    found.sort(key=lambda item: (-item[0], item[1]))
    yield from (text for _, _, text in _apart(found))


def _apart(found: Sequence[tuple[float, int, str]]) -> Iterator[tuple[float, int, str]]:
    """The first few; of those that the same samples satisfy so far, one is enough."""
    masses: set[float] = set()
    for item in found:
        if len(masses) == MOST:
            return
        if item[0] not in masses:
            masses.add(item[0])
            yield item
