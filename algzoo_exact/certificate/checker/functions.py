"""The answers of a transformer to all functions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.certificate.checker.errors import LimitError, require
from algzoo_exact.certificate.checker.labels import credit_for, longest_cycle
from algzoo_exact.certificate.checker.transformers import (
    Attention,
    Ball,
    FixedAttention,
    TooFewBitsError,
)

BITS = (96, 192, 384, 768, 1536, 3072)


class Functions:
    """Checks the answers to all n^n inputs, in the order of f(0), .., f(n-1)."""

    def __init__(self, model: Attention, ties: str) -> None:
        self.model, self.ties = model, ties
        self.by_bits: dict[int, FixedAttention] = {}
        self.classes = [model.unembed.index(row) for row in model.unembed]  # of equal logits
        self.right = Fraction(0)
        self.undecided = 0

    def add(self, f: Sequence[int], answer: str) -> None:
        """``answer``: the logits that share the maximum, digit by digit, or ``?``."""
        if answer == "?":
            self.undecided += 1
            return
        winners = [int(k) for k in answer if k != "?"]
        fits = winners == sorted(set(winners)) and winners != [] and winners[-1] < self.model.n
        require(fits and "?" not in answer, "its answer must be logits, in order")
        self._confirm(f, winners)
        self.right += credit_for(self.ties, longest_cycle(f), winners)

    def _confirm(self, f: Sequence[int], winners: list[int]) -> None:
        """RejectedError if these are not the largest logits, LimitError if that is not decided."""
        one_class = len({self.classes[k] for k in winners}) == 1
        for bits in BITS:
            found = self._logits(f, bits)
            if found is not None:
                values, error = found
                least = min(values[k] for k in winners)
                largest = values.index(max(values))
                require(values[largest] <= least + 2 * error, f"logit {largest} is larger")
                others = (value for k, value in enumerate(values) if k not in winners)
                if one_class and all(value < least - 2 * error for value in others):
                    return
            if bits == BITS[0] and (exact := self.model.exact_logits(f)) is not None:
                best = [k for k, value in enumerate(exact) if value == max(exact)]
                require(best == winners, f"the largest logits are {best}")
                return
        raise LimitError(f"the largest logits are too close to tell apart with {BITS[-1]} bits")

    def _logits(self, f: Sequence[int], bits: int) -> Ball | None:
        if bits not in self.by_bits:
            self.by_bits[bits] = FixedAttention(self.model, bits)
        try:
            return self.by_bits[bits].logits(f)
        except TooFewBitsError:
            return None
