"""Certificates of median models for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

import algzoo_exact as az
from algzoo_exact.program.ir import Program
from algzoo_exact.zoo.loading import shipped_folder
from support.certificates import Json
from support.medians import median_of_two, one_output, silent
from support.programs import degenerate_program, random_program


@cache
def certificates() -> list[tuple[str, Program, Json, Path | None]]:
    """Shipped, random and degenerate models of two to four inputs."""
    rng = np.random.default_rng(21)
    found: list[tuple[str, Program, Json, Path | None]] = []
    for name in ("median_2_2", "median_4_3"):
        model = az.load(name)
        path = shipped_folder() / f"{name}.safetensors"
        found.append((name, model.program, az.certify(model), path))
    chosen = [
        ("random, n = 2", random_program(rng, 3, 2, 1)),
        ("random, n = 3", random_program(rng, 2, 3, 1)),
        ("random, n = 4", random_program(rng, 1, 4, 1)),
        ("the median", median_of_two()),
        ("silent", silent(3)),
    ]
    for kind in ("duplicate neuron", "no input", "small integers", "scales"):
        chosen.append((kind, one_output(degenerate_program(kind, rng, 2, 3))))
    for name, program in chosen:
        found.append((name, program, az.certify(program, az.tasks.median(program.seq_len)), None))
    return found
