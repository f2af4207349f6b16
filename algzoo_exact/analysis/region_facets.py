"""The facets of all regions, from the walls of their leaves below starting cones.

Each facet of a region lies on the wall of a neuron, and a leaf is the part of a region below one of
those cones. So the neurons with walls that hold facets of a region's leaves are those that hold
its own; as neurons may share a wall, the lowest of each stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program
from algzoo_exact.regions.enumerate import Region, activation_regions, covering
from algzoo_exact.regions.pattern import from_words

IN_INTEGERS_UP_TO = 3
"""Inputs; their regions are few, and found before compiled code is loaded."""


def facets_of_regions(program: Program, most: int | None = None) -> dict[int, int]:
    """For the pattern of each region, as bits, the neurons on whose walls it has a facet, as bits:
    of several on one wall the lowest.

    InputError for more than ``most`` regions.
    """
    found: dict[int, int] = {}
    for bits, facets in _leaves(program):
        found[bits] = found.get(bits, 0) | facets
        if most is not None and len(found) > most:
            raise InputError(
                f"This model has more than {most:,} regions; --max-regions allows more, "
                "at some milliseconds and kilobytes each."
            )
    return found


def shared_facets(found: Mapping[int, int]) -> int:
    """How many facets there are between two of the regions: each is one of both."""
    sides = sum(facets.bit_count() for facets in found.values())
    assert sides % 2 == 0, "a facet without a region behind it"
    return sides // 2


def _leaves(program: Program) -> Iterator[tuple[int, int]]:
    """Patterns with facets: of whole regions, or of their leaves."""
    if program.seq_len <= IN_INTEGERS_UP_TO:
        for region in activation_regions(program):
            yield region.pattern.bits, _of_region(program, region)
        return
    from algzoo_exact.analysis.neuron_facets import neuron_facets
    from algzoo_exact.regions.search import Search

    search = Search(program, None)
    for start in covering(program.seq_len):
        for batch in search.cells(start):
            if batch is not None:
                size, first = int(batch.size[0]), len(start.cone.walls)
                facets = neuron_facets(batch, first, program.neurons)
                for bits, on in zip(batch.pattern[:size].tolist(), facets.tolist(), strict=True):
                    yield from_words(bits), from_words(on)


def _of_region(program: Program, region: Region) -> int:
    lowest = (next(w.neuron for w in walls if w.neuron) for walls in region.walls if walls)
    return sum(1 << program.first[t] + j for t, j in lowest)
