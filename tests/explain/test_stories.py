"""Explanation files: read, checked, and held against the programs that they are about.

Oracles: the exact program at random rational inputs, the task's own labels, the published JSON
schema, and a table of mistakes with what is said about each.
"""

from __future__ import annotations

import copy
import json
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import ROOT, STORIES
from support.weight_files import ALGZOO, needs_algzoo

from algzoo_exact import load
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.always import Always
from algzoo_exact.explain.claims.close import Close
from algzoo_exact.explain.claims.equivalent import Equivalent
from algzoo_exact.explain.claims.inductive import Inductive
from algzoo_exact.explain.claims.measure import Measure
from algzoo_exact.explain.claims.weights import Weights
from algzoo_exact.explain.language.expression import Formula, evaluate, to_text, values_of
from algzoo_exact.explain.language.syntax import ParseError
from algzoo_exact.explain.schema import explanation_schema
from algzoo_exact.explain.story import Explanation, load_explanation, parse_explanation
from algzoo_exact.program.ir import Program
from algzoo_exact.program.standardize import standardize

SCHEMA = json.loads((files("algzoo_exact.explain") / "story.schema.json").read_text("utf-8"))
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(STORIES.glob("*.toml"))}


def statements(story: Explanation) -> list[tuple[str, Formula, Formula | None]]:
    """(claim's name, statement, domain) of every statement about all inputs, or about weights."""
    found: list[tuple[str, Formula, Formula | None]] = []
    for claim in story.claims:
        for instance in claim.instances:
            if isinstance(instance, Always):
                found.append((claim.name, instance.statement, instance.domain))
            elif isinstance(instance, Weights):
                found.append((claim.name, instance.statement, None))
            elif isinstance(instance, Inductive):
                found += [(claim.name, f, None) for s in instance.steps for _, f in s.statements]
    return found


def failures(story: Explanation, program: Program, trials: int) -> Counter[str]:
    """How often each claim's statements fail at random rational inputs."""
    generator = random.Random(5)
    failed: Counter[str] = Counter()
    for _ in range(trials):
        x = [
            Fraction(generator.randint(-9, 9), generator.randint(1, 5))
            for _ in range(program.seq_len)
        ]
        values = values_of(program, program.evaluate(x))
        for name, statement, domain in statements(story):
            inside = domain is None or evaluate(domain, values)
            failed[name] += inside and not evaluate(statement, values)
    return failed


def test_handcrafted_10_is_as_told() -> None:
    story = load_explanation(STORIES / "handcrafted_10.toml")
    failed = failures(story, load("handcrafted:2nd_argmax_10").program, 12)
    assert failed.keys() == {"register", "memory", "leave_one_out", "logits", "readout"}
    assert not failed.total()


@pytest.mark.parametrize(
    ("claim", "right", "wrong"),
    [
        ("memory", "h[t][21] == M(t+1) - x[t]", "h[t][21] == M(t) - x[t]"),
        ("memory", "max(0, x[0:t])", "max(1, x[0:t])"),
        ("register", "if k >= 0", "if k >= 1"),
        ("leave_one_out", "if i != k: x[i]", "if i <= k: x[i]"),
        ("logits", "2*others", "2.02*others"),
        ("readout", "W_oh[k][k] == 1", "W_oh[k][k] == -1"),
    ],
)
def test_planted_falsehoods_fail(claim: str, right: str, wrong: str) -> None:
    text = TEXTS["handcrafted_10"]
    assert right in text
    story = parse_explanation(text.replace(right, wrong))
    assert failures(story, load("handcrafted:2nd_argmax_10").program, 6)[claim]


def test_cases_of_handcrafted_10_partition_and_are_judged_rightly() -> None:
    story = load_explanation(STORIES / "handcrafted_10.toml")
    program = load("handcrafted:2nd_argmax_10").program
    task = story.subject.task
    generator = random.Random(6)
    seen: Counter[str] = Counter()
    for trial in range(40):
        shift = (0, -9, -5, -9)[trial % 4]  # few inputs are positive otherwise
        x = [Fraction(v + shift, 3) for v in generator.sample(range(-9, 10), 10)]
        trace = program.evaluate(x)
        values = values_of(program, trace)
        (case,) = [c for c in story.cases for i in c.instances if evaluate(i.when, values)]
        right = trace.logit.index(max(trace.logit)) == task.label(x)
        assert case.verdict == ("right" if right else "wrong")
        seen[case.name] += 1
    assert len(seen) >= 3


@needs_algzoo
def test_algzoo_2_2_is_as_told() -> None:
    story = load_explanation(STORIES / "algzoo_2_2.toml")
    model = load(ALGZOO / "2nd_argmax_2_2.safetensors")
    assert story.subject.sha256 == model.sha256
    assert story.subject.standard
    failed = failures(story, standardize(model.program)[0], 50)
    assert len(failed) == 6
    assert not failed.total()


