"""Accuracy by random sampling: a statistical estimate, never a proof.

Inputs are drawn in blocks of 2^16. Each block has a generator of its own, seeded from the seed and
the block's number, and goes through the network whole and alone: so a longer run begins with just
the inputs and outcomes of a shorter one, and there is no batch size that could change a figure.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import copysign, inf, nextafter, sqrt
from typing import Literal

import torch
from torch import Tensor

from algzoo_exact.errors import InputError
from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import INPUT_KEY, READOUT_KEY, RECURRENT_KEY, HasProgram, lift
from algzoo_exact.program.task import TIE_RULES, Task, TieRule
from algzoo_exact.zoo.architectures import to_state
from algzoo_exact.zoo.tasks import first_argmax, labels

BLOCK = 1 << 16

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class SampleEstimate:
    """A sampled accuracy.

    ``correct`` is the credit gained by ``samples`` inputs: a whole number, or a fraction where
    ``ties`` is ``uniform``. The true accuracy of the floating-point network lies in
    [``lower``, ``upper``] with at least the chance ``confidence``; ``interval`` says by which
    theorem. ``standard_error`` is the estimated one of ``accuracy``.
    """

    samples: int
    correct: Fraction
    lower: float
    upper: float
    standard_error: float
    interval: Literal["Clopper-Pearson", "Chernoff-Hoeffding"]
    confidence: float
    ties: TieRule
    seed: int
    device: str
    dtype: str
    seconds: float
    kind: Literal["sampled"] = "sampled"

    @property
    def accuracy(self) -> float:
        return float(self.correct / self.samples)

    def z_score(self, value: float) -> float:
        """How many standard errors the estimate lies above ``value``, were that the accuracy.

        The standard error is then sqrt(v (1 - v) / samples), at least that of any credit in
        [0, 1] with mean v. Infinite where ``value`` is 0 or 1 and the estimate is not.
        """
        difference = self.accuracy - value
        deviation = sqrt(max(0.0, value * (1 - value)) / self.samples)
        if difference == 0:
            return 0.0
        return difference / deviation if deviation else copysign(inf, difference)


def sample(
    model: Program | HasProgram,
    task: Task,
    n: int,
    *,
    seed: int = 0,
    device: str = "cpu",
    dtype: str = "float32",
    ties: TieRule = "lowest",
    confidence: float = 0.99,
    progress: Callable[[int, int], None] | None = None,
) -> SampleEstimate:
    """Measure a model's accuracy on ``n`` standard normal inputs, in torch.

    The same seed, device and dtype give the same outcome on one machine. ``float32`` is what
    people use; weights are rounded to it. ``progress(done, n)`` is called after each block.

    Raises InputError for a device that is not here, a task of another length, and weights or
    logits beyond the range of ``dtype``.
    """
    program = lift(model)
    place = _check(program, task, n, device, dtype, ties, confidence)
    start = time.perf_counter()
    network = Network(program, _DTYPES[dtype], place)
    credit: Counter[int] = Counter()
    for block, first in enumerate(range(0, n, BLOCK)):
        x = _inputs(task.seq_len, seed, block, _DTYPES[dtype], place)
        # The last block is cut after the network: sums may round otherwise in other shapes.
        logits, label = network.logits(x)[:, : n - first], labels(task, x)[: n - first]
        credit.update(_credit(logits, label, ties))
        if progress is not None:
            progress(min(n, first + BLOCK), n)
    correct = sum((Fraction(count, tied) for tied, count in credit.items()), Fraction(0))
    level = Fraction(confidence)
    if ties == "uniform":
        lower, upper = chernoff_hoeffding(correct, n, level)
    else:
        lower, upper = clopper_pearson(int(correct), n, level)
    squares = sum((Fraction(count, tied**2) for tied, count in credit.items()), Fraction(0))
    return SampleEstimate(
        samples=n,
        correct=correct,
        lower=_down(lower),
        upper=-_down(-upper),
        standard_error=sqrt((squares / n - (correct / n) ** 2) / n),
        interval="Chernoff-Hoeffding" if ties == "uniform" else "Clopper-Pearson",
        confidence=confidence,
        ties=ties,
        seed=seed,
        device=str(place),
        dtype=dtype,
        seconds=time.perf_counter() - start,
    )


class Network:
    """The program in floating point, for inputs (n, batch): batches run along the rows.

    The state and the next input stand in one array (d + 1, batch), so that a step is one matrix
    product [W_hh W_hi] (h, x) and one maximum.
    """

    def __init__(self, program: Program, dtype: torch.dtype, device: torch.device) -> None:
        weights = to_state(program, dtype)
        if not all(w.isfinite().all() for w in weights.values()):
            raise InputError(f"A weight is beyond the range of {dtype}.")
        self.step = torch.cat([weights[RECURRENT_KEY], weights[INPUT_KEY]], dim=1).to(device)
        self.readout = weights[READOUT_KEY].to(device)

    def logits(self, x: Tensor) -> Tensor:
        """Logits (outputs, batch); InputError where they overflow."""
        d = len(self.step)
        state = torch.zeros(d + 1, x.shape[1], dtype=x.dtype, device=x.device)
        for row in x:
            state[d] = row
            torch.clamp(self.step @ state, min=0, out=state[:d])
        logits = self.readout @ state[:d]
        if not logits.isfinite().all():
            raise InputError(f"The logits overflow in {x.dtype}; try dtype='float64'.")
        return logits


def _inputs(n: int, seed: int, block: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A whole block of standard normal inputs (n, 2^16)."""
    # torch's CPU generator uses 32 bits of its seed. Multiplying by an odd number permutes them,
    # so that no two blocks of a run share a seed.
    base = int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:4], "little")
    generator = torch.Generator(device).manual_seed((base + block * 0x9E3779B1) % 2**32)
    return torch.randn(n, BLOCK, generator=generator, dtype=dtype, device=device)


