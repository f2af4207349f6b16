"""``verify`` and ``surprise`` on the command line. Oracles: verdicts that are known by construction
(a true statement, a false one, one that is too hard), JSON schemas, and the library's own result.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.command_line import (
    COUNT,
    DECIMAL,
    MODEL,
    NULL,
    NUMBER,
    TEXT,
    TIES,
    TRUTH,
    either,
    record,
    run,
)  # fmt: skip
from support.shipped_stories import ALGZOO_2_2
from support.stories import GOOD
from support.verifications import TWO, claim, derived, head, verified

import algzoo_exact as az
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.verify import Verification
from algzoo_exact.zoo.explanations import list_explanations
from algzoo_exact.zoo.loading import shipped_folder

RATIONAL = {"type": "string", "pattern": r"^-?\d+(/\d+)?$"}
TEXTS = {"type": "array", "items": TEXT}
STATUS = {"enum": ["proved", "refuted", "unknown"]}
FIGURE = record(
    what=TEXT,
    kind={"enum": ["exact", "certified", "sampled"]},
    lower=either(DECIMAL, NULL),
    upper=either(DECIMAL, NULL),
    rational=either(RATIONAL, NULL),
    closed_form=either(TEXT, NULL),
    estimate=either(NUMBER, NULL),
    standard_error=either(NUMBER, NULL),
    samples=either(COUNT, NULL),
)
PARAMETERS = {"type": "object", "additionalProperties": {"type": "integer"}}
CHECKED = record(
    parameters=PARAMETERS,
    status=STATUS,
    reason=TEXT,
    method=TEXT,
    trusted=TEXTS,
    vacuous=TRUTH,
    witness=either({"type": "array", "items": RATIONAL}, NULL),
    confirmed=either(TRUTH, NULL),
    fails=either(FIGURE, NULL),
    figures={"type": "array", "items": FIGURE},
    details=TEXTS,
    seconds=NUMBER,
)
CLAIM = record(
    name=TEXT, kind=TEXT, text=TEXT, status=STATUS, instances={"type": "array", "items": CHECKED}
)
CASE = record(
    parameters=PARAMETERS,
    answer={"enum": ["right", "wrong", "unknown"]},
    probability=FIGURE,
    checked=either(CHECKED, NULL),
)
CASES = record(
    name=TEXT,
    says={"enum": ["right", "wrong", "claims", "unknown"]},
    text=TEXT,
    status=STATUS,
    probability=either(FIGURE, NULL),
    instances={"type": "array", "items": CASE},
)
VERIFY = record(
    explanation=record(title=TEXT, path=TEXT),
    model=MODEL,
    task=TEXT,
    standard=TRUTH,
    ties=TIES,
    status=STATUS,
    claims={"type": "array", "items": CLAIM},
    cases={"type": "array", "items": CASES},
    partition=either(record(status=STATUS, covers=CHECKED, disjoint=CHECKED), NULL),
    accuracy=either(FIGURE, NULL),
    stopped=TRUTH,
    seconds=NUMBER,
    version=TEXT,
)
ROW = record(
    claim=TEXT,
    status=STATUS,
    rule={"enum": ["sign", "order", "equality", "index", "real", "declared"]},
    count=COUNT,
    priced=NUMBER,
    bits=NUMBER,
    declared=TRUTH,
    remark=TEXT,
)
SURPRISE = record(
    explanation=record(title=TEXT, path=TEXT),
    model=MODEL,
    status=STATUS,
    rows={"type": "array", "items": ROW},
    unpriced=TEXTS,
    by_rule={"type": "object", "additionalProperties": NUMBER},
    bits_of_explanation=NUMBER,
    bits_declared=NUMBER,
    given=record(
        bits=either(NUMBER, NULL),
        at_least=TRUTH,
        share=either(NUMBER, NULL),
        derived=either(FIGURE, NULL),
        measured=either(FIGURE, NULL),
        agrees=TRUTH,
        reason=TEXT,
    ),
    total=NUMBER,
    at_least=TRUTH,
    optimization={
        "type": "array",
        "items": record(
            name={"enum": ["stated", "weights", "untrained", "seeds"]},
            sort={"enum": ["stated", "estimate", "upper bound", "lower bound"]},
            bits=NUMBER,
            note=TEXT,
            within={"enum": ["yes", "no", "open"]},
        ),
    },
    version=TEXT,
)

THIRD = Fraction(1, 3)
FALSE = claim("logit[0] >= x[0]", "rule = 'order'", kind="always", name="no")


@pytest.fixture
def story(tmp_path: Path) -> Path:
    return written(tmp_path, GOOD)


def written(folder: Path, text: str) -> Path:
    path = folder / "story.toml"
    path.write_text(text, encoding="utf-8")
    return path


def outcome(code: int, *arguments: object) -> str:
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (code, ""), result.output
    return result.stdout


def json_outcome(code: int, *arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome(code, *arguments, "--json"))
    jsonschema.validate(found, VERIFY if arguments[0] == "verify" else SURPRISE)
    return found


# --- verdicts and exit codes ---


def test_proved(story: Path) -> None:
    text = outcome(0, "verify", story)
    assert text.startswith(f"story        Two inputs ({story})\nmodel        handcrafted:2nd")
    assert "\nproved  first    always     by " in text
    assert "Probability: 1/2 = 0.5 (exact)" in text
    assert "\npartition    Almost every input is in exactly one case: proved\n" in text
    assert "\naccuracy     1 (exact), by proof\n" in text
    assert "\nverdict      proved: 7 proved, the partition proved" in text
    found = json_outcome(0, "verify", story)
    assert (found["status"], found["accuracy"]["rational"]) == ("proved", "1")
    assert {c["name"]: c["status"] for c in found["claims"]} == dict.fromkeys(
        ["first", "steps", "chance", "near", "answers"], "proved"
    )
    assert [c["probability"]["rational"] for c in found["cases"]] == ["1/2", "1/2"]


def test_refuted(tmp_path: Path) -> None:
    """The witness is an input at which the statement fails: the program itself says so."""
    path = written(tmp_path, GOOD + FALSE)
    text = outcome(1, "verify", path)
    assert "\nrefuted  no       always " in text
    assert "x = (" in text
    assert "; torch sees the same\n" in text
    assert "verdict      refuted: 7 proved, 1 refuted" in text
    found = json_outcome(1, "verify", path)
    (checked,) = found["claims"][-1]["instances"]
    x = [Fraction(value) for value in checked["witness"]]
    assert TWO.evaluate(x).logit[0] < x[0]
    assert checked["confirmed"] is True


def test_undecided(tmp_path: Path) -> None:
    """A piecewise-linear statement that holds, with far more pieces than a moment suffices for."""
    terms = " + ".join(f"max({k}*x[0], {k % 7}*x[1], {k % 5} - x[0])" for k in range(1, 300))
    text = GOOD + claim(f"{terms} >= -1", kind="always", name="hard")
    path = written(tmp_path, text)
    out = outcome(3, "verify", path, "--only", "hard", "--seconds", "300ms")
    assert "\nundecided  hard  always " in out
    assert "verdict      undecided: 1 undecided" in out


def test_one_claim_and_what_it_assumes(story: Path) -> None:
    found = json_outcome(0, "verify", story, "--only", "answers")
    assert [c["name"] for c in found["claims"]] == ["first", "answers"]
    assert (found["cases"], found["partition"], found["accuracy"]) == ([], None, None)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('when = "not ordered"', 'when = "true"', "hold both"),
        ('when = "not ordered"', 'when = "x[1] > x[0] + x[1]"', "in none of the cases"),
    ],
)
def test_cases_that_are_no_partition(before: str, after: str, reason: str, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace(before, after))
    found = json_outcome(1, "verify", path)
    assert found["partition"]["status"] == "refuted"
    assert found["accuracy"] is None
    text = outcome(1, "verify", path)
    assert "one case: refuted; " in text
    assert "accuracy" not in text
    assert "the partition refuted" in text


def test_the_result_is_that_of_the_library(story: Path) -> None:
    verification = az.verify(az.load_explanation(story), az.load("handcrafted:2nd_argmax_2"))
    found = json_outcome(0, "verify", story)
    for result, shown in zip(verification.claims, found["claims"], strict=True):
        assert [c.method for c in result.instances] == [c["method"] for c in shown["instances"]]


# --- which story, which model ---


def test_the_model_may_be_beside_the_story(story: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(shipped_folder() / "2nd_argmax_2_2.safetensors", folder / "a.safetensors")
    path = written(tmp_path, GOOD.replace("handcrafted:2nd_argmax_2", "models/a.safetensors"))
    found = json_outcome(1, "verify", path, "--only", "near")  # trained weights are larger
    assert found["model"]["name"] == "a"
    assert found["model"]["sha256"] == az.load("2nd_argmax_2_2").sha256
    found = json_outcome(1, "verify", story, "--only", "near", "--model", "2nd_argmax_2_2")
    assert found["model"]["name"] == "2nd_argmax_2_2"


LONG = "algzoo_example_16_10_claims"  # three seconds to read


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == LONG else [])
        for name in list_explanations()
    ],
)
def test_shipped_stories_are_found_and_read(name: str) -> None:
    from algzoo_exact.zoo.explanations import explanation_path

    story = az.load_explanation(explanation_path(name))
    assert story.subject.name is not None


# --- how results are told, whatever decided them ---


def shown(monkeypatch: pytest.MonkeyPatch, path: Path, verification: Verification) -> str:
    monkeypatch.setattr(az, "verify", lambda *arguments, **options: verification)
    return run("verify", path).stdout


def test_many_failures_are_summed_up(monkeypatch: pytest.MonkeyPatch, story: Path) -> None:
    text = head() + claim("true", kind="always") + 'for = "i in 0..9"\n'
    verification = verified(text)
    (result,) = verification.claims
    witness = Fraction(1, 3), Fraction(10**40, 7)
    checked = [
        replace(c, verdict=Verdict("refuted", "no luck"), witness=witness)
        if k > 3
        else replace(c, verdict=Verdict("unknown", "too hard"))
        for k, c in enumerate(result.instances)
    ]  # fmt: skip
    verification = replace(verification, claims=(replace(result, instances=tuple(checked)),))
    out = shown(monkeypatch, story, verification)
    assert "refuted  c  always  by hand, in 10 instances" in out
    assert out.count("no luck") == 3
    assert "refuted with i = 4: no luck; at x = (1/3, 1.42857143e+39…)\n" in out
    assert "and 7 more that are not proved\n" in out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"trusted": ("z3",)}, "(trusted: z3)"),
        ({"vacuous": True}, "vacuously, for nothing is in the domain"),
        ({"figures": (derived(0, 1),)}, "Accuracy: between 0.000000 and 1.000000 (certified)"),
        ({"figures": (derived(THIRD, THIRD),)}, "Accuracy: 1/3 ≈ 0.333333333333… (exact)"),
        ({"confirmed": False, "verdict": Verdict("refuted")}, "lost to rounding in torch's float"),
    ],
)  # fmt: skip
def test_what_is_told(
    monkeypatch: pytest.MonkeyPatch, story: Path, change: dict[str, Any], told: str
) -> None:
    verification = verified(head() + claim("true"))
    (result,) = verification.claims
    checked: Outcome = replace(result.instances[0], **change)
    told_of = replace(verification, claims=(replace(result, instances=(checked,)),))
    assert told in shown(monkeypatch, story, told_of)


def test_an_interrupted_run_is_told(monkeypatch: pytest.MonkeyPatch, story: Path) -> None:
    stopped = replace(verified(head() + claim("true"), statuses={"c": "unknown"}), stopped=True)
    assert "\ninterrupted  this is what was checked by then\n" in shown(monkeypatch, story, stopped)


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch, story: Path) -> None:
    assert "\x1b[" not in outcome(0, "verify", story, "--only", "first")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;32mproved\x1b[0m  first" in outcome(0, "verify", story, "--only", "first")


# --- surprise ---


def test_surprise(tmp_path: Path) -> None:
    text = GOOD + FALSE + "[surprise]\nbits_of_optimization = 30\nnote = 'a guess'\n"
    path = written(tmp_path, text)
    found = json_outcome(1, "surprise", path)
    assert [(r["claim"], r["bits"], r["status"]) for r in found["rows"]] == [
        ("first", 2.0, "proved"), ("no", 0.0, "refuted")
    ]  # fmt: skip
    assert found["unpriced"] == ["steps", "chance", "near", "answers"]
    assert found["given"]["bits"] == 0
    assert (found["total"], found["at_least"]) == (2.0, False)
    figures = {figure["name"]: figure for figure in found["optimization"]}
    assert (figures["stated"]["bits"], figures["stated"]["within"]) == (30.0, "yes")
    assert (figures["weights"]["bits"], figures["weights"]["within"]) == (320.0, "open")
    out = outcome(1, "surprise", path, "--bits-of-optimization", "1.5")
    lines = [line.split() for line in out.splitlines()]
    assert ["first", "2", "×", "sign", "2.00"] in lines
    assert ["no", "order", "0.00", "refuted:", "not", "paid"] in lines
    assert ["The", "explanation", "2.00"] in lines
    assert ["Total", "2.00"] in lines
    assert "\nBits of the explanation  2.00 signs\n" in out
    assert "1.50 bits of optimization (stated): given by the user; the total is more.\n" in out


@pytest.mark.slow
def test_surprise_of_the_trained_model() -> None:
    """Published by ARC for M(2,2): 14 bits, 4 bits, and about 22 bits; ours has its own weights."""
    found = json_outcome(0, "surprise", "2nd_argmax_2_2")
    by_rule = found["by_rule"]
    assert by_rule["sign"] + by_rule["order"] == 18
    assert [o["bits"] for o in found["optimization"] if o["name"] == "seeds"] == [
        pytest.approx(2.3219, abs=1e-4)
    ]
    exact = az.accuracy(TWO, az.tasks.second_argmax(2))
    assert exact.kind == "exact"
    derived_, measured = found["given"]["derived"], found["given"]["measured"]
    assert Fraction(derived_["lower"]) <= Fraction(measured["lower"])
    assert Fraction(measured["upper"]) <= Fraction(derived_["upper"])


@pytest.mark.skipif(not ALGZOO_2_2.is_file(), reason="AlgZoo's own files are not at hand")
def test_the_published_ledger() -> None:
    """ARC: 14 bits, 4 bits, and about 22 for two equalities, to 2^-11.58 and 2^-10.60."""
    found = json_outcome(0, "surprise", "algzoo_2nd_argmax_2_2", "--model", ALGZOO_2_2)
    assert found["by_rule"]["sign"] + found["by_rule"]["order"] == 14 + 4
    near = [row["bits"] for row in found["rows"] if row["rule"] == "equality"]
    assert near == pytest.approx([11.58, 10.60], abs=0.005)
    assert found["bits_of_explanation"] == pytest.approx(40.17, abs=0.01)
    assert found["given"]["bits"] < 2
    assert found["given"]["agrees"]
