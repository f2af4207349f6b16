"""Networks with fewer or coarser weights: pruned by size, or rounded to another number format."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Literal, get_args

from algzoo_exact.errors import InputError, demand, one_of
from algzoo_exact.program.ir import Matrix
from algzoo_exact.program.perturb import Network, matrices_of, rebuilt
from algzoo_exact.program.rounding import nearest

Format = Literal["float32", "float16", "bfloat16", "int8"]
FORMATS: tuple[Format, ...] = get_args(Format)


def pruned_network(network: Network, share: float) -> Network:
    """The network with the smallest ``share`` of its weights, by absolute value, set to 0: so many,
    rounded down; of equal ones those first that come first.

    InputError for a share that is not from 0 to 1.
    """
    demand(share, int | float, "The share of weights to prune is a number")
    if not 0 <= share <= 1:
        raise InputError(f"The share of weights to prune is from 0 to 1, not {share}.")
    matrices = matrices_of(network)
    sizes = [
        (abs(w), m, i, j)
        for m, matrix in enumerate(matrices)
        for i, row in enumerate(matrix)
        for j, w in enumerate(row)
    ]
    chosen = {place[1:] for place in sorted(sizes)[: floor(Fraction(share) * len(sizes))]}
    kept = [
        tuple(
            tuple(Fraction(0) if (m, i, j) in chosen else w for j, w in enumerate(row))
            for i, row in enumerate(matrix)
        )
        for m, matrix in enumerate(matrices)
    ]
    return rebuilt(network, kept)


def rounded_network(network: Network, to: Format) -> Network:
    """The network with each weight the nearest number of a format, of two equally near ones the
    even one.

    "int8" is q s with an integer q from -127 to 127, and for each matrix s = max |w| / 127, itself
    rounded to float32.

    InputError for another format, and for weights beyond its range.
    """
    one_of("format", to, FORMATS)
    return rebuilt(network, [_rounded(matrix, to) for matrix in matrices_of(network)])


def _rounded(matrix: Matrix, to: Format) -> Matrix:
    return tuple(tuple(map(_rounding(matrix, to), row)) for row in matrix)


def _rounding(matrix: Matrix, to: Format) -> Callable[[Fraction], Fraction]:
    if to != "int8":
        return lambda w: nearest(w, to)
    scale = nearest(max(abs(w) for row in matrix for w in row) / 127, "float32")
    return lambda w: scale * min(127, max(-127, round(w / scale))) if scale else Fraction(0)
