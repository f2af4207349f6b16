"""The dual graph of the activation regions: a node for each region, an edge for each facet.

The regions of a ReLU network form a polyhedral complex (Grigsby and Lindsey, 2022): each neuron's
value is continuous and linear on every cone so far, so that its zero set cuts two neighbours in
the same part of their common facet. Hence each facet of a region is a facet of exactly one other
region, and the two are found by their equal extreme rays. No simple arrangement is needed: walls
may coincide, and several neurons may change at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import share
from algzoo_exact.files import replacing
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.program.ir import HasProgram, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.progress import counted, shows_progress
from algzoo_exact.regions.atlas import number, vector
from algzoo_exact.regions.enumerate import (
    Progress,
    Region,
    activation_regions,
)
from algzoo_exact.regions.measured import MeasuredCells, earned
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.shown import Shown

if TYPE_CHECKING:
    import networkx


_SHARE_WIDTH = Fraction(1, 10**8)
_MOST_DIGITS = 160  # that a share may take; for six inputs each costs an integral
_CHEAP = 5  # inputs


class RegionGraph(Shown):
    """The regions of one program with their neighbourhoods, and their accuracy on a task.

    ``graph`` is a ``networkx.Graph``. Its nodes are ``ActivationPattern``s with the attribute
    ``region`` (a ``Region``: cone, rays, linear map to the logits). Its edges have

    * ``flips``: the neurons (t, j) that are on at one side only. Several if walls coincide, and
      if a neuron is identically 0 at one side;
    * ``rays``: the extreme rays of the common facet;
    * ``normal``: the facet's primitive normal, pointing into the pattern ``normal_into``.

    Measures are computed when first asked for, to 10**-digits.
    """

    def __init__(
        self,
        program: Program,
        graph: networkx.Graph,
        task: Task | None = None,
        *,
        ties: TieRule = "lowest",
        digits: int = 20,
    ) -> None:
        self.program, self.graph = program, graph
        self.task, self.ties, self.digits = task, ties, digits

    def __len__(self) -> int:
        return len(self.graph)

    def __repr__(self) -> str:
        facets = self.graph.number_of_edges()
        return f"<{len(self):,} activation regions with {facets:,} shared facets>"

    def regions(self) -> Iterator[Region]:
        for pattern in self.graph:
            yield self.region(pattern)

    def region(self, pattern: ActivationPattern) -> Region:
        """KeyError if no region has this pattern."""
        region: Region = self.graph.nodes[pattern]["region"]
        return region

    def measure(self, pattern: ActivationPattern) -> Enclosure:
        """The region's Gaussian measure; InputError for more than 6 inputs."""
        return self.region(pattern).measure(self.digits)

    def heaviest(self) -> list[ActivationPattern]:
        """All patterns, those of the regions with the largest measures first."""
        return sorted(self.graph, key=lambda p: (-self.measure(p).midpoint, p.bits))

    def right_measure(self, pattern: ActivationPattern) -> Enclosure:
        """The credit that the program earns in a region: its share of the accuracy.

        ValueError if the graph was made without a task.
        """
        pieces = self._cells.by_pattern[pattern]
        credits = {cell.credit for cell in pieces}
        if credits == {0}:
            return Enclosure.exactly(0)
        if len(credits) == 1:
            return self.measure(pattern).times(pieces[0].credit)
        return earned(pieces, self.digits)

    def right_share(self, pattern: ActivationPattern) -> Enclosure:
        """The part of a region's measure on which the program is right, in [0, 1]: of width 0
        where all of the region earns the same credit.

        Up to five inputs, a share of a small region takes as many digits as it needs. ValueError
        as for ``right_measure``.
        """
        pieces = self._cells.by_pattern[pattern]
        credits = {cell.credit for cell in pieces}
        if len(credits) == 1:
            return Enclosure.exactly(credits.pop())
        digits = self.digits
        found = share(earned(pieces, digits), self.measure(pattern))
        while (
            found.width > _SHARE_WIDTH
            and self.program.seq_len <= _CHEAP
            and 2 * digits <= _MOST_DIGITS
        ):
            digits *= 2
            found = share(earned(pieces, digits), self.region(pattern).measure(digits))
        return found

    def answers(self, pattern: ActivationPattern) -> tuple[tuple[int, ...], ...]:
        """The sets of logits that are the largest somewhere in a region, null sets aside.

        ValueError as for ``right_measure``.
        """
        winners = {tuple(sorted(cell.winners)) for cell in self._cells.by_pattern[pattern]}
        return tuple(sorted(winners))

    @cached_property
    def _cells(self) -> MeasuredCells:
        if self.task is None:
            raise ValueError("The graph was made without a task, so no answer is right or wrong.")
        return MeasuredCells.of(self.program, self.task, ties=self.ties)

    def write_graphml(self, path: str | Path) -> None:
        """Write the graph for other programs; node names are the patterns as text.

        Vectors and exact numbers become text, measures floats beside decimal end points.
        InputError if the file cannot be written.
        """
        import networkx

        plain = networkx.Graph()
        for region in self.regions():
            plain.add_node(str(region.pattern), **self._attributes(region))
        for a, b, edge in self.graph.edges(data=True):
            flips = " ".join(f"{t},{j}" for t, j in edge["flips"])
            rays = "; ".join(map(vector, edge["rays"]))
            plain.add_edge(str(a), str(b), flips=flips, rays=rays)
        with replacing(path) as part:
            networkx.write_graphml(plain, part)

    def _attributes(self, region: Region) -> dict[str, str | int | float]:
        found: dict[str, str | int | float] = {
            "facets": len(region.facets),
            "rays": "; ".join(map(vector, region.cone.rays)),
            "lineality": "; ".join(map(vector, region.lineality)),
            "interior_point": vector(region.interior_point()),
            "linear_map": "; ".join(" ".join(map(str, row)) for row in region.linear_map),
            **number("measure", self.measure(region.pattern), self.digits),
        }
        if self.task is not None:
            found |= number("right", self.right_measure(region.pattern), self.digits)
        return found


@shows_progress("regions", counted)
def region_graph(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int = 20,
    ties: TieRule = "lowest",
    progress: Progress | None = None,
) -> RegionGraph:
    """The region graph of a program; with a task, the accuracy in each region as well.

    InputError if program and task do not fit.
    """
    import networkx

    program = program_of(model)
    if task is not None:
        check_fit(program, task_of(model, task), ties)
    graph = networkx.Graph()
    unmatched: dict[frozenset[IntVector], tuple[Region, int]] = {}
    for region in activation_regions(program, progress=progress):
        graph.add_node(region.pattern, region=region)
        for i in region.facets:
            rays = frozenset(region.facet_rays(i))
            if rays not in unmatched:
                unmatched[rays] = (region, i)
                continue
            other, k = unmatched.pop(rays)
            graph.add_edge(
                other.pattern,
                region.pattern,
                flips=_flips(other.pattern, region.pattern),
                rays=tuple(sorted(rays)),
                normal=other.cone.inequalities[k],
                normal_into=other.pattern,
            )
    assert not unmatched, "a facet without a region behind it"
    return RegionGraph(program, graph, task, ties=ties, digits=digits)


def _flips(a: ActivationPattern, b: ActivationPattern) -> tuple[tuple[int, int], ...]:
    return tuple(
        (t, j)
        for t, width in enumerate(a.widths)
        for j in range(width)
        if a.active(t, j) != b.active(t, j)
    )
