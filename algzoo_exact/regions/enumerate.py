"""All regions of a program, and all cells of a program on a task, in exact integers.

A *region* is the closure of the set of inputs with one activation pattern, if it has an
interior: a cone on which the program is linear. A *cell* is a maximal piece of a region on which
the true label and the set of winning logits are constant too. ``regions.exact_search``
enumerates below one starting cone at a time, so both generators stream.

Enumeration cuts regions at label walls and at x[0] = 0. ``cells`` keeps these cuts;
``activation_regions`` drops them by rebuilding each region from the signs of its pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.geometry.cone import Cone, IntVector, dot, orthogonal_lines, primitive
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.program.ir import HasProgram, Matrix, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.program.task import Task, TieRule, argmax, check_fit, credit_for
from algzoo_exact.regions.exact_search import ExactSearch, leading
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.regions.starts import Start, covering_cones, starting_cones
from algzoo_exact.shown import Shown

Progress = Callable[[int, int], None]
"""Called with the number of starting cones that are done, and of all."""


@dataclass(frozen=True)
class Wall:
    """A hyperplane by its name.

    ``neuron``: z[t][j] = 0, with ``neuron`` = (t, j). ``label``: two labels meet. ``tie``: two
    logits are equal. ``start``: x[0] = 0, where enumeration cuts and neurons need not change.
    """

    kind: Literal["neuron", "label", "tie", "start"]
    name: str
    neuron: tuple[int, int] | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Region(Shown):
    """A cone on which the program is linear.

    The region is ``cone`` + span(``lineality``). It is ``cone`` alone, and ``lineality`` is empty,
    unless it holds lines (for an RNN: unless all input weights are 0). Then ``lineality`` is an
    orthogonal basis of them, and ``cone`` is the region's part on the positive side of each.

    ``cone`` has one inequality for each facet. ``walls[i]`` are all the hyperplanes on which
    facet i lies (none for facets across those lines). ``logit_rows`` (k, n) are integers: the
    logits are ``logit_rows @ x / logit_scale``.
    """

    pattern: ActivationPattern
    cone: Cone
    lineality: tuple[IntVector, ...]
    walls: tuple[tuple[Wall, ...], ...]
    logit_rows: tuple[IntVector, ...]
    logit_scale: int

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.pattern}, {len(self.cone.rays)} rays>"

    @property
    def linear_map(self) -> Matrix:
        """The logits as rational linear functionals of x, (k, n)."""
        return tuple(tuple(Fraction(c, self.logit_scale) for c in row) for row in self.logit_rows)

    @property
    def facets(self) -> tuple[int, ...]:
        """Positions in ``cone.inequalities`` of the region's own facets."""
        return tuple(i for i, names in enumerate(self.walls) if names)

    def facet_rays(self, i: int) -> tuple[IntVector, ...]:
        """The extreme rays on facet i of ``cone``."""
        wall = self.cone.walls[i]
        return tuple(
            ray
            for ray, tight in zip(self.cone.rays, self.cone.tight, strict=True)
            if tight >> wall & 1
        )

    def interior_point(self) -> IntVector:
        return self.cone.interior_point()

    def answer_inside(self) -> tuple[int, ...]:
        """The largest logits at that point."""
        inside = self.interior_point()  # logits are scaled by a positive integer: none sees it
        values = [dot(row, inside) for row in self.logit_rows]
        return tuple(k for k, value in enumerate(values) if value == max(values))

    def measure(self, digits: int = 30) -> Enclosure:
        """The probability of the region for standard Gaussian inputs, to 10**-digits; computed
        once.

        InputError for more than 6 inputs.
        """
        if not self.facets:
            return Enclosure.exactly(1)
        if digits not in self._measures:
            part = cone_measure(self.cone, digits=digits + len(self.lineality))
            # All such parts are congruent.
            self._measures[digits] = part.times(Fraction(2) ** len(self.lineality))
        return self._measures[digits]

    @cached_property
    def _measures(self) -> dict[int, Enclosure]:
        return {}


