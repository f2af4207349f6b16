"""Accuracy by random sampling: a statistical estimate, never a proof.

Inputs are drawn in blocks of 2^16. Each block has a generator of its own, seeded from the seed and
the block's number, and goes through the network whole and alone: so a longer run begins with just
the inputs and outcomes of a shorter one, and there is no batch size that could change a figure.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import inf, nextafter, sqrt

import torch
from torch import Tensor

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import (
    HasNetwork,
    HasProgram,
    network_of,
    task_of,
)
from algzoo_exact.program.task import Task, TaskOnSubspace, Teacher, TieRule, check_scored
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import counted, shows_progress
from algzoo_exact.runtime.exact_inputs import MOST
from algzoo_exact.runtime.networks import network_for
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.runtime.threads import in_order
from algzoo_exact.zoo.architectures import to_tensor
from algzoo_exact.zoo.tasks import draw_inputs, first_argmax, targets, torch_device

BLOCK = 1 << 16

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


@shows_progress("sampling", counted)
def sample(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task | None,
    n: int,
    *,
    seed: int = 0,
    device: str = "cpu",
    dtype: str = "float32",
    ties: TieRule = "lowest",
    confidence: float = 0.99,
    progress: Callable[[int, int], None] | None = None,
) -> SampleEstimate:
    """Measure a model's accuracy on ``n`` random inputs, in torch.

    They are standard normal, or for longest_cycle uniform among all functions. A loaded model knows
    its ``task``, which is None then.
    The same seed, device and dtype give the same outcome on one machine. ``float32`` is what
    people use; weights are rounded to it. ``progress(done, n)`` is called after each block.

    Raises InputError for a device that is not here, a task of another length, and weights or
    logits beyond the range of ``dtype``.
    """
    return sample_rounded(
        model, task_of(model, task), n, None, seed=seed, device=device, dtype=dtype, ties=ties,
        confidence=confidence, progress=progress,
    )  # fmt: skip


def sample_rounded(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task,
    n: int,
    bits: int | None,
    *,
    seed: int = 0,
    device: str = "cpu",
    dtype: str = "float64",
    ties: TieRule = "lowest",
    confidence: float = 0.99,
    progress: Callable[[int, int], None] | None = None,
    deadline: Deadline = NEVER,
) -> SampleEstimate:
    """``sample`` with normal inputs rounded to ``bits`` bits after the point, unless None: see
    ``exact_inputs``. After the deadline, no more blocks are drawn."""
    program = network_of(model)
    check_scored(program, task, ties)
    place = check_run(n, device, dtype, confidence)
    start = time.perf_counter()
    network = network_for(program, _DTYPES[dtype], place)
    labels_of = labelling(task, _DTYPES[dtype], place)

    def run(block: int) -> dict[int, int]:
        x = inputs(task, seed, block, _DTYPES[dtype], place, bits)
        return network.credit(x, labels_of(x), n - block * BLOCK, ties)

    credit: Counter[int] = Counter()
    drawn = 0
    for found in in_order(run, -(-n // BLOCK), place):
        credit.update(found)
        drawn = min(n, drawn + BLOCK)
        if progress is not None:
            progress(drawn, n)
        if deadline.passed:
            break
    correct = sum((Fraction(count, tied) for tied, count in credit.items()), Fraction(0))
    level = Fraction(confidence)
    if ties == "uniform":
        lower, upper = chernoff_hoeffding(correct, drawn, level)
    else:
        lower, upper = clopper_pearson(int(correct), drawn, level)
    squares = sum((Fraction(count, tied**2) for tied, count in credit.items()), Fraction(0))
    return SampleEstimate(
        samples=drawn,
        correct=correct,
        lower=_down(lower),
        upper=-_down(-upper),
        standard_error=sqrt((squares / drawn - (correct / drawn) ** 2) / drawn),
        interval="Chernoff-Hoeffding" if ties == "uniform" else "Clopper-Pearson",
        confidence=confidence,
        ties=ties,
        seed=seed,
        device=str(place),
        dtype=dtype,
        seconds=time.perf_counter() - start,
    )


def labelling(task: Task, dtype: torch.dtype, device: torch.device) -> Callable[[Tensor], Tensor]:
    """The labels (batch) of inputs (n, batch) of this type; a teacher computes in it too."""
    if isinstance(task, Teacher):
        teacher = network_for(task.program, dtype, device)
        return lambda x: first_argmax(teacher.outputs(x))
    if isinstance(task, TaskOnSubspace):
        inner, basis = labelling(task.task, dtype, device), to_tensor(task.basis, dtype).to(device)
        return lambda x: inner(basis @ x)
    return lambda x: targets(task, x)


def inputs(
    task: Task,
    seed: int,
    block: int,
    dtype: torch.dtype,
    device: torch.device,
    bits: int | None = None,
) -> Tensor:
    """A whole block of random inputs (n, 2^16): standard normal, or for longest_cycle integers
    below n. With ``bits``, normal ones are rounded to so many bits after the point."""
    x = draw_inputs(task, BLOCK, str(seed), block, dtype, device)
    if bits is None:
        return x
    return x.mul_(2.0**bits).round_().mul_(2.0**-bits).clamp_(-MOST, MOST)


def check_run(n: int, device: str, dtype: str, confidence: float) -> torch.device:
    """The device, if a run of ``n`` samples on it makes sense; else InputError."""
    demand(n, int, "The number of samples is a whole number")
    if n < 1:
        raise InputError(f"The number of samples must be at least 1, not {n}.")
    if dtype not in _DTYPES:
        raise InputError(f"Sampling runs in float32 or float64, not in {dtype!r}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must be between 0 and 1, not {confidence}.")
    return torch_device(device)


def _down(value: Fraction) -> float:
    """The largest double that is at most ``value``."""
    nearest = float(value)
    return nearest if nearest <= value else nextafter(nearest, -inf)
