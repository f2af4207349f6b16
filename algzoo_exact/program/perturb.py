"""Gaussian noise on the weights of a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf, isfinite, sqrt
from operator import index
from typing import TypeVar, cast

import numpy as np

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix, Number, Program, mlp, rnn, to_matrix
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.rounding import nearest
from algzoo_exact.program.transformer import AttentionLayer, Transformer

Network = TypeVar("Network", bound=Program | Transformer)

LARGEST_SEED = 2**32 - 1


def perturb_network(network: Network, std: float, seed: int, *, relative: bool) -> Network:
    """The network with independent zero-mean Gaussian noise added to every weight.

    The standard deviation is ``std``, or with ``relative`` it is ``std`` times the root mean
    square of the weight matrix. Each new weight is the float32 nearest to the sum of the exact
    weight and the noise, a float64. With ``std`` 0 the network itself comes back.

    Matrices take their noise row by row from one stream: W_hi, W_hh, W_oh; a perceptron's from the
    first layer on; for a transformer embed, pos_embed, each layer's query, key, value and output,
    unembed.

    Raises InputError for a ``std`` that is negative or not finite, a seed that is not a whole
    number from 0 to 2^32 - 1, and weights beyond float32's range.
    """
    check_noise(std, seed)
    if std == 0:
        return network
    # The legacy generator, because numpy promises that its streams never change; those of
    # default_rng() may. So a seed means the same noise with every version.
    random = np.random.RandomState(index(seed))
    noisy = []
    for matrix in matrices_of(network):
        deviation = std * _root_mean_square(matrix) if relative else std
        if not isfinite(deviation):
            raise InputError(f"Noise of {std} times the weights is beyond the range of floats.")
        noise = deviation * random.standard_normal((len(matrix), len(matrix[0])))
        noisy.append(
            tuple(
                tuple(nearest(w + Fraction(e), "float32") for w, e in zip(row, errors, strict=True))
                for row, errors in zip(matrix, noise.tolist(), strict=True)
            )
        )
    return rebuilt(network, noisy)


def check_noise(std: float, seed: int) -> None:
    """InputError unless noise can be drawn with these."""
    if not isinstance(std, int | float | np.floating) or isinstance(std, bool):
        raise InputError(f"The noise's standard deviation must be a number, not {std!r}.")
    if not isfinite(std) or std < 0:
        raise InputError(f"The noise's standard deviation must be finite and >= 0, not {std}.")
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise InputError(f"The noise's seed must be a whole number, not {seed!r}.")
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"The noise's seed must be from 0 to 2^32 - 1, not {seed}.")


def _root_mean_square(matrix: Matrix) -> float:
    squares = [w * w for row in matrix for w in row]
    try:
        return sqrt(sum(squares) / len(squares))
    except OverflowError:
        return inf


def matrices_of(network: Program | Transformer) -> list[Matrix]:
    """Its weight matrices, in the order in which they take noise."""
    if isinstance(network, Program):
        if not (network.is_rnn or network.is_mlp):
            raise InputError(
                "Noise, pruning and rounding are for a network's weights, not a composed program."
            )
        return [*named_weights(network).values()]
    layers = [m for a in network.layers for m in (a.query, a.key, a.value, a.output)]
    return [network.embed, network.pos_embed, *layers, network.unembed]


def rebuilt(network: Network, matrices: Iterable[Sequence[Sequence[Number]]]) -> Network:
    """A network of the same sort with other ``matrices_of`` it."""
    found: Program | Transformer
    if isinstance(network, Transformer):
        embed, pos_embed, *inner, unembed = (to_matrix(rows, "A matrix") for rows in matrices)
        layers = tuple(AttentionLayer(*inner[k : k + 4]) for k in range(0, len(inner), 4))
        found = replace(network, embed=embed, pos_embed=pos_embed, layers=layers, unembed=unembed)
    elif network.is_mlp:
        found = mlp([*matrices])
    else:
        inputs, recurrent, readout = matrices
        found = rnn([w for (w,) in inputs], recurrent, readout, network.seq_len)
    return cast("Network", found)
