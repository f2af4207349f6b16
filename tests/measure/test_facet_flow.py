"""Facet flows in float64 with proven errors, n = 4 to 9."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import working_precision
from algzoo_exact.geometry.cone import Cone, IntVector, NotPointedError, dot
from algzoo_exact.measure.balls_f64 import arg
from algzoo_exact.measure.cell_facets import Facets, facet_sums
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.measure.faces_f64 import full_set, ray_sets, subfaces
from algzoo_exact.measure.flow_rules import PANEL, flow_rules

F64 = NDArray[np.float64]


def flows_of(cone: Cone, u: F64 | None = None) -> tuple[F64, F64, F64, F64]:
    """Unit normals, directions' components, flows and first moments of all facets of a cone."""
    n = cone.dimension
    walls = len(cone.walls)
    assert cone.walls == tuple(range(walls))
    assert walls <= 64
    rays = np.array([[[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]])
    normals = np.array([[float(c) for c in row] for row in cone.inequalities])
    words = (len(cone.rays) + 63) // 64
    sets = ray_sets(
        np.array([[mask] for mask in cone.tight], np.uint64), len(cone.rays), walls, words
    )
    ids, faces = np.empty(walls, np.int64), np.empty((walls, words), np.uint64)
    count = subfaces(full_set(len(cone.rays), words), sets, n - 1, ids, faces)
    ids, radii = ids[:count], np.linalg.norm(normals, axis=1) * 2.0**-52
    facets = Facets(
        rays, np.array([len(cone.rays)]), np.array([count]), faces[None, :count], ids[None],
        normals[ids][None], radii[ids][None], np.ones((1, count), np.bool_),
    )  # fmt: skip
    if u is None:
        u = np.sum(rays[0] / np.linalg.norm(rays[0], axis=1)[:, None], axis=0)
    sums = facet_sums(facets, u=u, moments=True)
    units = normals[ids] / np.linalg.norm(normals[ids], axis=1)[:, None]
    return units, units @ u, sums.flow[0], sums.moment[0]


def measure_of(cone: Cone, u: F64 | None = None) -> tuple[float, float]:
    """The measure as midpoint and radius."""
    _, along, flows, _ = flows_of(cone, u)
    start = 0.5 if np.all(along > 0) or np.all(along < 0) else 0.0
    return start + math.fsum(flows[:, 0]), math.fsum(flows[:, 1]) + 1e-16


def random_cone(rng: random.Random, n: int, walls: int) -> Cone:
    while True:
        inside = [rng.randint(-9, 9) for _ in range(n)]
        rows: list[IntVector] = []
        while len(rows) < walls:
            row = tuple(rng.randint(-20, 20) for _ in range(n))
            if along := dot(row, inside):
                rows.append(row if along > 0 else tuple(-c for c in row))
        try:
            cone = Cone.from_inequalities(rows)
        except NotPointedError:
            continue
        assert cone is not None
        slim = cone.irredundant()
        return Cone.from_inequalities(slim.inequalities) or slim


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 9])
def test_chambers_of_reflection_groups(n: int) -> None:
    # Oracle: the group's order. Coordinates of A_n's chamber would be irrational; B_n's are not.
    orthant = [tuple(int(i == k) for k in range(n)) for i in range(n)]
    ordered = [tuple(int(k == i) - int(k == i + 1) for k in range(n)) for i in range(n)]
    for rows, order in ((orthant, 2**n), (ordered, 2**n * math.factorial(n))):
        cone = Cone.from_inequalities(rows)
        assert cone is not None
        for u in (None, np.array([0.3, -0.2, 0.7, 0.4, -0.9, 0.1, 0.6, 0.5, -0.8][:n])):
            mid, rad = measure_of(cone, u)
            assert abs(Fraction(mid) - Fraction(1, order)) <= Fraction(rad)
            assert rad < 1e-10


