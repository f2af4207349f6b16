"""Proofs and probabilities by cones (C15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from algzoo_exact.certificate.checker.cones import Vector, complete_facets, dot
from algzoo_exact.certificate.checker.errors import RejectedError, require
from algzoo_exact.certificate.checker.formulas import compared
from algzoo_exact.certificate.checker.reading import chosen, keys_of, natural, rays_of, vector_of
from algzoo_exact.certificate.checker.rewriting import (
    _PART,
    Condition,
    Form,
    Rewriting,
    is_maximum,
    truth_of,
)


class Regions:
    """Conditions without constants, in integers, to be decided on cones."""

    def __init__(self, rewriting: Rewriting, condition: Condition) -> None:
        self.rewriting, self.budget = rewriting, rewriting.budget
        atoms = rewriting.needed([condition])
        self.scales: dict[int, int] = {}
        self.choices: dict[int, list[list[tuple[int, int]]]] = {}
        self.places: dict[int, int] = {}  # of inputs among the coordinates
        self.rows: list[list[tuple[int, int]]] = []  # positive multiples of forms, by number
        self._numbers: dict[Form, int] = {}
        inputs = {}
        for number in atoms:
            atom = rewriting.atoms[number]
            if is_maximum(atom):
                scale = self.budget.multiple(self._denominator(form) for form in atom)
                self.scales[number] = scale
                self.choices[number] = [self._pairs(form, scale) for form in atom]
            else:
                require(atom[0] == "x", "cones are about inputs alone")
                self.scales[number] = 1
                inputs[atom[1]] = number
        self.inputs = sorted(inputs) or [0]
        self.places = {inputs[i]: k for k, i in enumerate(self.inputs) if i in inputs}
        self.condition = self._prepared(condition)

    def _denominator(self, form: Form) -> int:
        return self.budget.multiple((c / self.scales[atom]).denominator for atom, c in form[0])

    def _pairs(self, form: Form, scale: int) -> list[tuple[int, int]]:
        require(form[1] == 0, "a condition with a constant is nothing for cones")
        return [(atom, int(c * scale / self.scales[atom])) for atom, c in form[0]]

    def _prepared(self, condition: Condition) -> Condition:
        """The condition with rows' numbers in place of forms."""
        if isinstance(condition, bool):
            return condition
        self.budget.spend(_PART)
        op, inner = condition
        if op in ("and", "or", "not"):
            return op, tuple(map(self._prepared, inner))
        if inner not in self._numbers:
            self._numbers[inner] = len(self.rows)
            self.rows.append(self._pairs(inner, self._denominator(inner)))
        return op, self._numbers[inner]


class Piece:
    """One cone, by its rays: what forms and conditions are on it.

    Of a form that is linear on the cone all values follow from those on the rays.
    """

    def __init__(self, regions: Regions, rays: Sequence[Vector]) -> None:
        self.regions, self.rays = regions, rays
        self.best: dict[int, int] = {}  # which form a maximum is, where it is linear
        self._atoms: dict[int, list[int] | None] = {}
        self._signs: dict[int, tuple[int, int]] = {}

    def atom(self, number: int) -> list[int] | None:
        """The values on the rays; None if it is not linear, or not known to be."""
        if number not in self._atoms:
            if number in self.regions.places:
                place = self.regions.places[number]
                self._atoms[number] = [ray[place] for ray in self.rays]
            else:
                self._atoms[number] = self._maximum(number)
        return self._atoms[number]

    def _maximum(self, number: int) -> list[int] | None:
        known = [self.values(pairs) for pairs in self.regions.choices[number]]
        linear = [values for values in known if values is not None]
        best = max(linear, key=sum, default=[])
        above = all(min(a - b for a, b in zip(best, v, strict=True)) >= 0 for v in linear)
        if len(linear) < len(known) or not above:
            return None
        self.best[number] = known.index(best)
        return best

    def values(self, pairs: list[tuple[int, int]]) -> list[int] | None:
        """Of a form, likewise."""
        total = [0] * len(self.rays)
        for atom, factor in pairs:
            values = self.atom(atom)
            if values is None:
                return None
            total = [a + factor * b for a, b in zip(total, values, strict=True)]
            self.regions.budget.pay(max(map(abs, total)).bit_length(), 2 * len(total))
        return total

    def _masks(self, row: int) -> tuple[int, int] | None:
        """The rays on which a row is positive, and negative."""
        if row not in self._signs:
            values = self.values(self.regions.rows[row])
            if values is None:
                return None
            above = sum(1 << k for k, value in enumerate(values) if value > 0)
            below = sum(1 << k for k, value in enumerate(values) if value < 0)
            self._signs[row] = above, below
        return self._signs[row]

    def truth(self, condition: Condition, face: int, *, almost: bool) -> bool | None:
        """Whether a condition holds at all points within a face (the positive combinations of its
        rays), at none, or that is open. ``almost``: but for null sets within the cone."""

        def tell(op: str, row: int) -> bool | None:
            masks = self._masks(row) if face else (0, 0)  # at 0 each form is 0
            if masks is None:
                return None
            above, below = bool(masks[0] & face), bool(masks[1] & face)
            if above and below:
                return False if almost and op == "==" else None
            return compared(op, above - below, 0)

        return truth_of(condition, self.regions.budget, tell)


def cones_of(data: Any, regions: Regions) -> Iterator[tuple[list[Vector], tuple[int, ...]]]:
    """The rays and facets of each cone that the cuts leave; together they cover the space of the
    inputs that occur."""
    keys_of(data, {"inputs", "rays", "tree"}, "cells")
    inputs, budget = regions.inputs, regions.budget
    same = isinstance(data["inputs"], list) and [natural(i, "an input") for i in data["inputs"]]
    require(same == inputs, f"the inputs that occur are {inputs}")
    size = len(inputs)
    require(size <= LARGEST_CUT, f"cells have at most {LARGEST_CUT} inputs")
    rays = rays_of(data["rays"], size)
    require(isinstance(data["tree"], list), "a tree must be a list")
    used: set[int] = set()
    waiting: list[tuple[Vector, ...]] = [()]
    for place, item in enumerate(data["tree"]):
        require(bool(waiting), "a tree goes on after its end")
        walls = waiting.pop()
        try:
            if isinstance(item, str):
                normal = vector_of(item, size, "its normal")
                require(len(walls) < MOST_CUTS, f"over {MOST_CUTS} cuts lie within each other")
                waiting += ((*walls, normal), (*walls, tuple(-c for c in normal)))  # below first
                continue
            numbers = chosen(item, len(rays), size)
            corners = [rays[k] for k in numbers]
            masks = set()
            for wall in walls:
                values = [dot(wall, ray) for ray in corners]
                budget.pay(max(map(abs, values)).bit_length(), 2 * size * len(corners))
                require(min(values) >= 0, "it has a ray on the wrong side of a cut")
                masks.add(sum(1 << k for k, value in enumerate(values) if value == 0))
            require(bool(masks), "it is no cone, but all of the space")
            facets = complete_facets(size, masks, len(corners), regions.rewriting.budget)
        except RejectedError as error:
            raise RejectedError(f"part {place} of the tree: {error}") from None
        used.update(numbers)
        yield corners, facets
    require(not waiting, "a tree ends before its end")
    require(len(used) == len(rays), "a ray is listed that no cone has")


LARGEST_CUT, MOST_CUTS = 10, 500
