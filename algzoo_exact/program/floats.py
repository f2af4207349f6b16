"""An RNN's weights as float64 arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.ir import Matrix, Program

Floats = NDArray[np.float64]


class FloatWeights(NamedTuple):
    """W_hi (d), W_hh (d, d) and W_oh (k, d)."""

    input: Floats
    recurrent: Floats
    readout: Floats


def rounded_weights(program: Program) -> FloatWeights:
    """The weights, each rounded to nearest; OverflowError if one is beyond float64."""
    (w_in,) = rounded((program.input_weights,))
    return FloatWeights(w_in, rounded(program.recurrent), rounded(program.readout))


def rounded(rows: Matrix) -> Floats:
    """The entries, each rounded to nearest; OverflowError if one is beyond float64."""
    return np.array([[float(entry) for entry in row] for row in rows])
