"""Drafts of models whose structure was planted, or is known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.stories import enclosure_of

import algzoo_exact as az
from algzoo_exact.drafting import draft as draft_module
from algzoo_exact.drafting.draft import Draft
from algzoo_exact.drafting.finders import order_cases
from algzoo_exact.explain.language import expand
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import TieRule
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax


def random_program(seed: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W_hi (d), W_hh (d, d) and W_oh (n, d)."""
    random = np.random.default_rng(seed)
    return tuple(random.uniform(-1, 1, shape) for shape in ((d,), (d, d), (n, d)))  # type: ignore[return-value]


def program(w: np.ndarray, rows: np.ndarray, last: np.ndarray) -> Program:
    return rnn(w.tolist(), rows.tolist(), last.tolist(), len(last))


def scrambled(n: int) -> Program:
    """A handcrafted model as float64 weights, its neurons permuted and rescaled."""
    made, random = handcrafted_second_argmax(n), np.random.default_rng(n)
    order = random.permutation(made.hidden_size)
    scale = 2.0 ** random.integers(-5, 6, made.hidden_size)
    w = np.array(made.input_weights, dtype=float)[order] * scale
    rows = np.array(made.recurrent, dtype=float)[np.ix_(order, order)]
    last = np.array(made.readout, dtype=float)[:, order] / scale
    return program(w, rows * scale[:, None] / scale, last)


def assert_verifies(found: Draft, model: Program, ties: TieRule = "lowest") -> None:
    """From the text alone, by the public verifier."""
    again = az.verify(parse_explanation(found.toml), model, ties=ties)
    assert again.status == "proved"
    assert {r.claim.name for r in again.claims} == {r.claim.name for r in found.verification.claims}
    if again.accuracy is not None and model.seq_len < 4:
        proved, exact = (
            again.accuracy.enclosure,
            az.accuracy(model, task(model), ties=ties).enclosure,
        )
        assert proved is not None
        assert proved.lower <= exact.upper
        assert exact.lower <= proved.upper


def task(model: Program) -> az.Task:
    return az.tasks.second_argmax(model.seq_len)


def drafted(model: Program, seconds: float = 60) -> Draft:
    return az.draft(model, task(model), seconds=seconds)


def seen(found: Draft) -> str:
    """What was seen and proved."""
    return " ".join(f.found for f in found.findings if f.fate in ("kept", "aside"))


def test_two_inputs_take_fewer_bits_than_by_hand() -> None:
    model = az.load("2nd_argmax_2_2")
    found = az.draft(model)
    assert_verifies(found, model.program)
    by_hand = az.surprise(az.verify(az.load_explanation(STORY), model)).explanation
    assert found.bits < by_hand
    accuracy = found.verification.accuracy
    assert enclosure_of(accuracy).width < Fraction(1, 8000)
    assert az.draft(model).toml == found.toml


STORY = Path(__file__).parents[2] / "models/explanations/2nd_argmax_2_2.toml"


def test_a_handcrafted_model_is_understood() -> None:
    found = drafted(scrambled(2))
    assert "relu(x[t] - past(t, 1))" in seen(found)
    accuracy = found.verification.accuracy
    assert accuracy is not None
    assert accuracy.rational == 1


@pytest.mark.slow
def test_three_inputs_up_to_rounding() -> None:
    model = scrambled(3)
    found = drafted(model)
    assert_verifies(found, model)
    assert "101/100" in seen(found) or "1.01*past(t, 1)" in seen(found)
    assert enclosure_of(found.verification.accuracy).width < Fraction(1, 10**7)


@pytest.mark.slow
def test_ten_inputs_by_induction() -> None:
    found = drafted(scrambled(10), 280)
    assert sum("neuron" in f.found for f in found.findings if f.fate == "kept") >= 20
    assert found.verification.accuracy is not None
    assert found.verification.accuracy.rational == Fraction(91279, 92160)


