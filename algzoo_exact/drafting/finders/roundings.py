"""The account that follows from the weights, rounded together to as few bits as they may cost.

Neurons are in standard form, and logits are taken less the first one, on a scale on which one of
the readout's weights is 1: so nothing is paid for numbers that change no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from math import inf

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.finders.surrogates import leads, offer, share_open
from algzoo_exact.drafting.finders.weights import input_weights
from algzoo_exact.drafting.proposal import (
    Block,
    Proposal,
    exact,
    number,
    of_weights,
    price,
    rounded_up,
    sum_text,
)
from algzoo_exact.drafting.rounding import Rounded, rounded
from algzoo_exact.drafting.specimen import Floats, Specimen

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
    numbers: Floats

    @classmethod
    def of(cls, specimen: Specimen, k: int) -> Network:
        """On the scale on which number k of the readout is 1 or -1."""
        reads = specimen.w_oh[1:] - specimen.w_oh[0]
        unit = Fraction(f"{abs(float(reads.flat[k])):.6g}")
        scaled = reads / float(unit)
        scaled.flat[k] = np.sign(scaled.flat[k])
        numbers = np.concatenate([specimen.w_hh.ravel(), scaled.ravel()])
        return cls(specimen, unit, specimen.w_hh.size + k, numbers)

    @property
    def recurrent(self) -> Floats:
        return self.numbers[: self.specimen.w_hh.size].reshape(self.specimen.w_hh.shape)

    @property
    def reads(self) -> Floats:
        return self.numbers[self.specimen.w_hh.size :].reshape(-1, self.specimen.d)

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

    def slopes(self) -> dict[int, Floats]:
        """How the lead changes with each number that is not 0, at the inputs nearest to a change of
        answer."""
        x, labels = self.specimen.sample.x, self.specimen.sample.labels
        distance = abs(leads(self.told(x), labels))
        distance[distance == 0] = inf  # all is silent there, and stays so
        near = np.argsort(distance)[:_NEAREST]
        x, labels = x[near], labels[near]
        lead, columns = leads(self.told(x), labels), {}
        for k in np.flatnonzero(self.numbers).tolist():
            numbers = self.numbers.copy()
            numbers[k] += _CHANGE
            changed = leads(replace(self, numbers=numbers).told(x), labels)
            columns[k] = (changed - lead) / _CHANGE
        return columns


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
    first = Network.of(specimen, fixed[0])
    slopes, until = first.slopes(), desk.deadline.part(_PART)
    best, least = None, inf
    for k in fixed:
        if best is not None and until.passed:
            break
        network = Network.of(specimen, k)
        # The readout is linear, so that its own slopes are the same in all units.
        factor, inner = float(first.unit / network.unit), specimen.w_hh.size
        scaled = {i: slope * (factor if i < inner else 1) for i, slope in slopes.items()}
        found = _Candidate.of(network, scaled, allowed - specimen.d)
        if found is None:
            continue
        left_open = share_open(specimen, found.simpler.told, _UNIT)
        if left_open < least:
            best, least = found, left_open
    if best is not None:
        offer(desk, _surrogate(best), _UNIT)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A network, a simpler one, and how those numbers were rounded that are ``free``."""

    network: Network
    simpler: Network
    free: list[int]
    found: Rounded

    @classmethod
    def of(cls, network: Network, slopes: Mapping[int, Floats], bits: float) -> _Candidate | None:
        """None where answers do not depend on the numbers."""
        numbers = network.numbers.copy()
        free = [k for k in slopes if k != network.fixed]
        known = np.stack([slopes[k] for k in free], axis=1)
        if not known.any():
            return None
        found = rounded(numbers[free], known, network.ranges[free], bits)
        numbers[free] = found.values
        return cls(network, replace(network, numbers=numbers), free, found)


def _surrogate(best: _Candidate) -> Proposal:
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
    return Proposal(
        FINDER,
        f"Rounded to {bits:.0f} bits, {len(free)} numbers tell the answers: g{specimen.n - 1}_0 is "
        "neuron 0 of the rounded model in the end, and told(k) its logit k less logit 0.",
        (input_weights(specimen), _numbers(best)),
        definitions,
    )


def _numbers(best: _Candidate) -> Block:
    """How far each number is from what it is rounded to."""
    network, simpler, free, found = best.network, best.simpler, best.free, best.found
    d, inner = network.specimen.d, network.recurrent.size
    parts = []
    for k in free:
        value, near = network.numbers[k], Fraction(float(simpler.numbers[k]))
        off = Fraction(rounded_up(Fraction(abs(value - float(near))) + Fraction(1, 10**9)))
        row, j = divmod(k if k < inner else k - inner, d)
        weight, unit = f"W_hh[{row}][{j}]", ""
        if k >= inner:
            weight, unit = f"W_oh[{row + 1}][{j}] - W_oh[0][{j}]", f"{number(network.unit)}*"
        gap = f"{weight} {'-+'[near < 0]} {unit}{number(abs(near))}"
        parts.append(f"abs({gap}) <= {unit}{number(off)}")
    pairs = sorted(zip(network.ranges[free].tolist(), found.steps.tolist(), strict=True))
    prices = [
        price("real", len(list(same)), range=exact(Fraction(reach).limit_denominator(10**6)),
              precision=exact(Fraction(step)))
        for (reach, step), same in groupby(pairs)
    ]  # fmt: skip
    text = "The others, rounded: those that answers depend on little to fewer digits."
    return of_weights("rounded_numbers", text, parts, *prices)


def _states(t: int, factors: Floats) -> list[tuple[Fraction, str]]:
    """What neurons of the rounded model at step t are multiplied with."""
    return [(Fraction(float(factor)), f"g{t}_{j}") for j, factor in enumerate(factors)]
