"""Linear functionals at the rays of a cone in float64, with their signs proved, compiled."""

from __future__ import annotations

from typing import NamedTuple

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled_in_place, compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.regions.batch import Rays
from algzoo_exact.regions.polish import Walls, block, column_of

MIXED, UNDECIDED_SIGN = 2, 3


class Form(NamedTuple):
    """inputs . x + row . h, with h in the columns of ``Rays`` from ``state`` on; ``inputs`` from
    ``begin`` to before ``end`` count."""

    inputs: F64
    begin: int
    end: int
    row: F64
    state: int


@compiled_in_place
def count_signs(rays: Rays, sign: I64, value: int) -> int:
    """How many rays have this sign."""
    number = 0
    for r in range(rays.number):
        number += sign[r] == value
    return number


@compiled_in_place_any_order
def evaluate(form: Form, rays: Rays, first: int, column: int) -> None:
    """Its values at the rays from ``first`` on, into a ``column``, with the bound (1) of
    ``regions.compiled``."""
    d, values, errors = len(form.row), rays.values, rays.errors
    for r in range(first, rays.number):
        total = 0.0
        size = 0.0
        bound = 0.0
        for c in range(form.begin, form.end):
            w = form.inputs[c]
            term = w * values[r, c]
            total += term
            size += abs(term)
            bound += abs(w) * errors[r, c]
        for i in range(d):
            w = form.row[i]
            term = w * values[r, form.state + i]
            total += term
            size += abs(term)
            bound += abs(w) * errors[r, form.state + i]
        values[r, column] = total
        errors[r, column] = 0.0
        if size + bound > 0.0:
            # A single nonzero product is 0 only by underflow, which TINY covers.
            errors[r, column] = (
                bound + (form.end - form.begin + d + 3.0) * U * size
            ) * SLACK + TINY  # fmt: skip


@compiled_in_place
def evaluate_layer(walls: Walls, rays: Rays, first: int, level: int) -> None:
    """z[t] from neuron ``level`` on, at the rays from ``first`` on."""
    weights = walls.weights
    t = weights.layer[level]
    start = weights.first[t]
    width = start - weights.first[t - 1] if t > 0 else 0
    begin, end = weights.reads[t, 0], weights.reads[t, 1]
    for q in range(level, weights.first[t + 1]):
        row = weights.state[q, :width]
        form = Form(weights.input[q], begin, end, row, block(walls, t + 1))
        evaluate(form, rays, first, column_of(walls, q))


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