@dataclass(frozen=True)
class Cell(Region):
    """A region, or a part of one, on which ``label`` is the true label, exactly the logits in
    ``winners`` share the maximum, and the program earns ``credit`` under the tie rule asked for."""

    label: int
    winners: frozenset[int]
    credit: Fraction


def activation_regions(
    model: Program | HasProgram, *, progress: Progress | None = None
) -> Iterator[Region]:
    """The regions of a program, each activation pattern once.

    They cover R^n with disjoint interiors. A neuron that is identically 0 on a region counts as
    off. ``program.outputs`` and any task are irrelevant.
    """
    program = program_of(model)
    search = ExactSearch(program, None)
    starts = covering(program.seq_len)
    seen: set[int] = set()
    for done, start in enumerate(starts):
        for leaf in search.leaves_below(start):
            if leaf.bits not in seen:
                seen.add(leaf.bits)
                yield region_of(program, search.specializer, leaf.bits)
        if progress is not None:
            progress(done + 1, len(starts))


def covering(n: int) -> tuple[Start, ...]:
    """Few pointed cones that cover R^n; their labels do not matter."""
    if n > 1:
        return starting_cones(argmax(n))
    halves = (Cone.from_inequalities(((sign,),)) for sign in (1, -1))
    return tuple(Start(0, half) for half in halves if half is not None)


def region_of(
    program: Program, specializer: Specializer, bits: int, facets: int | None = None
) -> Region:
    """The region of one pattern, from its signs: z >= 0 where on, z <= 0 where off.

    The pattern must be one that has an interior. ``facets``: the neurons whose walls hold a facet,
    as bits, one for each; if they are known, the others' signs need not be looked at.
    """
    n, piece = program.seq_len, specializer.piece(bits)
    signs: list[IntVector] = []
    walls: list[Wall] = []
    bounding: list[int] = []
    for t, step in enumerate(piece.z):
        for j, row in enumerate(step):
            if any(row):
                q = program.first[t] + j
                if facets is None or facets >> q & 1:
                    bounding.append(len(signs))
                signs.append(row if bits >> q & 1 else tuple(-c for c in row))
                walls.append(_neuron(t, j))
    lines = orthogonal_lines(signs, n)
    cone = Cone.from_inequalities((*(signs[i] for i in bounding), *lines))
    assert cone is not None, "a pattern without interior"
    slim = cone.irredundant()
    on: dict[IntVector, list[Wall]] = {}
    for sign, wall in zip(signs, walls, strict=True):
        on.setdefault(primitive(sign), []).append(wall)
    names = tuple(tuple(on.get(row, ())) for row in slim.inequalities)
    pattern = ActivationPattern(program.widths, bits)
    return Region(pattern, slim, lines, names, piece.logit, program.units[-1])


def cells(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    starts: Sequence[Start] | None = None,
    progress: Progress | None = None,
) -> Iterator[Cell]:
    """All cells of a program on a task, right and wrong ones; or those below some starting cones.

    They cover R^n with disjoint interiors; a loaded model knows its task. On a section, cells that
    several labels share may have ``NO_LABEL``, and no credit. InputError if program and task do not
    fit.
    """
    program, task = program_of(model), task_of(model, task)
    if starts is None:
        check_fit(program, task, ties)
        starts = covering_cones(task)
    search = ExactSearch(program, None)
    for done, start in enumerate(starts):
        yield from cells_below(search, start, ties)
        if progress is not None:
            progress(done + 1, len(starts))


def earned(some: Iterable[Cell], digits: int) -> Enclosure:
    """Credit times measure, summed over cells; each measure to 10**-digits."""
    return total(cell.measure(digits).times(cell.credit) for cell in some if cell.credit)


def cells_below(search: ExactSearch, start: Start, ties: TieRule) -> Iterator[Cell]:
    """The cells below one starting cone."""
    for leaf in search.leaves_below(start):
        yield from _cells_of(search, start, leaf, ties)


