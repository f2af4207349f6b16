"""All seeds' networks as one: weights (S, P), outputs and loss gradients of the whole batch.

P lists a network's weights in the order of its state dict.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import prod, sqrt
from typing import Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from algzoo_exact.program.task import Task
from algzoo_exact.runtime.blocks import HALVES
from algzoo_exact.runtime.threads import spread
from algzoo_exact.runtime.untrained import many_outputs
from algzoo_exact.training.data import Chunk
from algzoo_exact.training.recipe import Recipe
from algzoo_exact.training.rnn_kernel import rnn_gradients
from algzoo_exact.training.transformer_kernel import transformer_gradients
from algzoo_exact.zoo.architectures import new_module

_THREADS_FROM = 2e7  # floating-point operations of a step from which a second thread pays


class Gradient(Protocol):
    """Computes the gradient (S, P) of each seed's mean loss, at ``weights`` (S, P)."""

    def __call__(self, weights: Tensor, data: Chunk, start: int, out: Tensor) -> None:
        """Over the batch that begins at ``start`` of ``data``; written to ``out``."""
        ...


Layout: TypeAlias = dict[str, tuple[int, ...]]
"""Names and shapes of a network's weights, in order."""


def views(layout: Layout, weights: Tensor) -> dict[str, Tensor]:
    """Each weight (S, ...) as a view of ``weights`` (S, P)."""
    parts = torch.split(weights, [prod(shape) for shape in layout.values()], 1)
    pairs = zip(layout.items(), parts, strict=True)
    return {name: part.view(-1, *shape) for (name, shape), part in pairs}


def initial_weights(recipe: Recipe) -> tuple[Layout, Tensor]:
    """The layout, and the weights (S, P) that torch gives new modules under each seed."""
    rows = []
    for seed in recipe.seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            task = Task(recipe.task, recipe.seq_len)
            module = new_module(task, recipe.hidden_size, recipe.layers, recipe.heads)
        state = module.state_dict()
        rows.append(torch.cat([value.flatten() for value in state.values()]))
    return {name: tuple(value.shape) for name, value in state.items()}, torch.stack(rows)


def outputs(recipe: Recipe, layout: Layout, weights: Tensor, inputs: Tensor) -> Tensor:
    """Outputs (S, k, N) of all seeds' networks on their ``inputs`` (S, n, N)."""
    named = views(layout, weights)
    if recipe.is_transformer:
        return _transformer_outputs(named, inputs, recipe.heads)
    w_hi, w_hh, w_oh = named.values()
    return many_outputs(w_hi, w_hh, w_oh, inputs.unsqueeze(2).unbind(1))


def losses(y: Tensor, targets: Tensor) -> Tensor:
    """Losses (S, N): cross-entropy of logits, or squared error where there is one output."""
    if y.shape[1] == 1:
        return (y[:, 0] - targets) ** 2
    return cross_entropy(y, targets, reduction="none")


def gradient_for(recipe: Recipe, layout: Layout, device: torch.device) -> Gradient:
    """Compiled code on a CPU, else torch's automatic differentiation."""
    if device.type == "cpu":
        return compiled_gradient(recipe)
    return autograd_gradient(recipe, layout)


def autograd_gradient(recipe: Recipe, layout: Layout) -> Gradient:
    """The gradient by torch's automatic differentiation, on any device."""

    def gradient(weights: Tensor, data: Chunk, start: int, out: Tensor) -> None:
        leaf = weights.detach().requires_grad_()
        batch = data.batch(start, recipe.batch)
        y = outputs(recipe, layout, leaf, batch.inputs)
        # Seeds have weights of their own: the sum of their mean losses keeps gradients apart.
        total = losses(y, batch.targets).sum() / recipe.batch
        (found,) = torch.autograd.grad(total, leaf)
        out.copy_(found)

    return gradient


def compiled_gradient(recipe: Recipe) -> Gradient:
    """The gradient on the CPU, by the compiled kernels."""
    task = Task(recipe.task, recipe.seq_len)
    kernel: Callable[..., None] = rnn_gradients
    sizes: tuple[int, ...] = (recipe.seq_len, recipe.hidden_size, task.outputs)
    if recipe.is_transformer:
        kernel = transformer_gradients
        sizes = (recipe.seq_len, recipe.hidden_size, recipe.layers, recipe.heads)
    count = len(recipe.seeds) * HALVES
    threads = min(count, os.cpu_count() or 1) if _operations(recipe) >= _THREADS_FROM else 1

    def targets(data: Chunk) -> tuple[Tensor, ...]:
        """Labels, and values of an RNN: one of the two is idle."""
        if recipe.is_transformer:
            return (data.targets,)
        if task.is_numeric:
            return torch.empty(0, 0, dtype=torch.int64), data.targets
        return data.targets, torch.empty(0, 0)

    def gradient(weights: Tensor, data: Chunk, start: int, out: Tensor) -> None:
        halves = torch.empty(count, weights.shape[1])
        given = [value.numpy() for value in (weights, data.inputs, *targets(data))]

        def part(first: int, last: int) -> None:
            kernel(first, last, *given, start, recipe.batch, sizes, halves.numpy())

        spread(part, count, threads)
        torch.add(halves[0::HALVES], halves[1::HALVES], out=out)

    return gradient


def _operations(recipe: Recipe) -> int:
    """Floating-point operations of a step, roughly."""
    d, n = recipe.hidden_size, recipe.seq_len
    one = n * (4 * d * d + n * d) * recipe.layers if recipe.is_transformer else n * d * (d + 2)
    return 6 * one * recipe.batch * len(recipe.seeds)


def _transformer_outputs(named: dict[str, Tensor], tokens: Tensor, heads: int) -> Tensor:
    embed, pos_embed = named["embed.weight"], named["pos_embed.weight"]
    hidden = embed.shape[2]
    # A product with one-hot rows: its gradient is a product too, which an index's is not.
    rows = one_hot(tokens.transpose(1, 2), embed.shape[1]).to(embed.dtype)  # (S, N, n, tokens)
    residual = _linear(rows, embed.transpose(1, 2)) + pos_embed.unsqueeze(1)
    layers = sum(name.endswith("in_proj_weight") for name in named)
    for i in range(layers):
        w_in = named[f"attns.{i}.in_proj_weight"]
        w_out = named[f"attns.{i}.out_proj.weight"]
        queries = residual if i + 1 < layers else residual[:, :, -1:]  # only the last is read
        w_q, w_kv = w_in[:, :hidden], w_in[:, hidden:]
        q = _split(_linear(queries, w_q), heads)  # (S, N, queries, heads, c)
        k, v = (_split(part, heads) for part in _linear(residual, w_kv).chunk(2, -1))
        scores = torch.einsum("sbqhc,sbkhc->sbhqk", q, k) / sqrt(hidden // heads)
        mixed = torch.einsum("sbhqk,sbkhc->sbqhc", scores.softmax(-1), v)
        residual = queries + _linear(mixed.flatten(3), w_out)
    return _linear(residual, named["unembed.weight"])[:, :, -1].transpose(1, 2)


def _linear(x: Tensor, w: Tensor) -> Tensor:
    """x (S, N, q, H) times W^T, with W (S, out, H)."""
    flat = x.flatten(1, 2) @ w.transpose(1, 2)
    return flat.view(*x.shape[:3], -1)


def _split(x: Tensor, heads: int) -> Tensor:
    return x.reshape(*x.shape[:3], heads, -1)
