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
        self._rays: dict[Vector, Ray] = {}

    def ray(self, ray: Vector) -> Ray:
        """What is known of one; rays of late are kept, since neighbours have them too."""
        if ray not in self._rays:
            if len(self._rays) == MOST_KEPT:
                self._rays.clear()
            self._rays[ray] = Ray(self, ray)
        return self._rays[ray]

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


class Ray:
    """A ray: the values of atoms and forms on it, and which forms each maximum is there.

    It lies on many cones, and is looked at once for all of them.
    """

    def __init__(self, regions: Regions, ray: Vector) -> None:
        self.regions, self.ray = regions, ray
        self._atoms: dict[int, tuple[int, int]] = {}
        self._signs: dict[int, int] = {}

    def atom(self, number: int) -> tuple[int, int]:
        """Its value, and of a maximum the forms that are as large, as a bit mask."""
        if number not in self._atoms:
            if number in self.regions.places:
                self._atoms[number] = self.ray[self.regions.places[number]], 0
            else:
                values = [self._value(pairs) for pairs in self.regions.choices[number]]
                best = max(values)
                winners = sum(1 << k for k, value in enumerate(values) if value == best)
                self._atoms[number] = best, winners
        return self._atoms[number]

    def sign(self, row: int) -> int:
        """Of a row's value: -1, 0 or 1."""
        if row not in self._signs:
            value = self._value(self.regions.rows[row])
            self._signs[row] = (value > 0) - (value < 0)
        return self._signs[row]

    def _value(self, pairs: list[tuple[int, int]]) -> int:
        total = 0
        for atom, factor in pairs:
            total += factor * self.atom(atom)[0]
            self.regions.budget.pay(total.bit_length(), 2)
        return total


class Piece:
    """One cone, by its rays: what conditions are on it.

    A maximum is linear on it if all its forms are, and one of them is the greatest on each ray.
    """

    def __init__(self, regions: Regions, rays: Sequence[Vector]) -> None:
        self.regions, self.rays = regions, [regions.ray(ray) for ray in rays]
        self._linear: dict[int, bool] = {}
        self._signs: dict[int, tuple[int, int]] = {}

    def is_linear(self, number: int) -> bool:
        """Whether an atom is known to be."""
        if number not in self._linear:
            choices = self.regions.choices.get(number)
            self._linear[number] = choices is None or (
                all(map(self._are_linear, choices)) and self._has_winner(number)
            )
        return self._linear[number]

    def _are_linear(self, pairs: list[tuple[int, int]]) -> bool:
        return all(map(self.is_linear, [atom for atom, _ in pairs]))

    def _has_winner(self, number: int) -> bool:
        winners = -1
        for ray in self.rays:
            winners &= ray.atom(number)[1]
        return winners != 0

    def _masks(self, row: int) -> tuple[int, int] | None:
        """The rays on which a row is positive, and negative; None if it is not linear."""
        if row not in self._signs:
            if not self._are_linear(self.regions.rows[row]):
                return None
            signs = [ray.sign(row) for ray in self.rays]
            above = sum(1 << k for k, sign in enumerate(signs) if sign > 0)
            below = sum(1 << k for k, sign in enumerate(signs) if sign < 0)
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


LARGEST_CUT, MOST_CUTS, MOST_KEPT = 10, 500, 2000
