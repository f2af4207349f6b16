"""`accuracy`: published figures, invariances, kinds of number, and errors.

Oracles: published and separately measured accuracies, theorems about what leaves a network's
function unchanged, and a second evaluation. Comparisons with algorithms that share nothing with the
library are in ``test_accuracy_oracles``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.conventions import ALL_TIES, Ties
from support.programs import (
    KINDS,
    dead_mass_program,
    degenerate_program,
    degenerate_programs,
    exact_program,
    handcrafted_2_2,
    handcrafted_4_3,
    programs,
    random_program,
)
from support.weight_files import ALGZOO, needs_algzoo

import algzoo_exact as az

NARROW = Fraction(1, 10**30)
FILES = ("2nd_argmax_2_2.safetensors", "2nd_argmax_2_2.pth")


def second(program: az.Program, ties: Ties = "lowest", **options: Any) -> az.Score:
    return az.accuracy(program, az.tasks.second_argmax(program.seq_len), ties=ties, **options)


def same(a: az.Score, b: az.Score) -> bool:
    """Enclosures of one number overlap, and both are narrow."""
    a.enclosure.intersect(b.enclosure)  # ValueError if they contradict each other
    return max(a.enclosure.width, b.enclosure.width) <= Fraction(1, 10**25)


# --- published figures ---


@needs_algzoo
@pytest.mark.parametrize("file", FILES)
def test_published_model_with_ten_parameters(file: str) -> None:
    """Measured from outside: 0.99992256850822, all 14 digits; one error in 12,914.6."""
    result = second(az.lift(az.load(ALGZOO / file)))
    assert result.kind == "exact"
    assert result.enclosure.width <= NARROW
    assert abs(result.enclosure.midpoint - Fraction("0.99992256850822")) < Fraction(5, 10**15)
    # 12,914.6 is rounded to 0.05, a relative 4e-6.
    assert abs(1 / (1 - result.enclosure.midpoint) - Fraction("12914.6")) <= Fraction(1, 20)


@needs_algzoo
@pytest.mark.parametrize("file", FILES)
def test_closed_form_of_the_published_model(file: str) -> None:
    result = second(az.lift(az.load(ALGZOO / file)), digits=40)
    check_closed_form(result)


@needs_algzoo
def test_both_files_of_the_published_model_agree() -> None:
    a, b = (second(az.lift(az.load(ALGZOO / file))) for file in FILES)
    assert a.form == b.form
    assert (a.enclosure.lower, a.enclosure.upper) == (b.enclosure.lower, b.enclosure.upper)


def test_handcrafted_model_for_two_inputs_is_perfect() -> None:
    for ties in ALL_TIES:
        result = second(az.lift(az.load("handcrafted:2nd_argmax_2")), ties)
        assert result.enclosure.lower == result.enclosure.upper == 1
        assert str(result.form) == "1"
        assert same(result, second(handcrafted_2_2(), ties))


def test_handcrafted_model_for_three_inputs() -> None:
    """Published: about 99.99 %, which tends to 100 % as L grows."""
    result = second(az.lift(az.load("handcrafted:2nd_argmax_3")))
    assert result.kind == "exact"
    assert result.enclosure.width <= NARROW
    assert Fraction("0.9998") < result.enclosure.lower
    assert result.enclosure.upper < 1
    assert second(handcrafted_4_3(1000)).enclosure.lower > result.enclosure.upper


# --- closed forms ---


def check_closed_form(result: az.Score) -> None:
    """Its text in mpmath's arithmetic, and its sympy form, give the number in the enclosure."""
    import sympy

    assert result.form is not None
    with mpmath.workdps(60):
        text = re.sub(r"\d+", r"mpf(\g<0>)", str(result.form))  # Python's 1/3 is a float
        names = {"mpf": mpmath.mpf, "atan": mpmath.atan, "sqrt": mpmath.sqrt, "pi": mpmath.pi}
        symbolic = sympy.N(result.form.sympy, 60)
        for value in (eval(text, names), mpmath.mpf(str(symbolic))):
            # 60 digits over fewer than 1e4 terms below 1e4: off by less than 1e-45.
            for end in (result.enclosure.lower, result.enclosure.upper):
                distance = abs(value - mpmath.mpf(end.numerator) / end.denominator)
                assert distance < 1e-45 + float(result.enclosure.width)


