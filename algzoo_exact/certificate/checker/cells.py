"""Cells and pieces: cones that are checked one by one, and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cones import (
    Cone,
    Vector,
    complete_facets,
    dot,
    gram_of,
    members,
    middle_point,
)
from algzoo_exact.certificate.checker.decimals import SLACK, exponent_of, outward, root_of
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.fixed import Fixed
from algzoo_exact.certificate.checker.labels import chamber, credit_for, middle_of
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED, Measure, longest
from algzoo_exact.certificate.checker.networks import Network, Weights
from algzoo_exact.certificate.checker.reading import (
    Json,
    indices,
    keys_of,
    natural,
    text_of,
    vector_of,
)

CELL = {"pattern", "rays", "label", "winners", "credit", "measure"}
PIECE = {"pattern", "rays", "middle", "error", "measure", "square"}


class Cones:
    """Cones that are checked one by one: what cells and pieces have in common."""

    def __init__(self, document: Json, network: Network) -> None:
        self.network, self.n, self.budget = network, network.n, network.budget
        self.decimals = natural(document["decimals"], "decimals")
        require(4 <= self.decimals <= 40, "decimals must be from 4 to 40")
        self.unit = Fraction(1, 10**self.decimals)
        self.measure = Measure(Fixed(self.decimals * 10 // 3 + 60), self.budget)
        require(isinstance(document["rays"], list), "rays must be a list")
        self.rays = [vector_of(text, self.n, f"ray {k}") for k, text in enumerate(document["rays"])]
        require(len(set(self.rays)) == len(self.rays), "a ray is listed twice")
        self.used: set[int] = set()
        self.names: set[object] = set()
        self.sides: Counter[frozenset[int]] = Counter()  # of facets, by their rays

    @property
    def closed(self) -> bool:
        """Whether each facet belongs to two cones, so that they leave nothing out (C20)."""
        return set(self.sides.values()) == {2}

    def _steps(self, pattern: Any) -> tuple[str, ...]:
        steps = text_of(pattern, "[01|]+", "its pattern").split("|")
        fits = [len(step) for step in steps] == [self.network.d] * self.n
        require(fits, f"its pattern must be of {self.n} steps of {self.network.d} neurons")
        return tuple(steps)

    def _corners(self, rays: Any) -> list[int]:
        require(isinstance(rays, list) and len(rays) >= self.n, "it has too few rays")
        found = [natural(k, "the number of a ray") for k in rays]
        require(found == sorted(set(found)), "its rays must be different and in order")
        require(found[-1] < len(self.rays), "it has a ray that is not listed")
        self.used.update(found)
        return found

    def _facets(
        self, numbers: list[int], demands: Iterable[tuple[str, Iterable[Vector]]]
    ) -> dict[int, Vector]:
        """A normal of each facet, by the facet's rays (C3). ``demands``: functionals that must be
        >= 0 on all rays, and what says so."""
        corners = [self.rays[k] for k in numbers]
        bits = longest(corners)
        normals: dict[int, Vector] = {}
        for kind, rows in demands:
            for row in rows:
                self.budget.pay(bits + longest([row]), self.n * len(corners))
                values = [dot(row, ray) for ray in corners]
                require(min(values) >= 0, f"it has a ray that does not agree with {kind}")
                normals.setdefault(sum(1 << k for k, v in enumerate(values) if v == 0), row)
        facets = complete_facets(self.n, normals, len(corners), self.budget)
        for facet in facets:
            self.sides[frozenset(numbers[k] for k in members(facet))] += 1
        return {facet: normals[facet] for facet in facets}

    def _sides(self, inside: Vector) -> tuple[int, list[Vector]]:
        """The sign of x[0], where the enumeration cuts, and its wall."""
        sign = 1 if inside[0] > 0 else -1
        return sign, [(sign, *(0,) * (self.n - 1))]

    def _once(self, name: object, what: str) -> None:
        require(name not in self.names, f"it covers the same inputs as an earlier {what}")
        self.names.add(name)

    def _stated(self, text: Any) -> Fraction:
        """The measure that is stated."""
        return Fraction(text_of(text, rf"0\.[0-9]{{{self.decimals}}}", "its measure"))

    def _measured(self, cone: Cone, text: str) -> int:
        """The measure that a cone has, which must be the one that is stated."""
        self.measure.terms = 0
        found = self.measure.of(cone, (1 << len(cone.gram)) - 1)
        one = self.measure.fixed.one
        require(
            self._agrees(found, Fraction(text), Fraction(1)),
            f"its measure is {found / one:.16g}, not {text}",
        )
        return found

    def _agrees(self, found: int, stated: Fraction, factor: Fraction) -> bool:
        """Whether what is stated is what was found, times a factor from 0 to 1, rounded."""
        one = self.measure.fixed.one
        off = abs(factor * Fraction(found, one) - stated)
        return off + factor * Fraction(self.measure.terms << 20, one) <= SLACK * self.unit

    def _least(self, stated: Fraction) -> Fraction:
        """The least that the measure can be."""
        return max(Fraction(0), stated - SLACK * self.unit)

    def _check_rest(self, least: Fraction, document: Json) -> None:
        """The rays, and the mass outside all cones, which have this measure at least together."""
        require(len(self.used) == len(self.rays), "a ray is listed that no cell has")
        require(least <= 1, f"the cells add up to {float(least)}: they overlap")
        undecided = outward(1 - least, self.decimals + 6, up=True)
        require(
            document["undecided"] == undecided,
            f"the cells leave {undecided} undecided, not {document['undecided']}",
        )


class Cells(Cones):
    """Checks cells one by one, and adds up what they are worth."""

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        super().__init__(document, Network(weights, n, n, budget))
        self.task, self.ties = task, document["ties"]
        self.measured = n <= LARGEST_MEASURED
        self.right = self.wrong = Fraction(0)

    def add(self, cell: Any) -> None:
        """RejectedError unless everything that the cell says is right."""
        keys_of(cell, CELL, "it")
        steps, numbers = self._steps(cell["pattern"]), self._corners(cell["rays"])
        corners = [self.rays[k] for k in numbers]
        inside = middle_point(corners)
        room, label, walls = chamber(self.task, inside)
        sign, side = self._sides(inside)
        winners = indices(cell["winners"], self.n)
        logits = self.network.logits(steps)
        best = logits[winners[0]]
        require(all(logits[k] == best for k in winners), "its winners are not equal all over it")
        ties = [
            tuple(a - b for a, b in zip(best, row, strict=True))
            for k, row in enumerate(logits)
            if k not in winners
        ]
        require(all(any(row) for row in ties), "another logit equals its winners all over it")
        facets = self._facets(
            numbers,
            (
                ("the pattern", self.network.walls(steps)),
                ("the label", walls),
                ("one sign of x[0]", side),
                ("the winners", ties),
            ),
        )
        require(cell["label"] == label and type(cell["label"]) is int, f"its label is {label}")
        credit = credit_for(self.ties, label, winners)
        require(cell["credit"] == str(credit), f"its credit is {credit}")
        self._once((steps, room, sign, tuple(winners)), "cell")
        stated = self._stated(cell["measure"])
        if self.measured:
            self._measured(Cone(self.n, gram_of(corners), tuple(facets)), cell["measure"])
        share = self._least(stated)
        self.right += credit * share
        self.wrong += (1 - credit) * share

    def conclude(self, document: Json) -> tuple[Fraction, Fraction]:
        """The accuracy that follows; RejectedError if the certificate says another one."""
        self._check_rest(self.right + self.wrong, document)
        places = self.decimals + 6
        bounds = outward(self.right, places, up=False), outward(1 - self.wrong, places, up=True)
        stated = keys_of(document["accuracy"], {"lower", "upper"}, "accuracy")
        require(
            (stated["lower"], stated["upper"]) == bounds,
            f"the cells prove an accuracy from {bounds[0]} to {bounds[1]}, not as stated",
        )
        return Fraction(bounds[0]), Fraction(bounds[1])


class Pieces(Cones):
    """Checks the pieces of a median model one by one, and adds up its mean squared error."""

    def __init__(self, document: Json, weights: Weights, n: int, budget: Budget) -> None:
        super().__init__(document, Network(weights, n, 1, budget))
        self.scale = 2 * self.network.logit_scale  # of errors; 2, for the mean of two inputs
        self.least = self.lower = self.upper = Fraction(0)

    def add(self, piece: Any) -> None:
        """RejectedError unless everything that the piece says is right."""
        keys_of(piece, PIECE, "it")
        steps, numbers = self._steps(piece["pattern"]), self._corners(piece["rays"])
        corners = [self.rays[k] for k in numbers]
        inside = middle_point(corners)
        room, middle, walls = middle_of(inside)
        sign, side = self._sides(inside)
        facets = self._facets(
            numbers,
            (
                ("the pattern", self.network.walls(steps)),
                ("the inputs in the middle", walls),
                ("one sign of x[0]", side),
            ),
        )
        same = isinstance(piece["middle"], list) and all(type(k) is int for k in piece["middle"])
        require(same and piece["middle"] == middle, f"its inputs in the middle are {middle}")
        (output,) = self.network.logits(steps)
        share = self.scale // len(middle)
        error = tuple(2 * w - share * (k in middle) for k, w in enumerate(output))
        texts = [str(Fraction(w, self.scale)) for w in error]
        require(piece["error"] == texts, f"its error is {', '.join(texts)}")
        self._once((steps, room, sign), "piece")
        stated = self._stated(piece["measure"])
        cone = Cone(self.n, gram_of(corners), tuple(facets))
        measure = self._measured(cone, piece["measure"])
        self.least += self._least(stated)
        whole = measure + self.measure.bent(cone, facets, error) if any(error) else 0
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
        require(
            self._agrees(found, stated, factor),
            f"its mean square is {float(factor * found / self.measure.fixed.one):.16g}e{power}, "
            f"not {text}",
        )
        self.lower += self._least(stated) * Fraction(10) ** power
        self.upper += (stated + SLACK * self.unit) * Fraction(10) ** power

    def conclude(
        self, document: Json
    ) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
        """The mean squared error that follows, and its root; RejectedError if the certificate says
        others. What lies outside all pieces adds at most what (C19) says."""
        missing = Fraction(0) if self.closed else 1 - self.least
        self._check_rest(1 - missing, document)
        places = self.decimals + 6
        outside = self.n * self.network.steepest() * missing
        bounds = (
            outward(self.lower, places, up=False),
            outward(self.upper + outside, places, up=True),
        )
        roots = root_of(bounds[0], places, up=False), root_of(bounds[1], places, up=True)
        for key, (low, high) in (
            ("mean_squared_error", bounds),
            ("root_mean_squared_error", roots),
        ):
            stated = keys_of(document[key], {"lower", "upper"}, key)
            require(
                (stated["lower"], stated["upper"]) == (low, high),
                f"the pieces prove a {key.replace('_', ' ')} from {low} to {high}, not as stated",
            )
        return (
            (Fraction(bounds[0]), Fraction(bounds[1])),
            (Fraction(roots[0]), Fraction(roots[1])),
        )
