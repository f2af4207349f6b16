"""Inputs on which float64 computes an RNN without rounding, where there are such.

Rounding breaks exact ties between logits, so that a model that answers by its ties errs otherwise
in floating point than over the real numbers. Weights with few bits leave a way out: inputs with few
bits, so that every product and every sum of the forward pass is a double.
"""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.program.ir import Matrix, Program

MOST = 16
"""Inputs are cut to [-16, 16]; a normal variable leaves it less than once in 10^56."""
_DOUBLE = 53  # bits of a double
_FEWEST = 20  # bits after the point below which rounded normals are too far from normal


def exact_bits(program: Program) -> int | None:
    """The most bits b with which float64 makes no error on inputs x, multiples of 2**-b in [-16,
    16], in whatever order sums are formed; None if not all weights are dyadic, or b < 20.

    All values after step t are multiples of one unit 2**-(b + s). A partial sum of w.h + a x_t
    with 0 <= h <= H lies between the sum of its negative and that of its positive parts. Both are
    doubles if they are at most 2**(53 - b - s).
    """
    inward, onward = _shift((program.input_weights,)), _shift(program.recurrent)
    last = _shift(program.readout)
    if inward is None or onward is None or last is None:
        return None
    bound = [Fraction(0)] * program.hidden_size
    unit, bits = 0, _DOUBLE
    for t in range(program.seq_len):
        unit = max(inward, unit + onward) if t else inward
        rows = zip(program.recurrent, program.input_weights, strict=True)
        sums = [_largest(row, bound, abs(a) * MOST) for row, a in rows]
        bits = min(bits, *(_room(low, high, unit) for low, high in sums))
        bound = [high for _, high in sums]
    sums = [_largest(row, bound, Fraction(0)) for row in program.readout]
    bits = min(bits, *(_room(low, high, unit + last) for low, high in sums))
    return bits if bits >= _FEWEST else None


def _shift(rows: Matrix) -> int | None:
    """The least s such that all entries are multiples of 2**-s; None if there is none."""
    denominators = [w.denominator for row in rows for w in row]
    if any(d & (d - 1) for d in denominators):
        return None
    return max(denominators).bit_length() - 1


def _largest(
    row: tuple[Fraction, ...], bound: list[Fraction], beside: Fraction
) -> tuple[Fraction, Fraction]:
    """How far partial sums of w.h + a x reach below and above 0, for 0 <= h <= ``bound`` and
    |a x| <= ``beside``."""
    low = sum((-w * b for w, b in zip(row, bound, strict=True) if w < 0), beside)
    high = sum((w * b for w, b in zip(row, bound, strict=True) if w > 0), beside)
    return low, high


def _room(low: Fraction, high: Fraction, unit: int) -> int:
    """The most b such that multiples of 2**-(b + unit) up to ``low`` and ``high`` are doubles."""
    reach = int(max(low, high)) + 1
    return _DOUBLE - unit - reach.bit_length()