@pytest.mark.parametrize("n", [2, 3])
def test_closed_forms(n: int) -> None:
    rng = np.random.default_rng(n)
    for k, (_, program) in enumerate(degenerate_programs(rng, len(KINDS), (1, 3), n)):
        check_closed_form(second(program, ALL_TIES[k % 3], digits=40))
    check_closed_form(second(random_program(rng, 4, n), digits=40))


def test_short_closed_forms() -> None:
    """Known by hand. W_hi = 1, W_oh = (0, 1), d = 1, n = 2, the recurrent weight w: logit 1 is
    max(0, x_1 + w max(0, x_0)), and wins where it is positive; else both are 0.

    w = 0 and 2nd argmax: right for x_1 > 0 where x_0 > x_1 (1/8), and for x_1 <= 0 where the label
    is 0, x_0 < x_1 (1/8), if the lowest index wins ties.
    """
    program = exact_program([1], [[0]], [[0], [1]], 2)
    for ties, value in zip(ALL_TIES, ("1/4", "1/8", "3/8"), strict=True):
        assert str(second(program, ties).form) == value


def test_digits_on_request() -> None:
    for digits in (1, 10, 300):
        for program in (dead_mass_program(), random_program(np.random.default_rng(1), 1, 4)):
            result = second(program, digits=digits, method="exact")
            assert result.enclosure.width <= Fraction(1, 10**digits)


# --- what leaves the function unchanged ---


def rescaled(program: az.Program, factors: Sequence[Fraction]) -> az.Program:
    """h_j becomes factors[j] h_j."""
    s = list(factors)
    return az.rnn(
        tuple(a * w for a, w in zip(s, program.input_weights, strict=True)),
        tuple(
            tuple(a * w / b for b, w in zip(s, row, strict=True))
            for a, row in zip(s, program.recurrent, strict=True)
        ),
        tuple(tuple(w / b for b, w in zip(s, row, strict=True)) for row in program.readout),
        program.seq_len,
    )


def permuted(program: az.Program, order: Sequence[int]) -> az.Program:
    return az.rnn(
        tuple(program.input_weights[j] for j in order),
        tuple(tuple(program.recurrent[j][k] for k in order) for j in order),
        tuple(tuple(row[k] for k in order) for row in program.readout),
        program.seq_len,
    )


def with_neuron(
    program: az.Program, w_hi: Fraction, row: Sequence[Fraction], column: Sequence[Fraction],
    readout: Sequence[Fraction],
) -> az.Program:  # fmt: skip
    """One more neuron: what it reads (``row``, d + 1 entries), and what reads it."""
    return az.rnn(
        (*program.input_weights, w_hi),
        (
            *((*old, c) for old, c in zip(program.recurrent, column, strict=True)),
            tuple(row),
        ),
        tuple((*old, c) for old, c in zip(program.readout, readout, strict=True)),
        program.seq_len,
    )


def split_neuron(program: az.Program, j: int, share: Fraction) -> az.Program:
    """Neuron j and a copy of it; readers take ``share`` of their weight from the copy."""
    column = [row[j] * share for row in program.recurrent]
    readout = [row[j] * share for row in program.readout]

    def less(rows: tuple[tuple[Fraction, ...], ...]) -> tuple[tuple[Fraction, ...], ...]:
        return tuple(
            tuple(w * (1 - share) if k == j else w for k, w in enumerate(row)) for row in rows
        )

    matrices = less(program.recurrent), less(program.readout)
    rest = az.rnn(program.input_weights, *matrices, program.seq_len)
    copy = (*rest.recurrent[j], column[j])
    return with_neuron(rest, program.input_weights[j], copy, column, readout)


rationals = st.fractions(Fraction(1, 50), Fraction(50), max_denominator=50)
shares = st.fractions(Fraction(-3), Fraction(3), max_denominator=20)
rules = st.sampled_from(ALL_TIES)
small = programs(d=(1, 3), n=(2, 3))
modest = settings(max_examples=25, deadline=None)


@given(small, st.data(), rules)
@modest
def test_rescaling_by_powers_of_two(program: az.Program, data: st.DataObject, ties: Ties) -> None:
    powers = data.draw(st.tuples(*[st.integers(-30, 30)] * program.hidden_size))
    other = rescaled(program, [Fraction(2) ** power for power in powers])
    assert same(second(program, ties), second(other, ties))


