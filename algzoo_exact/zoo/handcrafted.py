"""AlgZoo's handcrafted 2nd-argmax models, as exact programs.

The constructions are those of ``handcrafted.py`` in the Alignment Research Center's alg-zoo.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix, Program, Vector, dot, rnn

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
    (inputs,) = _rows([[1, -1]])
    return rnn(inputs, _rows([[-1, 1], [1, -1]]), _rows([[1, -1], [-1, 1]]), seq_len=2)


def three_inputs(scale: int) -> Program:
    """d = 4; about 99.99% right at ``scale`` (L) 100, and tending to 100% as L grows.

    Pairs of neurons (0, 3) and (1, 2) are the two signs of one value each, so that V h is a pair
    of absolute values while U h recovers the values themselves.
    """
    big = scale
    a = _rows([[1, -big - 1, big], [-1, -big, big + 1]])
    b = _rows([[1, 1], [-big, big + 1], [big + 1, -big]])
    u = _rows([[1, 0, 0, -1], [0, 1, -1, 0]])
    v = _rows([[1, 0, 0, 1], [0, 1, 1, 0]])
    (p, q), (r, s) = a[0][1:], a[1][1:]
    determinant = p * s - q * r  # -(2 L + 1)
    inverse = _rows([[s / determinant, -q / determinant], [-r / determinant, p / determinant]])
    first_two = tuple(row[:2] for row in a)
    recurrent = _product(_product(_transpose(u), _product(first_two, inverse)), u)
    inputs = tuple(dot(row, (a[0][2], a[1][2])) for row in _transpose(u))
    return rnn(inputs, recurrent, _product(b, v), seq_len=3)


def _ten_inputs() -> Program:
    """d = 22: logit i is max(0, x_i) + 2 max(0, every input but x_i).

    With M_t = max(0, x_0 .. x_{t-1}), after t inputs:

    - neurons 0 .. 9 hold max(0, x_{t-10}) .. max(0, x_{t-1}), a shift register;
    - neuron 20 holds M_{t-1}, neuron 19 holds M_t - M_{t-1}, neuron 21 holds M_t - x_{t-1};
    - neuron 10 + i (i = 0 .. 8) holds max(0, all inputs so far but x_{t-10+i}) - x_{t-1}.
    """
    n, d = 10, 22
    inputs = [Fraction(0)] * d
    recurrent = [[Fraction(0)] * d for _ in range(d)]

    def neuron(index: int, x: int, **terms: int) -> None:
        inputs[index] = Fraction(x)
        for name, weight in terms.items():
            recurrent[index][int(name[1:])] = Fraction(weight)

    for i in range(n - 1):
        neuron(i, 0, **{f"h{i + 1}": 1})
    neuron(9, 1)
    for i in range(10, 18):
        neuron(i, -1, **{f"h{i + 1}": 1}, h21=-1, h20=1, h19=1)
    neuron(18, -1, h20=1)
    neuron(19, 1, h19=-1, h20=-1)
    neuron(20, 0, h19=1, h20=1)
    neuron(21, -1, h19=1, h20=1)

    readout = [[Fraction(0)] * d for _ in range(n)]
    for i in range(n - 1):
        for index, weight in ((i, 1), (10 + i, 2), (21, -2), (20, 2), (19, 2)):
            readout[i][index] = Fraction(weight)
    readout[9][9], readout[9][20] = Fraction(1), Fraction(2)
    return rnn(tuple(inputs), _rows(recurrent), _rows(readout), seq_len=n)


def _rows(rows: Sequence[Sequence[int | Fraction]]) -> Matrix:
    return tuple(tuple(Fraction(value) for value in row) for row in rows)


def _transpose(a: Matrix) -> Matrix:
    return tuple(zip(*a, strict=True))


def _product(a: Matrix, b: Matrix) -> Matrix:
    columns: tuple[Vector, ...] = _transpose(b)
    return tuple(tuple(dot(row, column) for column in columns) for row in a)
