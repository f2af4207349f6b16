"""The dual graph of the activation regions: a node for each region, an edge for each facet.

The regions of a ReLU network form a polyhedral complex (Grigsby and Lindsey, 2022): each neuron's
value is continuous and linear on every cone so far, so that its zero set cuts two neighbours in
the same part of their common facet. Hence each facet of a region is a facet of exactly one other
region, and the two are found by their equal extreme rays. No simple arrangement is needed: walls
may coincide, and several neurons may change at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import share
from algzoo_exact.files import path_of, replacing
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.program.ir import HasProgram, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.progress import counted, shows_progress
from algzoo_exact.regions.enumerate import (
    Cell,
    Progress,
    Region,
    activation_regions,
    cells,
    earned,
)
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.regions.starts import NO_LABEL
from algzoo_exact.regions.table import matrix, number, region_row
from algzoo_exact.shown import Shown
from algzoo_exact.tables import Row

if TYPE_CHECKING:
    import networkx

Order = Literal["measure", "errors", "share", "pattern"]
ORDERS: tuple[Order, ...] = ("measure", "errors", "share", "pattern")

_SHARE_WIDTH = Fraction(1, 10**8)
_MOST_DIGITS = 160  # that a share may take; for six inputs each costs an integral
_CHEAP = 5  # inputs


def order_of(name: str) -> Order:
    """The order of that name; InputError if there is none."""
    for order in ORDERS:
        if order == name:
            return order
    raise InputError(
        f"Unknown order {name!r}{did_you_mean(name, ORDERS)}; choose from {', '.join(ORDERS)}."
    )


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
        return self.select()

    def select(
        self,
        order: Order = "measure",
        *,
        answer: int | None = None,
        wrong: bool = False,
        at_least: Fraction | float = 0,
    ) -> list[ActivationPattern]:
        """Patterns of the regions in an ``order`` of ORDERS: by measure, by the measure of their
        errors, both the largest first, by the share that is right, the least first, or by name.

        Only those in which ``answer`` is given somewhere, that are ``wrong`` somewhere, and whose
        measure is ``at_least`` so much. InputError for another order; ValueError for what needs a
        task, where the graph was made without one.
        """
        keys: dict[Order, Callable[[ActivationPattern], tuple[Fraction | str, ...]]] = {
            "measure": lambda p: (-self.measure(p).midpoint,),
            "errors": lambda p: (-self.wrong_measure(p).midpoint,),
            "share": lambda p: (
                Fraction(not self.has_label(p)),
                self.right_share(p).midpoint,
                -self.measure(p).midpoint,
            ),
            "pattern": lambda p: (str(p),),
        }
        key = keys[order_of(order)]
        return sorted(
            (
                p
                for p in self.graph
                if (answer is None or any(answer in top for top in self.answers(p)))
                and not (wrong and self.wrong_measure(p).upper == 0)
                and (at_least <= 0 or self.measure(p).upper >= at_least)
            ),
            key=lambda p: (*key(p), p.bits),
        )

    def rows(self, chosen: Iterable[ActivationPattern] | None = None) -> list[Row]:
        """What ``write_table`` writes of the regions, the heaviest first, or of those chosen."""
        return [self._row(self.region(p)) for p in (self.heaviest() if chosen is None else chosen)]

    def _row(self, region: Region) -> Row:
        row = region_row(region, self.digits)
        if self.task is not None:
            share = self.right_share(region.pattern)
            row["answers"] = ", ".join(
                "=".join(map(str, top)) for top in self.answers(region.pattern)
            )
            row["right_share"] = float(share.midpoint)
            row |= number("right", self.right_measure(region.pattern), self.digits)
        return row

    def right_measure(self, pattern: ActivationPattern) -> Enclosure:
        """The credit that the program earns in a region: its share of the accuracy.

        ValueError if the graph was made without a task.
        """
        pieces = self._cells[pattern]
        credits = {cell.credit for cell in pieces}
        if credits == {0}:
            return Enclosure.exactly(0)
        if len(credits) == 1:
            return self.measure(pattern).times(pieces[0].credit)
        return earned(pieces, self.digits)

    def has_label(self, pattern: ActivationPattern) -> bool:
        """Whether there is a label anywhere in a region of a section."""
        return any(cell.label != NO_LABEL for cell in self._cells[pattern])

    def wrong_measure(self, pattern: ActivationPattern) -> Enclosure:
        """What it loses there, where there is a label. ValueError as for ``right_measure``."""
        return total(
            cell.measure(self.digits).times(1 - cell.credit)
            for cell in self._cells[pattern]
            if cell.credit < 1 and cell.label != NO_LABEL
        )

    def right_share(self, pattern: ActivationPattern) -> Enclosure:
        """The part of a region's measure on which the program is right, in [0, 1]: of width 0
        where all of the region earns the same credit.

        Up to five inputs, a share of a small region takes as many digits as it needs. ValueError
        as for ``right_measure``.
        """
        pieces = self._cells[pattern]
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
        winners = {tuple(sorted(cell.winners)) for cell in self._cells[pattern]}
        return tuple(sorted(winners))

    @cached_property
    def _cells(self) -> dict[ActivationPattern, list[Cell]]:
        """Those of each region, cut once; each remembers its measures."""
        if self.task is None:
            raise ValueError("The graph was made without a task, so no answer is right or wrong.")
        found: dict[ActivationPattern, list[Cell]] = {}
        for cell in cells(self.program, self.task, ties=self.ties):
            found.setdefault(cell.pattern, []).append(cell)
        return found

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
