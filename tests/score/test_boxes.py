"""Certified bounds by boxes, against exact angles, large samples and exact special cases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.paths import ALGZOO

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.measure import gaussian_boxes
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import TIE_RULES, Task, TieRule, argmax, index_tasks, second_argmax
from algzoo_exact.score import box_kernels, box_search, boxes
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.boxes import BOXES
from algzoo_exact.score.question import Question
from algzoo_exact.score.result import Score

Floats = NDArray[np.float64]
QUICK = {("2nd_argmax", "lowest"), ("argmedian", "uniform")}  # CI runs the others too
EXAMPLE = ALGZOO / "example_2nd_argmax_16_10.safetensors"


def program_of(w_hi: Floats, w_hh: Floats, w_oh: Floats) -> Program:
    rows = [tuple(tuple(row) for row in m.tolist()) for m in (w_hh, w_oh)]
    return rnn(tuple(w_hi.tolist()), rows[0], rows[1], len(rows[1]))


def random_program(d: int, n: int, seed: int) -> Program:
    rng = np.random.default_rng(seed)
    return program_of(
        rng.normal(size=d), rng.normal(size=(d, d)) * 1.2 / math.sqrt(d), rng.normal(size=(n, d))
    )


def degenerate_programs(n: int) -> dict[str, Program]:
    rng = np.random.default_rng(5)
    w_hi, w_hh, w_oh = rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=(n, 4))
    dead_row = w_hh.copy()
    dead_row[1] = 0.0
    dead_input = w_hi.copy()
    dead_input[1] = 0.0
    twins = w_oh.copy()
    twins[1] = twins[0]
    scales = 2.0 ** np.array([-40.0, 0.0, 30.0, 60.0])
    return {
        "dead neuron": program_of(dead_input, dead_row, w_oh),
        "logits all zero": program_of(w_hi, w_hh, 0 * w_oh),
        "no recurrence": program_of(w_hi, 0 * w_hh, w_oh),
        "equal logits": program_of(w_hi, w_hh, twins),
        # An equivalent program, neurons scaled by `scales`.
        "scales": program_of(w_hi * scales, w_hh * scales[:, None] / scales, w_oh / scales),
        "one sign": program_of(np.abs(w_hi), np.abs(w_hh), w_oh),
    }


def score(program: Program, task: Task, ties: TieRule, x: Floats) -> Floats:
    """The credit at each row of x, by float execution: independent of the code under test."""
    w_hi, w_hh, w_oh = (
        np.array(m, float) for m in (program.input_weights, program.recurrent, program.readout)
    )
    h = np.zeros((len(x), len(w_hi)))
    for t in range(x.shape[1]):
        h = np.maximum(0.0, h @ w_hh.T + x[:, t : t + 1] * w_hi)
    # One row at a time, so that equal rows of weights give equal floats.
    logits = np.stack([(h * row).sum(1) for row in w_oh], 1)
    order = np.argsort(x, 1)
    n = x.shape[1]
    label = {
        "2nd_argmax": order[:, -2],
        "argmax": order[:, -1],
        "argmedian": order[:, n // 2],
        "argoutlier": np.abs(x - x.mean(1, keepdims=True)).argmax(1),
    }[task.name]
    tied = logits == logits.max(1, keepdims=True)
    hit, count = tied[np.arange(len(x)), label], tied.sum(1)
    if ties == "lowest":
        return (tied.argmax(1) == label).astype(float)
    return (hit & (count == 1)).astype(float) if ties == "incorrect" else hit / count


def box_bounds(
    program: Program, task: Task, ties: TieRule = "lowest", *, boxes: int | None = None,
    deadline: Deadline = NEVER,
) -> Iterator[Score]:  # fmt: skip
    question = Question(
        ACCURACY, program, task, ties, wish="bounds", deadline=deadline, max_cells=boxes
    )
    question.check()
    return BOXES.steps(question)


def last(program: Program, task: Task, ties: TieRule = "lowest", boxes: int = 4000) -> Score:
    return list(box_bounds(program, task, ties, boxes=boxes))[-1]


def sample_excess(bounds: Score, scores: Floats) -> float:
    """By how many standard errors a sample mean lies outside the enclosure."""
    mean, error = scores.mean(), max(scores.std(), 1e-3) / math.sqrt(len(scores))
    outside = max(float(bounds.enclosure.lower) - mean, mean - float(bounds.enclosure.upper), 0.0)
    return float(outside / error)


def exact_planar(program: Program, task: Task, ties: TieRule) -> float:
    """n = 2: the exact score, up to 1e-12. Oracle: angles between all breakpoints in the plane.

    Everything (pre-activations, logit differences, labels) is linear between neighbouring
    breakpoints, so the score is constant there. Breakpoints: x_0 = 0, x_0 = x_1, zeros of
    every z(1) on both signs of x_0, and zeros of logit_0 - logit_1 on every piece so far.
    """
    w_hi, w_hh, w_oh = (
        np.array(m, float) for m in (program.input_weights, program.recurrent, program.readout)
    )
    angles = [k * math.pi / 4 for k in range(8)]
    for s in (1.0, -1.0):
        slope = w_hh @ np.maximum(0.0, s * w_hi)
        angles += [math.atan2(-c / w, s) for c, w in zip(slope, w_hi, strict=True) if w]
    pieces = sorted(a % (2 * math.pi) for a in angles)
    for a, b in zip(pieces, [*pieces[1:], pieces[0] + 2 * math.pi], strict=True):
        ends = np.array([[math.cos(v), math.sin(v)] for v in (a, b)])
        h = np.maximum(0.0, ends[:, :1] * w_hi)
        h = np.maximum(0.0, h @ w_hh.T + ends[:, 1:] * w_hi)
        f, g = h @ (w_oh[0] - w_oh[1])
        if f * g < 0:  # linear on the cone: zero at the ray ends[0] |g| + ends[1] |f|
            ray = ends[0] * abs(g) + ends[1] * abs(f)
            angles.append(math.atan2(ray[1], ray[0]))
    pieces = sorted(a % (2 * math.pi) for a in angles)
    total = 0.0
    for a, b in zip(pieces, [*pieces[1:], pieces[0] + 2 * math.pi], strict=True):
        if b - a > 1e-13:
            middle = np.array([[math.cos((a + b) / 2), math.sin((a + b) / 2)]])
            total += (b - a) / (2 * math.pi) * float(score(program, task, ties, middle)[0])
    return total


@pytest.mark.parametrize("ties", TIE_RULES)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["2nd_argmax", "argmax"])
def test_two_inputs_exactly(name: str, seed: int, ties: TieRule) -> None:
    program, task = random_program(1 + seed, 2, seed), Task(name, 2)
    truth, bounds = exact_planar(program, task, ties), last(program, task, ties)
    assert float(bounds.enclosure.lower) - 1e-11 <= truth <= float(bounds.enclosure.upper) + 1e-11
    assert bounds.undecided < 2e-4  # quadrature loses up to q^2 n / 4 = 4e-5, twice that allowed


@pytest.mark.parametrize(
    ("name", "ties"),
    [
        pytest.param(name, ties, marks=() if (name, ties) in QUICK else pytest.mark.slow)
        for name in index_tasks()
        for ties in TIE_RULES
    ],
)
def test_three_inputs_against_samples(name: str, ties: TieRule) -> None:
    """5 sigma on each of 7 programs; false alarm below 7 * 6e-7 for each parametrisation."""
    x = np.random.default_rng(11).normal(size=(200_000, 3))
    task = Task(name, 3)
    for program in [random_program(3, 3, 2), *degenerate_programs(3).values()]:
        bounds = last(program, task, ties)
        assert sample_excess(bounds, score(program, task, ties, x)) < 5
        assert bounds.undecided < Fraction(1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", index_tasks())
def test_five_inputs_against_samples(name: str) -> None:
    x = np.random.default_rng(12).normal(size=(100_000, 5))
    for seed in range(4):
        program, task = random_program(5, 5, seed), Task(name, 5)
        bounds = last(program, task, boxes=20_000)
        assert sample_excess(bounds, score(program, task, "lowest", x)) < 5
        assert bounds.undecided < 1


@pytest.mark.parametrize(
    ("ties", "truth"), [("lowest", 1 / 3), ("incorrect", 0), ("uniform", 1 / 3)]
)
def test_all_logits_tied(ties: TieRule, truth: float) -> None:
    """Oracle: by symmetry each label has probability 1/3, and every logit is 0."""
    bounds = last(degenerate_programs(3)["logits all zero"], argmax(3), ties, boxes=40_000)
    assert bounds.enclosure.lower <= Fraction(truth) + Fraction(1, 1 << 50)
    assert float(bounds.enclosure.upper) >= truth - 1e-15
    assert bounds.undecided < 0.01


def test_dead_region_has_mass() -> None:
    """h = max(0, x_1) decides for 1: with W_hh = 0 all logits tie where x_1 < 0.

    Oracle: by hand. argmax of two inputs; x_1 > 0 predicts 1, right with probability 3/8
    (angle from 45 to 180 degrees); x_1 < 0 predicts 0 under `lowest`, right with 3/8.
    """
    program = rnn((1,), ((0,),), ((0,), (1,)), 2)
    for ties, truth in (("lowest", 0.75), ("incorrect", 0.375), ("uniform", 0.375 + 0.25)):
        bounds = last(program, argmax(2), ties)
        assert bounds.enclosure.contains(Fraction(truth))
        assert bounds.undecided < 2e-4


def test_planted_wrong_label_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the label's rank off by one, the exact planar score falls outside."""
    monkeypatch.setattr(Task, "rank", 1)
    program = random_program(5, 2, 4)
    truth = exact_planar(program, argmax(2), "lowest")
    assert not last(program, argmax(2)).enclosure.contains(truth)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 5), st.floats(-6, 0))
