"""False claims planted in the shipped explanations: refuted with an input, or with a reason.

The mistakes are ours, so that it is known that each claim is false; the input is the oracle's: by
the model's exact evaluation, the claim fails at it, and torch agrees.
"""

from __future__ import annotations

from typing import Any

import pytest
from support.shipped_stories import cases_only, changed, model_of, text_of
from support.stories import enclosure_of

import algzoo_exact as az
from algzoo_exact.explain.claims.weights import Weights
from algzoo_exact.explain.language.expression import evaluate, values_of
from algzoo_exact.explain.story import Explanation, parse_explanation
from algzoo_exact.explain.verify import Verification

TWO, OURS, FOUR = "algzoo_2nd_argmax_2_2", "2nd_argmax_2_2", "2nd_argmax_4_3"
BY_HAND = tuple(f"handcrafted_2nd_argmax_{n}" for n in (2, 3, 10))
ERRORS = "algzoo_2nd_argmax_2_2_errors"
PATIENCE = 600.0  # seconds for what takes a few, on a machine that is busy otherwise


def checked(explanation: Explanation, name: str, only: str | None) -> Verification:
    return az.verify(explanation, model_of(name), seconds=PATIENCE, only=only)


def slow(*case: str) -> Any:
    return pytest.param(*case, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("name", "claim", "old", "new"),
    [
        # A flipped sign.
        (TWO, "signs", "W_oh[i][i] > 0", "W_oh[i][i] < 0"),
        (TWO, "piece_of_first", "== out(0)*x[1] + out(0)", "== out(0)*x[1] - out(0)"),
        (OURS, "piece_of_both", "(out(0) - out(1))*x[1] + to", "(out(0) + out(1))*x[1] + to"),
        (ERRORS, "gap_left", "< -of_first(1) - of_last <", "< of_first(1) - of_last <"),
        (ERRORS, "piece_left", "of_last*x[1] + of_first(1)", "of_last*x[1] - of_first(1)"),
        (FOUR, "rounded_states", "- 2.259)*relu(s*x[0])", "+ 2.259)*relu(s*x[0])"),
        (FOUR, "input_weights", "W_hi[i] == sign(i)", "W_hi[i] == -sign(i)"),
        (FOUR, "two_forms", 'right = "x[1] - sum', 'right = "x[1] + sum'),
        (BY_HAND[0], "last_difference", "relu(x[t] - previous(t))", "relu(x[t] + previous(t))"),
        (BY_HAND[1], "forms", "+ before(t, 2)", "- before(t, 2)"),
        (BY_HAND[1], "which_form_is_larger", 'x[2] - x[1])"', 'x[2] + x[1])"'),
        slow(BY_HAND[2], "memory", "h[t][21] == M(t+1) - x[t]", "h[t][21] == M(t+1) + x[t]"),
        # A coefficient changed by one percent.
        (TWO, "nearly_equal_right", "<= (out(0) - out(1))/3058", "<= (out(0) - out(1))/3089"),
        (TWO, "last_state", "relu(second(j))\"", "1.01*relu(second(j))\""),
        (TWO, "size_of_a_sliver", "1/6454", "1/6519"),
        (OURS, "piece_of_both", "to_input(j)*abs(x[0])\"", "1.01*to_input(j)*abs(x[0])\""),
        (ERRORS, "gap_right", "of_last - of_first(0) <", "of_last - 1.01*of_first(0) <"),
        (FOUR, "rounded_states", "(0.927 - 2.259)", "(0.93627 - 2.259)"),
        (FOUR, "rounded_last_states", "2.815*inner_1(-s)", "2.84315*inner_1(-s)"),
        (FOUR, "rounded_logits", "0.689*P", "0.69589*P"),
        (FOUR, "odd_part", 'L = "3.15"', 'L = "3.1815"'),
        (BY_HAND[0], "logits", "x[1-i] - x[i]", "x[1-i] - 1.01*x[i]"),
        (BY_HAND[1], "forms", "100*x[t] - 101*before", "101*x[t] - 101*before"),
        (BY_HAND[1], "one_form_clearly_larger", 'closeness = "100/101"', 'closeness = "1"'),
        (BY_HAND[1], "nearly_opposite", 'closeness = "100/101"', 'closeness = "0.98"'),
        (BY_HAND[2], "memory", "h[t][20] == M(t)", "h[t][20] == 1.01*M(t)"),
        slow(BY_HAND[2], "register", "h[t][i] == max(", "h[t][i] == 1.01*max("),
    ],
)  # fmt: skip
def test_a_small_mistake(name: str, claim: str, old: str, new: str) -> None:
    found = checked(changed(name, old, new), name, claim).claim(claim)
    assert found.status == "refuted"
    failed = [c for c in found.instances if c.verdict.status == "refuted"]
    for one in failed:
        assert one.verdict.reason
        if one.witness is not None:
            assert one.confirmed
        else:
            # A claim about weights has no input; a bound is refuted by the figure itself.
            assert isinstance(one.instance, Weights) or one.figures