@given(small, st.data(), rules)
@modest
def test_rescaling_by_rationals(program: az.Program, data: st.DataObject, ties: Ties) -> None:
    """Weights are then not dyadic, so float64 holds none of them exactly."""
    factors = data.draw(st.tuples(*[rationals] * program.hidden_size))
    assert same(second(program, ties), second(rescaled(program, factors), ties))


@given(small, rules)
@modest
def test_standardizing(program: az.Program, ties: Ties) -> None:
    assert same(second(program, ties), second(az.standardize(program)[0], ties))


@given(small, st.data(), rules)
@modest
def test_permuting_neurons(program: az.Program, data: st.DataObject, ties: Ties) -> None:
    order = data.draw(st.permutations(range(program.hidden_size)))
    a, b = second(program, ties), second(permuted(program, order), ties)
    assert same(a, b)
    assert (a.cells, a.regions) == (b.cells, b.regions)


@given(small, rationals, rules)
@modest
def test_scaling_the_readout(program: az.Program, factor: Fraction, ties: Ties) -> None:
    readout = tuple(tuple(factor * w for w in row) for row in program.readout)
    assert same(second(program, ties), second(replace(program, readout=readout), ties))


@given(small, st.data(), rules)
@modest
def test_dead_neurons(program: az.Program, data: st.DataObject, ties: Ties) -> None:
    """It never fires, so it does not matter what reads it."""
    d, k = program.hidden_size, program.outputs
    row = data.draw(st.tuples(*[rationals] * (d + 1)))
    column, readout = data.draw(st.tuples(st.tuples(*[shares] * d), st.tuples(*[shares] * k)))
    other = with_neuron(program, Fraction(0), [-w for w in row], column, readout)
    assert same(second(program, ties), second(other, ties))


@given(small, st.data(), rules)
@modest
def test_unread_neurons(program: az.Program, data: st.DataObject, ties: Ties) -> None:
    """It cuts regions, but nothing comes of it."""
    d, k = program.hidden_size, program.outputs
    row = data.draw(st.tuples(*[shares] * (d + 1)))
    other = with_neuron(program, data.draw(shares), row, [Fraction(0)] * d, [Fraction(0)] * k)
    assert same(second(program, ties), second(other, ties))


@given(small, st.data(), rules)
@modest
def test_splitting_a_neuron(program: az.Program, data: st.DataObject, ties: Ties) -> None:
    j = data.draw(st.integers(0, program.hidden_size - 1))
    other = split_neuron(program, j, data.draw(shares))
    assert same(second(program, ties), second(other, ties))


@given(small, rules)
@modest
def test_changing_the_sign_of_all_inputs(program: az.Program, ties: Ties) -> None:
    """x -> -x turns the median's program into that with W_hi -> -W_hi; the measure is symmetric."""
    task = az.tasks.argmedian(3)
    if program.seq_len == 3:
        flipped = [-w for w in program.input_weights]
        other = az.rnn(flipped, program.recurrent, program.readout, program.seq_len)
        assert same(az.accuracy(program, task, ties=ties), az.accuracy(other, task, ties=ties))


def test_relabelling_of_uniform_ties() -> None:
    """Tasks of two inputs: one index is the argmax, the other the second argmax, so swapping the
    logits turns one task into the other; and credits of both logits sum to 1 if ties are shared."""
    rng = np.random.default_rng(12)
    for _, program in degenerate_programs(rng, len(KINDS), (1, 4), 2):
        swapped = replace(program, readout=program.readout[::-1])
        a, b = (second(p, "uniform").enclosure for p in (program, swapped))
        assert a.lower + b.lower <= 1 <= a.upper + b.upper
        largest = az.accuracy(swapped, az.tasks.argmax(2), ties="uniform").enclosure
        a.intersect(largest)  # ValueError if they contradict each other


