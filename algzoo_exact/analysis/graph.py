"""The dual graph of the activation regions: a node for each region, an edge for each facet.

The regions of a ReLU network form a polyhedral complex (Grigsby and Lindsey, 2022): each neuron's
value is continuous and linear on every cone so far, so that its zero set cuts two neighbours in
the same part of their common facet. Hence each facet of a region is a facet of exactly one other
region, and the two are found by their equal extreme rays. No simple arrangement is needed: walls
may coincide, and several neurons may change at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.analysis.region_facets import facets_of_regions
from algzoo_exact.analysis.regions import DIGITS, Order, RegionTable, region_table
from algzoo_exact.analysis.table import matrix, measured_row
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.files import path_of, replacing
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.program.ir import HasProgram, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import counted, shows_progress
from algzoo_exact.regions.enumerate import Progress, Region, region_of
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.shown import Shown
from algzoo_exact.tables import Row

if TYPE_CHECKING:
    import networkx


class RegionGraph(Shown):
    """The regions of one program with their neighbourhoods, and their accuracy on a task.

    ``graph`` is a ``networkx.Graph``. Its nodes are ``ActivationPattern``s with the attribute
    ``region`` (a ``Region``: cone, rays, linear map to the logits). Its edges have

    * ``flips``: the neurons (t, j) that are on at one side only. Several if walls coincide, and
      if a neuron is identically 0 at one side;
    * ``rays``: the extreme rays of the common facet;
    * ``normal``: the facet's primitive normal, pointing into the pattern ``normal_into``.

    ``table`` holds the regions' measures: to 10**-digits, by default as floats know them, or to
    twenty digits where there are few. Of a region by itself they are known to twenty digits up to
    five inputs. Without a task, measures are computed when first asked for.
    """

    def __init__(
        self, program: Program, graph: networkx.Graph, table: RegionTable | None, digits: int
    ) -> None:
        self.program, self.graph, self.digits, self._table = program, graph, digits, table

    @property
    def task(self) -> Task | None:
        return None if self._table is None else self._table.table.task

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

    @property
    def table(self) -> RegionTable:
        """The regions with their measures and answers; ValueError if the graph was made without a
        task."""
        if self._table is None:
            raise ValueError("The graph was made without a task, so no answer is right or wrong.")
        return self._table

    def measure(self, pattern: ActivationPattern) -> Enclosure:
        """The region's Gaussian measure; InputError for more than 9 inputs."""
        if self._table is None:
            return self.region(pattern).measure(self.digits)
        return self.table.closely(self._place(pattern)).measure

    def heaviest(self) -> list[ActivationPattern]:
        """All patterns, those of the regions with the largest measures first."""
        if self._table is None:
            return sorted(self.graph, key=lambda p: (-self.measure(p).midpoint, p.bits))
        return self.select()

    def select(
        self,
        order: Order = "measure",
        *,
        answer: int | None = None,
        wrong: bool = False,
        at_least: Fraction | float = 0,
    ) -> list[ActivationPattern]:
        """Patterns of the regions, chosen and ordered as by ``RegionTable.select``.

        InputError for another order; ValueError if the graph was made without a task.
        """
        chosen = self.table.select(order, answer=answer, wrong=wrong, at_least=at_least)
        return [self.table.pattern(i) for i in chosen]

    def rows(self) -> list[Row]:
        """What ``write_table`` writes of the regions, the heaviest first."""
        if self._table is None:
            return [measured_row(self.region(p), self.digits) for p in self.heaviest()]
        return self.table.rows()

    def right_measure(self, pattern: ActivationPattern) -> Enclosure:
        """The credit that the program earns in a region: its share of the accuracy.

        ValueError if the graph was made without a task.
        """
        return self.table.closely(self._place(pattern)).right

    def has_label(self, pattern: ActivationPattern) -> bool:
        """Whether there is a label anywhere in a region of a section."""
        return bool(self.table.labelled[self._place(pattern)])

    def wrong_measure(self, pattern: ActivationPattern) -> Enclosure:
        """What it loses there, where there is a label. ValueError as for ``right_measure``."""
        return self.table.closely(self._place(pattern)).wrong

    def right_share(self, pattern: ActivationPattern) -> Enclosure:
        """The part of a region's measure on which the program is right, in [0, 1]: of width 0
        where all of the region earns the same credit.

        Up to five inputs, a share of a small region takes as many digits as it needs. ValueError
        as for ``right_measure``.
        """
        return self.table.closely(self._place(pattern)).share

    def answers(self, pattern: ActivationPattern) -> tuple[tuple[int, ...], ...]:
        """The sets of logits that are the largest somewhere in a region, null sets aside.

        ValueError as for ``right_measure``.
        """
        return self.table.answers(self._place(pattern))

    def _place(self, pattern: ActivationPattern) -> int:
        return self._places[pattern.bits]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {bits: i for i, bits in enumerate(self.table.bits)}

    def write(self, path: str | Path) -> None:
        """Write the graph for other programs, such as Gephi: .graphml or .gexf.

        Nodes are named by their patterns, and have the columns of ``write_table``, with the
        ``extreme_rays`` and ``lineality`` as texts; edges have ``flips`` and ``rays`` as texts, and
        the number of flips as ``neurons``. InputError for another suffix, or if the file cannot be
        written.
        """
        import networkx

        target = path_of(path)
        writers = {".graphml": networkx.write_graphml, ".gexf": networkx.write_gexf}
        if target.suffix not in writers:
            raise InputError(
                f"Graphs are written as {' or '.join(writers)}, chosen by the file's suffix, "
                f"not as {target.name!r}."
            )
        plain = networkx.Graph()
        for row in self.rows():
            name = row.pop("pattern")
            plain.add_node(name, label=name, **row)
        for region in self.regions():
            node = plain.nodes[str(region.pattern)]
            node["extreme_rays"] = matrix(region.cone.rays)
            node["lineality"] = matrix(region.lineality)
        for a, b, edge in self.graph.edges(data=True):
            flips = " ".join(f"{t},{j}" for t, j in edge["flips"])
            plain.add_edge(
                str(a), str(b), flips=flips, neurons=len(edge["flips"]), rays=matrix(edge["rays"])
            )
        with replacing(target) as part:
            writers[target.suffix](plain, part)


