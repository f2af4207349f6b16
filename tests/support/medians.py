"""Programs with one output, for tests of the median family."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from algzoo_exact.program.ir import Program, rnn
from support.programs import degenerate_programs, exact_program, random_program


def one_output(program: Program) -> Program:
    """The program that gives the first output alone."""
    return rnn(program.input_weights, program.recurrent, program.readout[:1], program.seq_len)


def median_of_two() -> Program:
    """(x0 + x1) / 2 = (relu(u) - relu(-u)) / 2 with u = x0 + x1: exactly the median."""
    return exact_program([1, -1], [[1, -1], [-1, 1]], [[0.5, -0.5]], 2)


def median_of_three() -> Program:
    """Exactly the median: clip(c, m, M) = m + relu(c - m) - relu(c - M), m and M the least and the
    largest of the two inputs before.

    Neurons 0, 1: relu(x), relu(-x). 2, 3: relu(p - x), relu(x - p), p the input before. Then
    m = x - relu(x - p) and M = x + relu(p - x); 4, 5: relu(c - m), relu(c - M); 6, 7: relu(m),
    relu(-m).
    """
    w_hi = [1, -1, -1, 1, 1, 1, 0, 0]
    w_hh = np.zeros((8, 8))
    w_hh[2, :2] = 1, -1
    w_hh[3, :2] = -1, 1
    w_hh[4, :4] = -1, 1, 0, 1
    w_hh[5, :4] = -1, 1, -1, 0
    w_hh[6, :4] = 1, -1, 0, -1
    w_hh[7, :4] = -1, 1, 0, 1
    return exact_program(w_hi, w_hh.tolist(), [[0, 0, 0, 0, 1, -1, 1, -1]], 3)


def silent(n: int) -> Program:
    """Always 0, so that the error is the median."""
    return exact_program([1], [[0]], [[0]], n)


def medians(seed: int, count: int, d: tuple[int, int], n: int) -> list[tuple[str, Program]]:
    """Degenerate programs of all kinds, and half as many random ones."""
    rng = np.random.default_rng(seed)
    models = [(name, one_output(p)) for name, p in degenerate_programs(rng, count, d, n)]
    for _ in range(count // 2):
        size = int(rng.integers(d[0], d[1] + 1))
        models.append(("random", random_program(rng, size, n, 1)))
    return models


def with_hidden(program: Program, order: list[int], factors: list[Fraction]) -> Program:
    """The same function, with neurons permuted and rescaled by positive factors."""
    w_hi, w_hh, w_oh = program.input_weights, program.recurrent, program.readout
    return rnn(
        tuple(w_hi[j] * factors[j] for j in order),
        tuple(tuple(w_hh[i][j] * factors[i] / factors[j] for j in order) for i in order),
        tuple(tuple(row[j] / factors[j] for j in order) for row in w_oh),
        program.seq_len,
    )


def with_nothing_added(program: Program) -> Program:
    """The same function: every neuron twice, the copies read by nothing but two opposite
    readouts."""
    d = program.hidden_size
    zeros = (Fraction(0),) * (2 * d)
    (out,) = program.readout
    twice = tuple((*row, *zeros) for row in program.recurrent)
    return rnn(
        program.input_weights * 3,
        twice * 3,
        ((*out, *(Fraction(3, 8),) * d, *(Fraction(-3, 8),) * d),),
        program.seq_len,
    )
