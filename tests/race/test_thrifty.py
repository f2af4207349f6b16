"""The sampler that spares operations, against plain evaluation of the same inputs.

Oracles: a forward pass in numpy, float64, for the answers; a count of the neurons that are on in it
for the operations. The early steps' table is ``last_input``'s, tested there.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from support.programs import programs

import algzoo_exact as az
from algzoo_exact.race.entries.designs import random_chunk
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.entries.thrifty import THRIFTY


def forward(program: az.Program, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Logits (N, outputs) and which neurons are on after each step, for inputs (n, N)."""
    w_in = np.array([float(w) for w in program.input_weights])[:, None]
    w_hh = np.array([[float(w) for w in row] for row in program.recurrent])
    w_out = np.array([[float(w) for w in row] for row in program.readout])
    h = np.zeros((len(w_in), x.shape[1]))
    on = []
    for row in x.astype(np.float64):
        z = w_hh @ h + w_in * row
        on.append(z > 0)
        h = np.maximum(z, 0)
    return (w_out @ h).T, on


@pytest.mark.parametrize("name", ["2nd_argmax_4_3", "2nd_argmax_8_5", "2nd_argmax_16_10"])
def test_against_plain_evaluation(name: str) -> None:
    model = az.load(name)
    program, task = model.program, model.task
    assert task is not None
    found = THRIFTY.estimate(program, task, 300 * sample_cost(program), seed=3)
    assert found is not None
    assert found.flops is not None
    points = int(found.details["points"])
    x, labels = random_chunk(task, 2048, 3, 0)
    x, labels = x[:, :points], labels[:points]
    logits, on = forward(program, x)
    assert found.value == (logits.argmax(1) == labels).mean()
    # The table's steps take 3 d + log2; each later step 3 d, and 2 d for each neuron on before it;
    # the readout 2 k for each neuron on, and k for the argmax and the sum.
    d, n, k = program.hidden_size, program.seq_len, program.outputs
    used = points * (3 * d + int(np.ceil(np.log2(d + 1))) + 3 * d * (n - 2) + k)
    used += sum(2 * d * int(step.sum()) for step in on[2:-1]) + 2 * k * int(on[-1].sum())
    assert 0 < found.flops - used < 40 * d * d  # the table itself, once
    assert found.flops <= 300 * sample_cost(program)


@settings(max_examples=20, deadline=None)
@given(programs(d=(1, 4), n=(3, 5)))
def test_what_it_saves(program: az.Program) -> None:
    """Never dearer than the plain sampler with its ReLUs and argmax, but for the table."""
    task = az.tasks.second_argmax(program.seq_len)
    found = THRIFTY.estimate(program, task, 1e5, seed=0)
    assert found is not None
    assert found.flops is not None
    d, n, k = program.hidden_size, program.seq_len, program.outputs
    plain = sample_cost(program) + n * d + k + int(np.ceil(np.log2(d + 1)))
    assert found.flops <= int(found.details["points"]) * plain + 40 * d * d
