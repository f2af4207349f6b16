"""A transformer's logits on one input as rationals, where they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property

from algzoo_exact.program.ir import Matrix, Vector, dot
from algzoo_exact.program.transformer import AttentionLayer, Transformer


class RationalAttention:
    """Logits as rationals, on the inputs whose attention weights do not matter or are equal.

    Softmax gives irrational weights; but a head's sum is rational where the vectors that it
    mixes are all equal, since the weights sum to 1, and where all scores are equal, since then it
    is their mean. That proves the ties of symmetric inputs and of layers that add nothing.
    """

    def __init__(self, transformer: Transformer) -> None:
        self.transformer = transformer

    def logits(self, tokens: Sequence[int]) -> Vector | None:
        """The exact logits, or None where they cannot be had this way."""
        model = self.transformer
        residual: list[Vector | None] = [
            _sum(model.embed[token], position)
            for token, position in zip(tokens, model.pos_embed, strict=True)
        ]
        for i, layer in enumerate(model.layers):
            asking = residual[-1:] if i + 1 == len(model.layers) else residual
            residual = [self._answer(layer, row, residual, i) for row in asking]
        last = residual[-1]
        return None if last is None else _product(model.unembed, last)

    def _answer(
        self, layer: AttentionLayer, asking: Vector | None, residual: list[Vector | None], i: int
    ) -> Vector | None:
        if asking is None:
            return None
        answer = asking
        for head, told in enumerate(self._told[i]):
            if not any(any(row) for row in told):
                continue  # this head adds nothing
            known = [row for row in residual if row is not None]
            if len(known) < len(residual):
                return None
            values = [_product(told, row) for row in known]
            if any(value != values[0] for value in values) and not self._equal_scores(
                layer, head, asking, known
            ):
                return None
            columns = zip(*values, strict=True)
            mean = tuple(sum(column, Fraction(0)) / len(values) for column in columns)
            answer = _sum(answer, mean)
        return answer

    def _equal_scores(
        self, layer: AttentionLayer, head: int, asking: Vector, residual: list[Vector]
    ) -> bool:
        block = self._block(head)
        asked = _product(layer.query[block], asking)
        scores = {dot(asked, _product(layer.key[block], row)) for row in residual}
        return len(scores) == 1

    @cached_property
    def _told(self) -> list[list[Matrix]]:
        """For each layer and head, the matrix from the residual stream to what it adds."""
        return [
            [self._passed_on(layer, head) for head in range(self.transformer.heads)]
            for layer in self.transformer.layers
        ]

    def _passed_on(self, layer: AttentionLayer, head: int) -> Matrix:
        block = self._block(head)
        columns = tuple(zip(*layer.value[block], strict=True))
        return tuple(_product(columns, row[block]) for row in layer.output)

    def _block(self, head: int) -> slice:
        size = self.transformer.hidden_size // self.transformer.heads
        return slice(head * size, (head + 1) * size)


def _product(matrix: Iterable[Vector], vector: Vector) -> Vector:
    return tuple(dot(row, vector) for row in matrix)


def _sum(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))
