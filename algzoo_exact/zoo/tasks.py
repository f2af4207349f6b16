"""True answers to batches of inputs, in torch."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import Task


def draw_inputs(
    task: Task,
    size: int,
    stream: str,
    number: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """Inputs (n, size): part ``number`` of the named stream, which depends on nothing else.

    Standard normal, or for longest_cycle integers below n (int64).
    """
    # torch's CPU generator uses 32 bits of its seed. Multiplying by an odd number permutes them,
    # so that no two parts of a stream share a seed.
    base = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "little")
    generator = torch.Generator(device).manual_seed((base + number * 0x9E3779B1) % 2**32)
    shape = (task.seq_len, size)
    if task.name == "longest_cycle":
        return torch.randint(task.seq_len, shape, generator=generator, device=device)
    return torch.randn(shape, generator=generator, dtype=dtype, device=device)


def torch_device(name: str) -> torch.device:
    """The device ``cpu`` or ``cuda``; InputError for others, and where it is not here."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"The device {name!r} is not available here; try 'cpu'.") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"Networks run on 'cpu' or 'cuda', not on {name!r}.")
    return device


def targets(task: Task, x: Tensor) -> Tensor:
    """What a model should answer to the inputs ``x`` (n, batch): labels, or medians (batch)."""
    return medians(x) if task.name == "median" else labels(task, x)


def medians(x: Tensor) -> Tensor:
    """The median (batch) of each column of ``x`` (n, batch); for even n the mean of two."""
    n = len(x)
    if n % 2 == 1:
        return x.median(0).values
    return x.sort(0).values[n // 2 - 1 : n // 2 + 1].mean(0)


def labels(task: Task, x: Tensor) -> Tensor:
    """Labels (batch) of the inputs ``x`` (n, batch), as int64 indices below n.

    They agree with ``Task.label`` wherever the inputs that decide are distinct. Draws of
    float32 normals coincide about once in 10^7 pairs, and then any of the tied indices may come.
    For longest_cycle the inputs are integers, and all labels agree.
    """
    if task.name in ("2nd_argmax", "argmedian") and x.device.type == "cpu":
        return _compiled_labels(task, x)
    if task.name == "2nd_argmax":
        return _second_argmax(x)
    if task.name == "argmax":
        return first_argmax(x)
    if task.name == "argmedian":
        return x.median(0).indices
    if task.name == "argoutlier":
        return first_argmax((x - x.mean(0)).abs())
    if task.name == "longest_cycle":
        return _longest_cycle(x)
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


def _compiled_labels(task: Task, x: Tensor) -> Tensor:
    """The same in one pass, 20 times as fast as torch's one operation after the other."""
    from algzoo_exact.zoo.label_kernel import argmedian, second_argmax

    found = torch.empty(x.shape[1], dtype=torch.int64)
    kernel = second_argmax if task.name == "2nd_argmax" else argmedian
    kernel(x.numpy(), found.numpy())
    return found


def _second_argmax(x: Tensor) -> Tensor:
    largest, second = torch.maximum(x[0], x[1]), torch.minimum(x[0], x[1])
    for row in x[2:]:
        second = torch.maximum(second, torch.minimum(largest, row))
        largest = torch.maximum(largest, row)
    index = torch.zeros_like(second, dtype=torch.int32)
    for k in range(len(x) - 1, -1, -1):
        index.masked_fill_(x[k] == second, k)
    return index.long()


def _longest_cycle(f: Tensor) -> Tensor:
    """i lies on a cycle of length k if k is the first with f^k(i) = i."""
    start = torch.arange(len(f), device=f.device).unsqueeze(1)
    at, length = f, torch.zeros_like(f)
    for k in range(1, len(f) + 1):
        length.masked_fill_((at == start) & (length == 0), k)
        at = f.gather(0, at)
    return length.amax(0) - 1