@pytest.mark.parametrize(
    ("margins", "claim"),
    [("pick(b, 19, 61, 51)", "leading"), ("pick(b, 84, 19, 59)", "trailing")],
)
def test_margins_are_as_narrow_as_they_are_said_to_be(margins: str, claim: str) -> None:
    """One part in 10,000 less, and the model is wrong, or right, somewhere beyond them."""
    text = text_of(FOUR)
    kept = "pick(b, 19, 61, 52)" if claim == "leading" else "pick(b, 84, 20, 59)"
    old, new = (
        ("u != v or a == u or a == 2 and b == u", "u == 1 and v == 1 and a == 1 and b == 2")
        if claim == "leading"
        else ("u != v or a == u or a == 2 and b == u", "u == 0 and v == 1 and a == 2 and b == 1")
    )
    explanation = parse_explanation(text.replace(kept, margins).replace(old, new))
    (one,) = checked(explanation, FOUR, claim).claim(claim).instances
    assert one.verdict.status == "refuted"
    assert one.witness is not None
    # The domain has that input, and the model gives it the other answer.
    program = az.standardize(model_of(FOUR).program)[0]
    trace = program.evaluate(one.witness)
    logits = trace.logit
    assert evaluate(one.instance.domain, values_of(program, trace))
    label = sorted(range(3), key=lambda i: one.witness[i])[1]
    assert (max(range(3), key=lambda k: logits[k]) == label) == (claim == "trailing")


HEAVY = [slow(name) for name in (BY_HAND[2], FOUR)]


@pytest.mark.parametrize("name", [TWO, OURS, ERRORS, BY_HAND[1], *HEAVY])
def test_a_case_omitted(name: str) -> None:
    rest, cases = cases_only(name)
    model = model_of(name)
    program = az.standardize(model.program)[0]
    for position in range(len(cases)) if name not in (BY_HAND[2], FOUR) else (len(cases) - 1,):
        fewer = "".join(case for k, case in enumerate(cases) if k != position)
        partition = az.verify(parse_explanation(rest + fewer), model, seconds=PATIENCE).partition
        assert partition is not None
        assert partition.covers.verdict.status == "refuted"
        witness = partition.covers.witness
        assert witness is not None
        values = values_of(program, program.evaluate(witness))
        left = parse_explanation(rest + cases[position]).cases[0].instances
        assert any(evaluate(instance.when, values) for instance in left)


@pytest.mark.parametrize("name", [TWO, OURS, ERRORS, *BY_HAND[:2], *HEAVY])
def test_a_case_doubled(name: str) -> None:
    rest, cases = cases_only(name)
    model = model_of(name)
    program = az.standardize(model.program)[0]
    doubled = cases[-1].replace('name = "', 'name = "again_', 1)
    again = parse_explanation(rest + "".join(cases) + doubled)
    partition = az.verify(again, model, seconds=PATIENCE).partition
    assert partition is not None
    assert partition.disjoint.verdict.status == "refuted"
    assert "again_" in partition.disjoint.verdict.reason
    witness = partition.disjoint.witness
    assert witness is not None
    values = values_of(program, program.evaluate(witness))
    both = parse_explanation(rest + cases[-1]).cases[0].instances
    assert any(evaluate(instance.when, values) for instance in both)


def test_a_wrong_case_called_right() -> None:
    """Not only claims: what cases say of the model is checked as well."""
    rest, cases = cases_only(BY_HAND[1])
    claimed = [case.replace('"unknown"', '"right"') for case in cases]
    found = checked(parse_explanation(rest + "".join(claimed)), BY_HAND[1], None)
    assert [case.status for case in found.cases] == ["proved", "refuted"]
    (one,) = found.cases[1].instances
    assert one.answer == "unknown"
    assert one.checked is not None
    assert one.checked.witness is not None
    x = one.checked.witness
    p, q = x[0] - 101 * x[1] + 100 * x[2], -x[0] - 100 * x[1] + 101 * x[2]
    assert p * q < 0
    assert 100 * abs(q) < 101 * abs(p)
    assert 100 * abs(p) < 101 * abs(q)
    assert enclosure_of(found.accuracy).upper == 1
