"""Train a small RNN by AlgZoo's recipe.

AdamW with weight decay 0.001; the learning rate is 0.04/sqrt(d), with linear warm-up, times
0.01^(2 step/steps) floored at 0.01; batches of 1024; softmax cross-entropy; uniform initial
weights in +-1/sqrt(d), which is what torch's RNN and Linear default to. AlgZoo warms up for 2^14
of its 2^20 steps; here it is the same 1/64 of the steps, so that short runs keep the shape.

Several initialisations train at once, on the same inputs, as one batched product: AdamW works
entry by entry, so this is the same as training them apart. The one that is best on fresh inputs is
kept, as AlgZoo keeps the best of 5 seeds.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import torch
from rich.progress import Progress
from torch import Tensor
from torch.nn.functional import cross_entropy

from algzoo_exact import __version__
from algzoo_exact.errors import AlgzooExactError, InputError
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.storage import RawTensor, to_safetensors
from algzoo_exact.zoo.tasks import first_argmax, labels

WEIGHT_DECAY = 0.001
LEARNING_RATE = 0.04  # times 1/sqrt(d)
WARM_UP = 2**-6  # of all steps
FINAL_RATE = 0.01
VALIDATION_BATCHES, VALIDATION_BATCH = 64, 2**14


@dataclass(frozen=True)
class Trained:
    """The best of the trained models.

    ``state`` has AlgZoo's keys, in float32. ``scores`` are the accuracies of all runs on 2^20
    fresh inputs (sampled: standard error at most 0.0005), ``best`` the index of the one kept.
    """

    state: dict[str, Tensor]
    scores: tuple[float, ...]
    best: int


def train(
    task: Task,
    hidden_size: int,
    *,
    sequences: int,
    seed: int,
    batch: int = 1024,
    runs: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train ``runs`` models on ``sequences`` random inputs each, and keep the best.

    Deterministic for a given seed on one machine. ``progress(done, total)`` hears of the steps.
    Raises InputError where a size makes no sense.
    """
    if hidden_size < 1 or runs < 1 or batch < 1:
        raise InputError("The hidden size, the batch and the number of runs must be positive.")
    if sequences < batch:
        raise InputError(f"Training on {sequences} sequences is less than one batch of {batch}.")
    n, steps = task.seq_len, sequences // batch
    generator = torch.Generator().manual_seed(seed)
    weights = [
        (2 * torch.rand(runs, *shape, generator=generator) - 1) / sqrt(hidden_size)
        for shape in ((hidden_size, 1), (hidden_size, hidden_size), (n, hidden_size))
    ]
    for weight in weights:
        weight.requires_grad_()
    optimizer = torch.optim.AdamW(weights, weight_decay=WEIGHT_DECAY, fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, hidden_size)
        x = torch.randn(n, batch, generator=generator)
        target = labels(task, x).expand(runs, batch)
        optimizer.zero_grad()
        # Each run has its own weights: summing the runs' mean losses keeps their gradients apart.
        loss = cross_entropy(_logits(weights, x), target, reduction="sum") / batch
        torch.autograd.backward(loss)
        optimizer.step()
        if progress is not None and ((step + 1) % 64 == 0 or step + 1 == steps):
            progress(step + 1, steps)
    scores = _validate(task, weights, generator)
    best = max(range(runs), key=scores.__getitem__)
    kept = [weight[best].detach().clone() for weight in weights]
    keys = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight")
    return Trained(dict(zip(keys, kept, strict=True)), scores, best)


def learning_rate(step: int, steps: int, hidden_size: int) -> float:
    """The rate at a step, counted from 0."""
    warm_up = min(1.0, (step + 1) / max(1.0, WARM_UP * steps))
    decay = max(FINAL_RATE, float(0.01 ** (2 * step / steps)))
    return LEARNING_RATE / sqrt(hidden_size) * warm_up * decay


def save_model(trained: Trained, path: Path, metadata: dict[str, str]) -> None:
    """Write a safetensors file; it appears whole or not at all."""
    tensors = {
        key: RawTensor("F32", tuple(value.shape), value.numpy().tobytes())
        for key, value in trained.state.items()
    }
    content = to_safetensors(tensors, metadata)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error


def _check_target(path: Path) -> None:
    if path.suffix != ".safetensors":
        raise InputError(f"Models are written as .safetensors files, not as {path.name!r}.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} to write to.")


def _logits(weights: list[Tensor], x: Tensor) -> Tensor:
    """Logits (runs, n, batch) of the inputs ``x`` (n, batch)."""
    w_hi, w_hh, w_oh = weights
    h = torch.relu(w_hi * x[0])
    for row in x[1:]:
        h = torch.relu(torch.baddbmm(w_hi * row, w_hh, h))
    return w_oh @ h


def _validate(task: Task, weights: list[Tensor], generator: torch.Generator) -> tuple[float, ...]:
    right = torch.zeros(len(weights[0]), dtype=torch.int64)
    with torch.no_grad():
        for _ in range(VALIDATION_BATCHES):
            x = torch.randn(task.seq_len, VALIDATION_BATCH, generator=generator)
            right += (first_argmax(_logits(weights, x).transpose(0, 1)) == labels(task, x)).sum(1)
    return tuple((right.double() / (VALIDATION_BATCHES * VALIDATION_BATCH)).tolist())


def _count(text: str) -> int:
    base, _, exponent = text.partition("^")
    try:
        power: int = int(base) ** int(exponent or 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number like 4096 or 2^12") from None
    return power


def main(arguments: list[str] | None = None) -> int:
    """``python -m algzoo_exact.zoo.training``; the exit code."""
    title = "Train a small RNN by AlgZoo's recipe, and keep the best of several runs."
    parser = argparse.ArgumentParser("python -m algzoo_exact.zoo.training", description=title)
    parser.add_argument("task", help="2nd_argmax, argmax, argmedian or argoutlier")
    parser.add_argument("--hidden-size", type=int, required=True)
    parser.add_argument("--seq-len", type=int, required=True)
    parser.add_argument("--sequences", type=_count, default=2**24, help="such as 2^24 (default)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5, help="initialisations; the best is kept")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a .safetensors file")
    given = parser.parse_args(arguments)
    try:
        task = Task(given.task, given.seq_len)
        _check_target(given.output)  # before minutes of work
        with Progress() as bar:
            row = bar.add_task(f"{task.name} ({given.hidden_size},{task.seq_len})")
            trained = train(
                task,
                given.hidden_size,
                sequences=given.sequences,
                seed=given.seed,
                runs=given.runs,
                progress=lambda done, total: bar.update(row, completed=done, total=total),
            )
        metadata = {
            **{key: str(getattr(given, key)) for key in ("task", "seq_len", "hidden_size")},
            **{key: str(getattr(given, key)) for key in ("seed", "runs", "sequences")},
            "recipe": "AlgZoo's AdamW recipe, warm-up over 1/64 of the steps, best of the runs",
            "version": __version__,
        }
        save_model(trained, given.output, metadata)
    except AlgzooExactError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    score = trained.scores[trained.best]
    print(f"{given.output}: accuracy {score:.4f} (sampled), the best of {given.runs} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
