"""Suggestions: what is pasted verifies, and is as strong as was said. The oracle is ``verify`` on
the text with the suggestion in it, and exact suprema and probabilities of other routes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import run
from support.stories import enclosure_of

import algzoo_exact as az
from algzoo_exact.explain.claims.tolerances import comparison, rounded
from algzoo_exact.explain.language.toml_tables import read_toml, toml_of
from algzoo_exact.explain.story import parse_explanation

HEAD = """
title = "Claims that fail"
[model]
task = "2nd_argmax"
seq_len = 2
hidden_size = 2
name = "2nd_argmax_2_2"
standard = true
"""


def suggested(text: str) -> tuple[az.Suggestion, ...]:
    told = az.verify(parse_explanation(HEAD + text), az.load("2nd_argmax_2_2"))
    return az.suggest(told, seconds=10)


def pasted(text: str) -> az.Verification:
    return az.verify(parse_explanation(HEAD + text), az.load("2nd_argmax_2_2"))


CLAIMS = {
    "domain": ('kind = "always"\nstatement = "logit[0] > logit[1]"', "a smaller domain"),
    "right": ('kind = "right"', "a smaller domain"),
    "weights": (
        'kind = "weights"\nstatement = "abs(W_hh[0][0] - W_hh[1][1]) <= 0.0001"',
        "the smallest tolerance",
    ),
    "equal": ('kind = "weights"\nstatement = "W_hh[0][0] == W_hh[1][1]"', "the smallest tolerance"),
    "close": (
        'kind = "close"\nleft = "h[1][0]"\nright = "h[0][0]"\nat_most = 0.25',
        "the smallest tolerance",
    ),
    "always_equal": ('kind = "always"\nstatement = "h[1][0] == h[0][0]"', "the smallest tolerance"),
    "measure": (
        'kind = "measure"\ncondition = "logit[0] > logit[1]"\nat_least = 0.6',
        "bounds that are met",
    ),
    "choices": (
        'kind = "always"\nfor = "i in 0..1"\nstatement = "x[i] <= max(x[0], relu(x[0]))"',
        "those choices for which it holds",
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_what_is_suggested_verifies(name: str) -> None:
    keys, change = CLAIMS[name]
    found = suggested(f'[[claim]]\nname = "{name}"\n{keys}\n')
    assert change in [suggestion.change for suggestion in found]
    for suggestion in found:
        assert suggestion.part == name
        assert pasted(suggestion.toml).status == "proved"


def test_the_smallest_tolerance_is_the_supremum_rounded_up() -> None:
    """By another route: the claim with the tolerance a little smaller is refuted."""
    (found,) = (s for s in suggested(f'[[claim]]\nname = "a"\n{CLAIMS["close"][0]}\n')
                if "tolerance" in s.change)  # fmt: skip
    most = Fraction(str(read_toml(found.toml)["claim"][0]["at_most"]))
    smaller = found.toml.replace(f"at_most = {float(most)}", f"at_most = {float(most) - 0.011}")
    assert smaller != found.toml
    assert pasted(smaller).status == "refuted"


def test_a_case_is_split_and_the_missing_one_is_added() -> None:
    text = """
