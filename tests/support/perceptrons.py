"""Perceptrons for tests: random ones, degenerate ones, and such as are known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np

from algzoo_exact.program.ir import Matrix, Program, mlp

Rng = np.random.Generator


def random_mlp(rng: Rng, *sizes: int) -> Program:
    """Standard normal float32 weights between layers of these sizes, inputs first."""
    return mlp(_normal(rng, *sizes))


def as_mlp(program: Program) -> Program:
    """A perceptron that computes the same function as an RNN: its layers carry the inputs that are
    still to come, as max(0, x) and max(0, -x)."""
    d, n = program.hidden_size, program.seq_len
    unit = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    first = [[w, *(Fraction(0),) * (n - 1)] for w in program.input_weights]
    for t in range(1, n):
        first += [unit[t], [-c for c in unit[t]]]
    matrices = [first]
    for t in range(1, n):
        size = d + 2 * (n - t)
        zero = [Fraction(0)] * size
        rows = []
        for w, row in zip(program.input_weights, program.recurrent, strict=True):
            rows.append([*row, w, -w, *zero[d + 2 :]])
        for k in range(d + 2, size):
            rows.append([*zero[:k], Fraction(1), *zero[k + 1 :]])
        matrices.append(rows)
    return mlp([*matrices, program.readout])


def positive_parts(n: int, sign: int = 1, shift: int = 0) -> Program:
    """logit[k + shift modulo n] = max(0, sign x[k])."""
    first = [[sign * int(i == j) for j in range(n)] for i in range(n)]
    return mlp([first, [[int(i == (j + shift) % n) for j in range(n)] for i in range(n)]])


def identity(n: int) -> Program:
    """logit[k] = max(0, x[k]) - max(0, -x[k]) = x[k]."""
    first = [[s * int(i == j) for j in range(n)] for i in range(n) for s in (1, -1)]
    return mlp([first, [[int(i == j) * s for j in range(n) for s in (1, -1)] for i in range(n)]])


def dead(rng: Rng, matrices: list[Matrix]) -> list[Matrix]:
    """A neuron that reads nothing, beside the others."""
    zero = (Fraction(0),) * len(matrices[0][0])
    wider = tuple((Fraction(int(rng.integers(5))), *row) for row in matrices[1])
    return [(zero, *matrices[0]), wider, *matrices[2:]]


def split(rng: Rng, matrices: list[Matrix]) -> list[Matrix]:
    """The first neuron twice as parallel ones, which share its weights onward."""
    first, rest = matrices[0][0], matrices[0][1:]
    twice = (tuple(3 * w for w in first), tuple(w / 2 for w in first), *rest)
    onward = tuple((row[0] / 6, row[0], *row[1:]) for row in matrices[1])
    return [twice, onward, *matrices[2:]]


def silent(rng: Rng, matrices: list[Matrix]) -> list[Matrix]:
    """A neuron in the second layer that is never on: none of its weights is positive."""
    if len(matrices) < 3:
        return matrices
    row = tuple(-abs(w) for w in matrices[1][0])
    wider = tuple((Fraction(1), *onward) for onward in matrices[2])
    return [matrices[0], (row, *matrices[1]), wider, *matrices[3:]]


SAME_FUNCTION: dict[str, Callable[[Rng, list[Matrix]], list[Matrix]]] = {
    "dead": dead,
    "split": split,
    "silent": silent,
}
"""Changes of the weights that leave the function as it is."""


def _normal(rng: Rng, *sizes: int) -> list[Matrix]:
    found = []
    for width, height in pairwise(sizes):
        array = rng.standard_normal((height, width)).astype(np.float32)
        found.append(tuple(tuple(map(Fraction, row)) for row in array.tolist()))
    return found


def changed(kind: str, rng: Rng, *sizes: int) -> tuple[Program, Program]:
    """A random perceptron, and one that computes the same in a degenerate way."""
    matrices = _normal(rng, *sizes)
    return mlp(matrices), mlp(SAME_FUNCTION[kind](rng, matrices))
