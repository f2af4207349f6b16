"""How a program cuts its inputs: its regions by measure, and where it errs.

Where all cells can be measured, all of it is exact, and read off a certificate. Else the regions
that random inputs met most often are measured one by one, and errors are counted on those inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from algzoo_exact.certificate.check import SLACK
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import share
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task
from algzoo_exact.regions.enumerate import Region, activation_regions, region_of
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import starting_cones

if TYPE_CHECKING:
    from algzoo_exact.estimators.sampled import Observed
    from algzoo_exact.regions.graph import RegionGraph

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
    are the heaviest of all; else they are those that random inputs met most often.
    """

    count: int | None
    listed: tuple[ListedRegion, ...]
    rest: Enclosure
    complete: bool


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


def certified_regions(certificate: Mapping[str, Any], most: int = _LISTED) -> Regions:
    """The regions of a certificate's cells."""
    unit = Fraction(1, 10 ** certificate["decimals"])
    found: dict[str, list[Any]] = {}
    for cell in certificate["cells"]:
        found.setdefault(cell["pattern"], []).append(cell)
    regions = []
    for pattern, pieces in found.items():
        credits = [Fraction(cell["credit"]) for cell in pieces]
        answers = {tuple(cell["winners"]) for cell in pieces}
        measure = _sum(pieces, [Fraction(1)] * len(pieces), unit)
        right = Enclosure.exactly(credits[0])
        if len(set(credits)) > 1:
            right = share(_sum(pieces, credits, unit), measure)
        regions.append(ListedRegion(pattern, measure, right, tuple(sorted(answers))))
    regions.sort(key=lambda region: (-region.measure.midpoint, region.pattern))
    return Regions(len(regions), tuple(regions[:most]), _rest(regions[:most]), True)


def certified_confusion(certificate: Mapping[str, Any]) -> Confusion:
    """Labels and answers of a certificate's cells."""
    n, unit = certificate["task"]["seq_len"], Fraction(1, 10 ** certificate["decimals"])
    groups: dict[tuple[int, int | None], list[Any]] = {}
    for cell in certificate["cells"]:
        answer = cell["winners"][0] if len(cell["winners"]) == 1 else None
        groups.setdefault((cell["label"], answer), []).append(cell)

    def mass(label: int, answer: int | None) -> Enclosure:
        cells = groups.get((label, answer), [])
        return _sum(cells, [Fraction(1)] * len(cells), unit)

    ties = [cell for (_, answer), cells in groups.items() if answer is None for cell in cells]
    return Confusion(
        "exact",
        tuple(tuple(mass(label, answer) for answer in range(n)) for label in range(n)),
        tuple(mass(label, None) for label in range(n)),
        _sum(ties, [Fraction(cell["credit"]) for cell in ties], unit),
    )


def all_regions(program: Program, most: int = _LISTED) -> Regions:
    """The regions of a program without labels, every one of them measured."""
    listed = [_listed(region) for region in activation_regions(program)]
    listed.sort(key=lambda region: (-region.measure.midpoint, region.pattern))
    return Regions(len(listed), tuple(listed[:most]), _rest(listed[:most]), True)


def graph_regions(graph: RegionGraph, most: int) -> Regions:
    """The regions of a graph with a task, of which the heaviest get their answers."""
    listed = tuple(
        ListedRegion(str(p), graph.measure(p), graph.right_share(p), graph.answers(p))
        for p in graph.heaviest()[:most]
    )
    return Regions(len(graph), listed, _rest(listed), True)


def observed_regions(
    program: Program, observed: Observed, count: int | None, most: int = _LISTED
) -> Regions:
    """The regions that random inputs met most often, measured exactly."""
    specializer = Specializer(program)
    found = []
    for bits, _ in observed.patterns.most_common(most):
        found.append(_listed(region_of(program, specializer, bits)))
    found.sort(key=lambda region: (-region.measure.midpoint, region.pattern))
    return Regions(count, tuple(found), _rest(found), False)


def observed_confusion(observed: Observed) -> Confusion:
    """Labels and answers to random inputs, counted."""
    samples = observed.samples
    return Confusion(
        "sampled",
        tuple(
            tuple(Enclosure.exactly(Fraction(count, samples)) for count in row)
            for row in observed.answers
        ),
        tuple(Enclosure.exactly(Fraction(count, samples)) for count in observed.tied),
        Enclosure.exactly(0),
        samples,
    )


def _listed(region: Region) -> ListedRegion:
    rows, inside = region.logit_rows, region.interior_point()
    values = [sum(a * b for a, b in zip(row, inside, strict=True)) for row in rows]
    top = tuple(k for k, value in enumerate(values) if value == max(values))
    answers = (top,) if len(rows) > 1 else ()
    return ListedRegion(str(region.pattern), region.measure(_DIGITS), None, answers)


def _sum(
    cells: Sequence[Mapping[str, Any]], factors: Sequence[Fraction], unit: Fraction
) -> Enclosure:
    """Of measures that are off by at most ``SLACK`` units each."""
    total = sum(
        (c * Fraction(cell["measure"]) for c, cell in zip(factors, cells, strict=True)), Fraction(0)
    )
    slack = SLACK * unit * sum(factors, Fraction(0))
    return Enclosure(max(Fraction(0), total - slack), total + slack)


def _rest(listed: Sequence[ListedRegion]) -> Enclosure:
    """One less the measures that are listed."""
    lower = 1 - sum((region.measure.upper for region in listed), Fraction(0))
    upper = 1 - sum((region.measure.lower for region in listed), Fraction(0))
    return Enclosure(max(Fraction(0), lower), max(Fraction(0), upper))
