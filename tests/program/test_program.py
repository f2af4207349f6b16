"""Lifting, standardizing and rendering programs, and the handcrafted models."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.lift import lift
from algzoo_exact.program.render import short, to_latex, to_sympy, to_text
from algzoo_exact.program.standardize import rescale, standardize
from algzoo_exact.program.task import second_argmax
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax, three_inputs
from algzoo_exact.zoo.loading import load

small = st.fractions(min_value=-3, max_value=3, max_denominator=8)


@st.composite
def programs(draw: st.DrawFn, max_d: int = 4, max_n: int = 4) -> Program:
    d, n = draw(st.integers(1, max_d)), draw(st.integers(1, max_n))
    k = draw(st.integers(1, 4))

    def row(length: int) -> tuple[Fraction, ...]:
        return tuple(draw(small) for _ in range(length))

    return rnn(row(d), tuple(row(d) for _ in range(d)), tuple(row(d) for _ in range(k)), seq_len=n)


def point(draw_from: random.Random, n: int) -> list[Fraction]:
    return [Fraction(draw_from.gauss(0, 1)) for _ in range(n)]


# --- lift ---


def arrays(d: int, n: int, dtype: str, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    shapes = {"rnn.weight_ih_l0": (d, 1), "rnn.weight_hh_l0": (d, d), "linear.weight": (n, d)}
    return {key: generator.normal(size=shape).astype(dtype) for key, shape in shapes.items()}


@given(
    st.integers(1, 5), st.integers(2, 5), st.sampled_from(["f2", "f4", "f8"]), st.integers(0, 99)
)
def test_lifting_loses_nothing(d: int, n: int, dtype: str, seed: int) -> None:
    weights = arrays(d, n, dtype, seed)
    program = lift(weights)
    # Oracle: the bit pattern. Each rational converts back to the very float that was stored.
    back = {
        "rnn.weight_ih_l0": np.array([[float(w)] for w in program.input_weights], dtype),
        "rnn.weight_hh_l0": np.array([[float(w) for w in r] for r in program.recurrent], dtype),
        "linear.weight": np.array([[float(w) for w in r] for r in program.readout], dtype),
    }
    assert {k: v.tobytes() for k, v in back.items()} == {k: v.tobytes() for k, v in weights.items()}
    assert all(
        Fraction(float(v)) == w
        for v, w in zip(weights["rnn.weight_ih_l0"][:, 0], program.input_weights, strict=True)
    )
    assert program.seq_len == n


def test_programs_and_models_lift_to_themselves() -> None:
    model = load("handcrafted:2nd_argmax_2")
    assert lift(model) is model.program
    assert lift(model.program) is model.program


def test_what_cannot_be_lifted() -> None:
    weights = arrays(2, 3, "f8", 0)
    for bad, expected in [
        (3, "Cannot lift a int"),
        (weights | {"linear.weight": [[1.0, 2.0]] * 3}, "linear.weight has type list"),
        (weights | {"linear.weight": np.ones((3, 2), int)}, "linear.weight has type int64"),
        (weights | {"linear.weight": np.ones((3, 2), np.longdouble)}, "linear.weight has type"),
        (weights | {"linear.weight": np.full((3, 2), np.inf)}, "linear.weight[0, 0] is inf"),
        (weights | {"more": np.ones(1)}, "Unexpected tensor 'more'"),
    ]:
        with pytest.raises(InputError) as caught:
            lift(bad)  # type: ignore[arg-type]
        assert expected in str(caught.value)


# --- the handcrafted models (oracle: the formulas that their authors state) ---


def test_the_handcrafted_model_for_two_inputs_is_always_right() -> None:
    program, task, source = handcrafted_second_argmax(2), second_argmax(2), random.Random(0)
    for _ in range(300):
        x = point(source, 2)
        logit = program.evaluate(x).logit
        assert logit == (x[1] - x[0], x[0] - x[1])
        assert logit.index(max(logit)) == task.label(x)


@pytest.mark.slow
def test_the_handcrafted_model_for_three_inputs_gets_better_with_its_scale() -> None:
    task, source = second_argmax(3), random.Random(0)
    points = [point(source, 3) for _ in range(2000)]

    def errors(scale: int) -> int:
        logits = [three_inputs(scale).evaluate(x).logit for x in points]
        return sum(
            row.index(max(row)) != task.label(x) for row, x in zip(logits, points, strict=True)
        )

    # Published: about 99.99% at scale 100, thus 0.2 errors expected; 6 or more would come by
    # chance with probability below 0.2^6/6! < 1e-7.
    assert errors(100) <= 5
    assert errors(1) > errors(100)
    assert handcrafted_second_argmax(3) == three_inputs(100)


def test_the_handcrafted_model_for_three_inputs_has_the_stated_recurrence() -> None:
    # W_hh = U^T A[:,:2] inv(A[:,1:]) U; oracle: sympy's inverse.
    big = sympy.Integer(100)
    a = sympy.Matrix([[1, -big - 1, big], [-1, -big, big + 1]])
    u = sympy.Matrix([[1, 0, 0, -1], [0, 1, -1, 0]])
    expected = u.T * a[:, :2] * a[:, 1:].inv() * u
    found = handcrafted_second_argmax(3)
    assert [list(row) for row in found.recurrent] == [
        [Fraction(int(v.p), int(v.q)) for v in expected.row(i)] for i in range(4)
    ]
    assert list(found.input_weights) == [Fraction(int(v)) for v in u.T * a[:, 2]]


def test_the_handcrafted_model_for_ten_inputs_computes_leave_one_out_maxima() -> None:
    program, source = handcrafted_second_argmax(10), random.Random(0)
    for _ in range(60):
        x = point(source, 10)
        trace = program.evaluate(x)
        for i in range(10):
            others = x[:i] + x[i + 1 :]
            assert trace.logit[i] == max(0, x[i]) + 2 * max(0, *others)
        for t in range(1, 11):  # the roles of single neurons
            h = trace.h[t - 1]
            assert h[20] == max([Fraction(0), *x[: t - 1]])
            assert h[19] == max([Fraction(0), *x[:t]]) - h[20]
            assert h[21] == max([Fraction(0), *x[:t]]) - x[t - 1]


def test_other_lengths_have_no_handcrafted_model() -> None:
    with pytest.raises(InputError, match="2, 3 and 10"):
        handcrafted_second_argmax(4)


# --- standardize ---


@given(programs(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_standardizing_changes_no_logit(program: Program, source: random.Random) -> None:
    standard, factors = standardize(program)
    for _ in range(3):
        x = point(source, program.seq_len)
        old, new = program.evaluate(x), standard.evaluate(x)
        assert new.logit == old.logit
        assert new.h == tuple(
            tuple(s * v for s, v in zip(factors, row, strict=True)) for row in old.h
        )


@given(programs())
@settings(max_examples=50)
def test_standard_weights_are_units(program: Program) -> None:
    standard, factors = standardize(program)
    assert all(s > 0 for s in factors)
    for j, a in enumerate(standard.input_weights):
        assert a == (program.input_weights[j] > 0) - (program.input_weights[j] < 0)
        if a == 0 and factors[j] != 1:
            others = [w for k, w in enumerate(standard.recurrent[j]) if k != j]
            assert any(abs(w) == 1 for w in others)
    assert standardize(standard)[0] == standard


def test_scaled_copies_have_one_standard_form() -> None:
    # Neuron 1 is fed by 0 only, neuron 2 by 1 only, neuron 3 by nothing that an input reaches.
    third = Fraction(1, 3)
    program = rnn(
        (third, 0, 0, 0),  # type: ignore[arg-type]
        ((2, 5, 0, 0), (-4, 1, 0, 9), (0, third, 0, 0), (0, 0, 0, 1)),  # type: ignore[arg-type]
        ((1, 1, 1, 1), (1, -1, 0, 0)),  # type: ignore[arg-type]
        seq_len=2,
    )
    standard, factors = standardize(program)
    assert factors == (3, Fraction(3, 4), Fraction(9, 4), 1)
    assert standard.recurrent[1][0] == -1
    assert standard.recurrent[2][1] == 1
    copy = rescale(program, (Fraction(7), Fraction(1, 5), Fraction(3), Fraction(1)))
    assert copy != program
    assert standardize(copy)[0] == standard


# --- render ---


@settings(max_examples=25, deadline=None)
@given(programs(3, 3), st.randoms(use_true_random=False), st.booleans())
def test_sympy_formulas_are_the_program(
    program: Program, source: random.Random, standard: bool
) -> None:
    x = point(source, program.seq_len)
    reference = standardize(program)[0] if standard else program
    trace = reference.evaluate(x)  # oracle: exact evaluation in Fractions
    values = {f"x{t}": sympy.Rational(v.numerator, v.denominator) for t, v in enumerate(x)}
    named = to_sympy(program, standard)
    for name, formula in named.items():
        # Only names that came before may occur: a KeyError otherwise.
        values[name] = formula.subs({s: values[s.name] for s in formula.free_symbols})
    for t in range(program.seq_len):
        for j in range(program.hidden_size):
            assert as_fraction(values[f"z[{t}][{j}]"]) == trace.z[t][j]
            assert as_fraction(values[f"h[{t}][{j}]"]) == trace.h[t][j]
    logits = [as_fraction(values[f"logit[{k}]"]) for k in range(program.outputs)]
    assert logits == list(trace.logit)
    assert len(named) == 2 * program.seq_len * program.hidden_size + program.outputs


def as_fraction(value: sympy.Expr) -> Fraction:
    return Fraction(int(value.p), int(value.q))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(3), "3"),
        (Fraction(-1, 4), "-0.25"),
        (Fraction(100), "100"),
        (Fraction(2, 3), "2/3"),
        (Fraction(0), "0"),
        (Fraction(1000, 3001), "0.333222…"),
        (Fraction(-2000000, 3), "-666666…"),
        (Fraction(12345678), "1.23456…e7"),
        (Fraction(3, 10**9), "3e-9"),
        (Fraction(0.1), "0.100000…"),
    ],
)
def test_short_numbers(value: Fraction, expected: str) -> None:
    assert short(value) == expected


@given(st.fractions())
def test_short_numbers_are_exact_or_say_that_digits_follow(value: Fraction) -> None:
    text = short(value)
    shown = Fraction(text.replace("…", ""))
    if "…" in text:
        # Truncated after six significant digits: the rest is below one unit of the sixth.
        assert 0 < abs(value) - abs(shown) < abs(value) / 10**5
    else:
        assert shown == value


def test_text_is_readable() -> None:
    program = handcrafted_second_argmax(2)
    assert to_text(program).splitlines() == [
        "2 inputs, 2 hidden neurons, 2 logits, 10 weights; t = 0 .. 1, h[-1] = 0",
        "h[t][0] = relu(x[t] - h[t-1][0] + h[t-1][1])",
        "h[t][1] = relu(-x[t] + h[t-1][0] - h[t-1][1])",
        "logit[0] = h[1][0] - h[1][1]",
        "logit[1] = -h[1][0] + h[1][1]",
    ]


def test_latex_is_balanced_and_shows_every_weight() -> None:
    program = rnn(
        (Fraction(0.1), Fraction(0)),
        ((Fraction(2, 3), Fraction(-1, 10**9)), (Fraction(0), Fraction(0))),
        ((Fraction(1), Fraction(-5)),),
        seq_len=2,
    )
    assert to_latex(program) == (
        "\\begin{aligned}\n"
        r"h_{t,0} &= \max(0,\, 0.100000\ldots{}\, x_{t} + \tfrac{2}{3}\, h_{t-1,0}"
        r" - 1 \cdot 10^{-9}\, h_{t-1,1}) \\"
        "\n"
        r"h_{t,1} &= \max(0,\, 0) \\"
        "\n"
        r"\mathrm{logit}_{0} &= h_{1,0} - 5\, h_{1,1}"
        "\n\\end{aligned}"
    )


@pytest.mark.parametrize("render", [to_text, to_latex])
def test_trained_models_render(render: Callable[[Program], str]) -> None:
    text = render(load("2nd_argmax_4_3").program)
    assert text.count("…" if render is to_text else r"\ldots") >= 25  # of 32 long binary fractions
