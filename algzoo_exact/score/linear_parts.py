"""Bounds of f - median by its linear part: quick, rigorous and wide.

Each value of the program is c.x + r with |r| <= e in some norm. A neuron of unknown sign is half of
z plus half of |z|, so

    z = c.x + r            gives    max(0, z) = (c/2).x + r',   |r'| <= e/2 + |z|/2 <= e + |c|/2.

This holds in two norms: in L2 over all Gaussian inputs (where c.x has norm |c|), and in the largest
value over unit vectors of a cone (where c.x is at most |c|). On a cone, neurons whose sign is
certain are passed on as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb

from algzoo_exact.exact.enclosure import Enclosure, to_arb, working_precision
from algzoo_exact.geometry.cone import Cone
from algzoo_exact.program.ir import Program, Vector

_BITS = 64
_Part = tuple[list[arb], arb]
"""c and a bound e of the rest."""


def whole_space_bounds(program: Program, from_mean: Fraction) -> Enclosure:
    """The mean squared error of a program, by norms in L2, where the number that is asked for is
    the mean of the inputs and something whose square is ``from_mean`` on average, at most."""
    n = program.seq_len
    with working_precision(_BITS):
        c, rest = _output(program, None)
        linear = _norm([p - arb(1) / n for p in c])
        rest += to_arb(from_mean).sqrt()
        low = (linear - rest).max(arb(0))
        lower, upper = Enclosure.from_arb(low), Enclosure.from_arb(linear + rest)
    return Enclosure(max(Fraction(0), lower.lower) ** 2, upper.upper**2)


def largest_slope(program: Program, median: Vector, cone: Cone) -> Fraction:
    """A bound of |f(x) - median(x)| / |x| on a cone on which the median is ``median`` . x."""
    with working_precision(_BITS):
        rays = [[arb(c) for c in ray] for ray in cone.rays]
        rays = [[c / _norm(ray) for c in ray] for ray in rays]
        c, rest = _output(program, rays)
        slope = _norm([p - to_arb(q) for p, q in zip(c, median, strict=True)]) + rest
        return Enclosure.from_arb(slope).upper


def _output(program: Program, rays: Sequence[Sequence[arb]] | None) -> _Part:
    state: list[_Part] = []
    for layer in program.layers:
        fresh = []
        for row, weights in zip(layer.state, layer.input, strict=True):
            read: _Part = [to_arb(w) for w in weights], arb(0)
            z = _combined((*row[: len(state)], Fraction(1)), [*state, read])
            fresh.append(_rectified(z, rays))
        state = fresh
    return _combined(program.readout[0], state)


def _combined(weights: Sequence[Fraction], parts: Sequence[_Part]) -> _Part:
    total = [arb(0)] * len(parts[0][0])
    rest = arb(0)
    for weight, (c, e) in zip(weights, parts, strict=True):
        w = to_arb(weight)
        total = [p + w * q for p, q in zip(total, c, strict=True)]
        rest += abs(w) * e
    return total, rest


def _rectified(z: _Part, rays: Sequence[Sequence[arb]] | None) -> _Part:
    c, rest = z
    if rays is not None:
        # For x = sum of l_i r_i with unit rays, c.x - e |x| >= sum of l_i (c.r_i - e).
        values = [sum((p * q for p, q in zip(c, ray, strict=True)), arb(0)) for ray in rays]
        if all(value >= rest for value in values):
            return z
        if all(value <= -rest for value in values):
            return [arb(0)] * len(c), arb(0)
    return [p / 2 for p in c], rest + _norm(c) / 2


def _norm(c: Sequence[arb]) -> arb:
    square = sum((p * p for p in c), arb(0))
    return square.sqrt() if square > 0 else arb(0).union(square.abs_upper().sqrt())
