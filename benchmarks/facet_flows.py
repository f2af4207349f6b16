"""Measures of random cones: facet flows in float64 beside ball arithmetic, in one run.

usage: python benchmarks/facet_flows.py [CONES]. Prints a table; processor time on one core.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.geometry.cone import Cone, IntVector, NotPointedError, dot
from algzoo_exact.measure.cell_facets import Facets, facet_sums
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.faces_f64 import ray_sets


def random_cone(rng: random.Random, n: int) -> Cone:
    """n + 2 random walls around a random point."""
    while True:
        inside = [rng.randint(-9, 9) for _ in range(n)]
        rows: list[IntVector] = []
        while len(rows) < n + 2:
            row = tuple(rng.randint(-20, 20) for _ in range(n))
            if along := dot(row, inside):
                rows.append(row if along > 0 else tuple(-c for c in row))
        try:
            cone = Cone.from_inequalities(rows)
        except NotPointedError:
            continue
        assert cone is not None
        return cone.irredundant()


class Prepared:
    """A cone's arrays, as the enumeration of cells gives them."""

    def __init__(self, cone: Cone) -> None:
        walls, rays = max(cone.walls) + 1, len(cone.rays)
        points = np.array([[[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]])
        masks, words = np.array([[mask] for mask in cone.tight], np.uint64), (rays + 63) // 64
        ids, count = np.array([cone.walls]), len(cone.walls)
        self.facets = Facets(
            points, np.array([rays]), np.array([count]),
            ray_sets(masks, rays, walls, words)[ids], ids,
            np.array([cone.inequalities], np.float64), np.zeros((1, count)),
            np.ones((1, count), np.bool_),
        )  # fmt: skip
        self.u = np.random.default_rng(1).normal(size=cone.dimension)

    def flows(self) -> NDArray[np.float64]:
        """Of all facets, with their errors."""
        return facet_sums(self.facets, u=self.u, moments=True).flow[0]


def seconds(call: Callable[[], object]) -> float:
    """Processor time, after a first call that compiles."""
    call()
    repeats, began = 0, time.process_time()
    while repeats < 1 or time.process_time() - began < 0.02:
        call()
        repeats += 1
    return (time.process_time() - began) / repeats


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print("| n | facets | facet flows | error of a cone | balls, 12 digits | balls / facet flows |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for n in range(4, 10):
        rng = random.Random(n)
        cones = [random_cone(rng, n) for _ in range(count)]
        ready = [Prepared(cone) for cone in cones]
        facets = np.mean([one.facets.number[0] for one in ready])
        flows = np.median([seconds(one.flows) for one in ready])
        error = np.median([one.flows()[:, 1].sum() for one in ready])
        balls = ratio = "–"
        if n <= 6:
            slow = [
                seconds(lambda cone=cone: cone_measure(cone, digits=12))
                for cone in cones[: count if n < 6 else 2]
            ]
            balls = f"{1e3 * np.median(slow):.1f} ms"
            ratio = f"{np.median(slow) / flows:.0f}"
        print(
            f"| {n} | {facets:.1f} | {1e6 * flows:.0f} µs | {error:.0e} | {balls} | {ratio} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
