"""Mean squared error by random sampling, for models of the median: an estimate, never a proof.

Inputs are those of ``sampling``: the same seed draws the same ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite

import torch
from torch import Tensor

from algzoo_exact.errors import FloatRangeError, InputError
from algzoo_exact.processes import Workers
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task
from algzoo_exact.progress import counted, shows_progress
from algzoo_exact.runtime.networks import Network, network_for
from algzoo_exact.runtime.sampled import SampledSquaredError, pooled
from algzoo_exact.runtime.sampling import Draw
from algzoo_exact.state import Place, opened
from algzoo_exact.zoo.tasks import targets


@shows_progress("sampling", counted)
def sample_squared_error(
    model: Program | HasProgram,
    task: Task | None,
    n: int,
    *,
    seed: int = 0,
    device: str = "cpu",
    dtype: str = "float32",
    workers: Workers = 1,
    state: Place = None,
    progress: Callable[[int, int], None] | None = None,
) -> SampledSquaredError:
    """Measure a median model's mean squared error on ``n`` standard normal inputs, in torch.

    The same seed, device and dtype give the same outcome on one machine. The network runs in
    ``dtype``, errors are squared and summed in float64. ``workers`` and ``state`` are as in
    ``sample``. ``progress(done, n)`` is called after each block of 2^16 inputs.

    InputError for another task and a device that is not here; FloatRangeError for weights or
    outputs beyond the range of ``dtype``, and squares beyond that of float64.
    """
    draw = Draw(n, seed, device, dtype, progress=progress, workers=workers)
    program, asked = lift(model), task_of(model, task)
    with opened(state, lambda: draw.identity(program, asked, None)) as kept:
        return sample_squares(program, asked, replace(draw, state=kept))


def sample_squares(program: Program, task: Task, draw: Draw) -> SampledSquaredError:
    """``sample_squared_error``, of these inputs."""
    if not task.is_numeric or (program.outputs, program.seq_len) != (1, task.seq_len):
        raise InputError(
            f"The sampled squared error is for the median of {program.seq_len} inputs and a "
            f"program with one output, not for {task.name} of {task.seq_len} and "
            f"{program.outputs} outputs."
        )
    start = time.perf_counter()
    parts = list(draw.blocks(_Squares(program, task, draw.place), task))
    if not all(isfinite(mean) and isfinite(within) for _, mean, within in parts):
        raise FloatRangeError("The squared errors overflow in float64: they cannot be sampled.")
    drawn, mean, error = pooled(parts)
    return SampledSquaredError(
        samples=drawn,
        mean=mean,
        standard_error=error,
        seed=draw.seed,
        device=str(draw.place[1]),
        dtype=draw.dtype,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True)
class _Squares:
    """The number of inputs of a block, the mean of their squared errors, and the sum of squared
    distances from it."""

    program: Program
    task: Task
    place: tuple[torch.dtype, torch.device]

    @cached_property
    def network(self) -> Network:
        return network_for(self.program, *self.place)

    def __call__(self, x: Tensor, count: int) -> tuple[int, float, float]:
        errors = self.network.outputs(x)[0].double() - targets(self.task, x).double()
        squares = (errors * errors)[:count]
        mean = squares.mean()
        return count, float(mean), float(((squares - mean) ** 2).sum())
