"""The brute force that the benchmarks compare with: 2nd argmax on three inputs, in float64.

As in G. Wu's ``exact_acc_rnn``: every one of the 2^(3d) activation masks times each of the 6
orders of the inputs gives a cone, {z >= 0 where on, z <= 0 where off, the order, the right logit
at least as large as the others}; its extreme rays are found among the cross products of all pairs
of normals, and its solid angle is a sum over spherical triangles. Nothing is pruned.

It shares no code with the package. Ties go to the lowest index. Each neuron must read its input
(no zero in W_hi), so that every cone is pointed.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

# Unit normals against unit rays: rounding leaves some 1e-15 where the product is 0, and a ray
# let in by mistake changes an angle by no more than this.
_ZERO = 1e-13


def accuracy(w_hi: F64, w_hh: F64, w_oh: F64, masks_at_once: int = 1) -> float:
    """Accuracy of the network W_hi (d,), W_hh (d, d), W_oh (3, d) on 2nd argmax.

    ``masks_at_once`` is how many masks share one call of numpy: it changes the speed only.
    """
    d = len(w_hi)
    angle = 0.0
    for first in range(0, 2 ** (3 * d), masks_at_once):
        numbers = np.arange(first, min(first + masks_at_once, 2 ** (3 * d)))
        masks = (numbers[:, None] >> np.arange(3 * d) & 1).reshape(-1, 3, d)
        signed, logits = _linear_maps(masks, w_hi, w_hh, w_oh)
        for top, second, last in permutations(range(3)):
            order = np.zeros((len(masks), 2, 3))
            order[:, 0, [top, second]] = 1, -1
            order[:, 1, [second, last]] = 1, -1
            wins = logits[:, [second]] - np.delete(logits, second, axis=1)
            # A lower index with the very same logit takes the point.
            lost = (wins[:, :second] == 0).all(axis=2).any(axis=1)
            normals = np.concatenate([signed, order, wins], axis=1)
            angle += sum(_solid_angle(rays) for rays in _extreme_rays(normals[~lost]))
    return angle / (4 * np.pi)


def _linear_maps(masks: NDArray[np.int64], w_hi: F64, w_hh: F64, w_oh: F64) -> tuple[F64, F64]:
    """Pre-activations, negative where the mask is off, (M, 3 d, 3), and logits (M, 3, 3), each a
    linear form of the three inputs."""
    state = np.zeros((len(masks), len(w_hi), 3))
    signed = []
    for t in range(3):
        z = w_hh @ state
        z[:, :, t] += w_hi
        on = masks[:, t, :, None]
        signed.append(np.where(on, z, -z))
        state = np.where(on, z, 0.0)
    return np.concatenate(signed, axis=1), w_oh @ state


def _extreme_rays(normals: F64) -> list[F64]:
    """Unit extreme rays, some of them repeated, of each cone {x : a.x >= 0 for all normals a} that
    has at least three; ``normals`` is (M, m, 3)."""
    units = normals / _lengths(normals)
    first, second = np.triu_indices(normals.shape[1], 1)
    lines = np.cross(units[:, first], units[:, second])
    lengths = np.linalg.norm(lines, axis=2)
    lines /= _lengths(lines)
    values = lines @ units.transpose(0, 2, 1)
    meets = lengths > _ZERO
    plus = meets & (values >= -_ZERO).all(axis=2)
    minus = meets & (values <= _ZERO).all(axis=2)
    found = np.flatnonzero(plus.sum(axis=1) + minus.sum(axis=1) >= 3)
    return [np.concatenate([lines[k, plus[k]], -lines[k, minus[k]]]) for k in found]


def _lengths(rows: F64) -> F64:
    """Lengths of the rows, 1 for those that vanish."""
    lengths = np.linalg.norm(rows, axis=2, keepdims=True)
    lengths[lengths == 0] = 1.0
    return np.asarray(lengths)


def _solid_angle(rays: F64) -> float:
    """Of the convex hull of unit rays (k, 3), k >= 3: they are sorted around their mean, and the
    polygon is cut into triangles (van Oosterom and Strackee, 1983)."""
    axis = rays.sum(axis=0)
    across = np.cross(axis, [1.0, 0.0, 0.0] if abs(axis[0]) < abs(axis[1]) else [0.0, 1.0, 0.0])
    around = np.arctan2(rays @ np.cross(axis, across), rays @ across * np.linalg.norm(axis))
    a, *others = rays[np.argsort(around)]
    b, c = np.array(others[:-1]), np.array(others[1:])
    volume = np.abs(np.cross(b, c) @ a)
    return float(np.sum(2 * np.arctan2(volume, 1 + b @ a + c @ a + np.sum(b * c, axis=1))))
