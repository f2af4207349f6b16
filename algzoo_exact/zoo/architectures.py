"""AlgZoo's RNN in torch, with its state-dict keys."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import INPUT_KEY, READOUT_KEY, RECURRENT_KEY


class DistRNN(nn.Module):
    """A bias-free one-layer ReLU RNN with one logit per input.

    Its state dict holds ``rnn.weight_ih_l0`` (d, 1), ``rnn.weight_hh_l0`` (d, d) and
    ``linear.weight`` (n, d).
    """

    def __init__(self, hidden_size: int, seq_len: int) -> None:
        super().__init__()
        self.rnn = nn.RNN(1, hidden_size, nonlinearity="relu", bias=False, batch_first=True)
        self.linear = nn.Linear(hidden_size, seq_len, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, n) of the inputs ``x`` (batch, n)."""
        _, last = self.rnn(x.unsqueeze(-1))
        logits: Tensor = self.linear(last[0])
        return logits


def to_state(program: Program, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """The program's weights under AlgZoo's keys, each rounded to ``dtype``.

    Exact for a program lifted from weights of that type.
    """
    values = {
        INPUT_KEY: [[float(w)] for w in program.input_weights],
        RECURRENT_KEY: [[float(w) for w in row] for row in program.recurrent],
        READOUT_KEY: [[float(w) for w in row] for row in program.readout],
    }
    return {key: torch.tensor(rows, dtype=dtype) for key, rows in values.items()}


def to_module(program: Program, dtype: torch.dtype = torch.float64) -> DistRNN:
    """A torch module that computes the program in ``dtype``, weights rounded to it."""
    module = DistRNN(program.hidden_size, program.outputs).to(dtype)
    module.load_state_dict(to_state(program, dtype))
    return module
