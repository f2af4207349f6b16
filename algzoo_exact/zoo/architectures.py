"""AlgZoo's networks in torch, with its state-dict keys."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import Task
from algzoo_exact.program.transformer import Transformer, check_heads


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


class ScalarRNN(DistRNN):
    """The same with a single output: ``linear.weight`` is (1, d)."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__(hidden_size, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (batch) for the inputs ``x`` (batch, n), with any n."""
        return super().forward(x).squeeze(-1)


class DistTransformer(nn.Module):
    """An attention-only transformer without biases, read at the last position.

    Its state dict holds ``embed.weight`` (tokens, H), ``pos_embed.weight`` (n, H), for each layer
    i ``attns.{i}.in_proj_weight`` (3 H, H) and ``attns.{i}.out_proj.weight`` (H, H), and
    ``unembed.weight`` (outputs, H). ``tokens`` and ``outputs`` are n unless given.
    """

    def __init__(
        self,
        hidden_size: int,
        seq_len: int,
        *,
        layers: int = 2,
        heads: int = 1,
        tokens: int | None = None,
        outputs: int | None = None,
    ) -> None:
        super().__init__()
        check_heads(heads, hidden_size)
        self.embed = nn.Embedding(seq_len if tokens is None else tokens, hidden_size)
        self.pos_embed = nn.Embedding(seq_len, hidden_size)
        self.attns = nn.ModuleList(
            nn.MultiheadAttention(hidden_size, heads, bias=False, batch_first=True)
            for _ in range(layers)
        )
        self.unembed = nn.Linear(hidden_size, seq_len if outputs is None else outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, outputs) of the sequences of tokens ``x`` (batch, n), int64; numbers
        (batch) where there is one output."""
        residual = self.embed(x) + self.pos_embed.weight
        for attention in self.attns:
            change, _ = attention(residual, residual, residual, need_weights=False)
            residual = residual + change
        logits: Tensor = self.unembed(residual[:, -1])
        return logits.squeeze(-1) if self.unembed.out_features == 1 else logits


def new_module(task: Task, hidden_size: int, layers: int = 2, heads: int = 1) -> nn.Module:
    """A new network of the kind that AlgZoo trains for a task, with torch's initial weights.

    ``layers`` and ``heads`` count for transformers only.
    """
    if task.is_discrete:
        return DistTransformer(hidden_size, task.seq_len, layers=layers, heads=heads)
    return ScalarRNN(hidden_size) if task.is_numeric else DistRNN(hidden_size, task.outputs)


def to_state(
    network: Program | Transformer, dtype: torch.dtype = torch.float64
) -> dict[str, Tensor]:
    """The network's weights under AlgZoo's keys, each rounded to ``dtype``.

    Exact for a network lifted from weights of that type.
    """
    return {key: to_tensor(rows, dtype) for key, rows in named_weights(network).items()}


def to_tensor(rows: Matrix, dtype: torch.dtype) -> Tensor:
    """A matrix, each entry rounded to ``dtype``."""
    return torch.tensor([[float(w) for w in row] for row in rows], dtype=dtype)


def to_module(network: Program | Transformer, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A torch module that computes the network in ``dtype``, weights rounded to it."""
    module: nn.Module
    if isinstance(network, Program) and network.is_mlp:
        sizes = (network.seq_len, *network.widths, network.outputs)
        parts = [nn.Linear(d, e, bias=False) for d, e in pairwise(sizes)]
        inner = (part for linear in parts[1:] for part in (nn.ReLU(), linear))
        module = nn.Sequential(parts[0], *inner)
    elif isinstance(network, Program):
        if not network.is_rnn:
            raise InputError("Only RNNs and perceptrons have a torch module; this is composed.")
        d, outputs = network.hidden_size, network.outputs
        module = ScalarRNN(d) if outputs == 1 else DistRNN(d, outputs)
    else:
        module = DistTransformer(
            network.hidden_size, network.seq_len, layers=network.depth, heads=network.heads,
            tokens=network.tokens, outputs=network.outputs,
        )  # fmt: skip
    module = module.to(dtype)
    module.load_state_dict(to_state(network, dtype))
    return module
