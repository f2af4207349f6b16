"""Numbers of a network rounded together, so that what it decides changes least for the bits spent.

Near the boundary between right and wrong a small change e of the numbers moves the lead of the
right logit by J e. So |J e|^2 is to be small: a nearest-point problem in a lattice. The numbers are
rounded one after the other, and those that are still free make up for the errors so far (Babai).
With r_i the root of what is left of number i's weight in J^T J once the free ones have made up for
it, the sum of (r_i step_i)^2 is least, for a given sum of bits, where all r_i step_i are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.drafting.specimen import Floats

_TINY = 1e-12


@dataclass(frozen=True)
class Rounded:
    """Numbers, each a multiple of its ``steps``, which are powers of two."""

    values: Floats
    steps: Floats

    def bits(self, ranges: Floats) -> float:
        """Of all, if each is one of those in its range."""
        return float(np.log2(ranges / self.steps).sum())


def rounded(numbers: Floats, slopes: Floats, ranges: Floats, bits: float) -> Rounded:
    """Numbers (K) at a price of at most ``bits``, where ``slopes`` (N, K) are J."""
    weight = slopes.T @ slopes / len(slopes)
    weight += _TINY * np.trace(weight) * np.eye(len(numbers))
    order, sizes = _order(weight)
    mean = (np.log2(ranges * sizes).sum() - bits) / len(numbers)
    steps = 2.0 ** np.round(mean - np.log2(sizes))
    steps = np.minimum(steps, 2.0 ** np.floor(np.log2(ranges)))
    while np.log2(ranges / steps).sum() > bits and (steps < ranges / 2).any():
        cost = np.where(steps < ranges / 2, (sizes * steps) ** 2, np.inf)
        steps[int(np.argmin(cost))] *= 2
    values = _made_up_for(numbers, weight, order, steps)
    return Rounded(_descended(values, numbers, weight, steps), steps)


def _order(weight: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The numbers, first that which the others can make up for least; and the r_i, by number."""
    left, order, sizes = list(range(len(weight))), [], np.empty(len(weight))
    while left:
        alone = 1 / np.diag(np.linalg.inv(weight[np.ix_(left, left)]))
        k = int(np.argmax(alone))
        sizes[left[k]] = np.sqrt(alone[k])
        order.append(left.pop(k))
    return np.array(order), sizes


def _made_up_for(
    numbers: Floats, weight: Floats, order: NDArray[np.int64], steps: Floats
) -> Floats:
    values = numbers.copy()
    for place, i in enumerate(order):
        free, fixed = order[place:], order[:place]
        wanted = numbers[i]
        if place:
            pull = weight[np.ix_(free, fixed)] @ (values - numbers)[fixed]
            wanted -= np.linalg.solve(weight[np.ix_(free, free)], pull)[0]
        values[i] = np.round(wanted / steps[i]) * steps[i]
    return values


def _descended(values: Floats, numbers: Floats, weight: Floats, steps: Floats) -> Floats:
    """Changed by a step in one number, or in two, as long as that is better."""
    k = len(values)
    moves = np.concatenate([steps, -steps])
    which = np.concatenate([np.arange(k), np.arange(k)])
    while True:
        slope = weight @ (values - numbers)
        one = 2 * moves * slope[which] + moves**2 * weight[which, which]
        two = one[:, None] + one[None, :]
        two += 2 * moves[:, None] * moves[None, :] * weight[np.ix_(which, which)]
        two[which[:, None] == which[None, :]] = np.inf
        np.fill_diagonal(two, one)
        a, b = np.unravel_index(int(np.argmin(two)), two.shape)
        if two[a, b] > -_TINY * np.trace(weight):
            return values
        values = values.copy()
        for move in {int(a), int(b)}:
            values[which[move]] += moves[move]
