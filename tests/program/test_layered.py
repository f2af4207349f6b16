"""Layered programs: perceptrons, compositions, teachers and subspaces.

Oracles: evaluation in rationals, RNNs unrolled into perceptrons (other layers, other walls, the
same function), accuracies known by hand, and random samples in torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.perceptrons import (
    SAME_FUNCTION,
    as_mlp,
    changed,
    identity,
    positive_parts,
    random_mlp,
)
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.deadline import NEVER
from algzoo_exact.program.ir import Layer, Matrix, Program, Vector
from algzoo_exact.program.render import to_latex, to_sympy, to_text
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.compute import answer
from algzoo_exact.score.cones import cone_scores
from algzoo_exact.score.question import Question
from algzoo_exact.score.squared_error import SQUARED_ERROR

NARROW = Fraction(1, 10**20)

entries = st.fractions(-3, 3, max_denominator=4)


def matrices(rows: int, columns: int) -> st.SearchStrategy[Matrix]:
    row = st.tuples(*(entries,) * columns)
    return st.tuples(*(row,) * rows)


@st.composite
def programs(draw: st.DrawFn, n: int) -> Program:
    """Layers of 1 to 3 neurons, each of which may read inputs."""
    widths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    layers, before = [], draw(st.integers(0, 2))
    for width in widths:
        layers.append(Layer(draw(matrices(width, before)), draw(matrices(width, n))))
        before = width
    return Program(tuple(layers), draw(matrices(draw(st.integers(1, 3)), before)))


def applied(rows: Matrix, x: Sequence[Fraction]) -> Vector:
    return tuple(sum((a * b for a, b in zip(row, x, strict=True)), Fraction(0)) for row in rows)


def same(one: az.Enclosure, other: az.Enclosure | Fraction, width: Fraction = NARROW) -> bool:
    """Whether two enclosures have a point in common, and are narrow."""
    other = other if isinstance(other, az.Enclosure) else az.Enclosure.exactly(other)
    one.intersect(other)  # an error if they have none
    return max(one.width, other.width) < width


def point(rng: np.random.Generator, n: int) -> Vector:
    return tuple(Fraction(int(c), 97) for c in rng.integers(-300, 300, n))


# ---------------------------------------------------------------- compositions


@settings(max_examples=25)
@given(st.data())
def test_side_by_side_evaluates_to_both(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 3))
    one, other = data.draw(programs(n)), data.draw(programs(n))
    x = data.draw(st.tuples(*(entries,) * n))
    both = az.side_by_side(one, other)
    assert both.evaluate(x).logit == one.evaluate(x).logit + other.evaluate(x).logit
    assert both.neurons == one.neurons + other.neurons


@settings(max_examples=25)
@given(st.data())
def test_a_program_on_a_subspace_is_the_program_there(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    program, basis = data.draw(programs(n)), data.draw(matrices(n, m))
    y = data.draw(st.tuples(*(entries,) * m))
    inside = az.on_subspace(program, basis).evaluate(y)
    outside = program.evaluate(applied(basis, y))
    assert (inside.z, inside.logit) == (outside.z, outside.logit)


@settings(max_examples=25)
@given(st.data())
def test_a_probe_reads_a_layer(data: st.DataObject) -> None:
    program = data.draw(programs(2))
    layer = data.draw(st.integers(0, len(program.layers) - 1))
    readout = data.draw(matrices(2, program.widths[layer]))
    x = data.draw(st.tuples(entries, entries))
    h = program.evaluate(x).h[layer]
    assert az.probe(program, readout, layer).evaluate(x).logit == applied(readout, h)


def test_rnns_stay_rnns() -> None:
    rng = np.random.default_rng(0)
    one, other = random_program(rng, 2, 3), random_program(rng, 3, 3)
    both = az.side_by_side(one, other)
    assert both.is_rnn
    assert both.input_weights == one.input_weights + other.input_weights
    assert az.probe(one, [[1, 2]]).is_rnn
    assert not az.probe(one, [[1, 2]], 1).is_rnn
    assert not az.on_subspace(one, [[1, 1, 0], [0, 1, 1], [1, 0, 1]]).is_rnn
    assert as_mlp(one).is_mlp
    assert not as_mlp(one).is_rnn


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: az.side_by_side(p, positive_parts(2)), "the same inputs, not 3 and 2"),
        (lambda p: az.on_subspace(p, [[1], [2]]), "must have 3 rows"),
        (lambda p: az.on_subspace(p, [[1], [2], [1, 2]]), "of one length"),
        (lambda p: az.on_subspace(p, [["a"], [2], [1]]), "not a finite number"),
        (lambda p: az.probe(p, [[1, 2]]), "must have shape"),
        (lambda p: az.probe(p, [[1, 2, 3]], 1), "There is no layer 1"),
        (lambda p: az.mlp([[[1, 2]], [[1, 2]]]), "must have shape"),
        (lambda p: p.recurrent, "need an RNN"),
        (lambda p: az.standardize(p), "need an RNN"),
        (lambda p: az.certify(p, az.tasks.argmax(3)), "need an RNN"),
        (lambda p: az.teacher(az.probe(p, [[1, 2, 3]])), "several logits"),
        (lambda p: az.on_subspace(az.tasks.median(3), [[1], [2], [3]]), "has no labels"),
        (lambda p: az.accuracy(p, az.teacher(positive_parts(2))), "not 3 inputs and 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(make: object, message: str) -> None:
    with pytest.raises(az.InputError, match=message):
        make(positive_parts(3))  # type: ignore[operator]


def test_weights_that_are_zero_count() -> None:
    # Oracle: the sizes of the matrices.
    zeros, ones = [[0.0] * 3] * 4, [[1.0] * 3] * 4
    inner, last = [[0.0] * 4] * 2, [[1.0] * 2] * 5
    assert az.mlp([zeros, inner, last]).parameters == 12 + 8 + 10
    assert az.mlp([ones, inner, last]).parameters == 12 + 8 + 10
    assert az.rnn([0.0, 0.0], [[0.0] * 2] * 2, [[0.0] * 2] * 3, 3).parameters == 2 + 4 + 6


def test_programs_are_printed_layer_by_layer() -> None:
    program = az.mlp([[[1, -1], [0, 2]], [[1, 1]], [[1], [-2]]])
    assert to_text(program).splitlines()[1:] == [
        "h[0][0] = relu(x[0] - x[1])",
        "h[0][1] = relu(2 x[1])",
        "h[1][0] = relu(h[0][0] + h[0][1])",
        "logit[0] = h[1][0]",
        "logit[1] = -2 h[1][0]",
    ]
    assert r"h_{1,0} &= \max(0,\, h_{0,0} + h_{0,1})" in to_latex(program)
    assert str(to_sympy(program)["z[0][0]"]) == "x0 - x1"


# ---------------------------------------------------------------- the same function, other layers


@pytest.mark.parametrize(("d", "n", "seed"), [(2, 2, 0), (3, 2, 1), (2, 3, 2), (3, 3, 3)])
def test_an_unrolled_rnn_has_the_same_closed_form(d: int, n: int, seed: int) -> None:
    program = random_program(np.random.default_rng(seed), d, n)
    for ties in az.tasks.TIE_RULES:
        one, other = (
            az.accuracy(p, az.tasks.second_argmax(n), ties=ties) for p in (program, as_mlp(program))
        )
        assert one.kind == other.kind == "exact"
        assert same(one.enclosure, other.enclosure)


@pytest.mark.slow
def test_an_unrolled_rnn_has_the_same_accuracy_and_error() -> None:
    """n = 4, in ball arithmetic and in float64 balls."""
    rng = np.random.default_rng(4)
    program = random_program(rng, 2, 4)
    narrow = az.accuracy(program, az.tasks.argmax(4), method="exact", digits=20).enclosure
    for compiled in (False, True):
        q = Question(ACCURACY, as_mlp(program), az.tasks.argmax(4), "lowest", compiled=compiled)
        *_, found = cone_scores(q)
        assert found.kind == "exact"
        assert same(found.enclosure, narrow, Fraction(1, 10**6))
    scalar = random_program(rng, 2, 4, outputs=1)
    squares = az.squared_error(scalar, method="exact", digits=12).enclosure
    for compiled in (False, True):
        q = Question(SQUARED_ERROR, as_mlp(scalar), az.tasks.median(4), compiled=compiled)
        *_, found = cone_scores(q)
        assert found.kind == "exact"
        assert same(found.enclosure, squares, Fraction(1, 10**5))


@pytest.mark.parametrize("kind", SAME_FUNCTION)
def test_degenerate_neurons_change_nothing(kind: str) -> None:
    rng = np.random.default_rng(5)
    for sizes in ((2, 3, 2), (3, 3, 2, 3), (3, 4, 3)):
        plain, odd = changed(kind, rng, *sizes)
        task = az.tasks.argmax(sizes[0])
        assert same(*(az.accuracy(p, task).enclosure for p in (plain, odd)))
        regions = [list(az.activation_regions(p)) for p in (plain, odd)]
        assert sum(r.measure(20).upper for r in regions[1]) >= 1
        maps = [{r.interior_point(): r.linear_map for r in some} for some in regions]
        for x, rows in maps[1].items():
            assert odd.evaluate(x).logit == plain.evaluate(x).logit
            assert odd.evaluate(x).logit == applied(rows, tuple(map(Fraction, x)))


@pytest.mark.parametrize("sizes", [(3, 5, 3), (4, 5, 4), (4, 3, 3, 4), (5, 6, 5)])
def test_the_compiled_search_finds_the_cells_of_integers(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    programs = [random_mlp(rng, *sizes), *(changed(kind, rng, *sizes)[1] for kind in SAME_FUNCTION)]
    for program in programs:
        fast, exact = Search(program, None), ExactSearch(program, None)
        for start in starting_cones(az.tasks.argmax(sizes[0])):
            for _ in fast.cells(start):
                pass
            for _ in exact.exact_cells(start):
                pass
        assert (fast.leaves, fast.patterns) == (exact.leaves, exact.patterns)


# ---------------------------------------------------------------- known by hand


@pytest.mark.parametrize("n", [2, 3, 4])
def test_perceptrons_of_known_accuracy(n: int) -> None:
    """Where all inputs are negative, all logits of ``positive_parts`` are 0."""
    share = Fraction(1, 2**n)
    expected = {"lowest": 1 - share + share / n, "incorrect": 1 - share}
    expected["uniform"] = expected["lowest"]
    for ties in az.tasks.TIE_RULES:
        found = az.accuracy(positive_parts(n), az.tasks.argmax(n), ties=ties).enclosure
        assert same(found, expected[ties])
    assert same(az.accuracy(positive_parts(n, -1), az.tasks.argmax(n)).enclosure, share / n)
    assert same(az.accuracy(identity(n), az.tasks.argmax(n)).enclosure, Fraction(1))


def test_perceptrons_of_known_error() -> None:
    """E[((x0 - x1)/2)^2] = 1/2, and the mean of two inputs is their median."""
    first = [[1, 0], [-1, 0]]
    assert az.squared_error(az.mlp([first, [[1, -1]]])).enclosure.lower == Fraction(1, 2)
    mean = az.mlp([[[1, 1], [-1, -1]], [[Fraction(1, 2), Fraction(-1, 2)]]])
    assert az.squared_error(mean).enclosure.upper == 0


# ---------------------------------------------------------------- teachers


@pytest.mark.parametrize("sizes", [(2, 3, 2), (3, 4, 3), (3, 3, 3, 3), (4, 3, 4)])
def test_a_student_agrees_with_itself(sizes: tuple[int, ...]) -> None:
    program = random_mlp(np.random.default_rng(7), *sizes)
    teacher = az.teacher(program)
    assert {cell.credit for cell in az.cells(program, teacher)} == {1}  # exactly, cell by cell
    found = az.accuracy(program, teacher).enclosure
    assert same(found, Fraction(1))
    if sizes[0] <= 3:
        assert found.lower == 1


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_permuted_teacher_agrees_where_all_logits_vanish(n: int) -> None:
    teacher = az.teacher(positive_parts(n, shift=1))
    found = az.accuracy(positive_parts(n), teacher).enclosure
    assert same(found, Fraction(1, 2**n))


@pytest.mark.parametrize("seed", range(4))
def test_two_models_agree_as_often_either_way(seed: int) -> None:
    """The label cells of either are those of the other model: other cones, the same event."""
    rng = np.random.default_rng(seed)
    n = 2 + seed % 2
    one, other = random_program(rng, 2, n), random_mlp(rng, n, 3, n)
    ways = (one, other), (other, one)
    assert same(*(az.accuracy(p, az.teacher(q)).enclosure for p, q in ways))


def test_a_teacher_stopped_early_leaves_what_is_decided() -> None:
    """Its cells are measured one by one, as no symmetry tells their masses."""
    rng = np.random.default_rng(7)
    student, teacher = random_mlp(rng, 3, 3, 3), az.teacher(random_mlp(rng, 3, 4, 3))
    exact = az.accuracy(student, teacher).enclosure
    question = Question(ACCURACY, student, teacher, "lowest", 12, "exact", compiled=False)
    widths = []
    for most in (1, 20, 40, 60):
        *_, stopped = cone_scores(replace(question, max_cells=most))
        stopped.enclosure.intersect(exact)  # an error if they contradict each other
        assert stopped.kind == "certified"
        assert abs(stopped.enclosure.width - stopped.undecided) < Fraction(1, 10**9)
        widths.append(stopped.enclosure.width)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < Fraction(1, 2) < widths[0] < 1
    *_, whole = cone_scores(question)
    assert whole.kind == "exact"
    assert same(whole.enclosure, exact, Fraction(1, 10**12))


def test_labels_of_a_teacher_are_split() -> None:
    rng = np.random.default_rng(8)
    student, teacher = random_mlp(rng, 4, 3, 4), az.teacher(random_mlp(rng, 4, 3, 4))
    q = Question(ACCURACY, student, teacher, "lowest", 12, "exact", NEVER, workers=1)
    found = answer(q)
    assert found.by_label is not None
    total = sum(e.midpoint for e in found.by_label.values())
    assert abs(total - found.enclosure.midpoint) < Fraction(1, 10**11)


@pytest.mark.parametrize("sizes", [(2, 3, 2), (3, 3, 3), (3, 3, 2, 3)])
def test_cells_are_what_evaluation_says(sizes: tuple[int, ...]) -> None:
    """At random points the cell around them has the label, the winners and the logits there."""
    rng = np.random.default_rng(9)
    student, other = random_mlp(rng, *sizes), random_mlp(rng, *sizes)
    for task in (az.tasks.argmax(sizes[0]), az.teacher(other)):
        found = list(az.cells(student, task))
        for _ in range(40):
            x = point(rng, sizes[0])
            whole = tuple(int(97 * c) for c in x)
            (cell,) = (c for c in found if c.cone.contains(whole))
            logit = student.evaluate(x).logit
            best = frozenset(k for k, value in enumerate(logit) if value == max(logit))
            assert (cell.label, cell.winners) == (task.label(x), best)
            assert applied(cell.linear_map, x) == logit


# ---------------------------------------------------------------- subspaces


@pytest.mark.parametrize(
    ("ties", "expected"),
    [("lowest", Fraction(1)), ("incorrect", Fraction(3, 4)), ("uniform", Fraction(7, 8))],
)
def test_inputs_that_are_zero_tie(ties: az.tasks.TieRule, expected: Fraction) -> None:
    """x = (y0, y1, 0, 0): if both y are negative, inputs 2 and 3 are the largest, and 2 is the
    label."""
    basis = [[1, 0], [0, 1], [0, 0], [0, 0]]
    program = az.on_subspace(identity(4), basis)
    task = az.on_subspace(az.tasks.argmax(4), basis)
    assert same(az.accuracy(program, task, ties=ties).enclosure, expected)


@pytest.mark.parametrize(("name", "expected"), [("argmax", 1), ("2nd_argmax", 0)])
def test_a_line(name: str, expected: int) -> None:
    """One dimension, in which nothing flows: x = (y, 0, -y)."""
    basis = [[1], [0], [-1]]
    program, task = az.on_subspace(identity(3), basis), az.Task(name, 3)
    found = az.accuracy(program, az.on_subspace(task, basis)).enclosure
    assert found.lower == found.upper == expected


def test_a_basis_of_the_whole_space_rotates() -> None:
    """The Gaussian is invariant under the orthogonal matrix E, so that nothing changes."""
    basis = [[Fraction(3, 5), Fraction(4, 5), 0], [Fraction(-4, 5), Fraction(3, 5), 0], [0, 0, -1]]
    program, task = random_mlp(np.random.default_rng(10), 3, 4, 3), az.tasks.second_argmax(3)
    one = az.accuracy(program, task).enclosure
    other = az.accuracy(az.on_subspace(program, basis), az.on_subspace(task, basis)).enclosure
    assert same(one, other)


def test_a_teacher_on_a_subspace_is_a_teacher() -> None:
    rng = np.random.default_rng(11)
    student, other = random_mlp(rng, 3, 3, 3), random_mlp(rng, 3, 3, 3)
    basis = [[1, 0], [0, 1], [1, 1]]
    task = az.on_subspace(az.teacher(other), basis)
    y = point(rng, 2)
    assert task.label(y) == az.teacher(other).label([y[0], y[1], y[0] + y[1]])
    agrees(az.on_subspace(student, basis), task)


# ---------------------------------------------------------------- samples


def agrees(program: Program, task: az.Task, samples: int = 200_000) -> None:
    exact = az.accuracy(program, task).enclosure
    found = az.sample(program, task, samples, dtype="float64", seed=3)
    p = float(exact.midpoint)
    spread = sqrt(max(p * (1 - p), 1 / samples) / samples)
    assert abs(found.correct / samples - p) < 5 * spread


@pytest.mark.parametrize("sizes", [(2, 4, 2), (3, 3, 3, 3), (4, 3, 4), (5, 2, 5)])
def test_samples_agree(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(12)
    program, n = random_mlp(rng, *sizes), sizes[0]
    agrees(program, az.tasks.argmax(n))
    if n < 5:
        agrees(program, az.teacher(random_mlp(rng, n, 3, n)))
    basis = rng.integers(-3, 4, (n, 2)).tolist()
    agrees(az.on_subspace(program, basis), az.on_subspace(az.tasks.argmax(n), basis))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_samples_agree_with_many_random_programs(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    n = 2 + seed % 4
    inner = rng.integers(2, 6, 1 + seed % 2).tolist()
    program = random_mlp(rng, n, *inner, n)
    tasks = [
        az.tasks.argmax(n),
        az.tasks.second_argmax(n),
        az.teacher(random_mlp(rng, n, 3, n)),
    ]
    for task in tasks:
        agrees(program, task)
