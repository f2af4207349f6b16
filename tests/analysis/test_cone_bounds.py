"""Bounds of cones' measures: never below them, and near enough to tell small cones from large."""

from __future__ import annotations

from itertools import islice
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cones import random_cones

import algzoo_exact as az
from algzoo_exact.analysis.cone_bounds import cone_bounds
from algzoo_exact.geometry.cone import Cone


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.sampled_from([1, 10, 10**4]))
def test_bounds_are_no_less_than_measures(seed: int, n: int, thin: int) -> None:
    """Of random cones, and of their part in a thin wedge around the plane through most rays."""
    for rows, cone in islice(random_cones(Random(seed), n), 4):
        plane = rows[0]
        other = tuple(sum(ray[c] for ray in cone.rays) for c in range(n))
        wedge = tuple(b - thin * a for a, b in zip(plane, other, strict=True))
        for part in (cone, Cone.from_inequalities([*rows, wedge])):
            if part is not None:
                rays = np.array([part.rays], float)
                (bound,) = cone_bounds(rays, np.array([rays.shape[1]]))
                assert az.cone_measure(part, digits=12).lower <= bound * (1 + 1e-9)


def test_small_cones_are_told_from_large_ones() -> None:
    """The part of the positive orthant near its diagonal, and rays that are not held."""
    for n in (3, 4, 5):
        for step in (10, 1000):
            rays = np.full((2, n + 3, n), np.nan)
            rays[:, :n] = np.eye(n) + step
            bound, same = cone_bounds(rays, np.array([n, n]))
            measure = az.cone_measure(Cone.from_inequalities(_dual(n, step)), digits=20)
            assert bound == same
            assert measure.upper < bound < 60 * measure.lower


def _dual(n: int, step: int) -> list[tuple[int, ...]]:
    """The walls of the cone with rays e_i + step (1, .., 1)."""
    return [tuple(n * step + 1 - step if c == i else -step for c in range(n)) for i in range(n)]
