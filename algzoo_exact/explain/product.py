"""Two programs as one that runs both on the same inputs: equivalence is a statement about it."""

from __future__ import annotations

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims import Mode
from algzoo_exact.explain.expression import Compare, Entry, Formula, Logic
from algzoo_exact.explain.labels import earns, greatest
from algzoo_exact.program.ir import Program, side_by_side
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
    return side_by_side(first, second)


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
