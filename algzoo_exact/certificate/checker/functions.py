"""The answers of a transformer to all functions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.certificate.checker.errors import RejectedError, require
from algzoo_exact.certificate.checker.labels import credit_for, longest_cycle
from algzoo_exact.certificate.checker.transformers import (
    FEWEST_BITS,
    MOST_BITS,
    Attention,
    FixedAttention,
)


class Functions:
    """Checks the answers to all n^n inputs, in the order of f(0), .., f(n-1)."""

    def __init__(self, model: Attention, ties: str) -> None:
        self.model, self.ties = model, ties
        self.by_bits: dict[int, FixedAttention] = {}
        self.right = Fraction(0)
        self.undecided = 0

    def add(self, f: Sequence[int], answer: str, tied: Sequence[int]) -> None:
        """``tied``: all that share the maximum, if these are several."""
        if answer == "?":
            require(not tied, "an undecided answer cannot be a tie")
            self.undecided += 1
            return
        winners = list(tied) or [int(answer)]
        require(min(winners) == int(answer), "the answer is not the lowest of the tied logits")
        self._confirm(f, winners)
        self.right += credit_for(self.ties, longest_cycle(f), winners)

    def _confirm(self, f: Sequence[int], winners: list[int]) -> None:
        rows = self.model.unembed
        if all(rows[k] == rows[winners[0]] for k in winners):
            bits = FEWEST_BITS
            while bits <= MOST_BITS:
                if bits not in self.by_bits:
                    self.by_bits[bits] = FixedAttention(self.model, bits)
                try:
                    values, error = self.by_bits[bits].logits(f)
                except RejectedError:
                    bits *= 2
                    continue
                lead = values[winners[0]] - 2 * error
                others = [values[k] for k in range(len(values)) if k not in winners]
                if all(value < lead for value in others):
                    return
                require(
                    all(value <= lead + 4 * error for value in others),
                    f"the largest logit is number {values.index(max(values))}",
                )
                bits *= 2
        exact = self.model.exact_logits(f)
        require(exact is not None, "its logits are too close to tell which is the largest")
        assert exact is not None
        best = [k for k, value in enumerate(exact) if value == max(exact)]
        require(best == winners, f"the largest logits are {best}")