@pytest.mark.slow
def test_invariance_for_four_and_five_inputs() -> None:
    rng = np.random.default_rng(13)
    for n, d, kinds in ((4, 2, list(KINDS)), (5, 1, ["one sign", "paired"])):
        for k, kind in enumerate(kinds):
            program, ties = degenerate_program(kind, rng, d, n), ALL_TIES[k % 3]
            plain = second(program, ties, method="exact")
            factors = [Fraction(int(v), 7) for v in rng.integers(1, 100, d)]
            for other in (
                permuted(rescaled(program, factors), list(range(d))[::-1]),
                split_neuron(program, 0, Fraction(1, 3)),
                with_neuron(program, Fraction(0), [Fraction(-1)] * (d + 1), [Fraction(5)] * d,
                            [Fraction(k) for k in range(n)]),
            ):  # fmt: skip
                assert same(plain, second(other, ties, method="exact")), (kind, n)


# --- kinds of number ---


def check_floats(program: az.Program, task: az.Task, ties: Ties) -> None:
    """Narrow, and the closed form or ball arithmetic of many bits overlaps."""
    result = next(az.accuracies([program], task, ties=ties))
    assert result.kind == "exact"
    assert result.enclosure.width <= Fraction(1, 10**8)
    exact = az.accuracy(program, task, ties=ties, method="exact", digits=15).enclosure
    result.enclosure.intersect(exact)  # ValueError if they contradict


