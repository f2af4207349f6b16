"""Terms and formulas on random inputs, in float64: figures that prove nothing.

For what no exact method decides. Equations between terms that are rounded differently fail in
float64 where they hold exactly; order, signs and errors are what sampling is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import reduce
from math import sqrt
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import FloatRangeError, InputError
from algzoo_exact.explain.language.expression import (
    OPERATIONS,
    RELATIONS,
    Compare,
    Entry,
    Formula,
    If,
    Number,
    Operation,
    Term,
    Truth,
    weight_of,
)
from algzoo_exact.explain.outcome import Figure
from algzoo_exact.program.floats import rounded
from algzoo_exact.program.ir import Program
from algzoo_exact.runtime.sampled import pooled

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

Error = Literal["supremum", "root_mean_square", "mean"]

SAMPLES = 1 << 20

_BLOCK = 1 << 14
# Multiplications in one product of matrices: from more on, OpenBLAS runs them on several threads,
# which on a busy machine takes ten times as long.
_PRODUCTS = 1 << 18

_OPERATIONS: dict[Operation, Callable[[list[Floats]], Floats]] = OPERATIONS | {
    "min": lambda args: reduce(np.minimum, args),
    "max": lambda args: reduce(np.maximum, args),
    "relu": lambda args: np.maximum(args[0], 0.0),
}


def sampled_probability(
    program: Program,
    formula: Formula,
    samples: int = SAMPLES,
    seed: int = 0,
    deadline: Deadline = NEVER,
) -> Figure:
    """How often ``formula`` holds at ``samples`` standard normal inputs; where there is no time for
    so many, at fewer.

    The figure's standard ``error`` is sqrt(q (1 - q) / samples) with Laplace's q =
    (count + 1) / (samples + 2), so that it is not 0 where all inputs agree. The same seed draws
    the same inputs for programs of the same sizes.

    FloatRangeError for weights and states beyond float64; InputError unless there is a sample to
    draw.
    """
    held = [block.formula(formula) for block in _blocks(program, samples, seed, deadline)]
    count, samples = sum(int(part.sum()) for part in held), sum(map(len, held))
    q = (count + 1) / (samples + 2)
    error = sqrt(q * (1 - q) / samples)
    return Figure("probability", "sampled", estimate=count / samples, error=error, samples=samples)


def sampled_error(
    program: Program,
    left: Term,
    right: Term,
    scale: Term | None,
    domain: Formula,
    error: Error,
    samples: int = SAMPLES,
    seed: int = 0,
    deadline: Deadline = NEVER,
) -> Figure:
    """How far ``left`` and ``right`` are apart at those of ``samples`` inputs in ``domain``.

    ``mean`` and ``root_mean_square`` are of |left - right|, with a standard ``error`` (for the
    root to first order). ``supremum`` is the largest |left - right| / ``scale`` seen, without a
    standard error: the true one is that or more, up to rounding. The figure's ``samples`` are
    those in the domain; if there are none, there is no estimate.

    Errors as in ``sampled_probability``.
    """
    assert (scale is not None) == (error == "supremum")
    greatest, seen = 0.0, list[tuple[int, float, float]]()
    for block in _blocks(program, samples, seed, deadline):
        inside = block.formula(domain)
        with np.errstate(over="ignore", invalid="ignore"):
            gaps = _finite(np.abs(block.term(left) - block.term(right))[inside])
        if scale is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                # Where the scale is 0, equal terms say nothing, and others differ without bound.
                ratios = gaps / block.term(scale)[inside]
            greatest = max(greatest, float(np.max(ratios[gaps > 0], initial=0.0)))
        with np.errstate(over="ignore"):
            numbers = _finite(gaps if error == "mean" else gaps**2)
            if len(numbers):
                mean = float(numbers.mean())
                seen.append((len(numbers), mean, float(((numbers - mean) ** 2).sum())))
    if not seen:
        return Figure(error, "sampled", samples=0)
    count, estimate, deviation = pooled(seen)
    if error == "supremum":
        return Figure(error, "sampled", estimate=greatest, samples=count)
    if error == "root_mean_square":
        estimate = sqrt(estimate)
        deviation = deviation / (2 * estimate) if estimate else 0.0
    return Figure(error, "sampled", estimate=estimate, error=deviation, samples=count)


def _blocks(program: Program, samples: int, seed: int, deadline: Deadline) -> Iterator[Block]:
    if samples < 1:
        raise InputError(f"The number of samples must be at least 1, not {samples}.")
    # The legacy generator: numpy promises that its streams never change.
    random = np.random.RandomState(seed)
    size = max(1, min(_BLOCK, _PRODUCTS // program.hidden_size**2))
    weights = Floating(program)
    for start in range(0, samples, size):
        if start and deadline.passed:
            return
        drawn = random.standard_normal((program.seq_len, min(size, samples - start)))
        yield Block(weights, drawn)


class Floating:
    """A program's layers in float64, as (state, weights of the inputs that are read, those inputs),
    and its read-out; FloatRangeError for weights beyond float64."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.layers = [
            (_floats(p.state), _floats(p.input)[:, p.reads.start : p.reads.stop], p.reads)
            for p in program.layers
        ]
        self.readout = _floats(program.readout)


