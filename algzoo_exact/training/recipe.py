"""What a training run is: task, sizes, and AlgZoo's recipe."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import sqrt

from algzoo_exact.errors import InputError, demand
from algzoo_exact.program.task import PROBLEMS, Task

LEARNING_RATE = 0.04  # times 1/sqrt(d)
WEIGHT_DECAY = 0.001
WARM_UP = 2**-6  # of all steps
FINAL_RATE = 0.01

FIRST_CHECKPOINT = 1 << 20
LARGEST_HIDDEN, LARGEST_LENGTH, LARGEST_SEEDS = 256, 64, 64


@dataclass(frozen=True)
class Recipe:
    """One training run: ``len(seeds)`` models that differ in nothing but their seed.

    AdamW with weight decay 0.001; the learning rate is 0.04/sqrt(d), with linear warm-up, times
    0.01^(2 step/steps) floored at 0.01; softmax cross-entropy, or squared error for median;
    initial weights as torch's modules have them by default. AlgZoo trains on 2^30 ``sequences``
    in batches of 1024 and warms up for 2^14 of its 2^20 steps; here the warm-up is always that
    share, 1/64, so that shorter runs keep the shape. ``layers`` and ``heads`` are a
    transformer's, and 0 for an RNN.

    Raises InputError for sizes that make no sense.
    """

    task: str
    hidden_size: int
    seq_len: int
    sequences: int
    seeds: tuple[int, ...]
    batch: int = 1024
    layers: int = 0
    heads: int = 0

    def __post_init__(self) -> None:
        Task(self.task, self.seq_len)
        _within("hidden size", self.hidden_size, 1, LARGEST_HIDDEN)
        _within("sequence length", self.seq_len, 2, LARGEST_LENGTH)
        _within("number of seeds", len(self.seeds), 1, LARGEST_SEEDS)
        _within("batch", self.batch, 1, 1 << 20)
        if any(seed < 0 for seed in self.seeds) or len(set(self.seeds)) < len(self.seeds):
            raise InputError(f"Seeds must be different numbers from 0 on, not {self.seeds}.")
        if self.sequences < self.batch:
            raise InputError(
                f"Training on {self.sequences} sequences is less than one batch of {self.batch}."
            )
        if self.is_transformer:
            _within("number of layers", self.layers, 1, 2)
            _within("number of heads", self.heads, 1, self.hidden_size)
            if self.hidden_size % self.heads:
                raise InputError(
                    f"{self.heads} heads cannot share a hidden size of {self.hidden_size}; "
                    "it must be a multiple of their number."
                )
        elif self.layers or self.heads:
            raise InputError(f"Layers and heads are for longest_cycle; {self.task} takes an RNN.")

    @property
    def is_transformer(self) -> bool:
        return PROBLEMS[self.task].is_discrete

    @property
    def name(self) -> str:
        """AlgZoo's name of the model, such as ``2nd_argmax_16_10``."""
        return f"{self.task}_{self.hidden_size}_{self.seq_len}"

    @property
    def steps(self) -> int:
        return self.sequences // self.batch

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """Steps after which weights are kept: at 2^20, 2^21, .. sequences, and at the end."""
        kept, sequences = [], FIRST_CHECKPOINT
        while sequences < self.sequences:
            if sequences % self.batch == 0:
                kept.append(sequences // self.batch)
            sequences *= 2
        return (*kept, self.steps)

    def learning_rate(self, step: int) -> float:
        """The rate at a step, counted from 0."""
        warm_up = min(1.0, (step + 1) / max(1.0, WARM_UP * self.steps))
        decay = max(FINAL_RATE, float(0.01 ** (2 * step / self.steps)))
        return LEARNING_RATE / sqrt(self.hidden_size) * warm_up * decay

    def to_json(self) -> str:
        """All that decides the outcome, on one machine and version of torch."""
        return json.dumps(asdict(self), sort_keys=True)

    def settings(self) -> dict[str, str | int | float]:
        """The recipe in full, for a model's card."""
        loss = "squared error" if PROBLEMS[self.task].is_numeric else "softmax cross-entropy"
        return {
            "optimizer": "AdamW",
            "weight_decay": WEIGHT_DECAY,
            "learning_rate": f"{LEARNING_RATE}/sqrt({self.hidden_size})",
            "schedule": "linear warm-up times max(0.01, 0.01^(2 step/steps))",
            "warm_up_steps": int(WARM_UP * self.steps),
            "steps": self.steps,
            "batch": self.batch,
            "loss": loss,
            "initial_weights": "torch's defaults",
            "dtype": "float32",
        }


def _within(what: str, value: int, least: int, most: int) -> None:
    demand(value, int, f"The {what} is a whole number")
    if not least <= value <= most:
        raise InputError(f"The {what} must be from {least} to {most}, not {value}.")