def cells_of_leaf(program: Program, start: Start, bits: int, ties: TieRule) -> Iterator[Cell]:
    """The cells of one pattern below a starting cone; there must be some."""
    search = ExactSearch(program, None)
    yield from _cells_of(search, start, search.part(start, bits, program.neurons), ties)


def _cells_of(search: ExactSearch, start: Start, leaf: Start, ties: TieRule) -> Iterator[Cell]:
    program, names = search.program, _names(search.program, start)
    logits = rows(search.specializer.logits(leaf.bits))
    pattern, scale = ActivationPattern(program.widths, leaf.bits), program.units[-1]
    for winners, part, ties_of_part in _by_winners(leaf.cone, logits, len(names)):
        cone, walls = _facets(part, names | ties_of_part)
        credit = credit_for(start.label, winners, ties)
        yield Cell(pattern, cone, (), walls, logits, scale, start.label, winners, credit)


def answers(program: Program) -> Iterator[tuple[int, Cone]]:
    """Cones on which a program is linear and one logit is the largest (the lowest of several), and
    its index. They cover R^n with disjoint interiors, and a region may be several."""
    search = ExactSearch(program, None)
    for start in covering(program.seq_len):
        for leaf in search.leaves_below(start):
            logits = rows(search.specializer.logits(leaf.bits))
            tie_wall = len(start.cone.walls) + program.neurons
            for winners, part, _ in _by_winners(leaf.cone, logits, tie_wall):
                yield min(winners), part


def _by_winners(
    cone: Cone, logits: tuple[IntVector, ...], tie_wall: int
) -> Iterator[tuple[frozenset[int], Cone, dict[int, Wall]]]:
    """The parts of a leaf by the set of largest logits, with names for the walls of each part.

    Logits that coincide on the leaf win or lose together.
    """
    equals: dict[IntVector, list[int]] = {}
    for k, row in enumerate(logits):
        equals.setdefault(row, []).append(k)
    for first, *others in equals.values():
        rivals = [group[0] for group in equals.values() if group[0] != first]
        part, _ = leading(cone, logits, first, rivals, tie_wall)
        if part is not None:
            names = {tie_wall + k: Wall("tie", f"logit[{first}] = logit[{k}]") for k in rivals}
            yield frozenset((first, *others)), part, names


def _facets(cone: Cone, names: dict[int, Wall]) -> tuple[Cone, tuple[tuple[Wall, ...], ...]]:
    """The cone with one inequality for each facet, and the names of all walls on each."""
    on = {wall: cone.on(wall) for wall in cone.walls}
    slim = cone.irredundant()
    found = tuple(
        tuple(names[wall] for wall in sorted(on) if wall in names and on[wall] == on[facet])
        for facet in slim.walls
    )
    return slim, found


def _names(program: Program, start: Start) -> dict[int, Wall]:
    """Names of the walls of the leaves below a starting cone, but for ties."""
    walls = [
        # Enumeration cuts where x[i] = 0 for some i.
        Wall("start" if sum(map(bool, row)) == 1 else "label", _equation(row))
        for row in start.rows
    ]
    walls.extend(_neuron(*program.place(q)) for q in range(program.neurons))
    return dict(enumerate(walls))


def _neuron(t: int, j: int) -> Wall:
    return Wall("neuron", f"z[{t}][{j}] = 0", (t, j))


def _equation(row: IntVector) -> str:
    """``x[1] = x[2]``, or in general ``x[0] + x[1] = 2 x[2]``: terms of the first's sign left."""
    row = primitive(row)
    first = next(c for c in row if c)
    sides = (
        " + ".join(
            f"{abs(c)} x[{i}]" if abs(c) > 1 else f"x[{i}]"
            for i, c in enumerate(row)
            if sign * c > 0
        )
        for sign in (first, -first)
    )
    return " = ".join(side or "0" for side in sides)
