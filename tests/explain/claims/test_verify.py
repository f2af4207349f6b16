"""Claims of each kind: true ones proved, false ones refuted, with inputs that are checked here.

The oracles are hand computations on AlgZoo's two-input model, whose logits are x[1] - x[0] and
x[0] - x[1], and the exact evaluation of programs.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from support.paths import STORIES
from support.programs import dead_mass_program, exact_program, handcrafted_2_2
from support.shipped_stories import ALGZOO_2_2
from support.stories import Entry, case, claim, only, story, verified

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import TieRule

TWO = handcrafted_2_2()
TEN = az.load("handcrafted:2nd_argmax_10").program


def witness_of(checked: Outcome) -> tuple[Fraction, ...]:
    assert checked.verdict.status == "refuted", checked.verdict
    assert checked.witness is not None
    assert checked.confirmed
    return checked.witness


@pytest.mark.skipif(not ALGZOO_2_2.exists(), reason="AlgZoo's weights are not here")
def test_a_whole_story_is_proved() -> None:
    model = az.load(ALGZOO_2_2)
    explanation = az.load_explanation(STORIES / "algzoo_2_2.toml")
    result = az.verify(explanation, model)
    assert result.status == "proved"
    assert result.model == model.name
    assert result.sha256 == explanation.subject.sha256
    assert result.program == az.standardize(model.program)[0]
    assert all(not i.trusted for c in result.claims for i in c.instances)


# --- always ---


def test_always() -> None:
    true = only(TWO, claim("c", "always", statement="logit[0] == x[1] - x[0]"))
    assert true.verdict.status == "proved"
    assert true.arguments
    false = only(TWO, claim("c", "always", statement="logit[0] <= 1.01 * (x[1] - x[0])"))
    x = witness_of(false)
    assert x[1] - x[0] > Fraction("1.01") * (x[1] - x[0])
    inside = only(TWO, claim("c", "always", statement="logit[0] > 0", domain="x[1] >= x[0]"))
    assert witness_of(inside)[0] == witness_of(inside)[1]


def test_a_domain_that_is_empty_is_vacuous() -> None:
    checked = only(TWO, claim("c", "always", statement="x[0] > 5", domain="x[0] < 0 and x[0] > 0"))
    assert checked.verdict.status == "proved"
    assert checked.vacuous


def test_an_assumed_claim_helps_only_where_it_holds() -> None:
    """h[0][0] is 0 for x[0] < 0 only. Oracle: exact evaluation at the witness."""
    left = claim("left", "always", statement="h[0][0] == 0", domain="x[0] < 0")
    said = claim("c", "always", statement="h[0][0] == 0", assume=["left"])
    x = witness_of(only(TWO, left, said))
    assert TWO.evaluate(x).h[0][0] != 0
    # The fact's own domain, put into words that it makes true.
    live = claim("live", "always", statement="h[0][0] == x[0]", domain="h[0][0] > 0")
    said = claim("c", "always", statement="x[0] > 1", domain="h[0][0] > 0", assume=["live"])
    x = witness_of(only(TWO, live, said))
    assert 0 < x[0] <= 1


def test_claims_that_are_not_proved_are_not_assumed() -> None:
    false = claim("false", "always", statement="h[0][0] == 0")
    said = claim("c", "always", statement="h[0][0] == 0", assume=["false"])
    result = verified(TWO, false, said)
    assert [c.status for c in result.claims] == ["refuted", "refuted"]


def test_what_follows_from_assumptions_alone() -> None:
    """Neuron 20 of the ten-input model adds up neurons 19 and 20 of the step before."""
    first = claim("first", "always", statement="h[7][19] + h[7][20] == max(0, x[0:8])")
    said = claim("c", "always", statement="h[8][20] == max(0, x[0:8])", assume=["first"])
    checked = only(TEN, first, said)
    assert checked.verdict.status == "proved"
    (argument,) = checked.arguments
    assert {entry.indices for entry in argument.use.free} == {(7, 19), (7, 20)}
    assert len(argument.use.facts) == 1


# --- weights ---


def test_weights() -> None:
    statement = "W_hi[0] * W_hi[1] == -1 and W_hh[0][1] > 0"
    assert only(TWO, claim("c", "weights", statement=statement)).verdict.status == "proved"
    flipped = only(TWO, claim("c", "weights", statement="W_hi[0] == 1 and W_hh[0][1] < 0"))
    assert flipped.verdict.status == "refuted"
    assert flipped.verdict.reason == "W_hh[0][1] < 0 is false: left is 1.0, right is 0.0"


# --- measure and close ---


@pytest.mark.parametrize(
    ("condition", "bounds", "status"),
    [
        ("x[0] > 0 and x[1] > 0", {"equals": "1/4"}, "proved"),
        ("x[0] > 0 and x[1] > 0", {"at_least": 0.2501}, "refuted"),
        # The wedge between directions (1, 0) and (1, 1/2): atan(1/2) / 2 pi = 0.0737918..
        ("0 < x[1] < x[0] / 2", {"at_least": 0.07379, "at_most": 0.0738}, "proved"),
        ("0 < x[1] < x[0] / 2", {"at_most": 0.0737}, "refuted"),
        ("0 < x[1] < x[0] / 2", {"equals": 0.0737918}, "refuted"),
        # logit[0] > x[0] where x[1] > 2 x[0]: half of the plane.
        ("logit[0] > x[0]", {"at_least": 0.5, "at_most": 0.5}, "proved"),
    ],
)
def test_measure(condition: str, bounds: dict[str, Any], status: str) -> None:
    checked = only(TWO, claim("c", "measure", condition=condition, **bounds))
    assert checked.verdict.status == status, checked.verdict
    assert checked.figures[0].what == "probability"


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ({"at_most": 2}, "proved"),  # |x[1] - x[0]| <= 2 max |x|, attained at (-1, 1)
        ({"equals": 2}, "proved"),
        ({"at_most": 1.98}, "refuted"),
        ({"at_least": 2.02}, "refuted"),
        ({"at_most": 1, "domain": "x[0] > 0 and x[1] > 0"}, "proved"),  # not attained
        ({"at_least": 1, "domain": "x[0] > 0 and x[1] > 0"}, "proved"),
        ({"at_most": 0.99, "domain": "x[0] > 0 and x[1] > 0"}, "refuted"),
        ({"at_most": 1, "scale": "abs(x[0])"}, "refuted"),  # no multiple of it is a bound
        # x[1] - x[0] is normal with variance 2: E|.| = 2 / sqrt(pi) = 1.12838
        ({"error": "mean", "at_least": 1.128, "at_most": 1.129}, "proved"),
        ({"error": "mean", "at_most": 1.12}, "refuted"),
        ({"error": "root_mean_square", "at_least": 1.41421, "at_most": 1.41422}, "proved"),
        ({"error": "root_mean_square", "at_least": 1.43}, "refuted"),
    ],
)
def test_close(keys: dict[str, Any], status: str) -> None:
    checked = only(TWO, claim("c", "close", left="logit[0]", right="0", **keys))
    assert checked.verdict.status == status, checked.verdict
    if status == "refuted" and "at_most" in keys and "error" not in keys:
        x = witness_of(checked)
        scale = abs(x[0]) if "scale" in keys else max(map(abs, x))
        assert abs(x[1] - x[0]) > Fraction(str(keys["at_most"])) * scale
        assert "domain" not in keys or min(x) > 0


@pytest.mark.parametrize("letter", ["i", "t"])
def test_the_usual_scale_knows_no_parameters(letter: str) -> None:
    """It is the largest input, whatever the claim's own letters are."""
    stated = claim(
        "c", "close", left=f"h[{letter}][0]", right="0", at_most=9, **{"for": f"{letter} in 0..0"}
    )
    checked = only(TWO, stated)
    assert checked.verdict.status == "proved"
    assert checked.figures[0].rational == 1


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ({"at_most": 2}, "proved"),
        ({"at_most": 1.98}, "refuted"),
        ({"at_least": 2}, "proved"),
        ({"at_least": 2.02}, "refuted"),
    ],
)
def test_close_with_many_inputs(keys: dict[str, Any], status: str) -> None:
    """logit[9] = 2 max(0, x[0], .., x[8]) where x[9] <= 0, by the model's construction."""
    stated = claim("c", "close", left="logit[9]", right="0", domain="x[9] <= 0", **keys)
    checked = only(TEN, stated)
    assert checked.verdict.status == status, checked.verdict
    if status == "refuted" and "at_most" in keys:
        x = witness_of(checked)
        assert 2 * max(x) > Fraction("1.98") * max(map(abs, x))
        assert x[9] <= 0


