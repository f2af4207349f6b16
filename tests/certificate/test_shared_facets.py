"""Measures of neighbouring cones, against those of each cone alone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.certificate.shared_facets import SharedFacets
from algzoo_exact.geometry.cone import Cone, Face
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.flow import CellFlow, directions_for
from algzoo_exact.regions.enumerate import cells


@pytest.mark.parametrize("n", [2, 3, 4, pytest.param(5, marks=pytest.mark.slow)])
def test_cells_of_a_program(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cells cover the space: each facet has two sides, and its flow is computed once."""
    flows = 0
    original = CellFlow.flows

    def counted(self: CellFlow, facets: Sequence[Face]) -> object:
        nonlocal flows
        flows += len(facets)
        return original(self, facets)

    program = random_program(np.random.default_rng(n), 1, n)
    found = [cell.cone for cell in cells(program, az.tasks.argmax(n))]
    alone = [cone_measure(cone, digits=25) for cone in found]
    shared = SharedFacets(n, 25)
    monkeypatch.setattr(CellFlow, "flows", counted)
    together = [shared.measure(cone) for cone in found]
    assert 2 * flows == sum(len(cone.facets()) for cone in found)
    for one, other in zip(alone, together, strict=True):
        assert one.intersect(other).width <= Fraction(1, 10**25)
    assert abs(sum(one.midpoint for one in together) - 1) < Fraction(len(found), 10**25)


def test_a_direction_in_a_facet() -> None:
    """The common direction will not do here: another one takes its place, for this cone alone."""
    (u,) = (u for u, _ in zip(directions_for(3), range(1), strict=False))
    flat = (u[1], -u[0], 0)
    shared = SharedFacets(3, 20)
    for sign in (1, -1):
        cone = Cone.from_inequalities([tuple(sign * c for c in flat), (1, 0, 0), (0, 0, 1)])
        assert cone is not None
        expected = cone_measure(cone, digits=20)
        assert shared.measure(cone).intersect(expected).width <= Fraction(1, 10**20)