@pytest.mark.parametrize(
    ("seed", "n", "d", "ties"),
    [
        (10, 2, 3, "uniform"),
        pytest.param(11, 2, 2, "incorrect", marks=pytest.mark.slow),
        (12, 2, 3, "lowest"),
        pytest.param(13, 3, 2, "uniform", marks=pytest.mark.slow),
        pytest.param(14, 3, 2, "incorrect", marks=pytest.mark.slow),
    ],
)
def test_silent_models_are_accounted_for(seed: int, n: int, d: int, ties: TieRule) -> None:
    """All neurons rest where all inputs are negative: there all logits tie, whatever the label."""
    w, rows, last = random_program(seed, n, d)
    model = program(abs(w), rows, last)
    found = az.draft(model, task(model), ties=ties, seconds=60)
    assert_verifies(found, model, ties)
    assert enclosure_of(found.verification.accuracy).width < 1


@pytest.mark.slow
def test_pairs_of_which_too_much_was_seen_are_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is right on a sliver of one case that no sampled input is in."""
    monkeypatch.setattr(draft_module, "FINDERS", (order_cases.find,))
    w, rows, last = random_program(15, 4, 2)
    model = program(abs(w), rows, last)
    found = drafted(model)
    assert_verifies(found, model)
    assert [f.fate for f in found.findings] == ["kept"]
    assert "two_positive_unknown" in {case.case.name for case in found.verification.cases}


def test_a_copy_is_found() -> None:
    w, rows, last = random_program(0, 3, 4)
    w[3], rows[3] = 4 * w[1], 4 * rows[1]
    assert "Neuron 3 is a copy of neuron 1." in seen(drafted(program(w, rows, last), 2))


def test_a_maximum_is_found() -> None:
    w, rows, last = random_program(1, 3, 4)
    rows[0], rows[2] = (-1, 0, -0.5, 0), (2, 0, 1, 0)  # the second holds twice the maximum so far
    w[0], w[2] = 1, 0
    assert "neuron 2 holds top(t)" in seen(drafted(program(w, rows, last), 2))


def test_a_mirror_is_found() -> None:
    w, rows, last = random_program(2, 3, 4)
    image = [1, 0, 3, 2]
    w[[1, 3]] = -w[[0, 2]]
    last[:, [1, 3]] = last[:, [0, 2]]
    for i in (1, 3):
        rows[i] = rows[image[i]][image]
    assert "is a symmetry" in seen(drafted(program(w, rows, last), 2))


def test_a_story_is_completed(tmp_path: Path) -> None:
    text = """
title = "Mine"   # kept

[model]
task = "2nd_argmax"
hidden_size = 2
seq_len = 2
standard = true

[definitions]
mine = "x[0]"

[[claim]]
name = "first"
kind = "always"
statement = "h[0][0] == relu(mine)"
"""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    found = az.draft(az.load("2nd_argmax_2_2"), start=path)
    assert 'title = "Mine"   # kept' in found.toml
    assert found.verification.status == "proved"
    assert {"first", "at_walls"} <= {r.claim.name for r in found.verification.claims}


def test_medians_have_claims_and_no_cases() -> None:
    w, rows, last = random_program(3, 1, 3)
    w[2], rows[2] = w[0], rows[0]
    model = rnn(w.tolist(), rows.tolist(), last.tolist(), 3)
    found = az.draft(model, az.tasks.median(3))
    assert "Neuron 2 is a copy of neuron 0." in seen(found)
    assert not found.verification.cases


def test_transformers_are_refused_in_a_sentence() -> None:
    with pytest.raises(az.InputError, match="is a transformer"):
        az.draft(az.load("longest_cycle_4_4"), az.tasks.second_argmax(4))


def test_a_story_about_another_model_is_refused() -> None:
    with pytest.raises(az.InputError, match="is about 2nd_argmax on 2"):
        az.draft(az.load("2nd_argmax_3_3"), start=STORY)


def test_what_the_language_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proposal that is too large, written out, is not tried; the others are."""
    model = az.load("2nd_argmax_2_2").program
    whole = az.draft(model, task(model), seconds=20)
    monkeypatch.setattr(expand, "LARGEST", 60)
    found = az.draft(model, task(model), seconds=20)
    tried = [{f.fate for f in one.findings} for one in (whole, found)]
    assert tried[1] - tried[0] == {"not tried"}
    assert_verifies(found, model)
