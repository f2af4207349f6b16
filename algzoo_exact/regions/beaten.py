"""Labels whose logits are beaten on a whole leaf, found from the logits at its rays, compiled.

A logit is off by at most the bound (1) of ``regions.compiled``. Where the label's and a rival's are
further apart than both bounds at each ray, the label is wrong but at the apex. This takes one pass
over the rays for each logit, where margins take one for each pair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled, compiled_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.regions.batch import Rays

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]


@compiled_any_order
def _logit_bounds(readout: F64, rays: Rays, begin: int, low: F64, high: F64) -> None:
    """Below and above the logits at each ray, into (k, rays); the last states are in the columns
    from ``begin`` on."""
    k, d = readout.shape
    for logit in range(k):
        for r in range(rays.number):
            total, size, bound = 0.0, 0.0, 0.0
            for i in range(d):
                w = readout[logit, i]
                term = w * rays.values[r, begin + i]
                total += term
                size += abs(term)
                bound += abs(w) * rays.errors[r, begin + i]
            # Two units more: the sums below are rounded too.
            bound = (bound + (d + 5.0) * U * size) * SLACK + TINY
            low[logit, r], high[logit, r] = total - bound, total + bound


@compiled
def beaten(readout: F64, rays: Rays, begin: int, rivals: Flags) -> Flags:
    """Of the labels (k), those with a rival whose logit is larger on all of the cone but its
    apex."""
    k = readout.shape[0]
    low, high = np.empty((k, rays.number)), np.empty((k, rays.number))
    _logit_bounds(readout, rays, begin, low, high)
    found = np.zeros(k, np.bool_)
    for label in range(k):
        for other in range(k):
            if found[label] or not rivals[label, other]:
                continue
            larger = True
            for r in range(rays.number):
                if not low[other, r] > high[label, r]:
                    larger = False
                    break
            found[label] = larger
    return found
