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
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.faces_f64 import ray_sets
from algzoo_exact.measure.facet_flow import facet_flows
from algzoo_exact.measure.flow_rules import flow_rules
from algzoo_exact.measure.lattice_f64 import face_lattice


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
        n, walls = cone.dimension, max(cone.walls) + 1
        self.rays = np.array([[c / max(map(abs, ray)) for c in ray] for ray in cone.rays])
        masks = np.array([[mask] for mask in cone.tight], np.uint64)
        self.sets = ray_sets(masks, len(cone.rays), walls)
        self.facets = np.array(cone.walls)
        self.normals = np.zeros((walls, n))
        self.normals[self.facets] = cone.inequalities
        self.u = np.random.default_rng(1).normal(size=n)

    def flows(self) -> NDArray[np.float64]:
        """Of all facets, with their errors."""
        count, (walls, n) = len(self.facets), self.normals.shape
        every, exact = np.ones(count, np.uint64), np.zeros(walls)
        lattice = face_lattice(self.sets, self.facets, count, every, self.normals, exact)
        flows, moments = np.empty((count, 2)), np.empty((count, n + 1))
        facet_flows(lattice, n, self.rays, self.u, 0.0, flow_rules(), flows, moments)
        return flows


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
        facets = np.mean([len(one.facets) for one in ready])
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
