"""What random initialisations achieve, without torch, which they ran in: another process may hand
it over."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, log2

from algzoo_exact.exact.binomial import clopper_pearson

_CONFIDENCE = Fraction(9, 10)  # of the two-sided interval: each end holds with 95%


@dataclass(frozen=True)
class Untrained:
    """Accuracies of randomly initialised models, in rising order, each on the same inputs."""

    accuracies: tuple[float, ...]
    inputs: int
    seed: int

    def reaching(self, accuracy: float) -> int:
        """How many do as well."""
        return sum(1 for found in self.accuracies if found >= accuracy)

    def bits(self, accuracy: float) -> tuple[float, float]:
        """(least, estimate) of -log2 of the chance that a random initialisation does as well.

        The least one holds with 95% confidence (Clopper and Pearson). Where no model does as
        well, the estimate is infinite.
        """
        count, models = self.reaching(accuracy), len(self.accuracies)
        greatest = clopper_pearson(count, models, _CONFIDENCE)[1]
        return -log2(greatest), -log2(count / models) if count else inf