def test_network_bounds_hold_on_points(seed: int, d: int, n: int, log_width: float) -> None:
    """Verdicts and bounds of one box, against exact rational evaluation at points of the box."""
    rng = np.random.default_rng(seed)
    program, task = random_program(d, n, seed), argmax(n)
    network = boxes.network_for(program, task, "lowest")
    low = rng.uniform(-1, 1, n)
    high = low + 10.0**log_width * rng.uniform(0, 1, n)
    for linear in (False, True):
        bounds = box_kernels.new_bounds(n, d, linear)
        bounds.x_low[:], bounds.x_high[:] = low, high
        assert box_kernels.propagate(network._replace(linear=linear), bounds)
        verdicts = [
            box_kernels.judge(k, network._replace(linear=linear), bounds)[0] for k in range(n)
        ]
        for _ in range(5):
            corner = rng.integers(0, 2, n)
            inner = low + (high - low) * rng.uniform(0, 1, n)
            x = np.where(rng.random() < 0.5, np.where(corner, high, low), np.clip(inner, low, high))
            trace = program.evaluate(tuple(x.tolist()))
            scale = np.abs(network.w_hi).max() / max(abs(w) for w in program.input_weights)
            for t in range(n):
                for j in range(d):
                    h = trace.h[t][j] * Fraction(float(scale))
                    assert Fraction(bounds.low[t, j]) <= h <= Fraction(bounds.high[t, j])
            best = max(trace.logit)
            for k, verdict in enumerate(verdicts):
                wins = trace.logit[k] == best and best not in trace.logit[:k]
                assert verdict == box_kernels.UNDECIDED or (verdict >= 1) == wins


