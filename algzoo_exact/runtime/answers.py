"""What torch's float64 network answers at single inputs: a second implementation, with rounding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import torch

from algzoo_exact.program.ir import Program
from algzoo_exact.runtime.networks import network_for
from algzoo_exact.zoo.tasks import first_argmax


def float_answers(program: Program, points: Sequence[Sequence[Decimal]]) -> list[int]:
    """The lowest of the largest logits at each point (points, n).

    FloatRangeError where weights or logits are beyond the range of float64.
    """
    if not points:
        return []
    network = network_for(program, torch.float64, torch.device("cpu"))
    rows = torch.tensor([[float(c) for c in point] for point in points], dtype=torch.float64)
    answers: list[int] = first_argmax(network.outputs(rows.T.contiguous())).tolist()
    return answers
