"""Gradients against differences of exact scores, which know nothing of facets' moments or backward
passes; what homogeneity says; and models whose scores have no derivative."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.command_line import json_of, refused, run
from support.medians import one_output
from support.perceptrons import changed, random_mlp
from support.programs import (
    dead_mass_program,
    degenerate_program,
    exact_program,
    programs,
    random_program,
)

import algzoo_exact as az
from algzoo_exact.analysis.gradient import Gradient, Identity
from algzoo_exact.analysis.slopes import Slopes
from algzoo_exact.analysis.weights import Arrays
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import TIE_RULES, Task, TieRule

Ints = NDArray[np.int64]


def weights_of(program: Program) -> list[Fraction]:
    return [w for rows in named_weights(program).values() for row in rows for w in row]


def rebuilt(program: Program, weights: Sequence[Fraction]) -> Program:
    """The same network with other weights."""
    new = iter(weights)
    matrices = [
        [[next(new) for _ in row] for row in rows] for rows in named_weights(program).values()
    ]
    if program.is_mlp:
        return az.mlp(matrices)
    (w_in,) = zip(*matrices[0], strict=True)
    return az.rnn(w_in, matrices[1], matrices[2], program.seq_len)


def flat(arrays: Arrays) -> NDArray[np.float64]:
    return np.concatenate([part.ravel() for part in arrays])


def score(program: Program, task: Task, ties: TieRule, digits: int | None) -> Fraction:
    if task.is_numeric:
        found = az.squared_error(program, task, digits=digits, method="exact")
    elif digits is None:
        found = next(az.accuracies([program], task, ties=ties))  # in float64 balls
    else:
        found = az.accuracy(program, task, ties=ties, digits=digits, method="exact")
    return found.enclosure.midpoint


def moved(program: Program, direction: Ints, step: Fraction) -> Program:
    pairs = zip(weights_of(program), direction, strict=True)
    return rebuilt(program, [w + step * int(v) for w, v in pairs])


def along(program: Program, task: Task, ties: TieRule, direction: Ints) -> float:
    """The derivative in a direction, by differences at +-h and +-2h: of many digits, as second
    derivatives may jump at degenerate weights, or for more than four inputs in float64 balls."""
    digits, h = (22, Fraction(1, 2**28)) if task.seq_len <= 4 else (None, Fraction(1, 2**14))
    at = {k: score(moved(program, direction, k * h), task, ties, digits) for k in (-2, -1, 1, 2)}
    return float((8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h))


def check_along(program: Program, task: Task, ties: TieRule, rng: np.random.Generator) -> None:
    found = az.gradient(program, task, ties=ties)
    slopes, radii = flat(found.slopes), flat(found.radii)
    direction = rng.integers(-1, 2, len(slopes))
    direction[np.isnan(slopes)] = 0
    used = direction != 0
    expected = along(program, task, ties, direction)
    assert abs(direction[used] @ slopes[used] - expected) < 1e-7
    assert np.max(radii[used]) < 1e-9
    assert all(identity.holds for identity in found.identities())


SMOOTH = ("zero row", "one sign", "dead neuron")
SIZES = {2: (2, 3), 3: (2, 3), 4: (2, 3), 5: (2,), 6: (2,)}


def check_models(n: int, count: int) -> None:
    rng = np.random.default_rng(n)
    for k in range(count):
        d = SIZES[n][k % len(SIZES[n])]
        kind = SMOOTH[k // 2 % len(SMOOTH)]
        program = random_program(rng, d, n)
        if k % 2 and n < 5:
            program = degenerate_program(kind, rng, d, n)
        task = az.tasks.argmax(n) if k % 3 == 1 else az.tasks.second_argmax(n)
        check_along(program, task, TIE_RULES[k % 3], rng)
        if k % 3 == 0 and n < 5:
            check_along(one_output(program), az.tasks.median(n), "lowest", rng)


def test_two_and_three_inputs() -> None:
    check_models(2, 4)
    check_models(3, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "count"), [(2, 20), (3, 16), (4, 6), (5, 5), (6, 3)])
def test_fifty_models(n: int, count: int) -> None:
    check_models(n, count)


PERCEPTRONS = [(2, (2,)), (2, (5, 4)), (2, (8, 8, 8)), (3, (4,)), (3, (3, 2)), (3, (4, 3, 2))]
LARGER = [(3, (8, 6)), (4, (3,)), (4, (4, 3)), (5, (2,)), (5, (3, 2))]


def check_perceptron(n: int, hidden: tuple[int, ...], k: int, rng: np.random.Generator) -> None:
    middle = az.tasks.argmedian if n % 2 else az.tasks.second_argmax
    task = (middle, az.tasks.second_argmax, az.tasks.median, az.tasks.argmax)[k % 4](n)
    sizes = (n, *hidden, 1 if task.is_numeric else n)
    kind = ("", "dead", "rank")[k % 3]
    program = random_mlp(rng, *sizes)
    if kind == "dead":
        program = changed(kind, rng, *sizes)[1]
    elif kind == "rank" and len(hidden) > 1 and min(hidden) > 2:
        first, second, *rest = named_weights(program).values()
        last = tuple(a + b for a, b in zip(second[0], second[1], strict=True))
        program = az.mlp([first, (*second[:-1], last), *rest])
    check_along(program, task, TIE_RULES[k % 3], rng)


def test_perceptrons() -> None:
    rng = np.random.default_rng(11)
    for k, (n, hidden) in enumerate([*PERCEPTRONS, *PERCEPTRONS]):
        check_perceptron(n, hidden, k + k // 6, rng)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "hidden"), [*PERCEPTRONS, *LARGER])
def test_more_perceptrons(n: int, hidden: tuple[int, ...]) -> None:
    rng = np.random.default_rng(n)
    for k in range(12 if n < 4 else 2):
        check_perceptron(n, hidden, k, rng)


def test_a_teacher_stays_as_it_is() -> None:
    rng = np.random.default_rng(9)
    student, teacher = random_mlp(rng, 3, 3, 3), az.teacher(random_mlp(rng, 3, 3, 3))
    check_along(student, teacher, "lowest", rng)


def test_parallel_neurons_and_cancelling_states_are_told() -> None:
    task = az.tasks.argmax(2)
    parallel = az.mlp([[[1, 2], [2, 4]], [[1, 1], [0, 3]]])
    with pytest.raises(InputError, match="need not move together coincide"):
        az.gradient(parallel, task)
    twice = [[1, 2], [1, 2], [3, -1]]
    cancelling = az.mlp([twice, [[1, -1, 0], [0, 1, 2]], [[1, 2], [2, 1]]])
    with pytest.raises(InputError, match=r"z\[1\]\[0\] is 0 on a whole cone"):
        az.gradient(cancelling, task)
    equal = az.mlp([[[1, 2], [3, -1]], [[1, 2], [1, 2]]])
    with pytest.raises(InputError, match="logits 0, 1 coincide"):
        az.gradient(equal, task)


def one_sided(
    program: Program, task: Task, ties: TieRule, direction: list[Fraction], side: int
) -> float:
    """The derivative to one side, by a difference so small that nothing bends in between."""
    h = side * Fraction(1, 2**60)
    pairs = zip(weights_of(program), direction, strict=True)
    there = rebuilt(program, [w + h * v for w, v in pairs])
    return float((score(there, task, ties, 30) - score(program, task, ties, 30)) / h)


@st.composite
def perceptrons(draw: st.DrawFn) -> Program:
    """Small integers, so that much coincides: two inputs, one to three layers, 1 or 2 outputs."""
    sizes = [2, *draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)), draw(st.integers(1, 2))]
    return az.mlp(
        [
            [draw(st.tuples(*[st.integers(-3, 3)] * width)) for _ in range(height)]
            for width, height in pairwise(sizes)
        ]
    )


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(programs(d=(1, 3), n=(2, 2)), perceptrons()),
    st.sampled_from(TIE_RULES),
    st.integers(0, 2**30),
)
def test_coincidences_have_one_derivative_or_are_told(
    program: Program, ties: TieRule, seed: int
) -> None:
    task = az.tasks.argmax(2) if seed % 2 else az.tasks.second_argmax(2)
    if program.outputs == 1:
        task = az.tasks.median(2)
    try:
        slopes = flat(az.gradient(program, task, ties=ties).slopes)
    except InputError as error:
        assert "at these weights" in str(error)  # noqa: PT017
        return
    weights = weights_of(program)
    least = min((abs(w) for w in weights if w), default=Fraction(1))
    pull = np.random.default_rng(seed).integers(-2, 3, len(slopes)) * ~np.isnan(slopes)
    direction = [int(p) * (abs(w) or least) for p, w in zip(pull, weights, strict=True)]
    terms = np.array([float(v) for v in direction]) * np.nan_to_num(slopes)
    for side in (1, -1):
        found = one_sided(program, task, ties, direction, side)
        assert abs(found - terms.sum()) < 1e-7 * (1 + np.abs(terms).sum())


def test_logits_that_tie_on_a_wall_between_labels_are_told() -> None:
    """The derivatives of this model by W_oh[0][0] are -0.138 and 0.138."""
    model = az.load("handcrafted:2nd_argmax_3")
    direction = [Fraction(k == 4 + 16) for k in range(model.program.parameters)]
    for side in (1, -1):
        slope = one_sided(model.program, model.task, "lowest", direction, side)
        assert abs(slope + side * 0.1378) < 1e-4
    with pytest.raises(InputError, match="a wall between labels"):
        az.gradient(model)


@pytest.mark.slow
def test_moments_in_ball_arithmetic_are_the_same() -> None:
    rng = np.random.default_rng(3)
    for n, d in ((3, 3),):
        program = random_program(rng, d, n)
        for chosen, task, ties in (
            (program, az.tasks.second_argmax(n), "uniform"),
            (one_output(program), az.tasks.median(n), None),
        ):
            fast, slow = (Slopes(chosen, task, ties) for _ in range(2))  # type: ignore[arg-type]
            slow.floats = False
            one, other = fast.total(None), slow.total(None)
            assert np.all(np.abs(one[:, 0] - other[:, 0]) <= one[:, 1] + other[:, 1])
            assert np.max(other[:, 1]) < 1e-13
            assert np.max(np.abs(one[:, 0])) > 1e-3


@settings(max_examples=25, deadline=None)
@given(programs(d=(1, 3), n=(2, 3)), st.sampled_from(TIE_RULES))
def test_rescaling_changes_nothing(program: Program, ties: TieRule) -> None:
    try:
        found = az.gradient(program, az.tasks.second_argmax(program.seq_len), ties=ties)
    except InputError as error:
        assert "at these weights" in str(error)  # noqa: PT017
        return
    assert all(identity.holds for identity in found.identities())


def test_an_identity_that_fails_is_noticed() -> None:
    found = az.gradient(az.load("2nd_argmax_3_3"))
    assert len(found.identities()) == 3 + 1 + 3
    found.slopes.w_oh[1, 1] += 1e-6
    failed = [identity.name for identity in found.identities() if not identity.holds]
    assert failed == ["scaling neuron 1", "scaling W_oh", "adding to column 1 of W_oh"]
    assert not Identity.of("", np.ones(2), np.array([1.0, math.nan]), np.ones(2)).holds


def test_where_logits_vanish() -> None:
    """A large cone without any signal: its walls count where the credit jumps."""
    rng = np.random.default_rng(5)
    for ties in TIE_RULES:
        check_along(dead_mass_program(), az.tasks.second_argmax(3), ties, rng)


@pytest.mark.parametrize("kind", ["equal logits", "no readout"])
def test_logits_that_coincide_are_told(kind: str) -> None:
    program = degenerate_program(kind, np.random.default_rng(1), 3, 3)
    with pytest.raises(InputError, match="at these weights"):
        az.gradient(program, az.tasks.second_argmax(3))


def test_walls_that_coincide_are_told() -> None:
    """And rightly: the accuracy changes at different rates to both sides."""
    program = exact_program([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]], 2)
    task, direction = az.tasks.second_argmax(2), np.array([0, 0, 1, *[0] * 7])
    h = Fraction(1, 2**20)
    here, up, down = (score(moved(program, direction, k * h), task, "lowest", 20)
                      for k in (0, 1, -1))  # fmt: skip
    assert here == 1
    assert (up - here) / h < -0.01
    assert here == down
    with pytest.raises(InputError, match="walls that need not move together coincide"):
        az.gradient(program, task)


def test_a_dead_neuron_has_a_derivative_to_each_side() -> None:
    program = exact_program([1, -0.5, 0], [[-1, 0.5, 0.25], [0.75, -2, 1], [-1, -0.5, -0.75]],
                            [[1, -1, 0.5], [-0.5, 2, -1], [0.25, -0.75, 1]], 3)  # fmt: skip
    task = az.tasks.second_argmax(3)
    found = az.gradient(program, task)
    assert found.undefined == ("W_hi[2]",)
    assert np.isnan(found.slopes.w_hi[2])
    assert np.all(np.isfinite(flat(found.slopes)[np.arange(len(weights_of(program))) != 2]))
    direction, h = np.array([0, 0, 1, *[0] * 18]), Fraction(1, 2**24)
    here, up, down = (score(moved(program, direction, k * h), task, "lowest", 20)
                      for k in (0, 1, -1))  # fmt: skip
    assert abs((up - here) / h - (here - down) / h) > 0.01


def test_bad_input() -> None:
    perceptron = random_mlp(np.random.default_rng(1), 2, 2, 1)
    with pytest.raises(InputError, match="an RNN or a perceptron"):
        az.gradient(az.side_by_side(az.load("2nd_argmax_2_2"), perceptron), az.tasks.argmax(2))
    with pytest.raises(AttributeError, match="by number"):
        _ = az.gradient(perceptron, az.tasks.median(2)).slopes.w_hh
    with pytest.raises(InputError, match="2 to 9 inputs"):
        az.gradient(az.load("2nd_argmax_16_10"))
    with pytest.raises(InputError, match="allow more time"):
        az.gradient(az.load("2nd_argmax_8_5"), time_limit=1e-3)


def test_the_command(tmp_path: Path) -> None:
    found = json_of("gradient", "2nd_argmax_3_3")
    assert {"W_hi", "W_hh", "W_oh"} == set(found["gradient"]) == set(found["radii"])
    assert np.shape(found["gradient"]["W_hh"]) == (3, 3)
    assert found["kind"] == "exact"
    assert all(identity["holds"] for identity in found["identities"])
    text = run("gradient", "median_2_2", "--top", "3").stdout
    assert "The first 3 of 8." in text
    assert max(map(len, text.splitlines())) <= 100
    refused("gradient", "longest_cycle_4_4")
    assert json.dumps(found)


def test_the_command_takes_a_sequential(tmp_path: Path) -> None:
    import torch
    from torch import nn

    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False))
    torch.save(module.state_dict(), tmp_path / "perceptron.pt")
    given = (str(tmp_path / "perceptron.pt"), "--architecture", "mlp", "--task", "argmax")
    found = json_of("gradient", *given)
    assert [*found["gradient"]] == [*found["radii"]] == ["0.weight", "2.weight"]
    assert np.shape(found["gradient"]["0.weight"]) == (4, 3)
    assert found["identities"][1]["name"] == "scaling neuron 1 of layer 0"
    assert len(found["identities"]) == 4 + 1 + 4
    assert all(identity["holds"] for identity in found["identities"])
    assert "0.weight[" in run("gradient", *given).stdout

    value = az.exact_score(module, az.tasks.argmax(3))
    (-value).backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None
        assert np.allclose(weight.grad.numpy(), -np.array(found["gradient"][name]), atol=1e-7)


def test_torch_differentiates_exact_scores() -> None:
    import torch

    task = az.tasks.second_argmax(3)
    program = az.load("2nd_argmax_3_3").program
    parts = (program.input_weights, program.recurrent, program.readout)
    weights = [torch.tensor([[float(w) for w in row] for row in np.atleast_2d(part)],
                            dtype=torch.float64) for part in parts]  # fmt: skip
    weights[0] = weights[0].T.clone()
    for w in weights:
        w.requires_grad_()
    value = az.exact_score(*weights, task)
    (-2 * value).backward()
    assert value.item() == pytest.approx(az.accuracy(program, task).value, abs=1e-15)
    found = az.gradient(program, task)
    for w, part in zip(weights, found.slopes, strict=True):
        assert w.grad is not None
        assert np.array_equal(w.grad.numpy().reshape(part.shape), -2 * part)
    optimizer = torch.optim.SGD(weights, lr=1e-3)
    optimizer.step()
    assert az.exact_score(*weights, task).item() > value.item()
    with pytest.raises(InputError, match="three torch tensors"):
        az.exact_score(weights[0].int(), weights[1], weights[2], task)


def test_norm_and_sensitivity_by_hand() -> None:
    one = Arrays(np.array([3.0]), np.array([[0.0]]), np.array([[4.0], [math.nan]]))
    weights = Arrays(np.array([2.0]), np.array([[1.0]]), np.array([[-0.5], [1.0]]))
    found = Gradient("accuracy", az.tasks.argmax(2), "lowest", one, one, weights, ())
    assert found.norm == 5.0
    assert found.sensitivity().w_hi == [6.0]
    assert found.sensitivity().w_oh[0] == [2.0]
