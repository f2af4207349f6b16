"""Cells and pieces: cones that are checked one by one, and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cones import (
    Cone,
    Vector,
    complete_facets,
    dot,
    members,
)
from algzoo_exact.certificate.checker.decimals import SLACK, exponent_of, outward, root_of
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.fixed import Fixed
from algzoo_exact.certificate.checker.labels import credit_for, label_cells, median_cells
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED, Measure, longest
from algzoo_exact.certificate.checker.networks import Network, Weights
from algzoo_exact.certificate.checker.outcome import CheckedCertificate
from algzoo_exact.certificate.checker.reading import (
    Json,
    agreed,
    chosen,
    indices,
    keys_of,
    natural,
    rays_of,
    text_of,
)

CELL = {"pattern", "rays", "label", "winners", "credit", "measure"}
PIECE = {"pattern", "rays", "middle", "error", "measure", "square"}


@dataclass(frozen=True)
class Place:
    """What is known of a cone from its pattern and rays: the numbers of its rays, these rays, the
    label, or for a median the inputs in the middle; a name that no other cone may have; and
    functionals that must be >= 0 on all rays, by what says so."""

    steps: tuple[str, ...]
    numbers: list[int]
    corners: list[Vector]
    label: Any
    name: tuple[object, ...]
    demands: dict[str, list[Vector]]


class Cones:
    """Cones that are checked one by one: what cells and pieces have in common.

    ``chambers``: the label, or the inputs in the middle, and the walls of each cone on which it is
    constant.
    """

    word, work = "cell", 2_000_000
    """What one is called, and the work that is allowed for it."""
    lies_where = "pattern, label and winners"

    def __init__(
        self, document: Json, network: Network, chambers: Iterable[tuple[Any, list[Vector]]]
    ) -> None:
        self.document = document
        self.items = document[f"{self.word}s"]
        require(self.items != [], f"there are no {self.word}s")
        self.network, self.n, self.budget = network, network.n, network.budget
        self.chambers = list(chambers)
        self.decimals = natural(document["decimals"], "decimals")
        require(4 <= self.decimals <= 40, "decimals must be from 4 to 40")
        self.unit = Fraction(1, 10**self.decimals)
        self.measure = Measure(Fixed(self.decimals * 10 // 3 + 60), self.budget)
        self.rays = rays_of(document["rays"], self.n)
        self.used: set[int] = set()
        self.names: set[object] = set()
        self.sides: Counter[frozenset[int]] = Counter()  # of facets, by their rays

    @property
    def closed(self) -> bool:
        """Whether each facet belongs to two cones, so that they leave nothing out (C20)."""
        return set(self.sides.values()) == {2}

    def _place(self, pattern: Any, rays: Any) -> Place:
        """(C1), (C2): where the cone must lie, if it is what it says."""
        steps = tuple(text_of(pattern, "[01|]+", "its pattern").split("|"))
        fits = [len(step) for step in steps] == [self.network.d] * self.n
        require(fits, f"its pattern must be of {self.n} steps of {self.network.d} neurons")
        numbers = chosen(rays, len(self.rays), self.n)
        self.used.update(numbers)
        corners = [self.rays[k] for k in numbers]
        inside = tuple(map(sum, zip(*corners, strict=True)))
        sign = 1 if inside[0] > 0 else -1  # of x[0], where the enumeration cuts
        chamber = next(
            k
            for k, (_, walls) in enumerate(self.chambers)
            if all(dot(wall, inside) >= 0 for wall in walls)
        )
        label, walls = self.chambers[chamber]
        demands = {
            "the pattern": self.network.walls(steps),
            "the label": walls,
            "one sign of x[0]": [(sign, *(0,) * (self.n - 1))],
        }
        return Place(steps, numbers, corners, label, (steps, chamber, sign), demands)

    def _cone(self, place: Place) -> tuple[Cone, dict[int, Vector]]:
        """The cone of these rays, and a normal of each facet, by the facet's rays (C3)."""
        require(place.name not in self.names, "it covers the same inputs as an earlier one")
        self.names.add(place.name)
        bits, corners = longest(place.corners), place.corners
        normals: dict[int, Vector] = {}
        for kind, rows in place.demands.items():
            for row in rows:
                self.budget.pay(bits + longest([row]), 2 * self.n * len(corners))
                values = [dot(row, ray) for ray in corners]
                require(min(values) >= 0, f"it has a ray that does not agree with {kind}")
                normals.setdefault(sum(1 << k for k, v in enumerate(values) if v == 0), row)
        facets = complete_facets(self.n, normals, len(corners), self.budget)
        for facet in facets:
            self.sides[frozenset(place.numbers[k] for k in members(facet))] += 1
        self.budget.pay(2 * bits, 2 * self.n * len(corners) ** 2)
        gram = [[dot(a, b) for b in corners] for a in corners]
        return Cone(self.n, gram, facets), {facet: normals[facet] for facet in facets}

    def _stated(self, text: Any) -> Fraction:
        """The measure that is stated."""
        return Fraction(text_of(text, rf"0\.[0-9]{{{self.decimals}}}", "its measure"))

    def _measured(self, cone: Cone, stated: Fraction) -> int:
        """The measure that a cone has, which must be the one that is stated."""
        self.measure.terms = 0
        found = self.measure.of(cone, (1 << len(cone.gram)) - 1)
        fits = self._agrees(found, stated, Fraction(1))
        require(fits, f"its measure is {found / self.measure.fixed.one:.16g}, not as stated")
        return found

    def _agrees(self, found: int, stated: Fraction, factor: Fraction) -> bool:
        """Whether what is stated is what was found, times a factor from 0 to 1, rounded."""
        one = self.measure.fixed.one
        off = abs(factor * Fraction(found, one) - stated)
        return off + factor * Fraction(self.measure.terms << 20, one) <= SLACK * self.unit

    def _least(self, stated: Fraction) -> Fraction:
        """The least that the measure can be."""
        return max(Fraction(0), stated - SLACK * self.unit)

    def _checked(self, own: str) -> list[str]:
        """What was checked, once it was of all; with a line of its ``own``."""
        require(len(self.used) == len(self.rays), "a ray is listed that no cone has")
        lines = [
            f"{len(self.items)} {self.word}s: each ray lies where {self.lies_where} say",
            f"the rays of each {self.word} are the extreme rays of a cone, and its facets close up",
            f"no two {self.word}s share an interior point",
            own,
        ]
        closed = f"each facet is shared by two {self.word}s, so that nothing is left out"
        return [*lines, closed] if self.closed else lines