def test_what_is_read() -> None:
    story = parse_explanation(TEXTS["handcrafted_10"])
    assert (story.subject.task.name, story.subject.hidden_size) == ("2nd_argmax", 22)
    assert story.optimization is not None
    assert story.optimization.bits == 0
    (register,) = story.claim("register").instances
    assert isinstance(register, Inductive)
    assert [step.step for step in register.steps] == list(range(10))
    assert [step.base for step in register.steps] == [True] + [False] * 9
    assert {len(step.statements) for step in register.steps} == {10}
    assert register.steps[9].statements[0][0] == (("t", 9), ("i", 0))
    assert to_text(register.steps[9].statements[0][1]) == "h[9][0] == max(0, x[0])"
    assert story.claim("leave_one_out").assume == ("memory",)
    assert story.claim("register").prices[0].among == 22
    assert dict(story.claim("logits").written)["for"] == "i in 0..n-1"
    (positive,) = story.claim("positive").instances
    assert isinstance(positive, Measure)
    assert positive.bounds.equals == 1 - Fraction(1, 2**10)
    (sized,) = story.claim("sized").instances
    assert isinstance(sized, Close)
    assert sized.scale is not None
    assert to_text(sized.scale).startswith("max(abs(x[0]), abs(x[1])")
    assert len(story.cases[0].instances) == 90
    other = parse_explanation(TEXTS["algzoo_2_2"])
    (same,) = other.claim("same_as_handcrafted").instances
    assert isinstance(same, Equivalent)
    assert (same.other, same.mode) == ("handcrafted:2nd_argmax_2", "labels")
    with pytest.raises(InputError, match="There is no claim 'no'; the claims are standard, signs"):
        other.claim("no")


def test_base_cases_come_before_the_step() -> None:
    text = TEXTS["handcrafted_10"].replace('step = "t"', 'step = "t"\nfrom = 3', 1)
    (register,) = parse_explanation(text).claim("register").instances
    assert isinstance(register, Inductive)
    assert [step.base for step in register.steps] == [True] * 3 + [False] * 7


def test_decimals_are_exact() -> None:
    text = TEXTS["handcrafted_10"].replace('"1 - 1/2/2/2/2/2/2/2/2/2/2"', "0.1")
    (positive,) = parse_explanation(text).claim("positive").instances
    assert isinstance(positive, Measure)
    assert positive.bounds.equals == Fraction(1, 10)


def test_the_schema_is_what_the_kinds_of_claims_declare() -> None:
    """`python -m algzoo_exact.explain.schema > algzoo_exact/explain/story.schema.json` makes it."""
    assert explanation_schema() == SCHEMA


@pytest.mark.parametrize("name", TEXTS)
def test_stories_follow_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(tomllib.loads(TEXTS[name]), SCHEMA, jsonschema.Draft202012Validator)


def test_the_story_of_the_documentation() -> None:
    note = ROOT / "docs" / "notes" / "explanation-language.md"
    block = re.search(r"```toml\n(.*?)```", note.read_text("utf-8"), re.DOTALL)
    assert block
    jsonschema.validate(tomllib.loads(block[1]), SCHEMA, jsonschema.Draft202012Validator)
    story = parse_explanation(block[1])
    failed = failures(story, load("handcrafted:2nd_argmax_2").program, 30)
    assert failed == {"first": 0, "last": 0}


