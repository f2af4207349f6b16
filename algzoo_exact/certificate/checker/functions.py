"""The answers of a transformer to all functions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.errors import LimitError, require
from algzoo_exact.certificate.checker.labels import credit_for, longest_cycle
from algzoo_exact.certificate.checker.networks import Weights
from algzoo_exact.certificate.checker.outcome import CheckedCertificate
from algzoo_exact.certificate.checker.reading import Json, agreed_accuracy, text_of
from algzoo_exact.certificate.checker.transformers import (
    Attention,
    Ball,
    FixedAttention,
    TooFewBitsError,
)

BITS = (96, 192, 384, 768, 1536, 3072)


class Functions:
    """Checks the answers to all n^n inputs, in the order of f(0), .., f(n-1)."""

    word, work = "input", 20_000

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        self.document, self.ties = document, document["ties"]
        words = text_of(document["answers"], "[0-9? ]*", "answers").split(" ")
        require(len(words) == n**n, f"there are {n**n} inputs, not {len(words)}")
        self.items = zip(product(range(n), repeat=n), words, strict=True)
        self.model = Attention(weights, n, document["model"]["heads"], budget)
        self.by_bits: dict[int, FixedAttention] = {}
        rows = self.model.unembed
        self.classes = [rows.index(row) for row in rows]  # of equal logits
        self.right = Fraction(0)
        self.undecided = 0

    def add(self, item: tuple[tuple[int, ...], str]) -> None:
        """An answer: the logits that share the maximum, digit by digit, or ``?``."""
        f, answer = item
        if answer == "?":
            self.undecided += 1
            return
        winners = [int(k) for k in answer if k != "?"]
        fits = winners == sorted(set(winners)) and winners != [] and winners[-1] < self.model.n
        require(fits and "?" not in answer, "its answer must be logits, in order")
        self._confirm(f, winners)
        self.right += credit_for(self.ties, longest_cycle(f), winners)

    def conclude(self, outcome: CheckedCertificate) -> None:
        """The accuracy that follows; RejectedError if the certificate says another one."""
        count = self.model.n**self.model.n
        low, high = self.right / count, (self.right + self.undecided) / count
        outcome.accuracy = agreed_accuracy(self.document, low, high)
        outcome.checked += [
            f"the answer to each of {count} inputs, by logits with proved error bounds",
            "the true label of each input, and the credit under the tie rule",
        ]

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
