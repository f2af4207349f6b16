"""The recurrent network on one activation pattern at a time."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from operator import mul

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cones import Vector
from algzoo_exact.certificate.checker.errors import require

RNN_KEYS = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight")
Weights = dict[str, tuple[tuple[Fraction, ...], ...]]


class Network:
    """A bias-free ReLU RNN on one activation pattern at a time, in integers.

    z[t] = W h[t-1] + A x[t], h = max(0, z), logits = U h[n-1]. Rows are integer functionals of
    x: positive multiples of the values, with one factor for each step, and one for all logits.
    """

    def __init__(self, weights: Weights, n: int, outputs: int, budget: Budget) -> None:
        require(set(weights) == set(RNN_KEYS), f"the weights must be {', '.join(RNN_KEYS)}")
        inputs, recurrent, readout = (weights[key] for key in RNN_KEYS)
        self.n, self.d, self.budget = n, len(inputs), budget
        shapes = [[len(row) for row in matrix] for matrix in (inputs, recurrent, readout)]
        fits = shapes == [[1] * self.d, [self.d] * self.d, [self.d] * outputs]
        require(fits and self.d > 0, "the weights' shapes do not fit each other and the task")
        self.scale, last = (
            budget.multiple(w.denominator for row in rows for w in row)
            for rows in ((*inputs, *recurrent), readout)
        )
        self.inputs = [int(row[0] * self.scale) for row in inputs]
        self.recurrent = [[int(w * self.scale) for w in row] for row in recurrent]
        self.readout = [[int(w * last) for w in row] for row in readout]
        self.logit_scale = self.scale**n * last
        """The factor of all logits."""
        numbers = (w for row in (self.inputs, *self.recurrent, *self.readout) for w in row)
        self.bits = max(map(int.bit_length, numbers))  # of a weight
        self.values = lru_cache(maxsize=1 << 14)(self._values)

    def _values(self, steps: tuple[str, ...]) -> list[Vector]:
        """z[t] for t = len(steps), after steps with these neurons on."""
        t = len(steps)
        new = self.scale**t
        own = [tuple(new * w * (c == t) for c in range(self.n)) for w in self.inputs]
        if t == 0:
            return own
        self.budget.pay((t + 1) * self.bits, 2 * self.d * self.d * self.n)
        before = self.states(steps)
        return [
            tuple(x + sum(map(mul, weights, column)) for x, column in zip(row, before, strict=True))
            for row, weights in zip(own, self.recurrent, strict=True)
        ]

    def states(self, steps: tuple[str, ...]) -> list[Vector]:
        """Columns of h[t], t = len(steps) - 1: for each input, one entry for each neuron."""
        on = steps[-1]
        rows = [
            z if bit == "1" else (0,) * self.n
            for z, bit in zip(self.values(steps[:-1]), on, strict=True)
        ]
        return list(zip(*rows, strict=True))

    def logits(self, steps: tuple[str, ...]) -> list[Vector]:
        columns = self.states(steps)
        self.budget.pay((self.n + 1) * self.bits, 2 * len(self.readout) * self.d * self.n)
        return [tuple(sum(map(mul, row, column)) for column in columns) for row in self.readout]

    def walls(self, steps: tuple[str, ...]) -> list[Vector]:
        """Functionals that are >= 0 where the pattern holds (C1)."""
        found = []
        for t, on in enumerate(steps):
            for bit, row in zip(on, self.values(steps[:t]), strict=True):
                if any(row):
                    found.append(row if bit == "1" else tuple(-c for c in row))
                else:
                    require(bit == "0", "a neuron that is always 0 counts as off")
        return found
