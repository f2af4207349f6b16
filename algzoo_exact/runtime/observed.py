"""What random inputs meet: activation patterns, and answers by true label. Estimates only."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray

from algzoo_exact.errors import FloatRangeError
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.runtime.networks import network_for
from algzoo_exact.runtime.sampled import Observed
from algzoo_exact.runtime.sampling import BLOCK, inputs, labelling
from algzoo_exact.zoo.tasks import targets

BLOCKS = 4  # of 2^16 inputs
_CHUNK = 1 << 12  # inputs whose states stay in a core's cache


def observe(program: Program, task: Task, seed: int, bits: int | None = None) -> Observed:
    """The first inputs that ``sample_drawn`` draws with this seed and these bits, in float64.

    For median there are no labels, and squared errors are summed in place of answers.
    FloatRangeError where weights, states or outputs are beyond the range of float64.
    """
    n = task.seq_len
    patterns: Counter[int] = Counter()
    squares: dict[tuple[int, int], float] = {}
    labels = task.outputs
    answers, tied = np.zeros((labels, labels), np.int64), np.zeros(labels, np.int64)
    place = torch.device("cpu")
    labels_of = labelling(task, torch.float64, place)
    network = network_for(program, torch.float64, place)
    for block in range(BLOCKS):
        x = inputs(task, seed, block, torch.float64, place, bits)
        on = _on(program, x.numpy()) if n <= LARGEST_DIMENSION else None
        if task.is_numeric:
            if on is not None:
                errors = (network.outputs(x)[0] - targets(task, x)).numpy()
                _add_squares(squares, patterns, on, _middles(x.numpy()), errors**2)
            continue
        if on is not None:
            found, _, counts = _grouped(on)
            patterns.update(dict(zip(found, map(int, counts), strict=True)))
        label, logits = labels_of(x).numpy(), network.outputs(x).numpy()
        largest = logits == logits.max(0)
        several = largest.sum(0) > 1
        np.add.at(tied, label[several], 1)
        np.add.at(answers, (label[~several], logits.argmax(0)[~several]), 1)
    return Observed(
        BLOCKS * BLOCK,
        patterns,
        tuple(tuple(int(count) for count in row) for row in answers),
        tuple(int(count) for count in tied),
        squares,
    )


def _on(program: Program, x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which neurons are on (n d, N) for the columns of ``x`` (n, N)."""
    w_hi, w_hh, _ = rounded_weights(program)
    on = np.empty((x.shape[0] * program.hidden_size, x.shape[1]), np.bool_)
    for at in range(0, x.shape[1], _CHUNK):
        part = slice(at, at + _CHUNK)
        h = np.zeros((program.hidden_size, x[0, part].size))
        for t, row in enumerate(x[:, part]):
            with np.errstate(over="ignore", invalid="ignore"):
                h = np.maximum(0, w_hh @ h + w_hi[:, None] * row)
            on[t * len(h) : (t + 1) * len(h), part] = h > 0
        if not np.isfinite(h).all():  # once it is not, it never is again
            raise FloatRangeError("The states overflow in float64; this model cannot be sampled.")
    return on


def _middles(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each entry of ``x`` (n, N) is the middle one of its column, or one of two."""
    n = len(x)
    below = x.argsort(0).argsort(0)
    middle: NDArray[np.bool_] = (below == (n - 1) // 2) | (below == n // 2)
    return middle


def _add_squares(
    squares: dict[tuple[int, int], float],
    patterns: Counter[int],
    on: NDArray[np.bool_],
    middle: NDArray[np.bool_],
    errors: NDArray[np.float64],
) -> None:
    """Add squared errors (N) by pattern and middle inputs, and count patterns."""
    found, names, counts = _grouped(np.concatenate([on, middle]))
    sums = np.bincount(names, errors)
    for both, total, count in zip(found, sums, counts, strict=True):
        pattern, middles = both & ((1 << len(on)) - 1), both >> len(on)
        squares[pattern, middles] = squares.get((pattern, middles), 0.0) + float(total)
        patterns[pattern] += int(count)


def _grouped(
    on: NDArray[np.bool_],
) -> tuple[list[int], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct columns of ``on`` (k, N) as bits, which of them each column is (N), and how
    often each comes.

    Words of 64 bits are numbered one after the other, so that numpy sorts integers, not columns.
    """
    packed = np.packbits(on, axis=0, bitorder="little")
    whole = np.zeros((-(-len(packed) // 8) * 8, packed.shape[1]), np.uint8)
    whole[: len(packed)] = packed
    words = np.ascontiguousarray(whole.T).view("<u8")
    names = np.zeros(len(words), np.int64)
    for word in words.T:
        distinct, place = np.unique(word, return_inverse=True)
        _, names = np.unique(names * len(distinct) + place, return_inverse=True)
    _, first, names, counts = np.unique(
        names, return_index=True, return_inverse=True, return_counts=True
    )
    return [int.from_bytes(words[at].tobytes(), "little") for at in first], names, counts
