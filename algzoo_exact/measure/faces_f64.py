"""The face lattice of a cone from its incidences, compiled.

A face is the set of its extreme rays, as a bit mask over as many 64-bit words as needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]


@compiled
def ray_sets(masks: U64, count: int, walls: int) -> U64:
    """For each wall, the set of rays on it as a bit mask, (walls, words)."""
    sets = np.zeros((walls, (count + 63) // 64), np.uint64)
    for r in range(count):
        bit = np.uint64(1) << np.uint64(r % 64)
        for w in range(masks.shape[1]):
            rest = masks[r, w]
            base = w * 64
            while rest:
                low = rest & (~rest + np.uint64(1))
                place = 0
                while (low >> np.uint64(place)) != np.uint64(1):
                    place += 1
                sets[base + place, r // 64] |= bit
                rest ^= low
    return sets


@compiled
def full_set(count: int) -> U64:
    """All of ``count`` rays as a bit mask."""
    full = np.zeros((count + 63) // 64, np.uint64)
    for r in range(count):
        full[r // 64] |= np.uint64(1) << np.uint64(r % 64)
    return full


@compiled
def _size(face: U64) -> int:
    bits = 0
    for word in face:
        rest = word
        while rest:
            rest &= rest - np.uint64(1)
            bits += 1
    return bits


@compiled
def part_of(small: U64, large: U64) -> bool:
    """Whether one set of rays is part of another."""
    for w in range(small.shape[0]):  # noqa: SIM110 - compiled: no generators
        if small[w] & ~large[w]:
            return False
    return True


@compiled
def subfaces(
    parent: U64, sets: U64, candidates: I64, count: int, least: int, ids: I64, faces: U64
) -> int:
    """Facets of a face: the maximal proper intersections with the candidate walls.

    Writes one wall per facet to ``ids`` (the first candidate of equals) and its rays to
    ``faces``; returns their number.
    """
    found = 0
    words = parent.shape[0]
    trial = np.empty(words, np.uint64)
    for c in range(count):
        wall = candidates[c]
        for w in range(words):
            trial[w] = parent[w] & sets[wall, w]
        if part_of(parent, trial) or _size(trial) < least:
            continue
        covered = False
        for f in range(found):
            if part_of(trial, faces[f]):
                covered = True
                break
        if covered:
            continue
        kept = 0
        for f in range(found):
            if not part_of(faces[f], trial):
                if kept != f:
                    ids[kept] = ids[f]
                    for w in range(words):
                        faces[kept, w] = faces[f, w]
                kept += 1
        found = kept
        ids[found] = wall
        for w in range(words):
            faces[found, w] = trial[w]
        found += 1
    return found
