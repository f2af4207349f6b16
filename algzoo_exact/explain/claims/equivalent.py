"""Two programs as one that runs both on the same inputs: equivalence is a statement about it."""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.claim import Mode
from algzoo_exact.explain.language.expression import Compare, Entry, Formula, Logic
from algzoo_exact.explain.prove.labels import earns, greatest
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TieRule


def product(first: Program, second: Program) -> Program:
    """Neurons and logits of ``first``, then those of ``second``.

    Entries of ``first`` keep their names. InputError where inputs or outputs differ in number.
    """
    sizes = [(p.seq_len, p.outputs) for p in (first, second)]
    if sizes[0] != sizes[1]:
        raise InputError(
            "Two models can be equivalent only if they have as many inputs and outputs, "
            f"not {sizes[0][0]} and {sizes[0][1]} against {sizes[1][0]} and {sizes[1][1]}."
        )
    left, right = (Fraction(0),) * first.hidden_size, (Fraction(0),) * second.hidden_size
    return Program(
        first.input_weights + second.input_weights,
        (*(row + right for row in first.recurrent), *(left + row for row in second.recurrent)),
        (*(row + right for row in first.readout), *(left + row for row in second.readout)),
        first.seq_len,
    )


def agreement(outputs: int, mode: Mode, ties: TieRule) -> Formula:
    """What the product of two equivalent programs with so many ``outputs`` each satisfies.

    function: the same logits. labels: the same label wins, by the tie rule ``lowest``; by the
    others, which give no label where logits tie, the same logits are the greatest.
    """
    if mode == "function":
        pairs = range(outputs)
        parts: list[Formula] = [
            Compare("==", Entry("logit", (k,)), Entry("logit", (outputs + k,))) for k in pairs
        ]
    elif ties == "lowest":
        # One label wins in each program, so that one direction is enough.
        parts = [
            Logic(
                "implies",
                (earns(k, outputs, ties), earns(k, outputs, ties, first=outputs)),
            )
            for k in range(outputs)
        ]
    else:
        parts = []
        for k in range(outputs):
            both = greatest(k, outputs), greatest(k, outputs, first=outputs)
            parts += (Logic("implies", both), Logic("implies", both[::-1]))
    return Logic("and", tuple(parts)) if len(parts) > 1 else parts[0]
