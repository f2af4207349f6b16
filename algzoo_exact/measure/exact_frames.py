"""A cone's face lattice with correctly rounded frames, from exact normals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure.balls_f64 import U
from algzoo_exact.measure.faces import PrecisionError
from algzoo_exact.measure.lattice_f64 import Lattice

F64 = NDArray[np.float64]

_ROUNDED = 2 * U  # the length of the error of a unit vector whose entries are off by U each
_SMALL = 2.0**-70


def exact_frames(lattice: Lattice, normal: Callable[[int], Sequence[Any]]) -> Lattice:
    """The same faces with frames off by rounding alone, at flint's precision.

    ``normal(wall)`` is a wall's inward normal, in integers or in balls. PrecisionError if walls
    are not told apart.
    """
    faces, n = lattice.masks.shape[0], lattice.e.shape[1]
    e, frames = np.empty_like(lattice.e), np.zeros_like(lattice.frames)
    known: dict[int, list[list[arb]]] = {0: []}
    for face in range(faces):
        frame = known[face]
        for edge in range(int(lattice.first[face]), int(lattice.first[face + 1])):
            vector = _residual(frame, normal(int(lattice.wall[edge])))
            e[edge] = [_rounded(c) for c in vector]
            child = int(lattice.child[edge])
            if child not in known:
                known[child] = [*frame, vector]
                for k, row in enumerate(known[child]):
                    frames[child, k] = [_rounded(c) for c in row]
    rounded = np.full(len(e), _ROUNDED)
    rank = np.array([[k < len(known[face]) for k in range(n)] for face in range(faces)])
    errors = np.where(rank, _ROUNDED, np.inf)
    return lattice._replace(
        e=e, error=rounded, o=rounded, g=rounded, frames=frames, outside=errors, inside=errors
    )


def exact_components(lattice: Lattice, normal: Callable[[int], Sequence[Any]], u: IntVector) -> F64:
    """The components of u / |u| along the normals of the cone's facets, as balls, (facets, 2)."""
    out = []
    for edge in range(int(lattice.first[1])):
        a = normal(int(lattice.wall[edge]))
        along = arb(dot(a, u)) / (arb(dot(a, a)) * dot(u, u)).sqrt()
        mid = float(along)
        out.append((mid, float(abs(along - mid).upper()) * (1 + 2 * U)))
    return np.array(out).reshape(-1, 2)


def _residual(frame: list[list[arb]], row: Sequence[Any]) -> list[arb]:
    """The unit vector along a row less its part in the frame."""
    vector = arb_mat(1, len(row), list(row))
    if frame:
        basis = arb_mat(frame)
        vector -= (vector * basis.transpose()) * basis
    square = (vector * vector.transpose())[0, 0]
    if not square > 0:
        raise PrecisionError("two walls of a flag are not told apart")
    length = square.sqrt()
    return [vector[0, c] / length for c in range(len(row))]


def _rounded(c: arb) -> float:
    if not c.rad() < _SMALL:
        raise PrecisionError("a frame is not known to a float64's precision")
    return float(c)
