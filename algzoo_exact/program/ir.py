"""The exact program of a bias-free one-layer ReLU RNN.

With h[-1] = 0, and for t = 0 .. n-1,

    z[t] = W_hh h[t-1] + W_hi x[t],      h[t] = max(0, z[t]),      logit = W_oh h[n-1].

Weights are the rationals that the stored floats are; nothing is rounded anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from algzoo_exact.errors import InputError

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]


@dataclass(frozen=True)
class Trace:
    """Every named value of one evaluation: x[t], z[t][j], h[t][j], logit[k]."""

    x: Vector
    z: Matrix
    h: Matrix
    logit: Vector


@dataclass(frozen=True)
class IntegerWeights:
    """The same program with the denominators cleared.

    ``scale * W_hi``, ``scale * W_hh`` and ``readout_scale * W_oh`` are integers, with positive
    scales. The state scaled by ``scale**(t+1)`` is then an integer combination of the inputs:
    Z[t] = W H[t-1] + scale**t A x[t].
    """

    scale: int
    input: tuple[int, ...]
    recurrent: tuple[tuple[int, ...], ...]
    readout_scale: int
    readout: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Program:
    """An immutable exact-rational piecewise-linear program.

    Shapes, with d hidden neurons and k outputs: ``input_weights`` (d), ``recurrent`` (d, d),
    ``readout`` (k, d). ``seq_len`` is the number n of inputs. Entries may be given as anything
    that ``fractions.Fraction`` takes exactly (int, float, Fraction, string).

    Raises InputError if shapes disagree or an entry is not a finite number.
    """

    input_weights: Vector
    recurrent: Matrix
    readout: Matrix
    seq_len: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_weights", to_vector(self.input_weights, "W_hi"))
        object.__setattr__(self, "recurrent", to_matrix(self.recurrent, "W_hh"))
        object.__setattr__(self, "readout", to_matrix(self.readout, "W_oh"))
        d = len(self.input_weights)
        if d == 0:
            raise InputError("W_hi has no rows; a program needs at least one hidden neuron.")
        if len(self.recurrent) != d or any(len(row) != d for row in self.recurrent):
            raise InputError(f"W_hh must have shape ({d}, {d}), to go with W_hi of shape ({d}, 1).")
        if not self.readout or any(len(row) != d for row in self.readout):
            raise InputError(f"W_oh must have shape (outputs, {d}), to go with W_hi ({d}, 1).")
        if self.seq_len < 1:
            raise InputError(f"The sequence length must be at least 1, not {self.seq_len}.")

    @property
    def hidden_size(self) -> int:
        return len(self.input_weights)

    @property
    def outputs(self) -> int:
        return len(self.readout)

    @property
    def parameters(self) -> int:
        """Number of weights, d (1 + d + k)."""
        return self.hidden_size * (1 + self.hidden_size + self.outputs)

    def evaluate(self, x: Sequence[int | float | Fraction]) -> Trace:
        """All named values at the rational input ``x`` (length ``seq_len``), exactly."""
        point = to_vector(tuple(x), "x")
        if len(point) != self.seq_len:
            raise InputError(f"The program takes {self.seq_len} inputs, not {len(point)}.")
        zs: list[Vector] = []
        hs: list[Vector] = []
        h: Vector = (Fraction(0),) * self.hidden_size
        for xt in point:
            z = tuple(
                dot(row, h) + w * xt
                for row, w in zip(self.recurrent, self.input_weights, strict=True)
            )
            h = tuple(max(Fraction(0), value) for value in z)
            zs.append(z)
            hs.append(h)
        return Trace(point, tuple(zs), tuple(hs), tuple(dot(row, h) for row in self.readout))

    @cached_property
    def integer_weights(self) -> IntegerWeights:
        scale = lcm(
            *(w.denominator for w in self.input_weights),
            *(w.denominator for row in self.recurrent for w in row),
        )
        readout_scale = lcm(*(w.denominator for row in self.readout for w in row))
        return IntegerWeights(
            scale,
            tuple(int(w * scale) for w in self.input_weights),
            tuple(tuple(int(w * scale) for w in row) for row in self.recurrent),
            readout_scale,
            tuple(tuple(int(w * readout_scale) for w in row) for row in self.readout),
        )


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def to_vector(values: Sequence[int | float | Fraction], name: str) -> Vector:
    """The entries as rationals; InputError, with ``name``, if one is not a finite number."""
    try:
        return tuple(Fraction(v) for v in values)
    except (OverflowError, ValueError, TypeError) as error:
        raise InputError(f"{name} has an entry that is not a finite number: {error}.") from error


def to_matrix(rows: Sequence[Sequence[int | float | Fraction]], name: str) -> Matrix:
    """The rows as rationals; InputError, with ``name``, if an entry is not a finite number."""
    return tuple(to_vector(row, name) for row in rows)
