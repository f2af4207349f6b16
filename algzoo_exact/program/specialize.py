"""A program on one activation pattern: a linear map on a cone, in exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_mat

from algzoo_exact.program.ir import Program

Row = tuple[int, ...]


@dataclass(frozen=True)
class LinearPiece:
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

    A pattern is an integer with bit t * d + j set where neuron j is on at step t
    (``ActivationPattern.bits``). Only the latest prefix of each length is kept, which is what
    depth-first enumeration asks for.
    """

    def __init__(self, program: Program) -> None:
        weights = program.integer_weights
        self.n, self.d = program.seq_len, program.hidden_size
        self._recurrent = fmpz_mat([list(row) for row in weights.recurrent])
        self._readout = fmpz_mat([list(row) for row in weights.readout])
        self._inputs = [
            fmpz_mat(self.d, self.n, self._column(t, weights.input, weights.scale))
            for t in range(self.n)
        ]
        self._z: list[tuple[int, fmpz_mat]] = []

    def _column(self, t: int, weights: Sequence[int], scale: int) -> list[int]:
        factor = scale**t
        return [factor * w if c == t else 0 for w in weights for c in range(self.n)]

    def step(self, t: int, bits: int) -> fmpz_mat:
        """z[t] as a (d, n) integer matrix; only the bits of steps before t matter."""
        prefix = bits & ((1 << (t * self.d)) - 1)
        if t < len(self._z) and self._z[t][0] == prefix:
            return self._z[t][1]
        z = self._inputs[t]
        if t:
            z = self._recurrent * self._masked(self.step(t - 1, bits), prefix, t - 1) + z
        del self._z[t:]
        self._z.append((prefix, z))
        return z

    def logits(self, bits: int) -> fmpz_mat:
        """The logits as a (k, n) integer matrix."""
        return self._readout * self._masked(self.step(self.n - 1, bits), bits, self.n - 1)

    def _masked(self, z: fmpz_mat, bits: int, t: int) -> fmpz_mat:
        """h[t]: the rows of z[t] that are on, and zero rows."""
        entries = z.entries()
        return fmpz_mat(
            self.d,
            self.n,
            [
                entries[j * self.n + c] if bits >> (t * self.d + j) & 1 else 0
                for j in range(self.d)
                for c in range(self.n)
            ],
        )

    def piece(self, bits: int) -> LinearPiece:
        return LinearPiece(
            tuple(rows(self.step(t, bits)) for t in range(self.n)), rows(self.logits(bits))
        )


def rows(matrix: fmpz_mat) -> tuple[Row, ...]:
    return tuple(tuple(int(entry) for entry in row) for row in matrix.tolist())


def specialize(program: Program, bits: int) -> LinearPiece:
    """The linear map and the signs that define its cone, for one activation pattern."""
    return Specializer(program).piece(bits)
