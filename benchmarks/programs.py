"""The programs that are measured: shipped models, and random ones made from their name."""

from __future__ import annotations

import numpy as np

from algzoo_exact import Program, Task, load, perturb, rnn

NOISE = 0.05
"""Standard deviation of the noise in the variants, as in Hilton's note on M(4, 3)."""


def find(name: str) -> tuple[Program, Task]:
    """A shipped model, or ``random_{d}_{n}``: standard normal weights, seeded by d and n."""
    if not name.startswith("random_"):
        model = load(name)
        assert model.task is not None
        return model.program, model.task
    d, n = map(int, name.removeprefix("random_").split("_"))
    draw = np.random.default_rng((d, n)).standard_normal
    w_hi, w_hh, w_oh = (draw(shape, np.float32).tolist() for shape in ((d,), (d, d), (n, d)))
    return rnn(w_hi, w_hh, w_oh, n), Task("2nd_argmax", n)


def noisy_variants(program: Program, count: int) -> list[Program]:
    """``count`` programs with normal noise on every weight."""
    return [perturb(program, NOISE, seed) for seed in range(count)]
