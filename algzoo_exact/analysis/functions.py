"""Transformers, input by input: the functions that they get wrong, those on which two differ, and
what they attend to.

All n^n inputs are equally likely, and each is tried (``score.enumeration``), so that probabilities
are exact fractions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.arrays import I64
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.lift import HasNetwork, network_of
from algzoo_exact.program.problems.longest_cycle import functions, longest_cycles
from algzoo_exact.program.task import TieRule, check_scored, credit_for, longest_cycle
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.score.attention import float_attention
from algzoo_exact.score.enumeration import BLOCK, Judge
from algzoo_exact.shown import Shown

if TYPE_CHECKING:
    import pyarrow


MOST_POSITIONS = 8
"""Longer inputs are too many to be tried."""


@dataclass(frozen=True, eq=False)
class WrongFunctions(Shown):
    """The inputs that a transformer gets wrong, in order: ``inputs`` (count, n), with the true
    ``label``, the ``answer`` (the lowest of the largest logits) and the ``credit`` of each.

    ``total`` is the probability of an error; it is an interval if there was no time for ``open`` of
    the inputs, or whether logits tie stays undecided.
    """

    ties: TieRule
    inputs: I64
    label: I64
    answer: I64
    credit: tuple[Fraction, ...]
    open: Fraction

    @property
    def n(self) -> int:
        return int(self.inputs.shape[1])

    @property
    def total(self) -> Enclosure:
        lost = sum((1 - credit for credit in self.credit), Fraction(0)) / self.n**self.n
        return Enclosure(lost, lost + self.open)

    @property
    def by_answer(self) -> dict[tuple[int, int], Fraction]:
        """What is lost by label and answer, the most first."""
        sums: dict[tuple[int, int], Fraction] = {}
        pairs = zip(self.label.tolist(), self.answer.tolist(), strict=True)
        for pair, credit in zip(pairs, self.credit, strict=True):
            sums[pair] = sums.get(pair, Fraction(0)) + (1 - credit) / self.n**self.n
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        return f"<errors of probability {self.total}, at {len(self):,} inputs>"

    def arrow(self) -> pyarrow.Table:
        """One row for each input: ``input``, ``cycles`` as text, ``label``, ``answer`` and
        ``credit``."""
        import pyarrow

        return pyarrow.table(
            {
                "input": list(self.inputs),
                "cycles": [cycles_text(f) for f in self.inputs.tolist()],
                "label": self.label,
                "answer": self.answer,
                "credit": [float(credit) for credit in self.credit],
            }
        )


@dataclass(frozen=True, eq=False)
class FunctionDifference(Shown):
    """The inputs (count, n) to which two transformers give different answers, with the true
    ``label``, in order. ``open`` of the inputs may differ too, for want of time."""

    inputs: I64
    label: I64
    first: I64
    second: I64
    open: Fraction

    @property
    def probability(self) -> Enclosure:
        share = self._share(len(self.inputs))
        return Enclosure(share, share + self.open)

    @property
    def split(self) -> dict[str, Fraction]:
        """By who is right: ``first``, ``second`` or ``neither``."""
        one, two = self.first == self.label, self.second == self.label
        parts = {"first": one, "second": two, "neither": ~one & ~two}
        return {who: self._share(int(np.sum(part))) for who, part in parts.items()}

    @property
    def by_answers(self) -> dict[tuple[int, int], Fraction]:
        """By both answers, the most first."""
        pairs = Counter(zip(self.first.tolist(), self.second.tolist(), strict=True))
        return {pair: self._share(count) for pair, count in pairs.most_common()}

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        return f"<different with probability {self.probability}, at {len(self):,} inputs>"

    def _share(self, count: int) -> Fraction:
        n = self.inputs.shape[1]
        return Fraction(count, n**n)


@shows_progress("errors")
def wrong_functions(
    model: Transformer | HasNetwork,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> WrongFunctions:
    """The inputs of longest_cycle that a transformer gets wrong, or earns part of the credit for;
    those found within ``time_limit`` seconds. n <= 8.

    InputError for other models and sizes.
    """
    network = _transformer(model)
    check_scored(network, longest_cycle(network.seq_len), ties)
    n = network.seq_len
    rows: list[tuple[list[int], int, int, Fraction]] = []
    left = n**n
    for f, label, (winners,) in _decided((network,), Deadline.after(time_limit), progress):
        left -= 1
        credit = credit_for(label, winners, ties)
        if credit < 1:
            rows.append((f, label, min(winners), credit))
    inputs, labels, answers = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    credits = tuple(credit for *_, credit in rows)
    left_out = Fraction(left, n**n)
    return WrongFunctions(ties, inputs.reshape(-1, n), labels, answers, credits, left_out)


@shows_progress("differences")
def function_difference(
    first: Transformer | HasNetwork,
    second: Transformer | HasNetwork,
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> FunctionDifference:
    """The inputs of longest_cycle to which two transformers give different answers; where logits
    tie, the lowest index is the answer. n <= 8.

    InputError for other models, and for different sizes.
    """
    networks = _transformer(first), _transformer(second)
    n = networks[0].seq_len
    for network in networks:
        check_scored(network, longest_cycle(n), "lowest")
    rows: list[tuple[list[int], int, int, int]] = []
    left = n**n
    for f, label, winners in _decided(networks, Deadline.after(time_limit), progress):
        left -= 1
        one, two = map(min, winners)
        if one != two:
            rows.append((f, label, one, two))
    inputs, labels, ones, twos = (np.array([row[i] for row in rows], np.int64) for i in range(4))
    return FunctionDifference(inputs.reshape(-1, n), labels, ones, twos, Fraction(left, n**n))


def attention(
    model: Transformer | HasNetwork, inputs: Sequence[Sequence[int]] | None = None
) -> pyarrow.Table:
    """What a transformer attends to on some ``inputs`` (count, n) of tokens, by default all n^n for
    n <= 6: a row for each.

    Columns: ``input``, ``label`` (of longest_cycle), ``answer``, ``logits``, and ``attention``, by
    layer, head, the position that asks and the one that is asked; in the last layer only the last
    position asks. Numbers are float64, off by at most ``radius``, which is proved.

    InputError for other models, and for inputs of another length or with tokens out of range.
    """
    import pyarrow

    network = _transformer(model)
    n = network.seq_len
    if inputs is None:
        if n > 6:
            raise InputError(f"There are {n}^{n} inputs; name some of them.")
        tokens = functions(n, 0, n**n)
    else:
        tokens = _checked(network, inputs)
    parts = []
    for start in range(0, len(tokens), BLOCK):
        some = tokens[start : start + BLOCK]
        logits, patterns = float_attention(network).run(some)
        radius = logits.rad.max(1)
        for pattern in patterns:
            radius = np.maximum(radius, pattern.rad.max((1, 2, 3)))
        nested = [[pattern.mid[q].tolist() for pattern in patterns] for q in range(len(some))]
        parts.append(
            pyarrow.table(
                {
                    "input": some.tolist(),
                    "label": longest_cycles(some),
                    "answer": logits.mid.argmax(1),
                    "logits": logits.mid.tolist(),
                    "attention": nested,
                    "radius": radius,
                }
            )
        )
    return pyarrow.concat_tables(parts)


def _checked(network: Transformer, inputs: Sequence[Sequence[int]]) -> I64:
    n = network.seq_len
    try:
        tokens = np.array(inputs)
    except ValueError:
        tokens = np.array(0)
    if tokens.ndim != 2 or tokens.shape[1] != n or tokens.dtype.kind not in "iu" or not len(tokens):
        raise InputError(f"Inputs are lists of {n} tokens each, one list at least.")
    if tokens.min() < 0 or tokens.max() >= network.tokens:
        raise InputError(f"Tokens go from 0 to {network.tokens - 1}.")
    return tokens.astype(np.int64)


def cycles_text(function: Sequence[int]) -> str:
    """The cycles of a function, the longest first: ``(0 2 1) (3)``."""
    found: dict[frozenset[int], list[int]] = {}
    for start in range(len(function)):
        path = [start]
        while function[path[-1]] not in path:
            path.append(function[path[-1]])
        if function[path[-1]] == start:
            found.setdefault(frozenset(path), path)
    ordered = sorted(found.values(), key=lambda path: (-len(path), path))
    return " ".join(f"({' '.join(map(str, path))})" for path in ordered)


def _transformer(model: Transformer | HasNetwork) -> Transformer:
    network = network_of(model)
    if not isinstance(network, Transformer):
        raise InputError("This needs a transformer; others have find_errors and diff.")
    return network


def _decided(
    networks: Sequence[Transformer], deadline: Deadline, progress: Progress | None
) -> Iterator[tuple[list[int], int, list[frozenset[int]]]]:
    """Inputs with their labels and the largest logits of each transformer, where all are known."""
    n = networks[0].seq_len
    if n > MOST_POSITIONS:
        raise InputError(f"All n^n inputs are tried up to n = {MOST_POSITIONS}, not for n = {n}.")
    judges = [Judge(network) for network in networks]
    for first in range(0, n**n, BLOCK):
        if deadline.passed:
            return
        tokens = functions(n, first, min(first + BLOCK, n**n))
        answers = (judge.answers(tokens) for judge in judges)
        parts = zip(tokens.tolist(), longest_cycles(tokens).tolist(), *answers, strict=True)
        for f, label, *found in parts:
            winners = [answer.indices for answer in found if answer.indices is not None]
            if len(winners) == len(networks):
                yield f, label, winners
        if progress is not None:
            progress((first + len(tokens)) / n**n, f"{first + len(tokens):,} inputs")