[[case]]
name = "up"
when = "x[0] > 0 and x[1] > 0"
verdict = "right"
[[case]]
name = "down"
when = "x[0] < 0 and x[1] < 0"
verdict = "unknown"
"""
    part, missing = suggested(text)
    assert (part.part, missing.part) == ("up", "the cases")
    whole = pasted(part.toml + text.partition("[[case]]")[2].partition("[[case]]")[1]
                   + text.rpartition("[[case]]")[2] + missing.toml)  # fmt: skip
    assert whole.status == "proved"
    assert whole.accuracy is not None
    assert missing.domain is not None
    assert missing.domain.rational == Fraction(1, 2)


def test_the_domain_is_the_largest_of_those_known() -> None:
    """The model is wrong on two cones, one where both inputs are positive, one where both are
    negative: so it is right where their signs differ, on one half."""
    (found,) = suggested('[[claim]]\nname = "a"\nkind = "right"\n')
    assert found.domain is not None
    assert found.domain.rational == Fraction(1, 2)


def test_what_is_suggested_of_a_section_is_true_there() -> None:
    """Where x[0] is 0: the model has another x[0] everywhere else."""
    keys = 'for = "i in 0..1"\nstatement = "x[i] == 0"\nwhere = "x[0] == 0"'
    found = suggested(f'[[claim]]\nname = "a"\nkind = "always"\n{keys}\n')
    assert "those choices for which it holds" in [suggestion.change for suggestion in found]
    assert all(pasted(suggestion.toml).status == "proved" for suggestion in found)


def test_a_share_gets_bounds_that_it_meets() -> None:
    (found,) = suggested('[[claim]]\nname = "a"\nkind = "share"\nequals = 1\n')
    assert found.change == "bounds that are met"
    assert pasted(found.toml).status == "proved"


def test_nothing_is_suggested_for_what_is_proved() -> None:
    assert (
        suggested('[[claim]]\nname = "a"\nkind = "right"\ndomain = "x[0] > 0 and x[1] < 0"') == ()
    )


@given(st.fractions(min_value=0, max_value=10**9), st.integers(1, 6))
def test_rounding_is_outward_and_to_few_digits(value: Fraction, digits: int) -> None:
    up, down = (Fraction(rounded(value, up=way, digits=digits)) for way in (True, False))
    assert down <= value <= up
    assert up - down <= value * Fraction(10) ** (1 - digits)
    assert len(rounded(value, up=False, digits=digits).normalize().as_tuple().digits) <= digits


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("abs(a) <= 0.01*b", ("abs(a)", "<=", "0.01*b")),
        ("2 > h[0][1]", ("h[0][1]", "<", "2")),
        ("a == b", ("a", "==", "b")),
        ("a < b and c < d", None),
        ("a < b < c", None),
        ("not a < b", None),
    ],
)
def test_comparisons_are_cut_at_their_relation(text: str, sides: tuple[str, ...] | None) -> None:
    found = comparison(text)
    assert (None if found is None else tuple(found)) == sides


@given(
    st.dictionaries(
        st.sampled_from(["name", "text", "when"]), st.text(st.characters(codec="utf-8")), min_size=1
    )
)
def test_tables_are_read_as_written(table: dict[str, str]) -> None:
    assert read_toml(toml_of("case", table)) == {"case": [table]}


def test_the_command_prints_what_to_paste(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    path.write_text(f'{HEAD}[[claim]]\nname = "a"\n{CLAIMS["measure"][0]}\n')
    said = run("verify", path, "--suggest")
    assert said.exit_code == 1
    assert "Instead of a: bounds that are met. Proved." in said.stdout
    assert "at_least = 0.5" in said.stdout
    (found,) = json.loads(run("verify", path, "--suggest", "--json").stdout)["suggestions"]
    assert found["toml"] in said.stdout.replace("\n\n", "\n") or found["toml"] in said.stdout


def test_a_refuted_claim_says_how_often_it_fails() -> None:
    """The model is wrong with the probability that its accuracy leaves."""
    told = pasted('[[claim]]\nname = "a"\nkind = "right"\n')
    fails = told.claims[0].instances[0].fails
    exact = az.accuracy(az.load("2nd_argmax_2_2"), digits=30).enclosure
    assert fails is not None
    assert fails.kind == "exact"
    enclosure_of(fails).intersect(exact.complement)  # ValueError if they contradict each other
    assert enclosure_of(fails).width < Fraction(1, 10**20)


OVERLAPS = """
[[case]]
name = "apart"
when = "x[0] > 0 and x[1] < 0"
verdict = "right"
[[case]]
name = "first"
when = "x[0] < 0"
verdict = "unknown"
[[case]]
name = "both"
for = "i in 0..1"
when = "x[i] == max(x[0], x[1]) and x[1] > x[0]/2"
verdict = "unknown"
[[case]]
name = "down"
when = "x[0] > 0 and x[1] <= x[0]/2"
verdict = "unknown"
"""


def test_cases_that_overlap_are_told_apart() -> None:
    found = suggested(OVERLAPS)
    assert [(s.part, s.change) for s in found] == [
        ("both", "without first"),
        ("down", "without apart"),
    ]
    blocks = [f"[[case]]{block}" for block in OVERLAPS.split("[[case]]")[1:3]]
    whole = pasted("\n".join([*blocks, *(s.toml for s in found)]))
    assert whole.status == "proved"
    assert whole.accuracy is not None
    assert pasted(OVERLAPS).accuracy is None


def test_cases_with_the_same_parameter_are_told_apart() -> None:
    text = """
