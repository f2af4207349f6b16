"""A program's weights as float64 arrays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from math import inf
from operator import sub
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.ir import Program

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SAFE = (1e-200, 1e200)  # weights outside are left to exact arithmetic


class Weights(NamedTuple):
    """A program's layers for compiled code, neurons q numbered layer by layer, N in all, in L
    layers of at most D neurons.

    ``first`` (L + 1): each layer's first neuron, and N. ``layer`` (N): the layer of each neuron.
    ``state`` (D, N) and ``input`` (n, N): the columns of A (0 in the first layer) and B, side by
    side, padded with 0. ``reads`` (L, 2): layer t reads inputs from ``reads[t, 0]`` to before
    ``reads[t, 1]``. ``reach`` (L + 1): h[t-1] depends on the inputs before ``reach[t]``.
    ``readout`` (k, d) and ``margins`` (k, k, d), with d neurons in the last layer: C, and its rows'
    differences.

    Each entry is within a relative error U, so it is 0 exactly where the rational is.
    """

    first: Integers
    layer: Integers
    state: Floats
    input: Floats
    reads: Integers
    reach: Integers
    readout: Floats
    margins: Floats


@lru_cache(maxsize=4)
def float_weights(program: Program) -> Weights | None:
    """The program in float64, or None where a weight is out of the safe range. Not to be written
    to: the starting cones of a program share it."""
    try:
        return _weights(program)
    except OverflowError:
        return None


def _weights(program: Program) -> Weights:
    layers, readout, k = program.layers, program.readout, program.outputs
    last = _in_range(readout)
    if all(map(is_float, chain(*readout))):
        margins = last[:, None] - last[None, :]  # rounded correctly, so 0 only where equal
    else:
        margins = _in_range([tuple(map(sub, p, q)) for p in readout for q in readout])
    known = {id(rows): _in_range(rows) for rows in (layer.state for layer in layers[1:])}  # shared
    state = np.zeros((program.hidden_size, program.neurons))
    for start, layer in zip(program.first[1:], layers[1:], strict=False):
        part = known[id(layer.state)]
        state[: part.shape[1], start : start + len(part)] = part.T
    reads = np.array([[layer.reads.start, layer.reads.stop] for layer in layers])
    return Weights(
        np.array(program.first),
        np.repeat(np.arange(len(layers)), program.widths),
        state,
        np.concatenate([_in_range(layer.input) for layer in layers]).T.copy(),
        reads,
        np.maximum.accumulate([0, *reads[:, 1]]),
        last,
        margins.reshape(k, k, -1),
    )


@lru_cache(maxsize=4)
def exact_weights(program: Program) -> Weights | None:
    """The program, each weight exactly; None where one is no float64 or of extreme size."""
    matrices = {id(m): m for layer in program.layers for m in (layer.state, layer.input)}
    entries = chain(*chain(*matrices.values()), *program.readout)
    return float_weights(program) if all(map(is_float, entries)) else None


def nearest(value: Fraction) -> float:
    """The nearest float64, infinite beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def is_float(value: Fraction) -> bool:
    """Whether float64 holds the value exactly (and it is far from overflow and underflow)."""
    bottom = value.denominator
    few_bits = value.numerator.bit_length() <= 53 and bottom.bit_length() < 600
    return few_bits and bottom & (bottom - 1) == 0


def rounded_weights(program: Program) -> tuple[Floats, Floats, Floats]:
    """An RNN's W_hi (d), W_hh (d, d) and W_oh (k, d), each rounded to nearest; OverflowError if
    one is beyond float64."""
    (w_in,) = rounded((program.input_weights,))
    return w_in, rounded(program.recurrent), rounded(program.readout)


def rounded(rows: Sequence[Sequence[Fraction]]) -> Floats:
    """The entries, each rounded to nearest; OverflowError if one is beyond float64."""
    return np.array([[float(entry) for entry in row] for row in rows])


def _in_range(rows: Sequence[Sequence[Fraction]]) -> Floats:
    """Entries as floats, each within a relative error U; OverflowError if one leaves the safe
    range."""
    array = rounded(rows)
    size = np.abs(array)
    nonzero = np.array([[entry.numerator != 0 for entry in row] for row in rows])
    if np.any(nonzero & ((size < SAFE[0]) | (size > SAFE[1]))):
        raise OverflowError("a weight is out of the safe range")
    return array