Edit = Callable[[dict[str, Any]], object]
MUTATIONS: dict[str, Edit] = {
    "no title": lambda s: s.pop("title"),
    "no model": lambda s: s.pop("model"),
    "unknown table": lambda s: s.update(extra={}),
    "unknown task": lambda s: s["model"].update(task="third_argmax"),
    "size as text": lambda s: s["model"].update(hidden_size="22"),
    "size too large": lambda s: s["model"].update(seq_len=10**9),
    "size zero": lambda s: s["model"].update(hidden_size=0),
    "hash too short": lambda s: s["model"].update(sha256="abc"),
    "hash of weights too short": lambda s: s["model"].update(weights_sha256="abc"),
    "model without a name": lambda s: s["model"].update(name=" "),
    "model as number": lambda s: s["model"].update(name=2),
    "standard as number": lambda s: s["model"].update(standard=1),
    "definition as number": lambda s: s["definitions"].update(a=1),
    "kind unknown": lambda s: s["claim"][0].update(kind="sometimes"),
    "kind missing": lambda s: s["claim"][0].pop("kind"),
    "name with a space": lambda s: s["claim"][0].update(name="a b"),
    "no statement": lambda s: s["claim"][0].pop("statement"),
    "misspelt key": lambda s: s["claim"][0].update(statment="true"),
    "no step": lambda s: s["claim"][0].pop("step"),
    "from as text": lambda s: s["claim"][0].update({"from": "2"}),
    "weights that assume": lambda s: s["claim"][4].update(assume=["memory"]),
    "two bounds too many": lambda s: s["claim"][5].update(at_least=0),
    "a scaled mean": lambda s: s["claim"][6].update(error="mean", scale="1"),
    "error unknown": lambda s: s["claim"][6].update(error="largest"),
    "price rule unknown": lambda s: s["claim"][0].update(price=[{"rule": "free"}]),
    "price without its number": lambda s: s["claim"][0]["price"][0].pop("among"),
    "price with another's number": lambda s: s["claim"][0]["price"][0].update(bits=1),
    "price not counted": lambda s: s["claim"][0]["price"][0].update(count=0),
    "price counted too often": lambda s: s["claim"][0]["price"][0].update(count=1000001),
    "declared without a note": lambda s: s["claim"][1]["price"][0].pop("note"),
    "verdict unknown": lambda s: s["case"][0].update(verdict="maybe"),
    "verdict of no claims": lambda s: s["case"][0].update(verdict="claims", claims=[]),
    "case without when": lambda s: s["case"][0].pop("when"),
    "claims of an unknown": lambda s: s["case"][0].update(verdict="unknown"),
    "no bits": lambda s: s["surprise"].pop("bits_of_optimization"),
    "claims as a text": lambda s: s["case"][0].update(claims="logits"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_schema_and_reader_refuse_the_same(name: str) -> None:
    data = copy.deepcopy(tomllib.loads(TEXTS["handcrafted_10"]))
    MUTATIONS[name](data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA, jsonschema.Draft202012Validator)
    with pytest.raises(InputError) as caught:
        parse_explanation(to_toml(data))
    assert not isinstance(caught.value, ParseError)
    assert str(caught.value).endswith(".")


def to_toml(data: dict[str, Any]) -> str:
    """TOML of tables whose values are JSON's or inline tables of such; keys are quoted."""

    def value(item: object) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {value(v)}" for k, v in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ", ".join(map(value, item)) + "]"
        return json.dumps(item)

    return "\n".join(f"{json.dumps(key)} = {value(item)}" for key, item in data.items())


def test_a_story_written_anew_is_the_same() -> None:
    text = TEXTS["handcrafted_10"]
    assert parse_explanation(to_toml(tomllib.loads(text))) == parse_explanation(text)


HEAD = 'title = "t"\n[model]\ntask = "2nd_argmax"\nhidden_size = 2\nseq_len = 2\n'
CLAIM = HEAD + '[[claim]]\nname = "c"\nkind = "always"\n'
# For others, see test_malformed_stories.py.
WRONG = {
    "title": "end of document: expected '=' after a key in a key/value pair.",
    "a = " + "[" * 5000: "the text is nested too deeply.",
    "a = " + "9" * 5000: "line 1: there are over 1000 digits in a row.",
    "a = 1e" + "9" * 30: "a number in the text is too large, or too close to 0, to be read.",
    "a" + ".a" * 6000 + " = 1": "line 1: there are over 5000 points in a row.",
    HEAD + '[definitions]\na = "x[2]"': "definition a, column 3: the index of x goes from 0 to 1",
    CLAIM + 'statement = "true"\nfor = "t in 0..20000"': "claim 'c': for: there are over 10000",
    CLAIM + 'statement = "x[0] > 1e999999999"': "claim 'c', statement, column 8: numbers have at",
    HEAD + '[[case]]\nname = "k"\nverdict = "right"\nwhen = "x[0] > 0"\nclaims = ["z"]': (
        "case 'k': claims names 'z', which is no earlier"
    ),
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_mistakes_are_named(text: str) -> None:
    allowed = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(4300)  # Python's own limit, which the command line lifts
    try:
        with pytest.raises(InputError) as caught:
            parse_explanation(text)
    finally:
        sys.set_int_max_str_digits(allowed)
    message = str(caught.value)
    assert message.startswith(WRONG[text]), message
    assert message.endswith(".")
    assert "\n" not in message


def test_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    with pytest.raises(InputError, match=r"^Cannot read .*story\.toml: No such file"):
        load_explanation(path)
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(InputError, match=r"story\.toml is not UTF-8 text \(at byte 9\)"):
        load_explanation(path)
    path.write_text("#" * (1 << 21), encoding="utf-8")
    with pytest.raises(InputError, match="an explanation has at most 1048576 characters"):
        load_explanation(path)
    path.write_text(CLAIM + 'statement = "x[0] >"', encoding="utf-8")
    with pytest.raises(ParseError) as caught:
        load_explanation(path)
    error = caught.value
    assert str(error).startswith(f"{path}, claim 'c', statement, column 7: expected a number")


@given(st.text(), st.text(), st.text())
def test_any_texts_are_read_or_refused(statement: str, ranges: str, bound: str) -> None:
    for kind in ("measure", "inductive", "close"):
        data = {"name": "c", "kind": kind, "for": ranges, "statement": statement}
        data |= {"condition": statement, "at_most": bound, "left": statement, "right": bound}
        try:
            parse_explanation(HEAD + "[[claim]]\n" + to_toml(data))
        except InputError as error:
            assert str(error)  # noqa: PT017


@given(st.text())
def test_any_file_is_read_or_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_explanation(text)
