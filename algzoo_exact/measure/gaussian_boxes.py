"""Lower bounds on the Gaussian measure of cones over boxes, by one-dimensional quadrature.

A box cone with pivot p and sign s is {x : s x_p > 0, x_k in [a_k, b_k] |x_p| for k != p}, here
with -1 <= a_k <= b_k <= 1. Its standard Gaussian measure is the integral over r > 0 of

    g(r) = phi(r) prod_k (Phi(b_k r) - Phi(a_k r)).                                        (1)

g is log-concave: it is a marginal of a log-concave density restricted to a convex cone
(Prékopa 1973, Theorem 6). So log g lies above its chords, and between two nodes

    integral of g over [r, r'] >= (r' - r) L(g(r), g(r')) >= (r' - r) sqrt(g(r) g(r')),     (2)

with L the logarithmic mean. Nodes in geometric progression, of ratio 1 + q, make the relative
loss about q^2 n / 4 whatever the shape of the box (1e-4 for n = 5; 3e-3 for n = 10, where fewer
nodes are taken, for speed, because boxes decide little there). A lower bound is all that
certified accuracies need: both the right and the wrong mass are bounded from below. Roads not
taken: Gauss-Legendre (its error bound needs |Phi| in the complex plane), ball arithmetic for
each box (a thousand times slower).

Everything in (1) and (2) is rounded so that the result stays a lower bound:
 * `Quadrature` holds Phi at the centres j / 64, |j| <= 640, and phi there, as correctly rounded
   ball arithmetic. A Taylor polynomial of degree 7 around the nearest centre, |h| <= 1/128, has
   remainder at most sup|phi^(7)| h^8 / 8! < 15 * 1.4e-17 / 40320 < 1e-20; its evaluation in
   float64 adds less than 1e-15. `PHI_ERROR` allows 4e-15, rounding of the argument included
   (|x phi(x)| < 1/4).
 * a factor of (1) is lowered by twice that, and clipped at 0;
 * products, roots and the sum of N nodes are in error by a factor within 1 +- (N + 4 n + 8) 2^-53;
   `loss` is more than that, and each result is lowered by it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from flint import arb

from algzoo_exact.arrays import F64, I64
from algzoo_exact.exact.enclosure import working_precision

PHI_ERROR = 4e-15
CENTRES_PER_UNIT = 64
CENTRE_LIMIT = 10
_FIRST_NODE, _LAST_NODE = 2.0**-9, 9.5


class Quadrature(NamedTuple):
    """The nodes r_0 = 0 < r_1 < .. of (2), and room for Phi at (end point) x (node).

    ``density_below`` holds lower bounds of phi(r_i), ``steps`` of r_(i+1) - r_i; ``loss`` is more
    than the relative rounding error of one quadrature. ``phi`` and ``density``: Phi and phi at the
    centres j / 64, each within 2^-52 of its value. ``rows`` (end points, nodes): Phi at the
    products; ``made[0]`` counts the rows, and ``hashed`` finds the row of an end point.
    """

    radii: F64
    density_below: F64
    steps: F64
    loss: float
    phi: F64
    density: F64
    ends: F64
    rows: F64
    hashed: I64
    made: I64


def quadrature_for(dimension: int, end_points: int) -> Quadrature:
    """With room for so many end points."""
    tables = _tables(dimension)
    return Quadrature(
        *tables,
        ends=np.zeros(end_points),
        rows=np.zeros((end_points, tables[0].size)),
        hashed=np.full(4 * end_points, -1, np.int64),
        made=np.zeros(1, np.int64),
    )


@lru_cache(maxsize=8)
def _tables(
    dimension: int,
) -> tuple[F64, F64, F64, float, F64, F64]:
    """What all quadratures share. Nodes 0, then a geometric progression from 2^-9 to 9.5: 1024 in
    all, or 256 from n = 6 on; by ball arithmetic, in milliseconds."""
    count = 1023 if dimension < 6 else 255
    radii = np.concatenate(([0.0], np.geomspace(_FIRST_NODE, _LAST_NODE, count)))
    last = CENTRE_LIMIT * CENTRES_PER_UNIT
    with working_precision(96):
        root_two, root_two_pi = arb(2).sqrt(), (2 * arb.pi()).sqrt()

        def densities(points: list[arb]) -> F64:
            found = [((-c * c / 2).exp() / root_two_pi).mid() for c in points]
            return np.array([float(value) for value in found])

        centres = [arb(j) / CENTRES_PER_UNIT for j in range(-last, last + 1)]
        phi = [float(((-c / root_two).erfc() / 2).mid()) for c in centres]
        at_nodes, at_centres = densities([arb(r) for r in radii.tolist()]), densities(centres)
    return (
        radii,
        at_nodes * (1 - 2.0**-50),
        np.diff(radii) * (1 - 2.0**-50),
        (count + 1 + 8 * dimension + 64) * 2.0**-52,
        np.array(phi),
        at_centres,
    )
