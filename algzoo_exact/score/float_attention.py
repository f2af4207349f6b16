"""A transformer's logits on many inputs at once, in float64 balls."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.transformer import Transformer
from algzoo_exact.score import float_balls as balls
from algzoo_exact.score.float_balls import UNIT, Balls

Integers = NDArray[np.int64]


class FloatAttention:
    """The transformer with its weights as float64 balls."""

    def __init__(self, transformer: Transformer) -> None:
        self.heads = transformer.heads
        self.embed = balls.from_rationals(transformer.embed)
        self.pos_embed = balls.from_rationals(transformer.pos_embed)
        # Transposed, since vectors are rows here.
        self.layers = [
            [
                balls.from_rationals(matrix).transposed()
                for matrix in (layer.query, layer.key, layer.value, layer.output)
            ]
            for layer in transformer.layers
        ]
        self.unembed = balls.from_rationals(transformer.unembed).transposed()
        scale = 1 / sqrt(transformer.hidden_size // transformer.heads)
        # A correctly rounded root, then a correctly rounded quotient.
        self.scale = Balls(np.array(scale), np.array(4 * UNIT * scale))

    def logits(self, tokens: Integers) -> Balls:
        """Logits (batch, outputs) of the inputs ``tokens`` (batch, n)."""
        with np.errstate(all="ignore"):  # what overflows ends with an infinite or nan radius
            residual = balls.add(self.embed[tokens], self.pos_embed)
            for i, layer in enumerate(self.layers):
                # In the last layer, only the last position's answer is read.
                asking = residual[:, -1:] if i + 1 == len(self.layers) else residual
                residual = balls.add(asking, self._attention(layer, asking, residual))
            return balls.matmul(residual[:, -1], self.unembed)

    def _attention(self, layer: list[Balls], asking: Balls, residual: Balls) -> Balls:
        query, key, value, output = layer
        asked = balls.multiply(self._split(balls.matmul(asking, query)), self.scale)
        keys = self._split(balls.matmul(residual, key)).transposed()
        values = self._split(balls.matmul(residual, value))
        scores = balls.matmul(asked, keys)
        # Softmax does not change when a constant is taken off; then no exponential overflows.
        largest = -scores.mid.max(-1, keepdims=True)
        powers = balls.exp(balls.add(scores, Balls(largest, np.zeros_like(largest))))
        mixed = balls.divide(balls.matmul(powers, values), balls.total(powers))
        return balls.matmul(self._joined(mixed), output)

    def _split(self, rows: Balls) -> Balls:
        """(batch, n, H) to (batch, heads, n, H / heads)."""
        return Balls(*(_split(part, self.heads) for part in (rows.mid, rows.rad)))

    def _joined(self, blocks: Balls) -> Balls:
        """(batch, heads, n, H / heads) to (batch, n, H)."""
        parts = (part.swapaxes(1, 2) for part in (blocks.mid, blocks.rad))
        return Balls(*(part.reshape(*part.shape[:2], -1) for part in parts))


def _split(rows: balls.Floats, heads: int) -> balls.Floats:
    batch, n, size = rows.shape
    return rows.reshape(batch, n, heads, size // heads).swapaxes(1, 2)
