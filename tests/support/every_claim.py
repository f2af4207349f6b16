"""An explanation with every kind of claim and verdict, and the checker's view of one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

from algzoo_exact.certificate import check
from algzoo_exact.certificate.story import story_part
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.lift import named_weights
from support.programs import handcrafted_2_2
from support.stories import Entry, case, claim, verified

Json = dict[str, Any]

TWO = handcrafted_2_2()

# logit[0] = x[1] - x[0] = -logit[1]; right everywhere.
CLAIMS: tuple[Entry, ...] = (
    claim("signs", "weights", each="i in 0..1", statement="W_hi[i] == 1 - 2*i"),
    claim("false_sign", "weights", statement="W_hi[0] == -1 and W_hh[0][0] == -1"),
    claim("first", "always", statement="h[0][0] == relu(x[0]) and h[0][1] == relu(-x[0])"),
    claim("gap", "always", assume=["first"], statement="logit[0] == x[1] - x[0]"),
    claim("half_plane", "always", domain="x[0] > x[1]", statement="logit[0] < 0"),
    claim("not_so", "always", domain="x[0] > 0", statement="logit[0] > -x[0]"),
    claim(
        "steps",
        "inductive",
        each="t in 0..1",
        step="t",
        statement="h[t][0] - h[t][1] == x[t] - sum(k in t-1..t-1 if k >= 0: x[k])",
    ),
    claim("no_steps", "inductive", each="t in 0..1", step="t", statement="h[t][0] == relu(x[t])"),
    claim("likely", "measure", condition="x[0] > x[1] and x[1] > 0", equals="1/8"),
    claim("unlikely", "measure", condition="x[0] > x[1] and x[1] > 0", at_least="1/2"),
    claim("angle", "measure", condition="0 < x[1] < 2*x[0]", at_least=0.17, at_most=0.18),
    claim("no_angle", "measure", condition="0 < logit[1] < x[1]", at_most=0.01),
    claim("half", "measure", condition="x[0] + 3*x[1] > 0", equals="1/2"),
    claim("near", "close", left="logit[0]", right="x[1]", at_most=1, at_least=0.9),
    claim("nearer", "close", left="logit[0]", right="x[1]", at_most=0.5),
    claim("farther", "close", left="logit[0]", right="x[1]", at_least=1.5),
    claim(
        "in_a_corner",
        "close",
        domain="x[0] > 2*x[1] and x[1] > 0",
        left="logit[0]",
        right="-x[0]",
        at_least=0.4999,
        at_most=0.5,
    ),
    claim("mean", "close", left="logit[0]", right="x[1]", error="mean", at_most=0.8),
    claim("value", "measure", condition="0 < x[1] < 2*x[0]"),
    claim("far", "close", left="logit[0]", right="if x[0] > 0 then x[1] else -x[0]"),
    claim("often", "share", domain="x[0] > x[1]", equals=1),
    claim("seldom", "share", domain="x[0] > 0", at_most=0.5),
    claim("how_often", "share"),
    claim("on_a_line", "always", where="x[0] == 0", statement="logit[0] == x[1]"),
    claim("on_a_diagonal", "always", where="x[1] == x[0]", statement="logit[0] == 0"),
    claim("not_on_a_line", "always", where="x[0] == 0", statement="logit[0] > x[1]"),
    claim("right_on_a_line", "right", where="0 == x[1]"),
    claim("share_on_a_line", "share", where="x[1] == 0", domain="x[0] > 0", equals=1),
    claim("close_on_a_line", "close", where="x[1] == 0", left="logit[0]", right="0", at_most=1),
    claim("half_a_line", "measure", where="x[1] == 0", condition="logit[1] > 0", equals="1/2"),
    claim("one_off", "always", instead="z[1][0] == 0", statement="logit[0] <= 0"),
    claim("no_answer", "share", instead="z[1][0] == 0 and z[1][1] == 0", at_least=0.4, at_most=0.6),
    claim("copies", "right", instead="z[1][0] == 2*h[0][1] + x[0]", domain="x[0] > 0"),
    claim("below", "right", domain="x[0] > x[1]"),
    claim("above", "right", domain="x[0] <= x[1]", assume=["gap"]),
    claim("never", "right", domain="x[0] > 0 or logit[0] > 0"),
    claim("always_wrong", "wrong", domain="x[1] > 0"),
    claim("same", "equivalent", other="handcrafted:2nd_argmax_2", mode="function"),
    claim("other", "equivalent", other="2nd_argmax_2_2", mode="function"),
    claim("others_labels", "equivalent", other="2nd_argmax_2_2", mode="labels"),
    claim(
        "there", "equivalent", other="2nd_argmax_2_2", mode="labels", domain="x[0] > 0 and x[1] < 0"
    ),
)
CASES: tuple[Entry, ...] = (
    case("down", "x[0] > x[1]", "claims", claims=["below"]),
    case("up", "x[1] > x[0] and x[1] > 2*x[0]", "right", claims=["gap"]),
    case("narrow", "x[0] < x[1] <= 2*x[0]", "wrong"),
    case("rest", "x[0] < x[1] and x[1] == 2*x[0]", "unknown"),
)


def every_kind() -> Verification:
    """All of these claims and cases on TWO; ``never`` is left undecided."""
    found = verified(TWO, *CLAIMS, *CASES)
    claims = tuple(
        replace(result, instances=(_open(result.instances[0]),))
        if result.claim.name == "never"
        else result
        for result in found.claims
    )
    return replace(found, claims=claims)


def _open(checked: Outcome) -> Outcome:
    return Outcome(Verdict("unknown", "not tried"), instance=checked.instance)


_INPUTS = 7
SILENT = rnn((Fraction(1),), ((Fraction(-1),),), ((Fraction(0),),) * _INPUTS, _INPUTS)
"""All logits are 0; the neuron holds the last input less the state before it."""


def silent_story() -> Verification:
    """Proofs by sums of inequalities, with facts, definitions and free entries; cases about the
    order of the inputs."""
    top = "all(k in 0..n-1 if k != a: x[a] >= x[k])"
    return verified(
        SILENT,
        claim("states", "inductive", each="t in 0..n-1", step="t", statement="h[t][0] >= 0"),
        claim(
            "recurrence",
            "always",
            each="t in 1..2",
            assume=["states"],
            statement="h[t][0] == relu(x[t] - h[t-1][0])",
        ),
        claim(
            "bounded",
            "always",
            each="t in 1..2",
            assume=["recurrence", "states"],
            domain="x[t] > 0",
            statement="h[t][0] <= x[t]",
        ),
        claim("first", "always", statement="h[0][0] == relu(x[0])"),
        claim("then", "always", assume=["first"], statement="z[1][0] == x[1] - max(0, x[0])"),
        claim("wild", "always", statement="h[3][0] <= x[3]"),
        claim("zero", "always", statement="logit[0] == 0 and logit[3] == 0"),
        case("first", top, "wrong", each="a in 0..0", claims=["zero"]),
        case("others", top, "unknown", each="a in 1..n-1"),
    )


def data_of(verification: Verification) -> Json:
    """The explanation's part of a certificate."""
    return story_part(verification, verification.program).data


def checked_story(verification: Verification, data: Json | None = None) -> check.Story:
    """The checker's view of the part, which it accepts; RejectedError otherwise."""
    task = verification.explanation.subject.task
    part, budget = data_of(verification) if data is None else data, check.Budget()
    budget.allow(check.WORK_PER_BYTE * len(check.dump(part)))
    weights = dict(named_weights(verification.program))
    found = check.Story(part, weights, task.name, task.seq_len, verification.ties, budget)
    found.check()
    return found


@cache
def told(name: str) -> tuple[Verification, Json]:
    """``kinds`` or ``silent``, and its part of a certificate."""
    verification = every_kind() if name == "kinds" else silent_story()
    return verification, data_of(verification)
