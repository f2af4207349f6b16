"""A transformer's logits on one input as rationals, where they are.

Softmax gives irrational weights; but a head's sum is rational where the vectors that it mixes are
all equal, since the weights sum to 1, and where all scores are equal, since then it is their mean.
That proves the ties of symmetric inputs and of layers that add nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from algzoo_exact.program.ir import Matrix, Vector
from algzoo_exact.program.transformer import Transformer


class RationalAttention:
    """A transformer in fractions, without heads and layers that add nothing."""

    def __init__(self, model: Transformer) -> None:
        size = model.hidden_size // model.heads
        blocks = [slice(k * size, (k + 1) * size) for k in range(model.heads)]
        self.embed, self.pos_embed, self.unembed = (
            _array(matrix) for matrix in (model.embed, model.pos_embed, model.unembed)
        )
        self.layers = []
        for layer in model.layers:
            query, key, value, output = (
                _array(m) for m in (layer.query, layer.key, layer.value, layer.output)
            )
            # Vectors are rows; the third matrix leads from the residual stream to what is added.
            heads = [(query[b].T, key[b].T, (output[:, b] @ value[b]).T) for b in blocks]
            if adding := [head for head in heads if np.any(head[2] != 0)]:
                self.layers.append(adding)

    def logits(self, tokens: Sequence[int]) -> Vector | None:
        """The exact logits, or None where they cannot be had this way."""
        residual = self.embed[list(tokens)] + self.pos_embed
        for i, heads in enumerate(self.layers):
            asking = residual[-1:] if i + 1 == len(self.layers) else residual
            answers = asking
            for query, key, told in heads:
                values, scores = residual @ told, (asking @ query) @ (residual @ key).T
                if np.any(values != values[0]) and np.any(scores != scores[:, :1]):
                    return None
                answers = answers + values.sum(0) / len(values)
            residual = answers
        return tuple(self.unembed @ residual[-1])


def _array(matrix: Matrix) -> Any:
    return np.array(matrix, object)
