"""From stored weights to the exact program: no rounding anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program

INPUT_KEY, RECURRENT_KEY, READOUT_KEY = "rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight"
KEYS = (INPUT_KEY, RECURRENT_KEY, READOUT_KEY)
"""AlgZoo's names for W_hi (d, 1), W_hh (d, d) and W_oh (n, d)."""

_FLOATS = (np.float16, np.float32, np.float64)


@runtime_checkable
class HasProgram(Protocol):
    """Anything that carries a program, such as a loaded model."""

    @property
    def program(self) -> Program: ...


def lift(model: Program | HasProgram | Mapping[str, NDArray[Any]]) -> Program:
    """The exact program of a model, or of AlgZoo's three weight arrays.

    A mapping holds ``rnn.weight_ih_l0`` (d, 1), ``rnn.weight_hh_l0`` (d, d) and ``linear.weight``
    (n, d), in float16, float32 or float64; each entry becomes the rational that it is. The
    sequence length is the number of logits, n >= 2.

    Raises InputError, naming the tensor, for other keys, shapes or types and for NaN or infinity.
    """
    if isinstance(model, Program):
        return model
    if isinstance(model, HasProgram):
        return model.program
    if not isinstance(model, Mapping):
        raise InputError(
            f"Cannot lift a {type(model).__name__}; give a Program, a model from load(), "
            "or a mapping of numpy arrays."
        )
    check_layout({key: np.shape(array) for key, array in model.items()})
    for key in KEYS:
        _check_entries(key, model[key])
    return Program(
        tuple(model[INPUT_KEY][:, 0].tolist()),
        tuple(map(tuple, model[RECURRENT_KEY].tolist())),
        tuple(map(tuple, model[READOUT_KEY].tolist())),
        seq_len=len(model[READOUT_KEY]),
    )


def check_layout(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """InputError unless the tensors' names and shapes are those of AlgZoo's ``DistRNN``."""
    if any(str(key).startswith(("embed.", "attns.", "unembed.")) for key in shapes):
        raise InputError(
            "This is a transformer (AlgZoo's longest_cycle family), which this version does not "
            "support; it handles the RNNs with one logit per input."
        )
    if biases := [key for key in shapes if "bias" in str(key)]:
        raise InputError(
            f"Models with biases ({biases[0]!r}) are not supported, because their activation "
            "regions are not cones; train with bias=False."
        )
    if missing := [key for key in KEYS if key not in shapes]:
        found = ", ".join(repr(key) for key in [*shapes][:6]) or "nothing"
        raise InputError(f"There is no {missing[0]} (found: {found}); expected {', '.join(KEYS)}.")
    if extra := [key for key in shapes if key not in KEYS]:
        raise InputError(f"Unexpected tensor {extra[0]!r}; expected only {', '.join(KEYS)}.")
    for key in KEYS:
        if len(shapes[key]) != 2 or 0 in shapes[key]:
            raise InputError(f"{key} must be a nonempty matrix, but has shape {shapes[key]}.")
    d, n = shapes[INPUT_KEY][0], shapes[READOUT_KEY][0]
    for key, expected in ((INPUT_KEY, (d, 1)), (RECURRENT_KEY, (d, d)), (READOUT_KEY, (n, d))):
        if shapes[key] != expected:
            raise InputError(
                f"{key} has shape {shapes[key]}; with {d} hidden neurons (the rows of "
                f"{INPUT_KEY}) it must be {expected}."
            )
    if n == 1:
        raise InputError(
            "This is an RNN with a single output (AlgZoo's median family), which this version "
            "does not support; it handles the RNNs with one logit per input."
        )


def _check_entries(key: str, array: NDArray[Any]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.type not in _FLOATS:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise InputError(f"{key} has type {kind}; expected float16, float32 or float64 entries.")
    finite = np.isfinite(array)
    if not finite.all():
        i, j = (int(k) for k in np.argwhere(~finite)[0])
        raise InputError(f"{key}[{i}, {j}] is {array[i, j]}; every weight must be a finite number.")
