"""How a program cuts its inputs: its regions by measure, and where it errs.

Where all cells can be measured, all of it is exact. Else the regions that random inputs met most
often are measured one by one, and errors are counted on those inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.analysis.cells import CellTable
from algzoo_exact.analysis.regions import RegionTable, regions_of
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task
from algzoo_exact.regions.enumerate import Region, activation_regions, region_of
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import starting_cones

if TYPE_CHECKING:
    from algzoo_exact.runtime.sampled import Observed

_DIGITS = 12  # of a region's measure
_LISTED = 12
# All cells are measured where there are at most so many, by n; they take 2 ms each for n = 3,
# 10 ms for n = 4, 25 ms for n = 5, and a second for n = 6.
AFFORDABLE = {2: 4000, 3: 4000, 4: 250, 5: 100, 6: 4}


@dataclass(frozen=True, eq=False)
class ListedRegion:
    """A region: its pattern, its measure, the share of it on which the answer is right (None where
    that was not computed; of width 0 where all of it earns the same) and the answers given in it,
    each as the logits that are the largest there.
    """

    pattern: str
    measure: Enclosure
    right: Enclosure | None
    answers: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Regions:
    """The heaviest regions, and the measure of all others.

    ``count`` is the number of regions, None where it is not known. ``complete``: the listed ones
    were chosen of all, by their ``order``; else they are those that random inputs met most often.
    """

    count: int | None
    listed: tuple[ListedRegion, ...]
    rest: Enclosure
    complete: bool
    order: str = "largest first"


@dataclass(frozen=True, eq=False)
class Confusion:
    """Mass by true label and answer: ``mass[label][answer]``; ``tied[label]`` where several logits
    share the maximum. Inputs counted in place of masses are ``samples`` in all."""

    kind: Literal["exact", "sampled"]
    mass: tuple[tuple[Enclosure, ...], ...]
    tied: tuple[Enclosure, ...]
    credited: Enclosure
    samples: int | None = None


@lru_cache(maxsize=4)  # asked for by those who choose a certificate's name, and again
def count_cells(program: Program, task: Task, most: int) -> int | None:
    """The number of leaves of the enumeration, or None beyond ``most``."""
    search = ExactSearch(program, None)
    for start in starting_cones(task):
        for _ in search.exact_cells(start):
            if search.leaves > most:
                return None
    return search.leaves


def confusion_of(table: CellTable) -> Confusion:
    """Labels and answers, from all cells."""
    alone = table.winners.sum(axis=1) == 1

    def mass(which: NDArray[np.bool_], weight: NDArray[np.float64] | None = None) -> Enclosure:
        found = table.select(which).total(weight)
        return Enclosure(max(Fraction(0), found.lower), found.upper)

    labels = range(table.task.seq_len)
    return Confusion(
        "exact",
        tuple(
            tuple(mass(alone & (table.label == k) & (table.answer == a)) for a in labels)
            for k in labels
        ),
        tuple(mass(~alone & (table.label == k)) for k in labels),
        mass(~alone, table.credit[~alone]),
    )


def _heaviest(found: Iterable[ListedRegion]) -> Regions:
    """Those that are listed, of all regions."""
    ordered = sorted(found, key=lambda region: (-region.measure.midpoint, region.pattern))
    listed = tuple(ordered[:_LISTED])
    return Regions(len(ordered), listed, rest_of(r.measure for r in listed), True)


def all_regions(program: Program) -> Regions:
    """The regions of a program without labels, every one of them measured."""
    return _heaviest(map(_listed, activation_regions(program)))


def heaviest_regions(cells: CellTable) -> Regions:
    """The regions that a table has all cells of."""
    table = regions_of(cells)
    return listed_regions(table, table.select()[:_LISTED])


def listed_regions(
    table: RegionTable, chosen: Sequence[int], order: str = "largest first"
) -> Regions:
    """Some regions of a table, in an order that is named."""
    listed = tuple(_of_table(table, i) for i in chosen)
    return Regions(len(table), listed, rest_of(r.measure for r in listed), True, order)


def _of_table(table: RegionTable, i: int) -> ListedRegion:
    known = table.closely(i)
    right = known.share if table.labelled[i] else None
    return ListedRegion(str(table.pattern(i)), known.measure, right, table.answers(i))


def observed_regions(program: Program, observed: Observed, count: int | None) -> Regions:
    """The regions that random inputs met most often, measured exactly."""
    specializer = Specializer(program)
    met = (bits for bits, _ in observed.patterns.most_common(_LISTED))
    found = _heaviest(_listed(region_of(program, specializer, bits)) for bits in met)
    return replace(found, count=count, complete=False)


def observed_confusion(observed: Observed) -> Confusion:
    """Labels and answers to random inputs, counted."""

    def shares(counts: Iterable[int]) -> tuple[Enclosure, ...]:
        return tuple(Enclosure.exactly(Fraction(count, observed.samples)) for count in counts)

    mass = tuple(map(shares, observed.answers))
    nothing = Enclosure.exactly(0)
    return Confusion("sampled", mass, shares(observed.tied), nothing, observed.samples)


def _listed(region: Region) -> ListedRegion:
    answers = (region.answer_inside(),) if len(region.logit_rows) > 1 else ()
    return ListedRegion(str(region.pattern), region.measure(_DIGITS), None, answers)


def rest_of(parts: Iterable[Enclosure]) -> Enclosure:
    """What parts of 1 leave of it."""
    left = total(parts).complement
    return Enclosure(max(Fraction(0), left.lower), max(Fraction(0), left.upper))