def test_point_boxes_need_the_rounding_slack() -> None:
    """Without gamma (planted), bounds over points exclude exact values; with it, never."""
    excluded = 0
    for gamma in (None, 0.0):
        for seed in range(30):
            program = random_program(6, 5, seed)
            network = boxes.network_for(program, argmax(5), "lowest")
            network = network if gamma is None else network._replace(gamma=gamma)
            x = np.random.default_rng(seed).normal(size=5)
            bounds = box_kernels.new_bounds(5, 6, True)
            bounds.x_low[:] = bounds.x_high[:] = x
            assert box_kernels.propagate(network, bounds)
            scale = Fraction(float(network.w_hi[0])) / program.input_weights[0]
            h = [v * scale for v in program.evaluate(tuple(x.tolist())).h[4]]
            inside = all(
                Fraction(float(a)) <= v <= Fraction(float(b))
                for a, v, b in zip(bounds.low[4], h, bounds.high[4], strict=True)
            )
            assert inside or gamma == 0.0
            excluded += not inside
    assert excluded > 0


def test_masses_are_lower_bounds_and_tight() -> None:
    """Oracle: scipy's adaptive quadrature of the same integral, good to 1e-10."""
    from scipy.integrate import quad
    from scipy.stats import norm

    rng = np.random.default_rng(3)
    for n in (2, 3, 5, 8):
        q = gaussian_boxes.quadrature_for(n, 1 << 13)
        for _ in range(10):
            a = rng.uniform(-1, 1, n)
            b = a + (1 - a) * rng.uniform(0.05, 1, n)
            rows = [np.array([box_search.row_of(v, q) for v in ends], np.int32) for ends in (a, b)]
            mass = box_search.box_mass(rows[0], rows[1], 0, q)

            def integrand(r: float, a: Floats = a, b: Floats = b) -> float:
                return float(norm.pdf(r) * np.prod((norm.cdf(b * r) - norm.cdf(a * r))[1:]))

            truth = quad(integrand, 0, 12, epsabs=1e-13, epsrel=1e-11, limit=200)[0]
            assert mass <= truth * (1 + 1e-9) + 1e-12
            ratio = (9.5 * 512) ** (1 / (q.radii.size - 2)) - 1  # q of gaussian_boxes
            assert mass >= truth * (1 - ratio**2 * n / 2) - 1e-5  # twice the loss; r < 2^-9