class Cells(Cones):
    """Checks cells one by one, and adds up what they are worth."""

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        super().__init__(document, Network(weights, n, n, budget), label_cells(task, n))
        self.ties, self.measured = document["ties"], n <= LARGEST_MEASURED
        self.right = self.wrong = Fraction(0)

    def add(self, cell: Any) -> None:
        """RejectedError unless everything that the cell says is right."""
        keys_of(cell, CELL, "it")
        place, winners = (
            self._place(cell["pattern"], cell["rays"]),
            indices(cell["winners"], self.n),
        )
        logits = self.network.logits(place.steps)
        best = logits[winners[0]]
        require(all(logits[k] == best for k in winners), "its winners are not equal all over it")
        others = (row for k, row in enumerate(logits) if k not in winners)
        ties = [tuple(a - b for a, b in zip(best, row, strict=True)) for row in others]
        require(all(any(row) for row in ties), "another logit equals its winners all over it")
        place.demands["the winners"] = ties
        cone, _ = self._cone(replace(place, name=(*place.name, *winners)))
        fits = type(cell["label"]) is int and cell["label"] == place.label
        require(fits, f"its label is {place.label}")
        credit, stated = credit_for(self.ties, place.label, winners), self._stated(cell["measure"])
        require(cell["credit"] == str(credit), f"its credit is {credit}")
        if self.measured:
            self._measured(cone, stated)
        share = self._least(stated)
        self.right += credit * share
        self.wrong += (1 - credit) * share

    def conclude(self, outcome: CheckedCertificate) -> None:
        """The accuracy that follows; RejectedError if the certificate says another one."""
        own = "label, winners and credit of each cell, under the tie rule"
        outcome.checked += self._checked(own)
        places, least = self.decimals + 6, self.right + self.wrong
        require(least <= 1, f"the cells add up to {float(least)}: they overlap")
        undecided = outward(1 - least, places, up=True)
        stated = self.document["undecided"]
        require(stated == undecided, f"the cells leave {undecided} undecided")
        low, high = outward(self.right, places, up=False), outward(1 - self.wrong, places, up=True)
        found = agreed(self.document["accuracy"], "accuracy", low, high)
        if self.measured:
            outcome.accuracy = found
            outcome.checked += [
                f"the measure of each cell, to {self.decimals} decimals, by another formula",
                "the cells leave no more than the stated mass undecided",
            ]
            return
        outcome.complete = False
        outcome.not_checked.append(
            f"the measures of the cells (this checker reaches n = {LARGEST_MEASURED}): the "
            "accuracy rests on the measures stated"
            + ("" if self.closed else ", and so does that there are no other cells")
        )