class Block:
    """A program's entries at many inputs, a column of ``x`` (n, count) each."""

    def __init__(self, weights: Floating, x: Floats) -> None:
        self._weights, self._x = weights, x
        self._z: list[Floats] = []  # (d, count) for each step so far
        self._h: list[Floats] = []

    def term(self, term: Term) -> Floats:
        """The term's values (count)."""
        return np.broadcast_to(self._term(term), self._x.shape[1:])

    def formula(self, formula: Formula) -> Bools:
        """Where the formula holds (count)."""
        return np.broadcast_to(self._formula(formula), self._x.shape[1:])

    def _term(self, term: Term) -> Floats:
        """Numbers and weights have shape ()."""
        if isinstance(term, Number):
            return np.asarray(_floats(((term.value,),))[0, 0])
        if isinstance(term, Entry):
            return self._entry(term)
        if isinstance(term, If):
            branches = self._term(term.then), self._term(term.otherwise)
            return np.where(self._formula(term.condition), *branches)
        return _OPERATIONS[term.op]([self._term(arg) for arg in term.args])

    def _formula(self, formula: Formula) -> Bools:
        if isinstance(formula, Truth):
            return np.array(formula.value)
        if isinstance(formula, Compare):
            left, right = self._term(formula.left), self._term(formula.right)
            held: Bools = RELATIONS[formula.op](left, right)
            return held
        args = [self._formula(arg) for arg in formula.args]
        match formula.op:
            case "and":
                return reduce(np.logical_and, args)
            case "or":
                return reduce(np.logical_or, args)
            case "not":
                return ~args[0]
            case "implies":
                return ~args[0] | args[1]

    def _entry(self, entry: Entry) -> Floats:
        array, indices = entry.array, entry.indices
        if array.startswith("W_"):
            return self._term(Number(weight_of(self._weights.program, entry)))
        if array == "x":
            return np.asarray(self._x[indices[0]])
        if array == "logit":
            self._run(len(self._weights.layers))
            return _finite(self._weights.readout[indices[0]] @ self._h[-1])
        step, neuron = indices
        if step < 0:
            return np.array(0.0)
        self._run(step + 1)
        return np.asarray((self._z if array == "z" else self._h)[step][neuron])

    def _run(self, steps: int) -> None:
        for state, weights, reads in self._weights.layers[len(self._h) : steps]:
            with np.errstate(over="ignore", invalid="ignore"):
                z = weights @ self._x[reads.start : reads.stop]
                if self._h:
                    z += state @ self._h[-1]
            self._z.append(_finite(z))
            self._h.append(np.maximum(z, 0.0))


def _floats(rows: tuple[tuple[Fraction, ...], ...]) -> Floats:
    try:
        return rounded(rows)
    except OverflowError:
        raise FloatRangeError("A weight or number is beyond the range of float64.") from None


def _finite(values: Floats) -> Floats:
    if not np.isfinite(values).all():
        raise FloatRangeError("Sampled states go beyond the range of float64.")
    return values


def if_in_range(what: str, sample: Callable[[], Figure]) -> Figure:
    """The sampled figure; none is drawn where floats do not reach, which costs nothing proved."""
    try:
        return sample()
    except FloatRangeError:
        return Figure(what, "sampled")