def test_phi_rows_against_scipy() -> None:
    """scipy's ndtr is good to a few ulp; PHI_ERROR is 18 ulp of 1."""
    from scipy.special import ndtr

    q = gaussian_boxes.quadrature_for(3, 1)
    out = np.empty_like(q.radii)
    for ratio in (-1.0, -0.3, 0.0, 1e-9, 0.71, 1.0):
        box_search.phi_row(ratio, q.radii, q.phi, q.density, out)
        assert np.abs(out - ndtr(ratio * q.radii)).max() < gaussian_boxes.PHI_ERROR


def test_nested_and_stoppable_at_any_moment() -> None:
    program, task = random_program(6, 6, 0), second_argmax(6)
    x = np.random.default_rng(13).normal(size=(100_000, 6))
    scores = score(program, task, "lowest", x)
    for stop in (1, 2, 4):
        seen = []
        for bounds in box_bounds(program, task, deadline=Deadline.after(0.8)):
            seen.append(bounds)
            if len(seen) == stop:
                break
        assert sample_excess(seen[-1], scores) < 5
    everything = list(box_bounds(program, task, deadline=Deadline.after(0.8)))
    assert len(everything) > 2
    for before, after in pairwise(everything):
        assert before.enclosure.contains(after.enclosure)
        assert after.enclosure.width == after.undecided


def test_long_and_wide_programs_stop_in_time() -> None:
    """Interval bounds take over where linear ones would cost too much."""
    bounds = last(random_program(20, 40, 0), argmax(40), boxes=50)
    assert bounds.cells == 50
    assert 0 <= bounds.enclosure.lower <= bounds.enclosure.upper <= 1


def test_user_errors() -> None:
    program = random_program(2, 3, 0)
    with pytest.raises(InputError, match="needs a program"):
        box_bounds(program, argmax(4))
    with pytest.raises(InputError, match="max_cells"):
        box_bounds(program, argmax(3), boxes=-1)
    with pytest.raises(InputError, match="span"):
        last(rnn((1, Fraction(2) ** -400), ((0, 0),) * 2, ((1, 0),) * 2, 2), argmax(2))


@pytest.mark.slow
def test_example_model_is_bounded() -> None:
    """Published accuracy 95.3%; some mass must be decided right, and hardly any wrong."""
    if not EXAMPLE.exists():
        pytest.skip("the example model is not here")
    from safetensors.numpy import load_file

    state = load_file(EXAMPLE)
    program = program_of(
        state["rnn.weight_ih_l0"][:, 0].astype(float),
        state["rnn.weight_hh_l0"].astype(float),
        state["linear.weight"].astype(float),
    )
    bounds = last(program, second_argmax(10), boxes=30_000)
    assert bounds.enclosure.contains(Fraction(953, 1000))
    assert bounds.enclosure.lower > 0
