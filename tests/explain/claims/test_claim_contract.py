"""What every kind of claim promises, by parametrisation: a new one goes through it too.

Oracles: exact evaluation of what a claim says, at random inputs and at the one that refutes it; the
checker of certificates; jsonschema.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from extension.margins import Margin
from support.every_claim import CLAIMS, TWO, checked_story, data_of
from support.formulas import at, random_point
from support.stories import Entry, claim, verified, written

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.registry import KINDS, register
from algzoo_exact.explain.language.expression import evaluate
from algzoo_exact.explain.prove.setting import Inside, Setting
from algzoo_exact.explain.schema import explanation_schema
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present.document import Statement
from algzoo_exact.present.documents.verification import explanation

MARGINS = (
    claim("wins", "margin", winner=0, by="2*x[1] - 2*x[0]", domain="x[1] > x[0]"),
    claim("too_much", "margin", winner=0, by="3*x[1] - 3*x[0]", domain="x[1] > x[0]"),
)
EXAMPLES: tuple[Entry, ...] = (*CLAIMS, *MARGINS)
TRIED = (*KINDS, "margin")  # one from outside, too


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    register(Margin)
    yield
    del KINDS["margin"]


@pytest.fixture(scope="module")
def checked() -> Verification:
    return verified(TWO, *EXAMPLES)


def tables_of(kind: str) -> list[dict[str, Any]]:
    return [keys for _, keys in EXAMPLES if keys["kind"] == kind]


@pytest.mark.parametrize("kind", TRIED)
def test_what_is_proved_holds_and_what_is_refuted_fails(kind: str, checked: Verification) -> None:
    task, random = checked.explanation.subject.task, Random(7)
    points = [random_point(random, 2) for _ in range(40)]
    found = [result for result in checked.claims if result.claim.kind == kind]
    assert {result.status for result in found} & {"proved", "refuted"}
    for outcome in (part for result in found for part in result.instances):
        assert outcome.instance is not None
        of_both = outcome.instance.models()  # it speaks of two programs at once
        inside = Inside(TWO, Setting.of(2, outcome.instance.where, outcome.instance.instead))
        instance = outcome.instance.inside(inside)
        questions = () if of_both else instance.says(task, checked.ties, ())
        tried = map(inside.setting.point, [*points, *filter(None, [outcome.witness])])
        broken = [
            any(evaluate(q.domain, values) and not evaluate(q.statement, values) for q in questions)
            for values in (at(inside.program, point) for point in tried)
        ]
        if outcome.status == "proved":
            assert not any(broken)
        elif outcome.witness is not None:
            assert outcome.confirmed or instance.instead != outcome.instance.instead
            assert broken[-1] or not questions
        else:
            assert outcome.verdict.reason or outcome.figures


@pytest.mark.parametrize("kind", TRIED)
def test_schema_and_reader_agree(kind: str) -> None:
    """A key that is missing, or that there is not, or that holds a list of numbers."""
    validator = jsonschema.Draft202012Validator(explanation_schema())
    needed = set()
    for keys in tables_of(kind):
        text = written(TWO, ("claim", keys))
        assert validator.is_valid(tomllib.loads(text))
        fewer = [{k: v for k, v in keys.items() if k not in (key, "assume")} for key in keys]
        for wrong in (*fewer, keys | {"wining": "true"}, *(keys | {key: [7]} for key in keys)):
            text = written(TWO, ("claim", wrong))
            message = refusal(text)
            if ", column " not in message:  # the schema leaves what is in expressions to the reader
                assert (message == "") == validator.is_valid(tomllib.loads(text)), text
            assert not message or message.startswith("claim ")
            needed |= keys.keys() - wrong.keys() if message else set()
    assert {"name", "kind"} <= needed


def refusal(text: str) -> str:
    """The reader's message, or nothing."""
    try:
        parse_explanation(text)
    except InputError as error:
        return str(error)
    return ""


def test_reports_and_certificates_have_it(checked: Verification) -> None:
    """The report with its status, the certificate with all that the checker wants to see."""
    blocks = explanation(SimpleNamespace(verification=checked))
    shown = {b.name.split(", ")[1]: b for b in blocks if isinstance(b, Statement)}
    data = data_of(checked)
    told = {part["name"]: part for part in data["claims"]}
    for result in checked.claims:
        assert shown[result.claim.name].status == result.status
        assert len(told[result.claim.name]["instances"]) == len(result.instances)
    checked_story(checked, data)
