"""A transformer's logits on many inputs, in numbers of any kind: float64 balls, or balls of many
bits or fractions in numpy's arrays of objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
from flint import arb

from algzoo_exact.arrays import I64
from algzoo_exact.exact.enclosure import to_arb
from algzoo_exact.program.ir import Matrix
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.score.float_balls import UNIT, Balls, exp, from_rationals


class Attention:
    """The transformer with its weights as ``numbers`` makes them of rationals.

    ``scale`` is 1 / sqrt(size of a head); ``powers`` takes exponentials of scores (.., n), up to a
    factor that each row shares: softmax does not change.
    """

    def __init__(
        self, model: Transformer, numbers: Callable[[Matrix], Any], scale: Any,
        powers: Callable[[Any], Any],
    ) -> None:  # fmt: skip
        self.heads, self.scale, self.powers = model.heads, scale, powers
        self.embed, self.pos_embed = numbers(model.embed), numbers(model.pos_embed)
        # Transposed, since vectors are rows here.
        self.layers = [
            [numbers(m).swapaxes(0, 1) for m in (layer.query, layer.key, layer.value, layer.output)]
            for layer in model.layers
        ]
        self.unembed = numbers(model.unembed).swapaxes(0, 1)

    def logits(self, tokens: I64) -> Any:
        """Logits (batch, outputs) of the inputs ``tokens`` (batch, n)."""
        return self.run(tokens, watch=False)[0]

    def run(self, tokens: I64, *, watch: bool = True) -> tuple[Any, list[Any]]:
        """Logits, and if they are to be watched, the attention of each layer (batch, heads, asking,
        n), which sums to 1 over the positions asked."""
        patterns: list[Any] = []
        with np.errstate(all="ignore"):  # what overflows ends with an infinite or nan radius
            residual = self.embed[tokens] + self.pos_embed
            for i, layer in enumerate(self.layers):
                # In the last layer, only the last position's answer is read.
                asking = residual[:, -1:] if i + 1 == len(self.layers) else residual
                powers = self._powers(layer, asking, residual)
                if watch:
                    patterns.append(powers / powers.sum(-1, keepdims=True))
                residual = asking + self._answers(layer, powers, residual)
            return residual[:, -1] @ self.unembed, patterns

    def _powers(self, layer: list[Any], asking: Any, residual: Any) -> Any:
        query, key, *_ = layer
        asked = self._split(asking @ query) * self.scale
        return self.powers(asked @ self._split(residual @ key).swapaxes(-1, -2))

    def _answers(self, layer: list[Any], powers: Any, residual: Any) -> Any:
        *_, value, output = layer
        mixed = (powers @ self._split(residual @ value)) / powers.sum(-1, keepdims=True)
        batch, _, asking, _ = powers.shape
        return mixed.swapaxes(1, 2).reshape(batch, asking, -1) @ output

    def _split(self, rows: Any) -> Any:
        """(batch, n, H) to (batch, heads, n, H / heads)."""
        batch, n, size = rows.shape
        return rows.reshape(batch, n, self.heads, size // self.heads).swapaxes(1, 2)


class NoRationalError(Exception):
    """A sum with weights that are not known to be rational."""


class RationalAttention(Attention):
    """In fractions, one input at a time.

    Softmax gives irrational weights; but what a head adds is rational where all that it mixes is
    equal, since the weights sum to 1, and where all scores are equal, since then it is the mean.
    That proves the ties of symmetric inputs and of layers that add nothing. NoRationalError else.
    """

    def __init__(self, model: Transformer) -> None:
        super().__init__(model, partial(np.array, dtype=object), 1, lambda scores: scores)

    def _answers(self, layer: list[Any], scores: Any, residual: Any) -> Any:
        *_, value, output = layer
        added = self._split(residual @ value) @ output.reshape(self.heads, -1, output.shape[-1])
        for told, asked in zip(added[0], scores[0], strict=True):
            if np.any(told != told[0]) and np.any(asked != asked[:, :1]):
                raise NoRationalError
        return added.sum((1, 2))[:, None] / residual.shape[1]


def float_attention(model: Transformer) -> Attention:
    """In float64 balls."""
    scale = 1 / sqrt(model.hidden_size // model.heads)
    # A correctly rounded root, then a correctly rounded quotient.
    ball = Balls(np.array(scale), np.array(4 * UNIT * scale))
    return Attention(model, from_rationals, ball, _float_powers)


def ball_attention(model: Transformer) -> Attention:
    """In balls of the precision in force here and when logits are asked for."""
    scale = 1 / arb(model.hidden_size // model.heads).sqrt()
    return Attention(model, np.vectorize(to_arb, otypes=[object]), scale, _ball_powers)


def _float_powers(scores: Balls) -> Balls:
    largest = -scores.mid.max(-1, keepdims=True)  # then no exponential overflows
    return exp(scores + Balls(largest, np.zeros_like(largest)))


def _ball_powers(scores: Any) -> Any:
    largest = np.vectorize(lambda score: float(score.mid()))(scores).max(-1, keepdims=True)
    return np.exp(scores - largest)
