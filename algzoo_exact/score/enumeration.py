"""The exact accuracy of a transformer on longest_cycle: every input is tried.

There are n^n inputs, all equally likely, so that the accuracy is a fraction of n^n. Float64 balls
settle nearly every input, many at a time. Where the two largest logits are closer than their
radii, balls of rising precision decide. A tie is stated only where it is proved; what stays open
at ``MOST_BITS`` is left undecided, and widens the enclosure. See the note on the enumeration of
transformers.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import I64, Flags
from algzoo_exact.deadline import Deadline
from algzoo_exact.exact.enclosure import Enclosure, working_precision
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.program.problems.longest_cycle import functions, longest_cycles
from algzoo_exact.program.task import TieRule, credit_for
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.attention import (
    Attention,
    NoRationalError,
    RationalAttention,
    ball_attention,
    float_attention,
)
from algzoo_exact.score.float_balls import UNIT
from algzoo_exact.score.question import Method, Question
from algzoo_exact.score.result import Counts, Score

BLOCK = 1 << 10  # at 2^12, a tenth quicker for d = 8, and a tenth of a second apart
FIRST_BITS, MOST_BITS = 128, 2048

Indices = frozenset[int]


def every_input(question: Question) -> Iterator[Score]:
    """Nested certified enclosures, one after each block of inputs; the last is that of all.
    Blocks are jobs for workers.

    It is ``exact`` where every input is decided, and then its width is 0.
    """
    q, began = question, time.monotonic()
    assert isinstance(q.program, Transformer)
    inputs = q.n**q.n
    end = inputs if q.max_cells is None else min(inputs, q.max_cells)
    work, answers = _Block(q.program, q.n, end, q.deadline), Answers()
    if end == 0:
        yield _counted(q, answers, 0.0)
    blocks = range(-(-end // BLOCK))
    kept = Kept[int, _Found](
        q.state, lambda block: f"block {block} of {BLOCK}", _Found,
        lambda found: found if found.whole else None,
    )  # fmt: skip
    for _, found in outcomes(list(blocks[::-1]), work, q.deadline, q.workers or 1, kept):
        answers.update(found.answers)
        yield _counted(q, answers, time.monotonic() - began)


Answers = Counter[tuple[int, "Answer"]]
"""How often each answer is given where a label is right."""


class _Found(NamedTuple):
    """Answers of a block, ``whole`` unless the time was up."""

    answers: Mapping[tuple[int, Answer], int]
    whole: bool


@dataclass(frozen=True)
class _Block:
    """The answers on one block of the first ``end`` inputs."""

    transformer: Transformer
    n: int
    end: int
    deadline: Deadline

    def __call__(self, block: int) -> _Found:
        tokens = functions(self.n, block * BLOCK, min((block + 1) * BLOCK, self.end))
        answers, found = _judge(self.transformer).answers(tokens), Answers()
        for label, answer in zip(longest_cycles(tokens).tolist(), answers, strict=True):
            if self.deadline.passed:
                return _Found(found, False)
            found[label, answer] += 1
        return _Found(found, True)


@dataclass(frozen=True)
class Answer:
    """Which logits share the maximum: those of one class, or of several that are undecided.

    Within a class, logits are proved to be equal.
    """

    classes: tuple[Indices, ...]

    @property
    def indices(self) -> Indices | None:
        """The logits that share the maximum; None if that is undecided."""
        return self.classes[0] if len(self.classes) == 1 else None


class Judge:
    """Says which logits of a transformer are the largest, and never guesses."""

    def __init__(self, transformer: Transformer) -> None:
        self.transformer = transformer
        rows: dict[tuple[Fraction, ...], list[int]] = {}
        for k, row in enumerate(transformer.unembed):
            rows.setdefault(row, []).append(k)
        # Logits with equal rows of the unembedding are equal; the first stands for all.
        self.classes = tuple(frozenset(indices) for indices in rows.values())
        self._first = np.array([min(indices) for indices in self.classes])
        self._single = [Answer((indices,)) for indices in self.classes]
        self._floats = float_attention(transformer)
        self._balls: dict[int, Attention] = {}

    def answers(self, tokens: I64) -> Iterator[Answer]:
        """The answer to each row of ``tokens``, in order."""
        for row, best, sure in zip(tokens, *self._by_floats(tokens), strict=True):
            yield self._single[best] if sure else self._by_balls(row.tolist())

    def _by_floats(self, tokens: I64) -> tuple[I64, Flags]:
        """The class with the largest midpoint, and whether the radii prove it to be ahead."""
        logits = self._floats.logits(tokens)[:, self._first]
        best = logits.mid.argmax(1)
        lead, slack = (
            part[np.arange(len(best)), best][:, None] for part in (logits.mid, logits.rad)
        )
        # The difference and the sum are off by at most u times themselves.
        with np.errstate(all="ignore"):
            ahead = lead - logits.mid > (slack + logits.rad) * (1 + 8 * UNIT)
        ahead[np.arange(len(best)), best] = np.isfinite(slack[:, 0])
        return best, ahead.all(1)

    def _by_balls(self, tokens: Sequence[int]) -> Answer:
        contenders: list[int] = []
        bits = FIRST_BITS
        while bits <= MOST_BITS:
            contenders = self._contenders(tokens, bits)
            if len(contenders) == 1:
                return self._single[contenders[0]]
            if bits == FIRST_BITS and (exact := self._by_rationals(tokens)) is not None:
                return exact
            bits *= 2
        return Answer(tuple(self.classes[k] for k in contenders))

    def _contenders(self, tokens: Sequence[int], bits: int) -> list[int]:
        """The classes that no other is proved to be ahead of."""
        with working_precision(bits):
            if bits not in self._balls:
                self._balls[bits] = ball_attention(self.transformer)
            (all_logits,) = self._balls[bits].logits(np.array([tokens]))
            logits = [all_logits[k] for k in self._first]
            if not all(ball.is_finite() for ball in logits):
                return list(range(len(logits)))
            # arb's < is true only where it holds throughout both balls.
            return [k for k, ball in enumerate(logits) if not any(ball < other for other in logits)]

    def _by_rationals(self, tokens: Sequence[int]) -> Answer | None:
        try:
            (logits,) = RationalAttention(self.transformer).logits(np.array([tokens]))
        except NoRationalError:
            return None
        largest = max(logits)
        return Answer((frozenset(k for k, value in enumerate(logits) if value == largest),))


_judge = lru_cache(1)(Judge)
"""One in each process."""


def _counted(q: Question, answers: Answers, seconds: float) -> Score:
    """What is known by then."""
    n = q.n
    inputs = n**n
    untried = inputs - answers.total()
    least, most = [Fraction(0)] * n, [Fraction(untried)] * n
    confusion = [[0] * n for _ in range(n)]
    tied = undecided = 0
    for (label, answer), count in answers.items():
        low, high = _credit(label, answer, q.ties)
        least[label] += count * low
        most[label] += count * high
        if answer.indices is None:
            undecided += count
        else:
            confusion[label][min(answer.indices)] += count
            tied += count * (len(answer.indices) > 1)
    # Each label's bound took all that is untried for itself.
    low, high = sum(least, Fraction(0)), sum(most, Fraction(0)) - (n - 1) * untried
    whole = Enclosure(low / inputs, high / inputs)
    return q.score(
        "exact" if whole.width == 0 else "certified",
        whole,
        "every input tried, in ball arithmetic",
        seconds,
        undecided=whole.width,
        by_label={
            k: Enclosure(low / inputs, high / inputs)
            for k, (low, high) in enumerate(zip(least, most, strict=True))
        },
        counts=Counts(inputs, untried + undecided, tied, tuple(map(tuple, confusion))),
    )


def _credit(label: int, answer: Answer, ties: TieRule | None) -> tuple[Fraction, Fraction]:
    """The least and the most that the answer can earn."""
    assert ties is not None
    alone = [credit_for(label, indices, ties) for indices in answer.classes]
    # Undecided, at best the label's class alone is the largest, at worst another one is.
    return alone[0] if len(alone) == 1 else Fraction(0), max(alone)


def _accepts(q: Question) -> bool:
    return isinstance(q.program, Transformer) and q.metric == ACCURACY


ENUMERATION = Method("enumeration", _accepts, True, every_input)
