"""Gaussians cut by half-spaces, one at a time, each piece replaced by a Gaussian again.

For X ~ N(m, S) and the half-space a.x >= 0, with s^2 = a'Sa, alpha = a.m / s and the inverse Mills
ratio r = phi(alpha) / Phi(alpha), the piece has (Tallis 1961; exact)

    probability Phi(alpha),   mean m + (Sa/s) r,   covariance S - (Sa/s)(Sa/s)' r (r + alpha).

A second cut treats the first piece as a Gaussian with these moments, which it is not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from algzoo_exact.program.problem import LabelCell, Normal
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.normal import normal_cdf, normal_density

# Below this alpha the ratio is -alpha to 3 digits, and Phi nears the smallest floats.
_FAR = -30.0
# Variances up to this one are taken to be 0; rounding makes some that are 0 slightly negative.
_ZERO = 1e-150


class Pieces(NamedTuple):
    """Gaussians side by side: ``mass`` (m), ``mean`` (m, k), ``covariance`` (m, k, k)."""

    mass: Any
    mean: Any
    covariance: Any

    def chosen(self, indices: Any) -> Pieces:
        return Pieces(self.mass[indices], self.mean[indices], self.covariance[indices])


def split(pieces: Pieces, normals: Any) -> tuple[Pieces, Pieces]:
    """The pieces cut by a.x >= 0 and by a.x <= 0, for a normal (m, k) each.

    Where a.x is almost surely one number the whole piece is on its side; 0 counts to the second.
    """
    mass, mean, covariance = pieces
    image = (covariance @ normals[:, :, None])[:, :, 0]
    variance = (image * normals).sum(axis=1)
    flat = variance <= _ZERO
    deviation = np.sqrt(np.where(flat, 1.0, variance))
    centre = (mean * normals).sum(axis=1)
    alpha = np.where(flat, np.where(centre > 0, -8 * _FAR, 8 * _FAR), centre / deviation)
    direction = image / deviation[:, None]
    outer = direction[:, :, None] * direction[:, None, :]
    density = normal_density(alpha)
    sides = []
    for sign in (1.0, -1.0):
        beta = alpha * sign
        probability = normal_cdf(beta)
        far = beta < _FAR
        ratio = np.where(far, -beta, density / np.where(far, 1.0, probability))
        shrink = ratio * (ratio + beta)
        sides.append(
            Pieces(
                mass * probability,
                mean + direction * (ratio * sign)[:, None],
                covariance - outer * shrink[:, None, None],
            )
        )
    return sides[0], sides[1]


@lru_cache(maxsize=8)
def label_pieces(task: Task) -> tuple[Pieces, np.ndarray]:
    """Each of the task's cells as a Gaussian of inputs, cut wall by wall, and the cells' labels.

    The walls are taken by the index of the input that the label's one is compared with. Since each
    cut is followed by a Gaussian again, another order gives other masses and moments.
    They depend on the task alone, so that they are a table and cost an estimator nothing.
    """
    cells = list(task.cells())
    count, n = len(cells), task.seq_len
    start = Pieces(np.ones(count), np.zeros((count, n)), np.tile(np.eye(n), (count, 1, 1)))
    walls = np.array([_by_index(cell) for cell in cells], np.float64)
    for k in range(walls.shape[1]):
        start, _ = split(start, walls[:, k])
    return start, np.array([cell.label for cell in cells])


def _by_index(cell: LabelCell) -> list[Normal]:
    def compared(wall: Normal) -> int:
        return next(k for k, weight in enumerate(wall) if weight and k != cell.label)

    return sorted(cell.inequalities, key=compared)


def right_mass(pieces: Pieces, logits: Any, labels: Any) -> Any:
    """The mass (m) on which each piece's label has the largest of its logits, cut by cut.

    ``logits`` (m, n, k): logits as functionals of the Gaussian. A logit that equals the label's
    identically beats it if its index is lower.
    """
    count, outputs = logits.shape[:2]
    own = logits[np.arange(count), labels]
    for k in range(outputs):
        margin = own - logits[:, k]
        inside, _ = split(pieces, margin)
        spared = ~np.any(margin != 0, axis=1) & (labels <= k)
        pieces = inside._replace(mass=np.where(spared, pieces.mass, inside.mass))
    return pieces.mass
