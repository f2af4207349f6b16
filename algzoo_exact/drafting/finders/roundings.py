"""The account that follows from the weights, rounded together to as few bits as they may cost.

Neurons are in standard form, and logits are taken less the first one, on a scale on which one of
the readout's weights is 1: so nothing is paid for numbers that change no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import inf

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.finders.surrogates import Surrogate, offer, share_open
from algzoo_exact.drafting.finders.weights import input_weights
from algzoo_exact.drafting.proposal import (
    Block,
    Value,
    claim,
    number,
    price,
    rounded_up,
    sum_text,
    wrapped,
)
from algzoo_exact.drafting.rounding import Rounded, rounded
from algzoo_exact.drafting.specimen import Floats, Labels, Specimen

FINDER = "rounding"
BITS_EACH = 9.6  # of a number, unless a draft is told what it may cost

_MOST_INPUTS, _MOST_NUMBERS = 4, 40  # beyond, proofs take longer than a draft may
_NEAREST = 8_000
_PART = 0.25  # of the time: to choose which number is 1
_CHANGE = 1e-4  # of a number, for the slope of a lead
_UNIT = Fraction(1, 10_000)


@dataclass(frozen=True, eq=False)
class Network:
    """The numbers that answers depend on: W_hh (d, d), and the readout (outputs - 1, d) less its
    first row, in units of ``unit``; number ``fixed`` of all is 1 or -1."""

    specimen: Specimen
    unit: Fraction
    fixed: int
    recurrent: Floats
    reads: Floats

    @classmethod
    def of(cls, specimen: Specimen, k: int) -> Network:
        """On the scale on which number k of the readout is 1 or -1."""
        reads = specimen.w_oh[1:] - specimen.w_oh[0]
        unit = Fraction(f"{abs(float(reads.flat[k])):.6g}")
        scaled = reads / float(unit)
        scaled.flat[k] = np.sign(scaled.flat[k])
        return cls(specimen, unit, specimen.w_hh.size + k, specimen.w_hh, scaled)

    @property
    def numbers(self) -> Floats:
        return np.concatenate([self.recurrent.ravel(), self.reads.ravel()])

    def with_numbers(self, numbers: Floats) -> Network:
        size = self.recurrent.size
        return Network(
            self.specimen, self.unit, self.fixed,
            numbers[:size].reshape(self.recurrent.shape), numbers[size:].reshape(self.reads.shape),
        )  # fmt: skip

    @property
    def ranges(self) -> Floats:
        """Of each number: as far as the largest of its matrix, in either direction."""
        each = [
            np.full(matrix.size, float(2 * rounded_up(Fraction(float(abs(matrix).max())))))
            for matrix in (self.recurrent, self.reads)
        ]
        return np.concatenate(each)

    def told(self, x: Floats) -> Floats:
        """Logits (N, outputs) less the first one, in units."""
        h = np.zeros((len(x), self.specimen.d))
        for t in range(self.specimen.n):
            h = np.maximum(h @ self.recurrent.T + x[:, t : t + 1] * self.specimen.w_hi, 0)
        return np.concatenate([np.zeros((len(x), 1)), h @ self.reads.T], axis=1)

    def leads(self, x: Floats, labels: Labels) -> Floats:
        """How far the right logit is ahead of all others."""
        told, rows = self.told(x), np.arange(len(x))
        mine = told[rows, labels].copy()
        told[rows, labels] = -np.inf
        lead: Floats = mine - told.max(1)
        return lead


def find(desk: Desk) -> None:
    """Propose it, for networks with few numbers that have no exact account."""
    specimen = desk.specimen
    if specimen.task.is_numeric or not specimen.standard or specimen.n > _MOST_INPUTS:
        return
    if desk.is_answered or not specimen.w_oh[1:].any() or not specimen.w_hh.any():
        return
    reads = specimen.w_oh[1:] - specimen.w_oh[0]
    fixed = np.flatnonzero(reads).tolist()
    count = np.count_nonzero(specimen.w_hh) + len(fixed) - 1
    if count > _MOST_NUMBERS:
        return
    desk.tell(f"{count} numbers, rounded together")
    allowed = desk.bits_allowed or BITS_EACH * count + specimen.d
    slopes = _Slopes.of(Network.of(specimen, fixed[0]))
    until = desk.deadline.part(_PART)
    best, least = None, inf
    for k in fixed:
        if best is not None and until.passed:
            break
        found = _Candidate.of(Network.of(specimen, k), slopes, allowed - specimen.d)
        if found is None:
            continue
        left_open = share_open(specimen, found.simpler.told, _UNIT)
        if left_open < least:
            best, least = found, left_open
    if best is not None:
        offer(desk, _surrogate(best))


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A network, a simpler one, and how those numbers were rounded that are ``free``."""

    network: Network
    simpler: Network
    free: list[int]
    found: Rounded

    @classmethod
    def of(cls, network: Network, slopes: _Slopes, bits: float) -> _Candidate | None:
        """None where answers do not depend on the numbers."""
        numbers = network.numbers
        free = [k for k in np.flatnonzero(numbers).tolist() if k != network.fixed]
        known = slopes.on(network, free)
        if not known.any():
            return None
        found = rounded(numbers[free], known, network.ranges[free], bits)
        numbers[free] = found.values
        return cls(network, network.with_numbers(numbers), free, found)