@pytest.mark.parametrize(("n", "sizes"), [(2, (1, 4, 32)), (3, (1, 3, 8)), (4, (1, 2, 3))])
def test_floats(n: int, sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(n)
    for k, d in enumerate(sizes):
        check_floats(random_program(rng, d, n), az.tasks.second_argmax(n), ALL_TIES[k])
    for k, (_, program) in enumerate(degenerate_programs(rng, len(KINDS), (1, 2), n)):
        if n < 4 or k % 4 == 0:
            check_floats(program, az.tasks.argmax(n), ALL_TIES[k % 3])


@pytest.mark.slow
def test_floats_at_length() -> None:
    rng = np.random.default_rng(14)
    for n, d, name in ((3, 32, "argoutlier"), (4, 6, "2nd_argmax"), (5, 2, "argmedian")):
        check_floats(random_program(rng, d, n), az.Task(name, n), "lowest")
    for k, kind in enumerate(KINDS):
        program = degenerate_program(kind, rng, 1 + k % 3, 4)
        check_floats(program, az.tasks.second_argmax(4), ALL_TIES[k % 3])
    for d, n in ((10, 4), (4, 5), (6, 5)):  # not compared with a proof, which would take minutes
        (result,) = az.accuracies([random_program(rng, d, n)], az.tasks.second_argmax(n))
        assert result.enclosure.width <= Fraction(1, 10**8)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_many_at_once(workers: int) -> None:
    """In order, with the hidden size changing on the way."""
    rng, task = np.random.default_rng(15), az.tasks.second_argmax(3)
    models = [random_program(rng, d, 3) for d in (2, 2, 4, 3, 3)]
    found = list(az.accuracies(models, task, ties="uniform", workers=workers))
    for program, result in zip(models, found, strict=True):
        exact = second(program, "uniform")
        result.enclosure.intersect(exact.enclosure)
        assert 0 < result.cells <= exact.cells  # what is right or wrong as a whole stays so


def test_floats_where_float64_does_not_decide() -> None:
    """Duplicate neurons with rows that are not exact in float64 need integers on the way."""
    third = Fraction(1, 3)
    one, nil = Fraction(1), Fraction(0)
    recurrent = ((one, third, 2 * one), (one, third, 2 * one), (nil, one, third))
    readout = ((one, nil, one), (nil, one, one), (one, one, nil))
    program = az.rnn((third, third, -one), recurrent, readout, 3)
    check_floats(program, az.tasks.second_argmax(3), "uniform")


def test_kind_exact_is_what_small_models_get() -> None:
    rng = np.random.default_rng(16)
    for n in (2, 3, 4):
        result = second(random_program(rng, 2, n))
        assert result.kind == "exact"
        assert result.undecided == 0
        assert (result.form is not None) == (n <= 3)
        assert result.cells is not None
        assert (result.regions is not None) == (n <= 3)
        assert result.cells >= (result.regions or 1) > 0


@pytest.mark.parametrize("n", [2, 3, 4])
def test_split_by_label(n: int) -> None:
    """The parts sum to the whole, and none exceeds its label's share of inputs, 1/n."""
    program = random_program(np.random.default_rng(17), 2, n)
    whole = second(program, method="exact")
    result = second(program, method="exact", by_label=True)
    assert same(whole, result)
    assert result.by_label is not None
    assert list(result.by_label) == list(range(n))
    lower = sum((part.lower for part in result.by_label.values()), Fraction(0))
    upper = sum((part.upper for part in result.by_label.values()), Fraction(0))
    assert lower <= whole.enclosure.upper
    assert upper >= whole.enclosure.lower
    assert upper - lower <= Fraction(1, 10**25)
    for part in result.by_label.values():
        assert part.lower <= Fraction(1, n)
        assert part.upper >= 0


def test_progress_is_reported() -> None:
    seen: list[tuple[float, str]] = []
    second(
        random_program(np.random.default_rng(18), 1, 4),
        method="exact",
        progress=lambda done, text: seen.append((done, text)),
    )
    fractions = [done for done, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(text for _, text in seen)


def test_rules_agree_where_nothing_ties() -> None:
    """Neurons of both signs read the last input: some logit is positive, and no two agree."""
    readout = [[1, 2, 4], [3, 1, 1], [2, 5, 1]]
    program = exact_program([1, -1, 2], [[1, 0, 2], [1, 3, 1], [0, 1, 1]], readout, 3)
    found = [second(program, ties) for ties in ALL_TIES]
    assert same(found[0], found[1])
    assert same(found[0], found[2])


# --- bad input ---


def message(program: az.Program, task: az.Task, **options: Any) -> str:
    """The InputError's text: one sentence on one line. `accuracy_bounds` says the same."""
    with pytest.raises(az.InputError) as caught:
        az.accuracy(program, task, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


SMALL = handcrafted_2_2()
TWO = az.tasks.second_argmax(2)


def test_sizes_that_do_not_fit() -> None:
    text = message(SMALL, az.tasks.second_argmax(3))
    assert "3 inputs" in text
    assert "2" in text
    outputs = replace(SMALL, readout=(*SMALL.readout, SMALL.readout[0]))
    assert "3" in message(outputs, TWO)
    longer = az.rnn(SMALL.input_weights, SMALL.recurrent, SMALL.readout, 3)
    assert "3" in message(longer, TWO)


@pytest.mark.parametrize("digits", [0, -3, 1001])
def test_bad_digits(digits: int) -> None:
    assert str(digits) in message(SMALL, TWO, digits=digits)


def test_unknown_names() -> None:
    assert "lowest, incorrect, uniform" in message(SMALL, TWO, ties="highest")
    assert "auto, exact, bounds" in message(SMALL, TWO, method="magic")


def test_too_many_inputs() -> None:
    program = random_program(np.random.default_rng(19), 2, 10)
    text = message(program, az.tasks.second_argmax(10), method="exact")
    assert "n = 10" in text
    assert "bounds" in text


def test_bounds_check_their_input_too() -> None:
    for options in ({"ties": "highest"}, {"digits": 0}):
        with pytest.raises(az.InputError):
            list(az.accuracy_bounds(SMALL, TWO, **options))
    with pytest.raises(az.InputError):
        list(az.accuracy_bounds(SMALL, az.tasks.argmax(3)))


def test_a_loaded_model_knows_its_task() -> None:
    model = az.load("2nd_argmax_2_2")
    given = az.accuracy(model.program, model.task).enclosure
    for found in (az.accuracy(model), *az.accuracy_bounds(model)):
        found.enclosure.intersect(given)  # ValueError if they contradict
    with pytest.raises(az.InputError, match="give a task"):
        az.accuracy(model.program)


def test_many_at_once_check_their_input_too() -> None:
    with pytest.raises(az.InputError):
        list(az.accuracies([SMALL], az.tasks.argmax(3)))
    with pytest.raises(az.InputError):
        list(az.accuracies([SMALL], TWO, ties="highest"))  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [{"time_limit": -1.0}, {"max_cells": -1}, {"workers": 0}])
def test_bad_limits(limit: dict[str, Any]) -> None:
    with pytest.raises(az.InputError):
        second(random_program(np.random.default_rng(20), 1, 4), method="bounds", **limit)


def test_weights_beyond_float64() -> None:
    """Integers take them, in ``accuracies`` too."""
    huge = exact_program([1e300, -1], [[1e-300, 2], [3, 1e300]], [[1, -1], [1e-300, 1]], 2)
    (found,) = az.accuracies([huge], TWO)
    assert found.kind == "exact"
    found.enclosure.intersect(second(huge).enclosure)
