"""The face lattice of a cone from its incidences, compiled.

A face is the set of its extreme rays, as a bit mask over as many 64-bit words as needed.
"""

from __future__ import annotations

import numpy as np

from algzoo_exact.arrays import I64, U64
from algzoo_exact.jit import compiled, compiled_in_place


@compiled_in_place
def has_bit(mask: U64, place: int) -> bool:
    return bool((mask[place // 64] >> np.uint64(place % 64)) & np.uint64(1))


@compiled_in_place
def set_bit(mask: U64, place: int) -> None:
    mask[place // 64] |= np.uint64(1) << np.uint64(place % 64)


@compiled
def ray_sets(masks: U64, count: int, walls: int, words: int) -> U64:
    """For each wall, the set of rays on it as a bit mask, (walls, words), from the ``masks`` of
    walls through each ray."""
    sets = np.zeros((walls, words), np.uint64)
    for r in range(count):
        for w in range(masks.shape[1]):
            rest = masks[r, w]
            wall = w * 64
            while rest:
                if rest & np.uint64(1):
                    set_bit(sets[wall], r)
                rest >>= np.uint64(1)
                wall += 1
    return sets


@compiled
def full_set(count: int, words: int) -> U64:
    """All of ``count`` rays as a bit mask, (words)."""
    full = np.zeros(words, np.uint64)
    for r in range(count):
        set_bit(full, r)
    return full


@compiled_in_place
def popcount(word: np.uint64) -> int:
    """The number of its bits that are set, by sums over 2, 4 and 8 bits, of which the compiler
    makes one instruction (Warren, Hacker's Delight, section 5-1)."""
    twos = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    low = np.uint64(0x3333333333333333)
    fours = (twos & low) + ((twos >> np.uint64(2)) & low)
    eights = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((eights * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled_in_place
def part_of(small: U64, large: U64) -> bool:
    """Whether one set of rays is part of another."""
    for w in range(small.shape[0]):  # noqa: SIM110 - compiled: no generators
        if small[w] & ~large[w]:
            return False
    return True


@compiled_in_place
def subfaces(parent: U64, sets: U64, least: int, ids: I64, faces: U64) -> int:
    """Facets of a face: its maximal proper intersections with the ``sets`` (walls, words) of rays.

    Writes one wall per facet to ``ids`` (the first of equals) and its rays to ``faces``, of as many
    rows as there are sets; returns their number.
    """
    found = 0
    words = parent.shape[0]
    for wall in range(sets.shape[0]):
        trial, size, proper = faces[found], 0, False
        for w in range(words):
            trial[w] = parent[w] & sets[wall, w]
            size += popcount(trial[w])
            proper = proper or trial[w] != parent[w]
        if size < least or not proper:
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
        ids[kept] = wall
        for w in range(words):
            faces[kept, w] = trial[w]
        found = kept + 1
    return found