[[case]]
name = "signs"
for = "i in 0..1"
when = "x[i] > 0 and x[1-i] < 0"
verdict = "right"
[[case]]
name = "order"
for = "i in 0..1"
when = "x[i] > x[1-i]"
verdict = "unknown"
"""
    (found,) = suggested(text)
    whole = pasted(text.partition('[[case]]\nname = "order"')[0] + found.toml)
    assert whole.status == "proved"
    assert found.domain is not None
    assert found.domain.rational == Fraction(1, 2)


def test_a_case_that_lies_in_others_is_left_out() -> None:
    text = """
[[case]]
name = "up"
when = "x[0] > 0"
verdict = "unknown"
[[case]]
name = "again"
when = "x[0] > 0 and x[1] > 0"
verdict = "unknown"
[[case]]
name = "down"
when = "x[0] < 0"
verdict = "unknown"
"""
    (found,) = suggested(text)
    assert (found.part, found.change, found.toml) == ("again", "nothing, as it lies in up", "")


def inductive(statement: str) -> dict[str, dict[str, str]]:
    """What is suggested, which is proved; by what is different about it."""
    table = {"name": "a", "kind": "inductive", "for": "t in 0..2", "step": "t"}
    text = toml_of("claim", {**table, "statement": statement})
    told = az.verify(parse_explanation(THREE + text), SHIFT)
    found = az.suggest(told, seconds=10)
    for suggestion in found:
        assert az.verify(parse_explanation(THREE + suggestion.toml), SHIFT).status == "proved"
    return {s.change: read_toml(s.toml)["claim"][0] for s in found}


THREE = """
title = "Claims about steps"
[model]
task = "2nd_argmax"
seq_len = 3
hidden_size = 2
"""
SHIFT = az.rnn([1, 0], [[0, 0], [1, 0]], [[1, 0], [0, 1], [0, 0]], 3)
"""The first neuron holds the last input's positive part, the second that of the input before."""
SIZE = "max(abs(x[0]), abs(x[1]), abs(x[2]))"


def test_an_induction_is_stated_for_the_steps_at_which_it_holds() -> None:
    """At step 0 there is no input before, and at step 2 the statement is another."""
    before = "relu(sum(k in 0..2 if k + 1 == t: x[k]))"
    found = inductive(f"h[t][1] + sum(k in 0..0 if t == 0: x[k]) == {before}")
    assert found["those steps at which it holds"]["for"] == "t in 0..2 if 1 <= t <= 2"
    found = inductive(f"h[t][1] + sum(k in 2..2 if t == 2: x[k]) == {before}")
    assert found["those steps at which it holds"]["for"] == "t in 0..2 if 0 <= t <= 1"


def test_an_induction_has_the_smallest_tolerance() -> None:
    """The difference is a positive part, or minus one, of an input; so at most the largest."""
    found = inductive(f"abs(h[t][0] - h[t][1]) <= 0.5*{SIZE}")
    assert found["the smallest tolerance"]["statement"] == f"abs(h[t][0] - h[t][1]) <= 1*{SIZE}"
    found = inductive("h[t][0] == h[t][1]")
    assert found["the smallest tolerance"]["statement"] == f"abs(h[t][0] - (h[t][1])) <= 1*{SIZE}"