def test_what_is_only_sampled_proves_nothing() -> None:
    """Ten inputs, and not about their order alone. By symmetry, the probability is 1/2."""
    stated = claim("c", "measure", condition="sum(x[0:n]) > 0", at_least=0.4)
    checked = only(TEN, stated)
    assert checked.verdict.status == "unknown"
    (figure,) = checked.figures
    assert figure.kind == "sampled"
    assert figure.estimate == pytest.approx(0.5, abs=6 * figure.error)  # type: ignore[operator]


# --- equivalent ---


@pytest.mark.parametrize("mode", ["function", "labels"])
def test_equivalent(mode: str) -> None:
    scaled = exact_program([2, -0.5], [[-1, 4], [0.25, -1]], [[0.5, -2], [-0.5, 2]], 2)
    other = "handcrafted:2nd_argmax_2"
    assert only(scaled, claim("c", "equivalent", other=other, mode=mode)).verdict.status == "proved"
    # One sign flipped: the second neuron now excites itself.
    flipped = exact_program([2, -0.5], [[-1, 4], [0.25, 1]], [[0.5, -2], [-0.5, 2]], 2)
    checked = only(flipped, claim("c", "equivalent", other=other, mode=mode))
    x = witness_of(checked)
    one, two = (program.evaluate(x).logit for program in (flipped, TWO))
    assert one != two
    assert mode == "function" or (one[0] >= one[1]) != (two[0] >= two[1])


