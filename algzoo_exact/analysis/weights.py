"""The weights of an RNN or a perceptron as a point that scores are functions of: one array for each
matrix, or all numbers in a row."""

from __future__ import annotations

import numpy as np

from algzoo_exact.arrays import F64
from algzoo_exact.program.floats import rounded
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import MLP_KEY, named_weights
from algzoo_exact.program.perturb import rebuilt


class Arrays(tuple[F64, ...]):
    """A number for each weight: of an RNN W_hi (d,), W_hh (d, d) and W_oh (k, d); of a perceptron
    the matrices of its layers, (d, n), (d', d), .., and (k, d'') of the read-out."""

    def __new__(cls, *parts: F64) -> Arrays:
        return super().__new__(cls, parts)

    @property
    def of_rnn(self) -> bool:
        return self[0].ndim == 1

    @property
    def names(self) -> tuple[str, ...]:
        """Of an RNN's matrices; those of a perceptron have torch's."""
        if self.of_rnn:
            return ("W_hi", "W_hh", "W_oh")
        return tuple(MLP_KEY.format(2 * i) for i in range(len(self)))

    @property
    def w_hi(self) -> F64:
        """W_hi of an RNN."""
        return self._part_of_rnn(0)

    @property
    def w_hh(self) -> F64:
        """W_hh of an RNN."""
        return self._part_of_rnn(1)

    @property
    def w_oh(self) -> F64:
        """W_oh of an RNN."""
        return self._part_of_rnn(2)

    def _part_of_rnn(self, i: int) -> F64:
        if not self.of_rnn:
            raise AttributeError("These are the matrices of a perceptron, by number.")
        return self[i]

    @property
    def flat(self) -> F64:
        """All in a row (P,)."""
        return np.concatenate([part.ravel() for part in self])

    @property
    def length(self) -> float:
        """The root of the sum of their squares, but for NaN."""
        return float(np.sqrt(np.nansum(self.flat**2)))

    def shaped(self, flat: F64) -> Arrays:
        """Such a row in arrays of these shapes."""
        ends = np.cumsum([part.size for part in self])[:-1]
        parts = zip(np.split(flat, ends), self, strict=True)
        return Arrays(*(row.reshape(part.shape) for row, part in parts))

    @property
    def scales(self) -> F64:
        """Of each weight the root mean square of its matrix (P,)."""
        means = (np.full_like(part, np.sqrt(np.mean(part**2))) for part in self)
        return Arrays(*means).flat

    def zeros(self) -> Arrays:
        return Arrays(*map(np.zeros_like, self))

    def name(self, place: int) -> str:
        """Of the weight at a place in the row, as ``W_hh[1][2]`` or ``2.weight[1][2]``."""
        for name, part in zip(self.names, self, strict=True):
            if place < part.size:
                index = np.unravel_index(place, part.shape)
                return name + "".join(f"[{i}]" for i in index)
            place -= part.size
        raise IndexError("there are not so many weights")


def weights_of(program: Program) -> Arrays:
    """Those of an RNN or a perceptron, each rounded to nearest; OverflowError if one is beyond
    float64."""
    first, *others = map(rounded, named_weights(program).values())
    return Arrays(first[:, 0] if program.is_rnn else first, *others)


def with_weights(program: Program, flat: F64) -> Program:
    """The same network with other weights, in a row."""
    first, *others = weights_of(program).shaped(flat)
    first = first.reshape(len(first), -1)  # (d, 1) of an RNN
    return rebuilt(program, [part.tolist() for part in (first, *others)])
