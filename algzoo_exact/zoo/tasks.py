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
    if task.is_discrete:
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
    """What a model should answer to the inputs ``x`` (n, batch): labels, int64, or numbers (batch).

    They agree with ``Task.label`` and ``Task.value``, but for rounding in the mean of floats.
    """
    if task.rank is None or x.device.type != "cpu":
        return task.problem.targets(x)
    # The same in one pass, 20 times as fast as torch's one operation after the other.
    from algzoo_exact.zoo.label_kernel import ranked

    found = torch.empty(x.shape[1], dtype=torch.int64)
    ranked(x.numpy(), task.rank, found.numpy())
    return found


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