@shows_progress("regions", counted)
def region_graph(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    ties: TieRule = "lowest",
    progress: Progress | None = None,
) -> RegionGraph:
    """The region graph of a program; with a task, the accuracy in each region as well.

    InputError if program and task do not fit.
    """
    program = program_of(model)
    if task is None:
        return graph_of(program, facets_of_regions(program), None, digits or DIGITS, progress)
    task = task_of(model, task)
    table = region_table(program, task, ties=ties, digits=digits)
    return graph_of(program, table.facets, table, table.digits, progress)


def graph_of(
    program: Program,
    facets: Mapping[int, int],
    table: RegionTable | None,
    digits: int,
    progress: Progress | None = None,
) -> RegionGraph:
    """The graph of regions whose ``facets`` are known."""
    import networkx

    graph, specializer = networkx.Graph(), Specializer(program)
    unmatched: dict[frozenset[IntVector], tuple[Region, int]] = {}
    for done, (bits, walls) in enumerate(facets.items(), 1):
        region = region_of(program, specializer, bits, walls)
        if progress is not None:
            progress(done, len(facets))
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
    return RegionGraph(program, graph, table, digits)


def _flips(a: ActivationPattern, b: ActivationPattern) -> tuple[tuple[int, int], ...]:
    return tuple(
        (t, j)
        for t, width in enumerate(a.widths)
        for j in range(width)
        if a.active(t, j) != b.active(t, j)
    )
