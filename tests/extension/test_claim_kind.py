"""A kind of claim added from outside, in one file: read, checked, reported, certified.

``handcrafted:2nd_argmax_2`` has logit[0] = x[1] - x[0] = -logit[1], so that each label wins by
2 |x[0] - x[1]|. Oracles: that formula, and exact evaluation of the program at witnesses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from extension.margins import Margin
from support.command_line import run

import algzoo_exact as az
from algzoo_exact.certificate.check import CheckedCertificate
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.always import Always
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.registry import KINDS, register
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.program.task import Task, TieRule

NAME = "handcrafted:2nd_argmax_2"
STORY = f"""
title = "Margins"
[model]
task = "2nd_argmax"
hidden_size = 2
seq_len = 2
name = "{NAME}"

[[claim]]
name = "wins"
kind = "margin"
winner = 0
by = "2*x[1] - 2*x[0]"
domain = "x[1] > x[0]"

[[claim]]
name = "follows"
kind = "always"
assume = ["wins"]
statement = "logit[0] > logit[1]"
domain = "x[1] > x[0]"

[[claim]]
name = "too_much"
kind = "margin"
for = "k in 2..3"
winner = 0
by = "k*x[1] - k*x[0]"
domain = "x[1] > x[0]"
"""


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register(Margin)
    yield
    del KINDS["margin"]


def test_it_is_proved_or_refuted_by_an_input() -> None:
    model = az.load(NAME)
    found = az.verify(parse_explanation(STORY), model)
    assert [result.status for result in found.claims] == ["proved", "proved", "refuted"]
    fine, false = found.claim("too_much").instances
    assert (fine.status, fine.parameters) == ("proved", (("k", 2),))
    assert false.witness is not None
    a, b = false.witness
    first, second = model.program.evaluate(false.witness).logit
    assert b > a
    assert first - second == 2 * (b - a) < 3 * (b - a)
    assert false.confirmed


def test_its_facts_help_other_proofs() -> None:
    (claim,) = (c for c in parse_explanation(STORY).claims if c.name == "wins")
    (known,) = claim.instances[0].facts()
    assert {str(entry.array) for entry in known.about} == {"logit"}


def test_commands(tmp_path: Path) -> None:
    path = tmp_path / "margins.toml"
    path.write_text(STORY)
    told = run("verify", path)
    assert told.exit_code == 1
    assert "margin" in told.stdout
    found = json.loads(run("verify", path, "--json").stdout)
    assert [claim["kind"] for claim in found["claims"]] == ["margin", "always", "margin"]


@pytest.mark.slow
def test_report_and_certificate(tmp_path: Path) -> None:
    """The report has its words; the checker, which knows no such kind, checks its statements."""
    path = tmp_path / "margins.toml"
    path.write_text(STORY)
    target = tmp_path / "report.md"
    assert run("report", NAME, "--explanation", path, "-o", target).exit_code in (0, 1)
    text = target.read_text()
    assert "Proposition 1, wins" in text
    assert "The winner's logit is above the others by at least" in text
    checked = certified(tmp_path, path)
    assert "the explanation's claims: 2 proved, 1 refuted" in checked.checked


class Unwritten(Margin):
    """The same, by a check of its own."""

    kind = "unwritten"

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        return []

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        return bench.holds(super().says(bench.task, bench.ties, facts), almost=False)


def test_what_is_not_written_down_is_not_called_proved(tmp_path: Path) -> None:
    register(Unwritten)
    try:
        path = tmp_path / "margins.toml"
        path.write_text(STORY.replace('kind = "margin"', 'kind = "unwritten"'))
        assert az.verify(az.load_explanation(path), az.load(NAME)).claim("wins").status == "proved"
        checked = certified(tmp_path, path)
    finally:
        del KINDS["unwritten"]
    assert (
        "the explanation's claims: 1 proved, 2 resting on what was not checked" in checked.checked
    )
    assert any(line.startswith("wins: ") for line in checked.not_checked)
    assert checked.status == "incomplete"


def certified(folder: Path, story: Path) -> CheckedCertificate:
    """A certificate with the explanation, checked."""
    path = folder / "margins.json"
    az.write_certificate(path, az.load(NAME), explanation=story)
    return az.check_certificate(path)


def test_a_name_is_taken_once() -> None:
    class Other(Always):
        kind = "margin"

    with pytest.raises(InputError, match="already"):
        register(Other)
    register(Margin)  # the same again is no fault
