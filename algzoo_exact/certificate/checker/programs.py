"""The recurrent network in fractions, for formulas about it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.networks import RNN_KEYS, Weights
from algzoo_exact.certificate.checker.transformers import Matrix


class Program:
    """A bias-free ReLU RNN by its weights: W_hi (d), W_hh (d, d), W_oh (k, d), for n inputs."""

    def __init__(self, weights: Weights, n: int) -> None:
        inputs, self.recurrent, self.readout = (weights[key] for key in RNN_KEYS)
        self.inputs = tuple(row[0] for row in inputs)
        self.n, self.d = n, len(self.inputs)

    def standard(self, budget: Budget) -> Program:
        """The same function with input weights 1, -1 and 0: neurons times positive factors.

        Neurons that no input reaches directly get, in rounds, the factor that makes the largest
        weight from those scaled before equal to 1; neurons that none reaches keep theirs.
        """
        factors = {j: 1 / abs(w) for j, w in enumerate(self.inputs) if w}
        while True:
            budget.spend(self.d * (1 + len(factors)))
            found = {}
            for j in range(self.d):
                if j not in factors:
                    feeds = [abs(self.recurrent[j][k]) / factors[k] for k in factors]
                    if any(feeds):
                        found[j] = 1 / max(feeds)
                        budget.pay(length(found[j]), self.d)
            if not found:
                break
            factors |= found
        s = [factors.get(j, Fraction(1)) for j in range(self.d)]
        scaled: Weights = {
            RNN_KEYS[0]: tuple((f * w,) for f, w in zip(s, self.inputs, strict=True)),
            RNN_KEYS[1]: tuple(
                tuple(f * w / g for g, w in zip(s, row, strict=True))
                for f, row in zip(s, self.recurrent, strict=True)
            ),
            RNN_KEYS[2]: tuple(
                tuple(w / g for g, w in zip(s, row, strict=True)) for row in self.readout
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

    def run(self, x: Sequence[Fraction], budget: Budget) -> dict[str, Any]:
        """All values at an input, by the entries' names."""
        z: list[tuple[Fraction, ...]] = []
        h: list[tuple[Fraction, ...]] = []
        state: tuple[Fraction, ...] = (Fraction(0),) * self.d
        for value in x:
            fresh = []
            for row, weight in zip(self.recurrent, self.inputs, strict=True):
                total = weight * value
                for w, before in zip(row, state, strict=True):
                    total += w * before
                    budget.pay(length(total))
                fresh.append(total)
            z.append(tuple(fresh))
            state = tuple(max(Fraction(0), v) for v in fresh)
            h.append(state)
        budget.pay(sum(map(length, state)), len(self.readout) * self.d)
        return {"x": tuple(x), "z": z, "h": h, "logit": column_times(self.readout, state)}


def column_times(matrix: Matrix, vector: Sequence[Fraction]) -> tuple[Fraction, ...]:
    return tuple(sum(map(mul, row, vector), Fraction(0)) for row in matrix)
