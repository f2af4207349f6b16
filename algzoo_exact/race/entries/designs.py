"""Sets of input points for the estimators that evaluate a network: random, Sobol, Sobol by order.

A set is cut into chunks, and each chunk depends on the seed and its number only. Variants of one
model see the same points for the same seed. Points do not depend on the weights, so drawing
them and labelling them is free.

Sobol points are scrambled by the seed (Matousek's linear scrambling and a random shift, as torch
does it): each point by itself is uniform, so that means are unbiased.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.normal import normal_quantile
from algzoo_exact.zoo.tasks import draw_inputs, targets

CHUNK = 1 << 17
_LONGEST = 1 << 30  # torch's Sobol sequences end there
_KEPT = 8  # chunks in memory, of 5 MiB each for ten inputs

Points = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Inputs (n, size) and their labels (size)."""


@lru_cache(_KEPT)
def random_chunk(task: Task, size: int, seed: int, number: int) -> Points:
    """Independent standard normal inputs. Not those of ``sample``, whatever its seed."""
    cpu = torch.device("cpu")
    x = draw_inputs(task, size, f"race {seed}", number, torch.float32, cpu)
    return x.numpy(), targets(task, x).numpy()


@lru_cache(_KEPT)
def sobol_chunk(task: Task, size: int, seed: int, number: int) -> Points:
    """Sobol points in the cube of the inputs' own quantiles."""
    uniform = sobol_points(task.seq_len, size, seed, number)
    return _labelled(task, normal_quantile(uniform))


@lru_cache(_KEPT)
def sobol_order_chunk(task: Task, size: int, seed: int, number: int) -> Points:
    """Sobol points in order coordinates, see ``by_order``."""
    n = task.seq_len
    uniform = sobol_points(order_dimensions(n), size, seed, number)
    return _labelled(task, by_order(uniform, n))


Chunk = Callable[[Task, int, int, int], Points]


def sobol_points(dimensions: int, size: int, seed: int, number: int) -> NDArray[np.float64]:
    """Points ``number * size`` onwards of a scrambled Sobol sequence: (dimensions, size).

    Strictly between 0 and 1: the middles of 2^30 equal parts.
    """
    engine: Any = torch.quasirandom.SobolEngine(  # type: ignore[no-untyped-call]
        dimensions, scramble=True, seed=seed
    )
    if number:
        engine.fast_forward(number * size)
    points = engine.draw(size, dtype=torch.float64)
    return np.ascontiguousarray(points.numpy().T) + 0.5 / _LONGEST


def order_dimensions(n: int) -> int:
    """How many coordinates ``by_order`` takes for ``n`` inputs."""
    return n + 2 if n > 2 else n + 1


def by_order(u: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Standard normal inputs (n, N) from order coordinates ``u`` (order_dimensions(n), N).

    Most important first: the positions of the largest and the second largest input; the second
    value; the largest value given it; the third value; its position; the other inputs, in the
    order of their positions. Uniform coordinates give independent normal inputs.

    With Phi of an input uniform, the second largest of n has the distribution function
    n t^(n-1) - (n-1) t^n; above it the largest is uniform, below it the third is t U^(1/(n-2)), and
    the rest are uniform below that.
    """
    count = u.shape[1]
    pair = np.minimum((u[0] * (n * (n - 1))).astype(np.int64), n * (n - 1) - 1)
    first, second = pair // (n - 1), pair % (n - 1)
    second += second >= first
    t = second_largest_uniform(u[1], n)
    x = np.empty((n, count))
    columns = np.arange(count)
    x[first, columns] = -normal_quantile((1 - t) * (1 - u[2]))  # by the upper tail, which is small
    x[second, columns] = normal_quantile(t)
    if n == 2:
        return x
    free = np.ones((n, count), bool)
    free[first, columns] = free[second, columns] = False
    others = np.nonzero(free.T)[1].reshape(count, n - 2).T  # positions left, in order
    t *= u[3] ** (1 / (n - 2))
    place = np.minimum((u[4] * (n - 2)).astype(np.int64), n - 3)
    x[others[place, columns], columns] = normal_quantile(t)
    for k in range(n - 3):
        at = others[k + (k >= place), columns]
        x[at, columns] = normal_quantile(t * u[5 + k])
    return x


def second_largest_uniform(u: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The t in (0, 1) with n t^(n-1) - (n-1) t^n = u, by bisection."""
    low, high = np.zeros_like(u), np.ones_like(u)
    for _ in range(53):
        middle = (low + high) / 2
        below = middle ** (n - 1) * (n - (n - 1) * middle) < u
        low = np.where(below, middle, low)
        high = np.where(below, high, middle)
    return (low + high) / 2


def _labelled(task: Task, x: NDArray[np.float64]) -> Points:
    rows = np.ascontiguousarray(x, np.float32)
    return rows, targets(task, torch.from_numpy(rows)).numpy()
