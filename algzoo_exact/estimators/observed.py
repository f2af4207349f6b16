"""What random inputs meet: activation patterns, and answers by true label. Estimates only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from algzoo_exact.estimators.sampling import BLOCK, inputs
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.tasks import labels

BLOCKS = 4  # of 2^16 inputs


@dataclass(frozen=True, eq=False)
class Observed:
    """``samples`` inputs: how often each pattern (as bits) was met, ``answers[label][answer]``
    where one logit is the largest, and ``tied[label]`` where several are."""

    samples: int
    patterns: Counter[int]
    answers: tuple[tuple[int, ...], ...]
    tied: tuple[int, ...]


def observe(program: Program, task: Task, seed: int) -> Observed:
    """The first inputs that ``sample`` draws with this seed, in float64.

    For median there are no labels, and no answers are counted.
    """
    n = task.seq_len
    patterns: Counter[int] = Counter()
    answers, tied = np.zeros((n, n), np.int64), np.zeros(n, np.int64)
    for block in range(BLOCKS):
        x = inputs(task, seed, block, torch.float64, torch.device("cpu"))
        found, logits = _run(program, x.numpy())
        patterns.update(found)
        if task.name == "median":
            continue
        label = labels(task, x).numpy()
        largest = logits == logits.max(0)
        several = largest.sum(0) > 1
        np.add.at(tied, label[several], 1)
        np.add.at(answers, (label[~several], logits.argmax(0)[~several]), 1)
    return Observed(
        BLOCKS * BLOCK,
        patterns,
        tuple(tuple(int(count) for count in row) for row in answers),
        tuple(int(count) for count in tied),
    )


def _run(program: Program, x: NDArray[np.float64]) -> tuple[Counter[int], NDArray[np.float64]]:
    """How often each pattern is met by the columns of ``x`` (n, N), and the logits (k, N)."""
    w_hi = np.array([float(w) for w in program.input_weights])
    w_hh, w_oh = (
        np.array([[float(w) for w in row] for row in matrix])
        for matrix in (program.recurrent, program.readout)
    )
    h = np.zeros((program.hidden_size, x.shape[1]))
    on = []
    for row in x:
        h = np.maximum(0, w_hh @ h + w_hi[:, None] * row)
        on.append(h > 0)
    packed = np.packbits(np.concatenate(on), axis=0, bitorder="little")
    found, counts = np.unique(packed, axis=1, return_counts=True)
    patterns = Counter(
        {
            int.from_bytes(column.tobytes(), "little"): int(count)
            for column, count in zip(found.T, counts, strict=True)
        }
    )
    return patterns, w_oh @ h
