"""An attention-only transformer without biases, normalisation or mask.

The residual stream starts as r[p] = E[token p] + P[p] at positions p = 0 .. n-1. A layer with m
heads cuts the H entries of queries, keys and values into m blocks of c = H / m, one for each head,
and adds

    q[p] = W_q r[p],  k[p] = W_k r[p],  v[p] = W_v r[p]
    a[p, j] = softmax over j of (q[p] . k[j] / sqrt(c)),      o[p] = sum_j a[p, j] v[j]
    r[p] <- r[p] + W_o o[p]

with a and o of each head on its own block. The answer is read at the last position:
logit = W_u r[n-1]. Weights are the rationals that the stored floats are.
"""

from __future__ import annotations

from dataclasses import dataclass

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix, to_matrix
from algzoo_exact.shown import Shown


@dataclass(frozen=True)
class AttentionLayer(Shown):
    """W_q, W_k, W_v and W_o of a layer, each (H, H), which act on columns."""

    query: Matrix
    key: Matrix
    value: Matrix
    output: Matrix

    def __post_init__(self) -> None:
        for name in ("query", "key", "value", "output"):
            matrix = to_matrix(getattr(self, name), name)
            object.__setattr__(self, name, matrix)
            size = self.hidden_size
            if not size or _shape(matrix) != (size, size):
                raise InputError(
                    "query, key, value and output of a layer must be square and of one size, but "
                    f"{name} has shape {_shape(matrix)}."
                )

    @property
    def hidden_size(self) -> int:
        return len(self.query)


@dataclass(frozen=True)
class Transformer(Shown):
    """An immutable transformer with exact rational weights.

    Shapes, with H hidden entries: ``embed`` (tokens, H), ``pos_embed`` (n, H), ``unembed``
    (outputs, H). ``heads`` is that of every layer. Entries may be given as anything that
    ``fractions.Fraction`` takes exactly (int, float, Fraction, string).

    Raises InputError if shapes disagree, an entry is not a finite number, or ``heads`` does not
    divide H.
    """

    embed: Matrix
    pos_embed: Matrix
    layers: tuple[AttentionLayer, ...]
    unembed: Matrix
    heads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for name in ("embed", "pos_embed", "unembed"):
            matrix = to_matrix(getattr(self, name), name)
            object.__setattr__(self, name, matrix)
            size = self.hidden_size
            if not size or not matrix or _shape(matrix) != (len(matrix), size):
                raise InputError(
                    "embed, pos_embed and unembed must be matrices with a column for each of the "
                    f"{size} hidden entries, but {name} has shape {_shape(matrix)}."
                )
        if not self.layers:
            raise InputError("A transformer needs at least one attention layer.")
        for i, layer in enumerate(self.layers):
            if layer.hidden_size != size:
                raise InputError(
                    f"Layer {i} has {layer.hidden_size} hidden entries, and the embedding {size}."
                )
        check_heads(self.heads, size)

    def __repr__(self) -> str:
        shape = f"{self.depth} layers of {self.heads} heads, {self.hidden_size} entries wide"
        return f"<transformer of {self.seq_len} positions, {shape}>"

    @property
    def hidden_size(self) -> int:
        return len(self.embed[0]) if self.embed else 0

    @property
    def seq_len(self) -> int:
        return len(self.pos_embed)

    @property
    def tokens(self) -> int:
        return len(self.embed)

    @property
    def outputs(self) -> int:
        return len(self.unembed)

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.layers)

    @property
    def parameters(self) -> int:
        """Number of weights, (tokens + n + outputs) H + 4 H^2 for each layer."""
        size = self.hidden_size
        return (self.tokens + self.seq_len + self.outputs) * size + 4 * self.depth * size**2


def check_heads(heads: int, hidden_size: int) -> None:
    """InputError unless ``heads`` blocks of equal size make up the hidden entries."""
    if heads < 1 or hidden_size % heads:
        raise InputError(
            f"{heads} heads cannot share {hidden_size} hidden entries; "
            "the hidden size must be a multiple of their number."
        )


def _shape(matrix: Matrix) -> tuple[int, int]:
    """Rows, and the length of the first row that differs from the first, or of all."""
    lengths = [len(row) for row in matrix] or [0]
    return len(matrix), next((k for k in lengths if k != lengths[0]), lengths[0])