def _credit(logits: Tensor, label: Tensor, ties: TieRule) -> dict[int, int]:
    """How many inputs gained 1/1, 1/2, .. credit, by the denominator."""
    if ties == "lowest":
        return {1: int((first_argmax(logits) == label).sum())}
    best = logits.amax(0)
    tied = (logits == best).sum(0)[logits.gather(0, label.unsqueeze(0))[0] == best]
    counts = torch.bincount(tied, minlength=2).tolist()
    if ties == "incorrect":
        return {1: counts[1]}
    return {size: count for size, count in enumerate(counts) if count}


def _check(
    program: Program,
    task: Task,
    n: int,
    device: str,
    dtype: str,
    ties: str,
    confidence: float,
) -> torch.device:
    if (program.seq_len, program.outputs) != (task.seq_len, task.seq_len):
        raise InputError(
            f"{task.name} with {task.seq_len} inputs needs as many logits; the program has "
            f"{program.seq_len} inputs and {program.outputs} logits."
        )
    if n < 1:
        raise InputError(f"The number of samples must be at least 1, not {n}.")
    if dtype not in _DTYPES:
        raise InputError(f"Sampling runs in float32 or float64, not in {dtype!r}.")
    if ties not in TIE_RULES:
        raise InputError(f"Unknown tie rule {ties!r}; choose from {', '.join(TIE_RULES)}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must be between 0 and 1, not {confidence}.")
    try:
        place = torch.device(device)
        torch.zeros(1, device=place)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"The device {device!r} is not available here; try 'cpu'.") from error
    if place.type not in ("cpu", "cuda"):
        raise InputError(f"Sampling runs on 'cpu' or 'cuda', not on {device!r}.")
    return place


def _down(value: Fraction) -> float:
    """The largest double that is at most ``value``."""
    nearest = float(value)
    return nearest if nearest <= value else nextafter(nearest, -inf)
