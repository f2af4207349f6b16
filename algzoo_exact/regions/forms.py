"""Linear functionals at the rays of a cone in float64, with their signs proved, compiled."""

from __future__ import annotations

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled_in_place, compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.regions.batch import Rays
from algzoo_exact.regions.polish import Walls, block, column_of

MIXED, UNDECIDED_SIGN = 2, 3


@compiled_in_place
def count_signs(rays: Rays, sign: I64, value: int) -> int:
    """How many rays have this sign."""
    number = 0
    for r in range(rays.number):
        number += sign[r] == value
    return number


@compiled_in_place_any_order
def evaluate(row: F64, rays: Rays, state: int, column: int) -> None:
    """row . h at the rays into a ``column``, h in the columns from ``state`` on, with the bound (1)
    of ``regions.compiled``."""
    d, values, errors = row.shape[0], rays.values, rays.errors
    for r in range(rays.number):
        total, bound = 0.0, 0.0
        for i in range(d):
            w, v, e = row[i], values[r, state + i], errors[r, state + i]
            total += w * v
            bound += abs(w) * (e + (d + 3.0) * U * abs(v))
            bound += TINY if w != 0.0 and (v != 0.0 or e != 0.0) else 0.0
        values[r, column], errors[r, column] = total, bound * SLACK


@compiled_in_place_any_order
def _add_multiples(v: float, e: float, unit: float, row: F64, totals: F64, bounds: F64) -> None:
    """One term of (1) in many sums."""
    if v != 0.0 or e != 0.0:
        off = (e + unit * abs(v)) * SLACK
        for q in range(row.shape[0]):
            w = row[q]
            totals[q] += w * v
            bounds[q] += abs(w) * off + (TINY if w != 0.0 else 0.0)


@compiled_in_place
def evaluate_layer(walls: Walls, rays: Rays, first: int, level: int) -> None:
    """z[t] from neuron ``level`` on, at the rays from ``first`` on, as ``evaluate`` does."""
    weights = walls.weights
    t = weights.layer[level]
    start, end = weights.first[t], weights.first[t + 1]
    width = start - weights.first[t - 1] if t > 0 else 0
    begin, stop = weights.reads[t, 0], weights.reads[t, 1]
    state, place = block(walls, t + 1), column_of(walls, level)
    unit = (stop - begin + width + 3.0) * U
    for r in range(first, rays.number):
        values, errors = rays.values[r], rays.errors[r]
        totals, bounds = values[place : place + end - level], errors[place : place + end - level]
        for q in range(end - level):
            totals[q] = bounds[q] = 0.0
        for c in range(begin, stop):
            row = weights.input[c, level:end]
            _add_multiples(values[c], errors[c], unit, row, totals, bounds)
        for i in range(width):
            row = weights.state[i, level:end]
            _add_multiples(values[state + i], errors[state + i], unit, row, totals, bounds)


@compiled_in_place
def find_signs(rays: Rays, column: int, sign: I64) -> int:
    """Signs in a column, into ``sign``. Returns +1, -1 or 0 where no two differ strictly, MIXED, or
    UNDECIDED_SIGN if one is."""
    positive = False
    negative = False
    for r in range(rays.number):
        value, error = rays.values[r, column], rays.errors[r, column]
        if value > error:
            sign[r] = 1
            positive = True
        elif value < -error:
            sign[r] = -1
            negative = True
        elif value == 0.0 and error == 0.0:
            sign[r] = 0
        else:
            return UNDECIDED_SIGN
    if positive and negative:
        return MIXED
    return int(positive) - int(negative)
