"""Labels that a rival beats on a whole leaf, told from its rays alone, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.regions.batch import Flags, Rays

F64 = NDArray[np.float64]


@compiled_in_place_any_order
def beaten(margins: F64, rays: Rays, begin: int, rivals: Flags, label: int) -> bool:
    """Whether the margin of a label over some rival is negative at all rays, beyond the bound (1)
    of ``regions.compiled``. The last states are in the columns from ``begin`` on.

    Most rivals are done with at their first ray, so that many labels cost little.
    """
    k, _, d = margins.shape
    for other in range(k):
        if not rivals[label, other]:
            continue
        negative = True
        for r in range(rays.number):
            total, size, bound = 0.0, 0.0, 0.0
            for i in range(d):
                w = margins[label, other, i]
                term = w * rays.values[r, begin + i]
                total += term
                size += abs(term)
                bound += abs(w) * rays.errors[r, begin + i]
            if not total < -((bound + (d + 3.0) * U * size) * SLACK + TINY):
                negative = False
                break
        if negative:
            return True
    return False
