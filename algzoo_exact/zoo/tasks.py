"""True labels of batches of inputs, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from algzoo_exact.program.task import Task


def labels(task: Task, x: Tensor) -> Tensor:
    """Labels (batch) of the inputs ``x`` (n, batch), as int64 indices below n.

    They agree with ``Task.label`` wherever the inputs that decide are distinct. Draws of
    float32 normals coincide about once in 10^7 pairs, and then any of the tied indices may come.
    """
    if task.name == "2nd_argmax":
        return _second_argmax(x)
    if task.name == "argmax":
        return first_argmax(x)
    if task.name == "argmedian":
        return x.median(0).indices
    if task.name == "argoutlier":
        return first_argmax((x - x.mean(0)).abs())
    raise AssertionError(f"no labels for {task.name}")


def first_argmax(rows: Tensor) -> Tensor:
    """The lowest index of the largest entry along the first axis: (k, batch) to (batch).

    A running maximum is elementwise, thus vectorised: on a CPU it is 20 times faster than
    ``argmax(0)``, which also leaves open which of several tied indices comes.
    """
    best = rows[0]
    index = torch.zeros_like(best, dtype=torch.int32)
    for k in range(1, len(rows)):
        index.masked_fill_(rows[k] > best, k)
        best = torch.maximum(best, rows[k])
    return index.long()


def _second_argmax(x: Tensor) -> Tensor:
    largest, second = torch.maximum(x[0], x[1]), torch.minimum(x[0], x[1])
    for row in x[2:]:
        second = torch.maximum(second, torch.minimum(largest, row))
        largest = torch.maximum(largest, row)
    index = torch.zeros_like(second, dtype=torch.int32)
    for k in range(len(x) - 1, -1, -1):
        index.masked_fill_(x[k] == second, k)
    return index.long()