@dataclass(frozen=True, eq=False)
class _Slopes:
    """How the lead changes with each number of a network that is not 0 (``columns``, by number), at
    the inputs nearest to a change of answer."""

    network: Network
    columns: dict[int, Floats]

    @classmethod
    def of(cls, network: Network) -> _Slopes:
        x, labels = network.specimen.sample.x, network.specimen.sample.labels
        leads = abs(network.leads(x, labels))
        leads[leads == 0] = inf  # all is silent there, and stays so
        near = np.argsort(leads)[:_NEAREST]
        x, labels = x[near], labels[near]
        leads = network.leads(x, labels)
        columns = {}
        for k in np.flatnonzero(network.numbers).tolist():
            numbers = network.numbers
            numbers[k] += _CHANGE
            columns[k] = (network.with_numbers(numbers).leads(x, labels) - leads) / _CHANGE
        return cls(network, columns)

    def on(self, network: Network, free: Sequence[int]) -> Floats:
        """Of the same network in other units (N, K): the readout is linear, so that its own slopes
        are the same in all."""
        factor = float(self.network.unit / network.unit)
        inner = network.recurrent.size
        columns = [self.columns[k] * (factor if k < inner else 1) for k in free]
        return np.stack(columns, axis=1)


def _surrogate(best: _Candidate) -> Surrogate:
    network, simpler, free, found = best.network, best.simpler, best.free, best.found
    specimen, d = network.specimen, network.specimen.d
    definitions: dict[str, str] = {}
    for t in range(specimen.n):
        for i in range(d):
            terms = [(specimen.program.input_weights[i], f"x[{t}]")]
            terms += _states(t - 1, simpler.recurrent[i]) if t else ()
            definitions[f"g{t}_{i}"] = f"relu({sum_text(terms)})"
    rows = [sum_text(_states(specimen.n - 1, row)) for row in simpler.reads]
    definitions["told(k)"] = f"[{', '.join(['0', *rows])}][k]"
    bits = found.bits(network.ranges[free])
    return Surrogate(
        FINDER,
        f"Rounded to {bits:.0f} bits, {len(free)} numbers tell the answers: g{specimen.n - 1}_0 is "
        "neuron 0 of the rounded model in the end, and told(k) its logit k less logit 0.",
        (
            input_weights(specimen),
            _numbers(best),
        ),
        definitions,
        simpler.told,
        _UNIT,
    )  # fmt: skip


def _numbers(best: _Candidate) -> Block:
    """How far each number is from what it is rounded to."""
    network, simpler, free, found = best.network, best.simpler, best.free, best.found
    d, inner = network.specimen.d, network.recurrent.size
    parts = []
    for k in free:
        value, near = network.numbers[k], Fraction(float(simpler.numbers[k]))
        off = rounded_up(Fraction(abs(value - float(near))) + Fraction(1, 10**9))
        row, j = divmod(k if k < inner else k - inner, d)
        weight, unit = f"W_hh[{row}][{j}]", ""
        if k >= inner:
            weight, unit = f"W_oh[{row + 1}][{j}] - W_oh[0][{j}]", f"{number(network.unit)}*"
        gap = f"{weight} {'-+'[near < 0]} {unit}{number(abs(near))}"
        parts.append(f"abs({gap}) <= {unit}{number(off)}")
    pairs = sorted(zip(network.ranges[free].tolist(), found.steps.tolist(), strict=True))
    prices: list[Value] = [
        price("real", len(list(same)), range=Fraction(reach).limit_denominator(10**6),
              precision=Fraction(step))
        for (reach, step), same in groupby(pairs)
    ]  # fmt: skip
    text = "The others, rounded: those that answers depend on little to fewer digits."
    return claim(
        "rounded_numbers", "weights", text,
        statement=wrapped(parts, "and"), price=prices,
    )  # fmt: skip


def _states(t: int, factors: Floats) -> list[tuple[Fraction, str]]:
    """What neurons of the rounded model at step t are multiplied with."""
    return [(Fraction(float(factor)), f"g{t}_{j}") for j, factor in enumerate(factors)]