def test_equivalent_on_a_domain() -> None:
    """Twice the logits: the same labels, and the same function where all are 0, that is nowhere
    but at a tie."""
    double = exact_program([1, -1], [[-1, 1], [1, -1]], [[2, -2], [-2, 2]], 2)
    other = "handcrafted:2nd_argmax_2"
    for mode, domain, status in (
        ("labels", "true", "proved"),
        ("function", "true", "refuted"),
        ("function", "x[0] == x[1]", "proved"),
    ):
        stated = claim("c", "equivalent", other=other, mode=mode, domain=domain)
        assert only(double, stated).verdict.status == status


# --- inductive ---


def test_inductive() -> None:
    """Neurons 20 and 19 of the ten-input model, from its construction."""
    memory = "h[t][20] == max(0, x[0:t]) and h[t][19] + h[t][20] == max(0, x[0:t+1])"
    stated = claim("c", "inductive", each="t in 0..n-1", step="t", statement=memory)
    checked = only(TEN, stated)
    assert checked.verdict.status == "proved"
    assert len(checked.arguments) == 10
    late = claim(
        "c", "inductive", each="t in 0..n-1", step="t", statement="h[t][20] == max(0, x[0:t+1])"
    )
    checked = only(TEN, late)
    assert checked.verdict.reason.startswith("at t = 0: ")
    x = witness_of(checked)
    assert TEN.evaluate(x).h[0][20] != max(0, x[0])


def test_a_step_that_does_not_follow_is_tried_outright() -> None:
    """True at each step, but nothing follows from it: the other neuron is not in it."""
    statement = "h[t][20] == max(0, x[0:t])"
    stated = claim("c", "inductive", each="t in 0..3", step="t", statement=statement)
    checked = only(TEN, stated)
    assert checked.verdict.status == "proved"
    assert not checked.arguments[-1].use.free


def test_a_false_step_is_named() -> None:
    """It holds up to step 3."""
    statement = "h[t][20] == max(0, max(k in 0..t-1 if k < 3: x[k]))"
    checked = only(TEN, claim("c", "inductive", each="t in 0..4", step="t", statement=statement))
    assert checked.verdict.reason.startswith("at t = 4: ")
    assert witness_of(checked)[3] > 0


# --- right and wrong ---


def test_right_and_wrong() -> None:
    assert only(TWO, claim("c", "right")).verdict.status == "proved"
    x = witness_of(only(TWO, claim("c", "wrong", domain="x[0] >= x[1]")))
    assert x[0] > x[1]


@pytest.mark.parametrize("ties", ["lowest", "incorrect", "uniform"])
def test_ties_on_a_cone(ties: TieRule) -> None:
    """All logits are 0 where all inputs are negative, so that label 0 wins, or none, or each."""
    program = dead_mass_program()
    negative = "x[0] < 0 and x[1] < 0 and x[2] < 0"
    first = "x[1] > x[0] > x[2] or x[2] > x[0] > x[1]"  # here the label is 0
    for kind in ("right", "wrong"):
        for part in (first, f"not ({first})"):
            explanation = story(program, claim("c", kind, domain=f"{negative} and ({part})"))
            (result,) = az.verify(explanation, program, ties=ties).claims
            credit = {"lowest": part == first, "incorrect": False, "uniform": None}[ties]
            expected = credit is (kind == "right")
            assert result.status == ("proved" if expected else "refuted"), (kind, part)


