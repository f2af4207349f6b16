"""The programs that are measured: shipped models, and random ones made from their name."""

from __future__ import annotations

import numpy as np

from algzoo_exact import Program, Task, lift, load
from algzoo_exact.program.lift import INPUT_KEY, READOUT_KEY, RECURRENT_KEY

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
    program = lift(
        {
            INPUT_KEY: draw((d, 1), np.float32),
            RECURRENT_KEY: draw((d, d), np.float32),
            READOUT_KEY: draw((n, d), np.float32),
        }
    )
    return program, Task("2nd_argmax", n)


def noisy_variants(program: Program, count: int) -> list[Program]:
    """``count`` programs with normal noise on every weight."""
    rng = np.random.default_rng(0)
    w_hi, w_hh, w_oh = (
        np.array(w, np.float64) for w in (program.input_weights, program.recurrent, program.readout)
    )
    return [
        lift(
            {
                INPUT_KEY: w_hi[:, None] + NOISE * rng.standard_normal((len(w_hi), 1)),
                RECURRENT_KEY: w_hh + NOISE * rng.standard_normal(w_hh.shape),
                READOUT_KEY: w_oh + NOISE * rng.standard_normal(w_oh.shape),
            }
        )
        for _ in range(count)
    ]
