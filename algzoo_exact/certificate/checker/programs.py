"""The recurrent network in fractions, for formulas about it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.networks import RNN_KEYS, Weights
from algzoo_exact.certificate.checker.transformers import Matrix


class Program:
    """A bias-free ReLU RNN by its weights: W_hi (d), W_hh (d, d), W_oh (k, d), for n inputs."""

    def __init__(self, weights: Weights, n: int) -> None:
        inputs, self.recurrent, self.readout = (weights[key] for key in RNN_KEYS)
        self.inputs = tuple(row[0] for row in inputs)
        self.n, self.d = n, len(self.inputs)

    def scaled(self, factors: Sequence[Fraction], budget: Budget) -> Program:
        """The same function, with states multiplied by positive factors."""
        numbers = (w for rows in (self.recurrent, self.readout) for row in rows for w in row)
        bits = max(map(length, (*factors, *self.inputs, *numbers)))
        budget.pay(4 * bits, self.d * (1 + self.d + len(self.readout)))
        scaled: Weights = {
            RNN_KEYS[0]: tuple((f * w,) for f, w in zip(factors, self.inputs, strict=True)),
            RNN_KEYS[1]: tuple(
                tuple(f * w / g for g, w in zip(factors, row, strict=True))
                for f, row in zip(factors, self.recurrent, strict=True)
            ),
            RNN_KEYS[2]: tuple(
                tuple(w / g for g, w in zip(factors, row, strict=True)) for row in self.readout
            ),
        }
        return Program(scaled, self.n)

    def beside(self, other: Program) -> Program:
        """Both on the same inputs, as one: own neurons and logits, then those of the other."""
        own, others = (Fraction(0),) * self.d, (Fraction(0),) * other.d

        def blocks(above: Matrix, below: Matrix) -> Matrix:
            return (*(row + others for row in above), *(own + row for row in below))

        both: Weights = {
            RNN_KEYS[0]: tuple((w,) for w in self.inputs + other.inputs),
            RNN_KEYS[1]: blocks(self.recurrent, other.recurrent),
            RNN_KEYS[2]: blocks(self.readout, other.readout),
        }
        return Program(both, self.n)