@pytest.mark.parametrize(("n", "cones"), [(4, 12), (5, 8), (6, 4)])
def test_measures_and_moments_are_those_of_ball_arithmetic(n: int, cones: int) -> None:
    # Oracle: balls of many bits, which share the formula but no code; test_checker compares them
    # with the dilogarithms of the checker.
    rng = random.Random(n)
    for _ in range(cones):
        cone = random_cone(rng, n, n + rng.randrange(4))
        true = cone_measure(cone, digits=14)
        for u in (None, np.array([rng.gauss(0, 1) for _ in range(n)])):
            units, _along, _flows, moments = flows_of(cone, u)
            mid, rad = measure_of(cone, u)
            assert true.lower <= mid + rad
            assert true.upper >= mid - rad
            assert rad < 1e-10
        # E[(a.x)^2; C] = |a|^2 P(C) + sum over F of (a.e_F) a.g_F / (2 pi), by two integrations
        # by parts.
        a = tuple(rng.randint(-5, 5) for _ in range(n))
        vector = np.array(a, np.float64)
        size = float(vector @ vector)
        by_moments = size * mid + (units @ vector) @ (moments[:, :n] @ vector) / (2 * math.pi)
        error = size * (rad + np.sum(moments[:, n]) / (2 * math.pi)) + 1e-13
        second = second_moment(cone, a, digits=12)
        assert second.lower <= by_moments + error
        assert second.upper >= by_moments - error
        assert error < 1e-6


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8])
def test_parts_add_up_and_directions_agree(n: int) -> None:
    rng = random.Random(10 + n)
    for _ in range(4):
        cone = random_cone(rng, n, n + 2)
        whole, rad = measure_of(cone)
        along = measure_of(cone, np.array([rng.gauss(0, 1) for _ in range(n)]))
        assert abs(along[0] - whole) <= along[1] + rad
        cut = tuple(rng.randint(-20, 20) for _ in range(n))
        parts = [part for part in cone.split(cut, len(cone.walls)) if part is not None]
        slim = [Cone.from_inequalities(part.irredundant().inequalities) for part in parts]
        balls = [measure_of(part) for part in slim if part is not None]
        assert len(balls) == len(parts)
        assert abs(sum(mid for mid, _ in balls) - whole) <= rad + sum(r for _, r in balls)


def test_needles() -> None:
    # Oracle: a wedge of angle atan(10^-k) times a quadrant.
    for k in (2, 4, 6):
        rows = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 1, -(10**k))]
        cone = Cone.from_inequalities(rows)
        assert cone is not None
        mid, rad = measure_of(cone)
        true = math.atan(10.0**-k) / (8 * math.pi)
        assert abs(mid - true) <= rad + 1e-16
        assert rad < 1e-14 * 10**k


def test_a_direction_in_a_facet_is_left_undecided() -> None:
    cone = Cone.from_inequalities([tuple(int(i == k) for k in range(4)) for i in range(4)])
    assert cone is not None
    _, _, flows, moments = flows_of(cone, np.array([0.0, 1.0, 1.0, 2.0]))
    assert math.isinf(flows[0, 1])
    assert np.all(np.isfinite(moments))


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
@example(1.0, 0.0)
@example(-1.0, 0.0)
@example(0.0, -2.0)
@example(-3.0, 3.0)
def test_arguments_are_those_of_many_digits(re: float, im: float) -> None:
    # Oracle: python-flint at 200 bits.
    if re or im:
        found = arg(re, im)
        with working_precision(200):
            assert abs(arb.atan2(arb(im), arb(re)) - arb(found)) <= 8 * 2.0**-53


