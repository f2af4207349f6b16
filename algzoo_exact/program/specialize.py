"""A program on one activation pattern: a linear map on a cone, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpz_mat

from algzoo_exact.errors import InputError, demand
from algzoo_exact.program.ir import HasProgram, Matrix, Program, program_of
from algzoo_exact.shown import Shown

Row = tuple[int, ...]


@dataclass(frozen=True)
class LinearPiece(Shown):
    """The program where its activation pattern is fixed.

    ``z[t][j]`` and ``logit[k]`` are integer linear functionals of x (length n): positive
    multiples of the program's values (one common factor for each t, one for all the logits).
    The piece is valid on the cone where z[t][j] >= 0 for neurons that are on and <= 0 for
    those that are off.
    """

    z: tuple[tuple[Row, ...], ...]
    logit: tuple[Row, ...]


class Specializer:
    """Linear functionals of one program, pattern by pattern, with shared prefixes cached.

    A pattern is an integer with bit q set where neuron q is on (``ActivationPattern.bits``). Only
    the latest prefix of each length is kept, which is what depth-first enumeration asks for.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        units = program.units
        self._readout = _integers(program.readout, units[-1] // units[-2])
        # An RNN's layers share their matrix.
        states = {(id(layer.state), layer.scale): layer.state for layer in program.layers}
        known = {key: _integers(state, key[1]) for key, state in states.items()}
        self._states = [known[id(layer.state), layer.scale] for layer in program.layers]
        self._inputs = [
            _integers(layer.input, unit)
            for layer, unit in zip(program.layers, units[1:-1], strict=True)
        ]
        self._z: list[tuple[int, fmpz_mat]] = []

    def step(self, t: int, bits: int) -> fmpz_mat:
        """z[t] as a (d, n) integer matrix; only the bits of layers before t matter."""
        prefix = bits & ((1 << self.program.first[t]) - 1)
        if t < len(self._z) and self._z[t][0] == prefix:
            return self._z[t][1]
        z = self._inputs[t]
        if t:
            z = self._states[t] * self._masked(self.step(t - 1, bits), prefix, t - 1) + z
        del self._z[t:]
        self._z.append((prefix, z))
        return z

    def row(self, neuron: int, bits: int) -> Row:
        """z[t][j] of a neuron."""
        t, j = self.program.place(neuron)
        z = self.step(t, bits)
        return tuple(int(z[j, c]) for c in range(z.ncols()))

    def logits(self, bits: int) -> fmpz_mat:
        """The logits as a (k, n) integer matrix."""
        last = len(self._inputs) - 1
        return self._readout * self._masked(self.step(last, bits), bits, last)

    def _masked(self, z: fmpz_mat, bits: int, t: int) -> fmpz_mat:
        """h[t]: the rows of z[t] that are on, and zero rows."""
        entries, n = z.entries(), z.ncols()
        on = bits >> self.program.first[t]
        return fmpz_mat(
            z.nrows(),
            n,
            [entries[j * n + c] if on >> j & 1 else 0 for j in range(z.nrows()) for c in range(n)],
        )

    def piece(self, bits: int) -> LinearPiece:
        steps = range(len(self._inputs))
        return LinearPiece(tuple(rows(self.step(t, bits)) for t in steps), rows(self.logits(bits)))


def _integers(matrix: Matrix, scale: int) -> fmpz_mat:
    """``scale`` times the matrix, a multiple of all its denominators."""
    return fmpz_mat([[w.numerator * (scale // w.denominator) for w in row] for row in matrix])


def rows(matrix: fmpz_mat) -> tuple[Row, ...]:
    return tuple(tuple(int(entry) for entry in row) for row in matrix.tolist())


def specialize(model: Program | HasProgram, bits: int) -> LinearPiece:
    """The linear map and the signs that define its cone, for one activation pattern."""
    program = program_of(model)
    demand(bits, int, "An activation pattern is given as bits, a whole number")
    if not 0 <= bits < 1 << program.neurons:
        raise InputError(
            f"Bits of {program.neurons} neurons are below 2^{program.neurons}: {bits}."
        )
    return Specializer(program).piece(bits)
