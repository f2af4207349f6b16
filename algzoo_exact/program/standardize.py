"""Rescale neurons so that weights become comparable; the function stays exactly the same.

ReLU commutes with positive factors: replacing h_j by s_j h_j, s_j > 0, turns the weights into

    W_hi[j] s_j,      s_j W_hh[j][k] / s_k,      W_oh[i][j] / s_j

and leaves every logit as it was.
"""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.program.ir import HasProgram, Program, Vector, program_of, rnn


def standardize(model: Program | HasProgram) -> tuple[Program, Vector]:
    """The equivalent program with input weights +1, -1 or 0, and the factors s (d), exactly.

    Neurons with W_hi[j] = 0 come after, in rounds: those fed by an already scaled neuron get the
    factor that makes the largest such |W_hh[j][k]| equal to 1. What no input ever reaches keeps
    s_j = 1 (and is always 0). New states are the old ones times s.
    """
    program = program_of(model)
    w = program.recurrent
    s = {j: 1 / abs(a) for j, a in enumerate(program.input_weights) if a != 0}
    while True:
        strongest = {
            j: max((abs(w[j][k]) / s[k] for k in s), default=Fraction(0))
            for j in range(program.hidden_size)
            if j not in s
        }
        reached = {j: 1 / weight for j, weight in strongest.items() if weight != 0}
        if not reached:
            break
        s |= reached
    factors = tuple(s.get(j, Fraction(1)) for j in range(program.hidden_size))
    return rescale(program, factors), factors


def rescale(program: Program, factors: Vector) -> Program:
    """The program with states multiplied by positive ``factors`` (d); its logits are the same."""
    assert all(s > 0 for s in factors), "ReLU commutes with positive factors only"
    return rnn(
        tuple(s * a for s, a in zip(factors, program.input_weights, strict=True)),
        tuple(
            tuple(s * w / r for r, w in zip(factors, row, strict=True))
            for s, row in zip(factors, program.recurrent, strict=True)
        ),
        tuple(tuple(w / s for s, w in zip(factors, row, strict=True)) for row in program.readout),
        program.seq_len,
    )