def test_rules_integrate_to_what_they_promise() -> None:
    # Oracle: python-flint's arctangent. With y1^2 = v^2 / (1 + v^2) exactly, 2 l dl / (q + l^2
    # (1 - q)) has a primitive, and so has l dl / k^2 with any larger q.
    rules = flow_rules()
    for j in range(len(rules.least)):
        nodes = slice(rules.start[j], rules.start[j + 1])
        squash, t, step = rules.squash[nodes], rules.t[nodes], rules.step[nodes]
        assert np.all((squash > 0) & (squash < 1)), "inside the path"
        for q in (rules.least[j] ** 2, 0.5 + rules.least[j] ** 2 / 2):
            found = math.fsum(step / (t + q * rules.rest[nodes]))
            true = -math.log(q) / (2 * (1 - q))
            assert abs(found - true) < 1e-13 * (1 + true)
            if j >= rules.panels:  # from each node to the end
                parts = (step / (t + q * rules.rest[nodes])).reshape(-1, PANEL)
                whole = np.sum(parts, axis=1)
                after = np.cumsum(whole[::-1])[::-1] - whole
                later = parts @ rules.later.T + after[:, None]
                from_nodes = -np.log(t + q * rules.rest[nodes]) / (2 * (1 - q))
                assert np.max(abs(later.ravel() - from_nodes)) < 1e-13 * (1 + true)


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_functions_in_the_strip_keep_to_their_bounds(seed: int) -> None:
    # The constants of flow_rules, at points of the complex plane (numpy's complex functions).
    rng = np.random.default_rng(seed)
    y = rng.normal(size=8) * 10.0 ** rng.uniform(-3, 0, size=8)
    y /= np.linalg.norm(y)
    q = np.cumsum(y**2)
    v = abs(y[0]) / math.sqrt(1 - y[0] ** 2) * rng.uniform(0.5, 1)
    eta = rng.uniform(0.1, 1.45)
    end = math.asinh(1 / v)
    z = rng.uniform(0, 1.3, size=40) * end + 1j * rng.uniform(-eta, eta, size=40)
    l = v * np.sinh(z)  # noqa: E741
    square = q[:, None] + l**2 * (1 - q[:, None])
    root = np.sqrt(square)
    side = math.atanh(math.sin(eta))
    theta = np.arctan(y[1] / y[0] * l / root[1])
    assert np.all(abs(theta) <= math.sqrt(math.pi**2 / 4 + side**2) * (1 + 1e-9))
    change = y[2] * y[3] * l * v * np.cosh(z) / (square[2] * root[1] * root[3])
    assert np.all(abs(change) <= 2 * math.cos(eta) ** -6 * (1 + 1e-9))
    inner = np.arctan(y[5] / y[4] * root[3] / root[5])
    assert np.all(abs(inner) <= math.sqrt(math.pi**2 / 4 + side**2 / 4) * (1 + 1e-9))


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_measures_change_in_the_strip_no_faster_than_their_bound(seed: int) -> None:
    # A face R^4_+ of R^8_+: dP/dy at points of the complex plane, where each quadrant below is
    # 1/4 + atan(s w1 w2 / sqrt(1 + s (w1^2 + w2^2))) / 2 pi. Bound: 12 flags of weight 2.
    rng = np.random.default_rng(seed)
    u = rng.normal(size=8) * 10.0 ** rng.uniform(-3, 0, size=8)
    u /= np.linalg.norm(u)
    q = float(u[:4] @ u[:4])
    v = math.sqrt(q / (1 - q)) * rng.uniform(0.3, 1)
    eta = rng.uniform(0.1, 1.45)
    z = rng.uniform(0, 1.3, size=40) * math.asinh(1 / v) + 1j * rng.uniform(-eta, eta, size=40)
    t = (v * np.sinh(z)) ** 2
    change = np.zeros(40, complex)
    for i, k in itertools.permutations(range(4, 8), 2):
        w1, w2 = (u[j] for j in range(4, 8) if j not in (i, k))
        squares = [q, q + u[i] ** 2, q + u[i] ** 2 + u[k] ** 2]
        a, b, c = (square + t * (1 - square) for square in squares)
        s = (1 - t) / c
        angle = np.arctan(s * w1 * w2 / np.sqrt(1 + s * (w1**2 + w2**2)))
        speed = u[i] * u[k] * v**2 * np.sinh(z) * np.cosh(z) / (b * np.sqrt(a) * np.sqrt(c))
        change += speed * (0.25 + angle / (2 * math.pi)) / (2 * math.pi)
    side = math.atanh(math.sin(eta))
    measure = math.sqrt(math.pi**2 / 4 + side**2 / 4) / math.pi
    assert np.all(abs(change) <= 24 * measure * math.cos(eta) ** -6 / math.pi)
