"""Counting an estimator's floating-point operations.

An array that is wrapped by a ``FlopCounter`` stays wrapped through everything that is computed
from it, and every operation on it is charged; an operation without a price raises
``UncountedError`` instead of passing for free. Wrap the weights, and compute.

The prices:

- 1 for each element of the result: add, subtract, multiply, divide, negate, square, compare,
  select (``where``), maximum, minimum (so ReLU), abs, square root, sign, rounding, logical
  operations;
- ``TRANSCENDENTAL`` = 10 for each element: exp, log, trigonometry, powers, the normal distribution
  function and its inverse;
- 2 m n k for a matrix product (m, k) x (k, n);
- n - 1 for a reduction of n numbers (sum, product, any, all, largest, argmax);
- n ceil(log2 n) to sort n numbers;
- 0 for moving data: reshaping, indexing, transposing, copying, joining.

What does not depend on the model (nodes of a rule, points, tables for the task) may be computed
beforehand and is free, as random numbers are for the sampler. Compiled kernels can't be watched:
they declare their operations with ``charge``, by the same prices.

The sampler, against which all are measured, is charged ``sample_cost``: the products of one
forward pass. Its random numbers, ReLUs and argmax are free, which favours it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil, inf, log2
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import ArrayLike, NDArray

from algzoo_exact.program.ir import Program

TRANSCENDENTAL = 10


def sample_cost(program: Program) -> int:
    """Operations of one random sample: n (2 d^2 + 2 d) + 2 d k for k logits, 5,760 for (16, 10)."""
    d = program.hidden_size
    return program.seq_len * (2 * d * d + 2 * d) + 2 * d * program.outputs


class UncountedError(TypeError):
    """An operation on counted arrays whose price is not known: a mistake in an estimator."""


class BudgetSpentError(Exception):
    """The next operation would cost more than is left."""


class FlopCounter:
    """Operations so far, in ``total``; BudgetSpentError before they pass the ``limit``."""

    def __init__(self, limit: float = inf) -> None:
        self.limit, self.total = limit, 0

    def array(self, values: ArrayLike) -> Counted:
        """A float64 array (a copy) whose operations are charged here."""
        return Counted(np.array(plain(values), np.float64), self)

    def charge(self, flops: int) -> None:
        """Add operations that a compiled kernel did."""
        if flops < 0:
            raise ValueError(f"Operations can't be negative: {flops}.")
        if self.total + flops > self.limit:
            raise BudgetSpentError
        self.total += int(flops)


class Counted(NDArrayOperatorsMixin):
    """A numpy array whose operations are charged to ``counter``. Take it out with ``plain``."""

    __slots__ = ("counter", "values")

    def __init__(self, values: NDArray[Any], counter: FlopCounter) -> None:
        self.values, self.counter = values, counter

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def size(self) -> int:
        return self.values.size

    @property
    def T(self) -> Counted:  # noqa: N802
        return Counted(self.values.T, self.counter)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Counted({self.values!r})"

    def __iter__(self) -> Iterator[Counted]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Counted:
        return Counted(np.asarray(self.values[plain(key)]), self.counter)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.values[plain(key)] = plain(value)

    def __bool__(self) -> bool:
        """Branching on a comparison, which is charged already."""
        return bool(self.values)

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise UncountedError("A counted array would lose its counter; plain() takes it out.")

    def __float__(self) -> float:
        raise UncountedError("A counted number would lose its counter; plain() takes it out.")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__" or set(kwargs) - {"out"}:
            raise UncountedError(f"numpy's {name}.{method} with {sorted(kwargs)} has no price.")
        arguments = [plain(value) for value in inputs]
        targets = kwargs.get("out", ())
        result = ufunc(*arguments, **plain(kwargs))
        self.counter.charge(_ufunc_cost(name, arguments, result))
        return targets[0] if targets else Counted(np.asarray(result), self.counter)

    def __array_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        if function not in _MOVES and function not in _COSTS:
            raise UncountedError(f"numpy's {function.__name__} has no price.")
        arguments, options = plain(args), plain(dict(kwargs))
        result = function(*arguments, **options)
        if function in _COSTS:
            self.counter.charge(_COSTS[function](result, *arguments, **options))
        return Counted(np.asarray(result), self.counter)

    # Methods that numpy's own arrays have too, so that code reads alike with and without a counter.

    def reshape(self, *shape: Any) -> Counted:
        return Counted(self.values.reshape(*shape), self.counter)

    def copy(self) -> Counted:
        return Counted(self.values.copy(), self.counter)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Counted:
        result: Counted = np.sum(self, axis=axis, keepdims=keepdims)
        return result

    def max(self, axis: Any = None, keepdims: bool = False) -> Counted:
        result: Counted = np.max(self, axis=axis, keepdims=keepdims)
        return result


def plain(value: Any) -> Any:
    """The value with every counted array in it (in tuples, lists and dicts too) unwrapped.

    Meant for results, indices and printing: what is computed from it is not counted.
    """
    if isinstance(value, Counted):
        return value.values
    if isinstance(value, tuple | list):
        return type(value)(plain(part) for part in value)
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value


def elementwise(function: Callable[..., Any], cost: int, *arrays: Any) -> Any:
    """``function`` of whole arrays, charged ``cost`` for each element of its result.

    For functions that numpy lacks, such as the normal distribution function. Plain arrays give a
    plain result, at no charge.
    """
    counters = [array.counter for array in arrays if isinstance(array, Counted)]
    result = function(*plain(arrays))
    if not counters:
        return result
    counters[0].charge(cost * np.size(result))
    return Counted(np.asarray(result), counters[0])


_CHEAP = (
    "add subtract multiply divide true_divide negative positive square reciprocal maximum minimum "
    "fmax fmin absolute fabs sqrt sign floor ceil rint trunc floor_divide remainder copysign "
    "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not "
    "logical_xor bitwise_and bitwise_or bitwise_xor invert isnan isinf isfinite signbit heaviside"
)
_DEAR = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh "
    "arcsinh arccosh arctanh power float_power cbrt hypot logaddexp"
)
_UFUNCS = dict.fromkeys(_CHEAP.split(), 1) | dict.fromkeys(_DEAR.split(), TRANSCENDENTAL)


def _ufunc_cost(name: str, arguments: list[Any], result: Any) -> int:
    if name == "matmul":
        return 2 * int(np.shape(arguments[0])[-1]) * int(np.size(result))
    if name not in _UFUNCS:
        raise UncountedError(f"numpy's {name} has no price.")
    square = name == "power" and np.array_equal(arguments[1], 2)
    return (1 if square else _UFUNCS[name]) * int(np.size(result))


def _reduction(result: Any, a: Any, *_: Any, **__: Any) -> int:
    return int(np.size(a) - np.size(result))


def _sort(result: Any, a: Any, axis: int = -1) -> int:
    length = np.shape(a)[axis]
    return int(np.size(a)) * ceil(log2(length)) if length > 1 else 0


def _select(result: Any, condition: Any, chosen: Any, other: Any) -> int:
    return int(np.size(result))


_MOVES = {
    np.broadcast_to, np.concatenate, np.copy, np.ones_like, np.repeat, np.reshape, np.stack,
    np.swapaxes, np.tile, np.transpose, np.zeros_like,
}  # fmt: skip

_REDUCTIONS = (np.sum, np.prod, np.max, np.min, np.any, np.all, np.argmax, np.argmin)
_COSTS: dict[Callable[..., Any], Callable[..., int]] = {
    **dict.fromkeys(_REDUCTIONS, _reduction),
    np.sort: _sort,
    np.argsort: _sort,
    np.where: _select,
}