class Pieces(Cones):
    """Checks the pieces of a median model one by one, and adds up its mean squared error."""

    word, lies_where = "piece", "pattern and middle inputs"

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        super().__init__(document, Network(weights, n, 1, budget), median_cells(n))
        self.scale = 2 * self.network.logit_scale  # of errors; 2, for the mean of two inputs
        self.lower = self.upper = Fraction(0)

    def add(self, piece: Any) -> None:
        """RejectedError unless everything that the piece says is right."""
        keys_of(piece, PIECE, "it")
        place = self._place(piece["pattern"], piece["rays"])
        cone, normals = self._cone(place)
        middle, said = sorted(place.label), piece["middle"]
        fits = isinstance(said, list) and all(type(k) is int for k in said) and said == middle
        require(fits, f"its inputs in the middle are {middle}")
        (output,) = self.network.logits(place.steps)
        share = self.scale // len(middle)
        error = tuple(2 * w - share * (k in middle) for k, w in enumerate(output))
        texts = [str(Fraction(w, self.scale)) for w in error]
        require(piece["error"] == texts, f"its error is {', '.join(texts)}")
        measure = self._measured(cone, self._stated(piece["measure"]))
        whole = measure + self.measure.bent(cone, normals, error) if any(error) else 0
        self._add_square(piece["square"], error, whole)

    def _add_square(self, text: Any, error: Vector, found: int) -> None:
        """The mean square of the error on a piece, in units of a power of ten: the least that is
        not below the square of the error's norm. ``found``: the mean square over that square."""
        square = Fraction(dot(error, error), self.scale**2)
        if not square:
            require(text == "0", "its mean square is 0")
            return
        power = exponent_of(square)
        shape = rf"0\.[0-9]{{{self.decimals}}}e-?[0-9]+"
        mantissa, _, exponent = text_of(text, shape, "its mean square").partition("e")
        require(exponent == str(power), f"its mean square is to be written with e{power}")
        stated, factor = Fraction(mantissa), square / Fraction(10) ** power
        share = float(factor * found / self.measure.fixed.one)
        fits = self._agrees(found, stated, factor)
        require(fits, f"its mean square is {share:.16g}e{power}, not {text}")
        self.lower += self._least(stated) * Fraction(10) ** power
        self.upper += (stated + SLACK * self.unit) * Fraction(10) ** power

    def conclude(self, outcome: CheckedCertificate) -> None:
        """The mean squared error that follows, and its root; RejectedError if the certificate says
        others. The pieces must leave nothing out."""
        outcome.checked += self._checked("the error of the model on each piece, from its weights")
        require(self.closed, "a facet does not belong to two pieces: one is missing")
        places = self.decimals + 6
        low = outward(self.lower, places, up=False)
        high = outward(self.upper, places, up=True)
        roots = root_of(low, places, up=False), root_of(high, places, up=True)
        squared, root = "mean_squared_error", "root_mean_squared_error"
        outcome.squared_error = agreed(self.document[squared], squared, low, high)
        outcome.root = agreed(self.document[root], root, *roots)
        outcome.checked.append(
            f"measure and mean square of each piece, to {self.decimals} decimals, by other formulas"
        )
