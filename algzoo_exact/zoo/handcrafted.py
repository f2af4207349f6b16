"""AlgZoo's handcrafted 2nd-argmax models, as exact programs.

The constructions are those of ``handcrafted.py`` in the Alignment Research Center's alg-zoo.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program, rnn

SIZES = (2, 3, 10)


def handcrafted_second_argmax(seq_len: int) -> Program:
    """The handcrafted model for 2, 3 or 10 inputs; InputError for other lengths."""
    if seq_len == 2:
        return _two_inputs()
    if seq_len == 3:
        return three_inputs(100)
    if seq_len == 10:
        return _ten_inputs()
    raise InputError(f"There are handcrafted models for 2, 3 and 10 inputs, not for {seq_len}.")


def _two_inputs() -> Program:
    """The last state is max(0, x1 - x0) and max(0, x0 - x1); logit 0 is x1 - x0: always right."""
    return rnn([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]], seq_len=2)


def three_inputs(scale: int) -> Program:
    """d = 4; about 99.99% right at ``scale`` (L) 100, and tending to 100% as L grows.

    Pairs of neurons (0, 3) and (1, 2) are the two signs of one value each, so that V h is a pair
    of absolute values while U h recovers the values themselves.
    """
    big = scale
    a = np.array([[1, -big - 1, big], [-1, -big, big + 1]], object)  # of exact numbers
    b = np.array([[1, 1], [-big, big + 1], [big + 1, -big]], object)
    u = np.array([[1, 0, 0, -1], [0, 1, -1, 0]])
    v = np.array([[1, 0, 0, 1], [0, 1, 1, 0]])
    (p, q), (r, s) = a[:, 1:]
    determinant = p * s - q * r  # -(2 L + 1)
    inverse = np.array([[s, -q], [-r, p]]) * Fraction(1, determinant)
    recurrent = u.T @ a[:, :2] @ inverse @ u
    return rnn((u.T @ a[:, 2]).tolist(), recurrent.tolist(), (b @ v).tolist(), seq_len=3)


def _ten_inputs() -> Program:
    """d = 22: logit i is max(0, x_i) + 2 max(0, every input but x_i).

    With M_t = max(0, x_0 .. x_{t-1}), after t inputs:

    - neurons 0 .. 9 hold max(0, x_{t-10}) .. max(0, x_{t-1}), a shift register;
    - neuron 20 holds M_{t-1}, neuron 19 holds M_t - M_{t-1}, neuron 21 holds M_t - x_{t-1};
    - neuron 10 + i (i = 0 .. 8) holds max(0, all inputs so far but x_{t-10+i}) - x_{t-1}.
    """
    n, d = 10, 22
    inputs = [0] * d
    recurrent = [[0] * d for _ in range(d)]

    def neuron(index: int, x: int, **terms: int) -> None:
        inputs[index] = x
        for name, weight in terms.items():
            recurrent[index][int(name[1:])] = weight

    for i in range(n - 1):
        neuron(i, 0, **{f"h{i + 1}": 1})
    neuron(9, 1)
    for i in range(10, 18):
        neuron(i, -1, **{f"h{i + 1}": 1}, h21=-1, h20=1, h19=1)
    neuron(18, -1, h20=1)
    neuron(19, 1, h19=-1, h20=-1)
    neuron(20, 0, h19=1, h20=1)
    neuron(21, -1, h19=1, h20=1)

    readout = [[0] * d for _ in range(n)]
    for i in range(n - 1):
        for index, weight in ((i, 1), (10 + i, 2), (21, -2), (20, 2), (19, 2)):
            readout[i][index] = weight
    readout[9][9], readout[9][20] = 1, 2
    return rnn(inputs, recurrent, readout, seq_len=n)
