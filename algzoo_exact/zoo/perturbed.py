"""Models with noise on their weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, cast

import numpy as np

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.perturb import perturb_network
from algzoo_exact.program.readers import as_model
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.zoo.loading import Model
from algzoo_exact.zoo.storage import RawTensor, to_safetensors

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
    network = cast("Noisy", as_model(network))
    if isinstance(network, Model):
        return cast("Noisy", _perturb_model(network, std, seed, relative))
    if isinstance(network, Program | Transformer):
        return cast("Noisy", perturb_network(network, std, seed, relative=relative))
    raise InputError(
        f"Cannot perturb a {type(network).__name__}; give a Model, Program or Transformer."
    )


def _perturb_model(model: Model, std: float, seed: int, relative: bool) -> Model:
    noisy = perturb_network(model.network, std, seed, relative=relative)
    if std == 0:
        return model
    size = repr(float(std))
    noise = {"noise": size, "noise_seed": str(seed), "noise_relative": str(relative).lower()}
    return replace(
        model,
        name=f"{model.name} + {'relative ' * relative}noise {size} (seed {seed})",
        sha256=hashlib.sha256(to_safetensors(_tensors(named_weights(noisy)), {})).hexdigest(),
        network=noisy,
        metadata=model.metadata | noise | {"noise_on": model.sha256},
        dtype="float32",
    )


def _tensors(weights: Mapping[str, Matrix]) -> dict[str, RawTensor]:
    arrays = {
        key: np.array([[float(w) for w in row] for row in rows], dtype="<f4")
        for key, rows in weights.items()
    }
    return {key: RawTensor("F32", array.shape, array.tobytes()) for key, array in arrays.items()}
