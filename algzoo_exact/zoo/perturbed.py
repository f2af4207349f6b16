"""Models with noise on their weights, or with fewer or coarser ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar, cast

import numpy as np

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.perturb import check_noise, perturb_network
from algzoo_exact.program.readers import as_model
from algzoo_exact.program.reduce import Format, pruned_network, rounded_network
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.zoo.loading import Model
from algzoo_exact.zoo.storage import RawTensor, raw_tensor, to_safetensors

Noisy = TypeVar("Noisy", bound=Model | Program | Transformer)


def perturb(network: Noisy, std: float, seed: int = 0, *, relative: bool = False) -> Noisy:
    """A model, program or transformer with Gaussian noise added to every weight.

    The noise is independent, with mean 0 and standard deviation ``std``, or with ``relative``
    ``std`` times the root mean square of the weight matrix. The new weights are the float32
    nearest to the exact sums; with ``std`` 0 nothing is changed or rounded. The same ``seed``
    (0 to 2^32 - 1) means the same noise everywhere, now and later.

    A noisy Model says so in its name and metadata; its ``sha256`` is that of the safetensors file
    which holds just its weights, in float32.

    Raises InputError for a ``std`` that is negative or not finite, for other seeds, and where a
    weight leaves the range of float32.
    """
    check_noise(std, seed)
    noise = {
        "noise": repr(float(std)), "noise_seed": str(seed), "noise_relative": str(relative).lower()
    }  # fmt: skip
    name = f"{'relative ' * relative}noise {noise['noise']} (seed {seed})"
    return _changed(
        network, lambda n: perturb_network(n, std, seed, relative=relative), name, noise
    )


def prune(network: Noisy, share: float) -> Noisy:
    """A model, program or transformer without the smallest ``share`` of its weights, from 0 to 1:
    so many are set to 0, rounded down.

    InputError for another share.
    """
    name = f"{share} of its weights pruned"
    return _changed(network, lambda n: pruned_network(n, share), name, {"pruned": str(share)})


def quantize(network: Noisy, to: Format) -> Noisy:
    """A model, program or transformer with weights rounded to the nearest "float32", "float16",
    "bfloat16" or "int8": integers from -127 to 127 times the largest weight of a matrix / 127.

    InputError for another format, and for weights beyond its range.
    """
    name = f"rounded to {to}"
    return _changed(network, lambda n: rounded_network(n, to), name, {"rounded": str(to)})


def _changed(
    network: Noisy, change: Callable[[Any], Any], name: str, metadata: dict[str, str]
) -> Noisy:
    network = cast("Noisy", as_model(network))
    if isinstance(network, Program | Transformer):
        return cast("Noisy", change(network))
    if not isinstance(network, Model):
        raise InputError(
            f"Cannot change a {type(network).__name__}; give a Model, Program or Transformer."
        )
    changed = change(network.network)
    if changed == network.network:
        return network
    tensors, dtype = _tensors(named_weights(changed))
    return replace(
        network,
        name=f"{network.name} + {name}",
        sha256=hashlib.sha256(to_safetensors(tensors, {})).hexdigest(),
        network=changed,
        metadata=network.metadata | metadata | {f"{next(iter(metadata))}_on": network.sha256},
        dtype=dtype,
    )


def _tensors(weights: Mapping[str, Matrix]) -> tuple[dict[str, RawTensor], str]:
    """As float32 where that is exact, else as the nearest float64; with the name of that type."""
    entries = [w for rows in weights.values() for row in rows for w in row]
    exact = all(Fraction(float(np.float32(float(w)))) == w for w in entries)
    dtype = "float32" if exact else "float64"
    tensors = {
        key: raw_tensor(key, np.array([[float(w) for w in row] for row in rows], dtype))
        for key, rows in weights.items()
    }
    return tensors, dtype
