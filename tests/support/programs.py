"""Programs for tests: random ones, and ones in which something is degenerate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from algzoo_exact.program.ir import Program, rnn

Rng = np.random.Generator
Floats = NDArray[np.float64]
Weights = tuple[Floats, Floats, Floats]
"""W_hi (d), W_hh (d, d), W_oh (outputs, d)."""


def random_program(rng: Rng, d: int, n: int, outputs: int | None = None) -> Program:
    """Standard normal float32 weights; ``outputs`` defaults to n."""
    return _program(_normal(rng, d, n if outputs is None else outputs), n)


def degenerate_programs(
    rng: Rng, count: int, d_range: tuple[int, int], n: int
) -> Iterator[tuple[str, Program]]:
    """``count`` pairs (what is degenerate, program), d in ``d_range`` (both ends included).

    The kinds take turns; every third program has a second kind laid over the first.
    """
    names = list(KINDS)
    for k in range(count):
        d = int(rng.integers(d_range[0], d_range[1] + 1))
        name = names[k % len(names)]
        weights = KINDS[name](rng, _normal(rng, d, n))
        if k % 3 == 2:
            second = names[int(rng.integers(len(names)))]
            weights = KINDS[second](rng, weights)
            name = f"{name}, then {second}"
        yield name, _program(weights, n)


def degenerate_program(kind: str, rng: Rng, d: int, n: int) -> Program:
    """One program of a kind named in ``KINDS``."""
    return _program(KINDS[kind](rng, _normal(rng, d, n)), n)


def exact_program(
    w_hi: Sequence[float], w_hh: Sequence[Sequence[float]], w_oh: Sequence[Sequence[float]], n: int
) -> Program:
    """The program with these weights, taken exactly."""
    return rnn(_vector(w_hi), tuple(map(_vector, w_hh)), tuple(map(_vector, w_oh)), n)


def stretched(rng: Rng, program: Program, power: int) -> Program:
    """With each weight times a power of ten, from 10^-power to 10^power."""

    def row(weights: Sequence[Fraction]) -> tuple[Fraction, ...]:
        return tuple(w * Fraction(10) ** int(rng.integers(-power, power)) for w in weights)

    w_hi, w_hh, w_oh = program.input_weights, program.recurrent, program.readout
    return rnn(row(w_hi), tuple(map(row, w_hh)), tuple(map(row, w_oh)), program.seq_len)


def dead_mass_program() -> Program:
    """A (3, 3) model whose logits all vanish on a large cone, as in trained models: every neuron
    reads x with a positive weight, and inhibits more than it excites."""
    w_hh = [[-1.0, 0.5, -0.25], [0.75, -2.0, 0.5], [-0.5, -1.0, -1.5]]
    w_oh = [[1.0, -1.0, 0.5], [-0.5, 2.0, -1.0], [0.25, -0.75, 1.0]]
    return exact_program([1.0, 0.5, 2.0], w_hh, w_oh, 3)


def handcrafted_2_2() -> Program:
    """The published 2nd-argmax model for d = 2, n = 2; its accuracy is exactly 1."""
    return exact_program([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]], 2)


def handcrafted_4_3(size: int = 100) -> Program:
    """The published 2nd-argmax model for d = 4, n = 3, L = ``size`` (alg-zoo, handcrafted.py).

    W_hi = U^T A[:, 2], W_hh = U^T A[:, :2] inv(A[:, 1:]) U, W_oh = B V. For L = 100 the inverse
    is not dyadic: its entries are rounded to float64. Accuracy about 99.99%, more for larger L.
    """
    a = np.array([[1, -size - 1, size], [-1, -size, size + 1]], dtype=np.float64)
    b = np.array([[1, 1], [-size, size + 1], [size + 1, -size]], dtype=np.float64)
    u = np.array([[1, 0, 0, -1], [0, 1, -1, 0]], dtype=np.float64)
    w_hh = u.T @ a[:, :2] @ np.linalg.inv(a[:, 1:]) @ u
    return exact_program((u.T @ a[:, 2]).tolist(), w_hh.tolist(), (b @ np.abs(u)).tolist(), 3)


@st.composite
def programs(draw: st.DrawFn, d: tuple[int, int] = (1, 3), n: tuple[int, int] = (2, 3)) -> Program:
    """Hypothesis strategy: small integers (coincidences, and examples that shrink well),
    float32 numbers, or a degenerate kind; d and n in the ranges given, n outputs."""
    hidden, length = draw(st.integers(*d)), draw(st.integers(*n))
    if draw(st.booleans()):
        seed = draw(st.integers(0, 2**32 - 1))
        kind = draw(st.sampled_from(list(KINDS)))
        return degenerate_program(kind, np.random.default_rng(seed), hidden, length)
    entry = draw(
        st.sampled_from([st.integers(-2, 2), st.floats(-8, 8, width=32, allow_subnormal=False)])
    )
    row = st.tuples(*[entry] * hidden)
    return exact_program(
        draw(row), draw(st.tuples(*[row] * hidden)), draw(st.tuples(*[row] * length)), length
    )


def _normal(rng: Rng, d: int, outputs: int) -> Weights:
    return (
        rng.standard_normal(d),
        rng.standard_normal((d, d)),
        rng.standard_normal((outputs, d)),
    )


def _program(weights: Weights, n: int) -> Program:
    w_hi, w_hh, w_oh = (w.astype(np.float32).tolist() for w in weights)
    return exact_program(w_hi, w_hh, w_oh, n)


def _vector(row: Sequence[float]) -> tuple[Fraction, ...]:
    return tuple(Fraction(v) for v in row)


def _pick(rng: Rng, d: int) -> tuple[int, int]:
    """Two neurons, different if there are two."""
    if d == 1:
        return 0, 0
    i, j = rng.choice(d, size=2, replace=False)
    return int(i), int(j)


def _dead(rng: Rng, w: Weights) -> Weights:
    """A neuron with an all-negative row of W_hh and W_hi = 0: never on."""
    j, _ = _pick(rng, len(w[0]))
    w[0][j] = 0.0
    w[1][j] = -np.abs(w[1][j])
    return w


def _duplicate(rng: Rng, w: Weights) -> Weights:
    """Two neurons with the same incoming weights."""
    return _parallel(rng, w, 1.0)


def _positive_parallel(rng: Rng, w: Weights) -> Weights:
    """A neuron's incoming weights are 3 times another's."""
    return _parallel(rng, w, 3.0)


def _negative_parallel(rng: Rng, w: Weights) -> Weights:
    """A neuron's incoming weights are -2 times another's."""
    return _parallel(rng, w, -2.0)


def _parallel(rng: Rng, w: Weights, factor: float) -> Weights:
    i, j = _pick(rng, len(w[0]))
    if i != j:
        # 12 bits, so that float32 holds the multiples exactly and the rows are truly parallel.
        w[0][i], w[1][i] = _shortened(w[0][i]), _shortened(w[1][i])
        w[0][j], w[1][j] = factor * w[0][i], factor * w[1][i]
    return w


def _shortened(values: Floats) -> Floats:
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.round(mantissa * 2**12), exponent - 12))


def _zero_row(rng: Rng, w: Weights) -> Weights:
    """A row of W_hh is zero: that neuron sees the newest input only."""
    w[1][_pick(rng, len(w[0]))[0]] = 0.0
    return w


def _zero_column(rng: Rng, w: Weights) -> Weights:
    """Nothing reads one neuron, within the network or after it."""
    j, _ = _pick(rng, len(w[0]))
    w[1][:, j] = 0.0
    w[2][:, j] = 0.0
    return w


def _no_input(rng: Rng, w: Weights) -> Weights:
    """W_hi = 0: the state is 0 for ever, all logits tie."""
    return np.zeros_like(w[0]), w[1], w[2]


def _no_readout(rng: Rng, w: Weights) -> Weights:
    """W_oh = 0: all logits tie."""
    return w[0], w[1], np.zeros_like(w[2])


def _equal_logits(rng: Rng, w: Weights) -> Weights:
    """Two rows of W_oh are equal: those logits tie everywhere."""
    i, j = _pick(rng, len(w[2]))
    w[2][j] = w[2][i]
    return w


def _small_integers(rng: Rng, w: Weights) -> Weights:
    """All weights in -2 .. 2: walls coincide, differences cancel."""
    wi, wh, wo = (rng.integers(-2, 3, size=part.shape).astype(np.float64) for part in w)
    return wi, wh, wo


def _one_sign(rng: Rng, w: Weights) -> Weights:
    """W_hi of one sign: on a cone of inputs the state stays 0 and all logits tie."""
    return np.abs(w[0]) * rng.choice([-1.0, 1.0]), w[1], w[2]


def _scales(rng: Rng, w: Weights) -> Weights:
    """Weights from 1e-20 to 1e15."""
    wi, wh, wo = (part * 10.0 ** rng.integers(-20, 16, size=part.shape) for part in w)
    return wi, wh, wo


def _no_recurrence(rng: Rng, w: Weights) -> Weights:
    """W_hh = 0: the last input alone decides."""
    return w[0], np.zeros_like(w[1]), w[2]


def _powers_of_two(rng: Rng, w: Weights) -> Weights:
    """Every weight is plus or minus a power of two."""
    wi, wh, wo = (
        rng.choice([-1.0, 1.0], size=part.shape) * 2.0 ** rng.integers(-4, 5, size=part.shape)
        for part in w
    )
    return wi, wh, wo


def _copied_readout(rng: Rng, w: Weights) -> Weights:
    """Rows of W_oh are permuted or negated copies of the first."""
    for k in range(1, len(w[2])):
        copy = rng.permutation(w[2][0])
        w[2][k] = copy if rng.integers(2) else -w[2][0]
    return w


def _paired(rng: Rng, w: Weights) -> Weights:
    """Neurons in pairs +-, as in the handcrafted models: pairs act as absolute values."""
    sign = np.where(np.arange(len(w[0])) % 2 == 0, 1.0, -1.0)
    pair = np.arange(len(w[0])) // 2
    weight = np.round(rng.standard_normal(len(w[0])) * 8) / 8
    mix = np.round(rng.standard_normal(w[1].shape) * 8) / 8
    return sign * weight[pair], np.outer(sign, sign) * mix[pair][:, pair], w[2]


KINDS: dict[str, Callable[[Rng, Weights], Weights]] = {
    "dead neuron": _dead,
    "duplicate neuron": _duplicate,
    "positively parallel": _positive_parallel,
    "negatively parallel": _negative_parallel,
    "zero row": _zero_row,
    "zero column": _zero_column,
    "no input": _no_input,
    "no readout": _no_readout,
    "equal logits": _equal_logits,
    "small integers": _small_integers,
    "one sign": _one_sign,
    "scales": _scales,
    "no recurrence": _no_recurrence,
    "powers of two": _powers_of_two,
    "copied readout": _copied_readout,
    "paired": _paired,
}
