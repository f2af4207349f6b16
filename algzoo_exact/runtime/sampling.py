"""Accuracy by random sampling: a statistical estimate, never a proof.

Inputs are drawn in blocks of 2^16. Each block has a generator of its own, seeded from the seed and
the block's number, and goes through the network whole and alone: so a longer run begins with just
the inputs and outcomes of a shorter one, and there is no batch size that could change a figure.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import inf, nextafter, sqrt
from multiprocessing import parent_process
from typing import Generic, TypeVar

import torch
from torch import Tensor

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.processes import Workers, check_workers, processes_for
from algzoo_exact.program.fingerprint import identity
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
from algzoo_exact.regions.starts import NO_LABEL, covering_cones
from algzoo_exact.runtime.exact_inputs import MOST
from algzoo_exact.runtime.networks import Network, network_for
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.runtime.threads import in_order
from algzoo_exact.state import Place, State, opened
from algzoo_exact.zoo.architectures import to_tensor
from algzoo_exact.zoo.tasks import draw_inputs, first_argmax, targets, torch_device

BLOCK = 1 << 16
_SPAN = 16  # blocks of a job

T = TypeVar("T")
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
    workers: Workers = 1,
    state: Place = None,
    progress: Callable[[int, int], None] | None = None,
) -> SampleEstimate:
    """Measure a model's accuracy on ``n`` random inputs, in torch.

    They are standard normal, or for longest_cycle uniform among all functions. A loaded model knows
    its ``task``, which is None then.
    The same seed, device and dtype give the same outcome on one machine. ``float32`` is what
    people use; weights are rounded to it. One worker uses all cores; several, or an executor, and
    a ``state``, from which the same call goes on after a kill, are for samples that outgrow a
    machine. ``progress(done, n)`` is called after each block.

    Raises InputError for a device that is not here, a task of another length, and weights or
    logits beyond the range of ``dtype``.
    """
    draw = Draw(n, seed, device, dtype, progress=progress, workers=workers)
    program, asked = network_of(model), task_of(model, task)
    with opened(state, lambda: draw.identity(program, asked, ties)) as kept:
        return sample_drawn(program, asked, replace(draw, state=kept), ties, confidence)


@dataclass(frozen=True)
class Draw:
    """So many random inputs from a seed; the device and the type of floats that they are run in.

    With ``bits``, normal ones are rounded to so many bits after the point (see ``exact_inputs``).
    One block is drawn at least, and none after the ``deadline``; ``progress(done, count)`` hears
    of each. With several ``workers`` or a ``state``, jobs are spans of blocks. InputError for
    values that make no sense.
    """

    count: int
    seed: int = 0
    device: str = "cpu"
    dtype: str = "float64"
    bits: int | None = None
    progress: Callable[[int, int], None] | None = None
    deadline: Deadline = NEVER
    workers: Workers = 1
    state: State | None = None

    def __post_init__(self) -> None:
        demand(self.count, int, "The number of samples is a whole number")
        if self.count < 1:
            raise InputError(f"The number of samples must be at least 1, not {self.count}.")
        if self.dtype not in _DTYPES:
            raise InputError(f"Sampling runs in float32 or float64, not in {self.dtype!r}.")
        torch_device(self.device)
        check_workers(self.workers)

    @property
    def place(self) -> tuple[torch.dtype, torch.device]:
        return _DTYPES[self.dtype], torch_device(self.device)

    def identity(
        self, network: Program | Transformer, task: Task, ties: TieRule | None
    ) -> dict[str, object]:
        """What names a run that draws these inputs."""
        drawn = {"samples": self.count, "seed": self.seed}
        place = {"device": self.device, "dtype": self.dtype}
        return {**identity("sample", (network,), task, ties), **drawn, **place}

    def blocks(self, run: Callable[[Tensor, int], T], task: Task) -> Iterator[T]:
        """What ``run`` finds on each block (n, 2^16), and of how many inputs there to find it: a
        tuple of numbers, and of tuples of them."""
        blocks = -(-self.count // BLOCK)
        if self.state is not None or processes_for(self.workers) > 1:
            yield from self._shared(run, task, blocks)
            return
        work = _Work(replace(self, progress=None), run, task)
        for block, found in enumerate(in_order(work.block, blocks, self.place[1]), 1):
            yield found
            self._tell(block)
            if self.deadline.passed:
                return

    def _shared(self, run: Callable[[Tensor, int], T], task: Task, blocks: int) -> Iterator[T]:
        """The same, in order too, by jobs of several blocks each."""
        spans = [range(at, min(at + _SPAN, blocks)) for at in range(0, blocks, _SPAN)]
        work = _Work(replace(self, progress=None, workers=1, state=None), run, task)
        name = f"inputs of seed {self.seed} in {self.dtype}, bits {self.bits}, {self.count} in all"
        kept: Kept[range, tuple[T, ...] | None]
        kept = Kept(self.state, lambda span: f"{name}: {span}", tuple)
        found: dict[range, tuple[T, ...]] = {}
        for span, some in outcomes(spans[::-1], work, self.deadline, self.workers, kept):
            if some is not None:
                found[span] = some
                self._tell(sum(map(len, found)))
        for span in spans:
            yield from found.get(span, ())
        if not found:
            yield work.block(0)

    def _tell(self, blocks: int) -> None:
        if self.progress is not None:
            self.progress(min(self.count, blocks * BLOCK), self.count)


@dataclass(frozen=True)
class _Work(Generic[T]):
    """What ``run`` finds on blocks of the inputs that are drawn."""

    draw: Draw
    run: Callable[[Tensor, int], T]
    task: Task

    def block(self, number: int) -> T:
        draw = self.draw
        x = inputs(self.task, draw.seed, number, *draw.place, draw.bits)
        return self.run(x, min(BLOCK, draw.count - number * BLOCK))

    def __call__(self, span: range) -> tuple[T, ...] | None:
        """Of several blocks; None if the time is up."""
        draw, found = self.draw, list[T]()
        if parent_process() is not None:  # the cores are shared with other workers
            torch.set_num_threads(1)
            each: Iterable[T] = map(self.block, span)
        else:
            each = in_order(lambda i: self.block(span[i]), len(span), draw.place[1])
        for one in each:
            found.append(one)
            if draw.deadline.passed:
                return None
        return tuple(found)


def sample_drawn(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task,
    draw: Draw,
    ties: TieRule = "lowest",
    confidence: float = 0.99,
) -> SampleEstimate:
    """``sample``, of these inputs."""
    program = network_of(model)
    check_scored(program, task, ties)
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must be between 0 and 1, not {confidence}.")
    start = time.perf_counter()
    credit: Counter[int] = Counter()
    drawn = 0
    for count, found in draw.blocks(_Credit(program, task, ties, draw.place), task):
        credit.update(dict(found))
        drawn += count
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
        seed=draw.seed,
        device=str(draw.place[1]),
        dtype=draw.dtype,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True)
class _Credit:
    """What a network earns on the inputs of a block: their number, and how many earn 1/tied, for
    each number of tied logits."""

    network: Program | Transformer
    task: Task
    ties: TieRule
    place: tuple[torch.dtype, torch.device]

    @cached_property
    def parts(self) -> tuple[Network, Callable[[Tensor], Tensor]]:
        """The network, and the labels of inputs."""
        return network_for(self.network, *self.place), labelling(self.task, *self.place)

    def __call__(self, x: Tensor, count: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        network, labels_of = self.parts
        return count, tuple(network.credit(x, labels_of(x), count, self.ties).items())


def labelling(task: Task, dtype: torch.dtype, device: torch.device) -> Callable[[Tensor], Tensor]:
    """The labels (batch) of inputs (n, batch) of this type; a teacher computes in it too."""
    if isinstance(task, Teacher):
        teacher = network_for(task.program, dtype, device)
        return lambda x: first_argmax(teacher.outputs(x))
    if isinstance(task, TaskOnSubspace):
        inner, basis = labelling(task.task, dtype, device), to_tensor(task.basis, dtype).to(device)
        none = [start.rows for start in covering_cones(task) if start.label == NO_LABEL]
        walls = [torch.tensor(rows, dtype=dtype, device=device) for rows in none]

        def labels(y: Tensor) -> Tensor:
            found = inner(basis @ y)
            for rows in walls:
                found = found.masked_fill((rows @ y >= 0).all(0), NO_LABEL)
            return found

        return labels
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


def _down(value: Fraction) -> float:
    """The largest double that is at most ``value``."""
    nearest = float(value)
    return nearest if nearest <= value else nextafter(nearest, -inf)