def test_a_null_set_does_not_refute() -> None:
    """Logits and labels are exchanged, so that this model is wrong but where the logits tie."""
    reversed_ = exact_program([1, -1], [[-1, 1], [1, -1]], [[-1, 1], [1, -1]], 2)
    checked = only(reversed_, claim("c", "wrong", domain="x[0] >= x[1]"))
    assert checked.verdict.status == "proved"
    thin = only(TWO, claim("c", "wrong", domain="x[0] == 2 * x[1]"))
    assert thin.verdict.status == "proved"


# --- the model ---


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: az.verify(story(TWO, more='sha256 = "' + "0" * 64 + '"'), TWO),
            "comes from no file",
        ),
        (
            lambda: az.verify(
                story(TWO, more='sha256 = "' + "0" * 64 + '"'), az.load("handcrafted:2nd_argmax_2")
            ),
            "SHA-256",
        ),
        (lambda: az.verify(story(TWO), TEN), "2 hidden neurons; this one has 22"),
        (
            lambda: az.verify(story(TWO, task="argmax"), az.load("handcrafted:2nd_argmax_2")),
            "about argmax on 2 inputs, and the model's task is 2nd_argmax",
        ),
        (lambda: az.verify(story(TWO), TWO, seconds=0), "time limit"),
        (lambda: az.verify(story(TWO), TWO, ties="best"), "Unknown tie rule"),  # type: ignore[arg-type]
        (lambda: az.verify(story(TWO), TWO, only="c"), "no claim 'c'"),
        (lambda: az.verify(story(TWO), "model"), "Cannot lift"),  # type: ignore[arg-type]
        (
            lambda: verified(TWO, claim("c", "equivalent", other="none", mode="labels")),
            "no file or shipped model 'none'",
        ),
        (
            lambda: verified(
                TWO, claim("c", "equivalent", other="handcrafted:2nd_argmax_10", mode="labels")
            ),
            "as many inputs and outputs",
        ),
    ],
)
def test_what_cannot_be_checked(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_a_median_model_has_a_function_but_no_labels() -> None:
    program = rnn((1,), ((1,),), ((1,),), 2)  # type: ignore[arg-type]
    explanation = story(program, claim("c", "always", statement="logit[0] >= 0"), task="median")
    assert az.verify(explanation, program).status == "proved"


def test_only_one_claim_and_what_it_assumes() -> None:
    tables: list[Entry] = [
        claim("a", "always", statement="h[0][0] >= 0"),
        claim("b", "always", statement="h[1][0] >= 0"),
        claim("c", "always", statement="h[0][0] >= -1", assume=["a"]),
        case("all", "true", "right"),
    ]
    result = az.verify(story(TWO, *tables), TWO, only="c")
    assert [part.claim.name for part in result.claims] == ["a", "c"]
    assert result.claim("c").status == "proved"
    assert not result.cases
    with pytest.raises(InputError, match="No claim 'b' was checked"):
        result.claim("b")


def test_ctrl_c_keeps_what_is_known() -> None:
    tables = [claim(name, "always", statement="h[0][0] >= 0") for name in "abc"]
    heard: list[str] = []

    def hear(fraction: float, text: str) -> None:
        assert 0 <= fraction <= 1
        heard.append(text)
        if text == "b":
            raise KeyboardInterrupt

    explanation = story(TWO, *tables, case("all", "true", "right"))
    result = az.verify(explanation, TWO, progress=hear)
    assert heard == ["a", "b"]
    assert result.stopped
    assert [part.status for part in result.claims] == ["proved", "unknown", "unknown"]
    assert result.status == "unknown"
    assert result.accuracy is None


def test_torch_sees_less_than_exact_arithmetic() -> None:
    """A weight of 1 + 2^-60 is 1 in float64."""
    close = rnn((1 + Fraction(1, 2**60),), ((0,),), ((1,), (1,)), 2)  # type: ignore[arg-type]
    checked = only(close, claim("c", "always", statement="h[0][0] == relu(x[0])"))
    assert checked.verdict.status == "refuted"
    assert checked.confirmed is False
