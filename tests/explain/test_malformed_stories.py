"""Explanation files with mistakes, through the command line.

Every mistake gives one sentence that names the place and what is wrong or wanted, and exit code 2.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import refused
from support.stories import GOOD

# What is replaced in the good story, by what, and what the message says.
MISTAKES: dict[str, tuple[str, str, str]] = {
    # TOML
    "quote left open": ('"Two inputs"', '"Two inputs', "line 1, column 20: illegal character"),
    "no value": ("seq_len = 2", "seq_len =", "line 6, column 10: invalid value"),
    "key twice": ("seq_len = 2", "seq_len = 2\nseq_len = 2", "line 7, column 12: cannot overwrite"),
    "table twice": ("[domains]", "[definitions]", "line 12, column 13: cannot declare"),
    "bracket left open": ("[domains]", "[domains", "line 12, column 9: expected ']'"),
    # the file's keys
    "no title": ('title = "Two inputs"', "", "the key 'title' is missing; it holds a text"),
    "no model": ("[model]", "[modle]", "no key (did you mean 'model'?); it holds a table"),
    "unknown key": (
        "seq_len",
        "length = 2\nseq_len",
        "model: there is no key 'length' here; the keys",
    ),
    "misspelt key": ("statement", "statment", "claim 'first': the key 'statement' is missing"),
    "number as text": (
        "seq_len = 2",
        'seq_len = "2"',
        "model: seq_len must be a whole number, not '2'",
    ),
    "text as number": ('"x[0] > x[1]"', "1", "domains: ordered must be a text in quotes, not 1"),
    "claims no list": (
        '["answers"]',
        '"answers"',
        "case 'first_wins': claims must be a list in [ ]",
    ),
    # the model
    "unknown task": (
        '"2nd_argmax"',
        '"second"',
        "model: task is 'second'; choose one of 2nd_argmax",
    ),
    "size zero": (
        "hidden_size = 2",
        "hidden_size = 0",
        "model: hidden_size is from 1 to 1024, not 0",
    ),
    "one input": ("seq_len = 2", "seq_len = 1", "model: 2nd_argmax needs at least 2 inputs, not 1"),
    "hash too short": (
        "[model]",
        '[model]\nsha256 = "abc"',
        "model: sha256 must be 64 hexadecimal",
    ),
    "another's hash": (
        "[model]",
        f'[model]\nsha256 = "{"0" * 64}"',
        "this one is that with SHA-256 b81054",
    ),
    "another's neurons": (
        "hidden_size = 2",
        "hidden_size = 3",
        "a model with 3 hidden neurons; this one has 2",
    ),
    "another's inputs": (
        "seq_len = 2",
        "seq_len = 3",
        "2nd_argmax on 3 inputs, and the model's task is",
    ),
    "another task": (
        '"2nd_argmax"',
        '"argmax"',
        "about argmax on 2 inputs, and the model's task is 2nd",
    ),
    "unknown model": (
        "handcrafted:2nd_argmax_2",
        "handcrafted:2nd",
        "There is no handcrafted:2nd (did you mean 'handcrafted:2nd_argmax_",
    ),
    "a model's file that is not there": (
        "handcrafted:2nd_argmax_2",
        "none.pth",
        "There is no file 'none.pth'",
    ),
    "a transformer": (
        "handcrafted:2nd_argmax_2",
        "longest_cycle_4_4",
        "is a transformer, which has no piece",
    ),
    "empty model name": ("handcrafted:2nd_argmax_2", "", "model: name must be the name of a model"),
    "no model named": (
        'name = "handcrafted:2nd_argmax_2"',
        "",
        "names no model; add --model MODEL",
    ),
    # definitions
    "circle": ("x[i] - x[1-i]", "gap(i)", "The definition gap refers to itself"),
    "name of the language": ('"gap(i)"', "relu", "heading 'relu', column 1: expected a name"),
    "name in both": ('"gap(i)"', "ordered", "ordered is in [definitions] and in [domains]"),
    "domain that is a number": (
        "x[0] > x[1]",
        "x[0]",
        "domain ordered, column 1: expected a formula",
    ),
    # expressions
    "equals sign": (
        "h[0][0] ==",
        "h[0][0] =",
        "claim 'first', statement, column 9: found `=`; for eq",
    ),
    "parenthesis left open": (
        "relu(x[0])",
        "relu(x[0]",
        "statement, column 48: expected a comma, an operator or `)`",
    ),
    "unknown name": (
        'condition = "ordered"',
        'condition = "orderly"',
        "column 1: `orderly` is not defined (did you mean 'ordered'?); ",
    ),
    "index out of range": ("h[0][1]", "h[0][2]", "the second index of h goes from 0 to 1, found 2"),
    "step out of range": ("h[t][0]", "h[t+1][0]", "claim 'steps', with t = 1, statement, column 3"),
    "index that varies": ("relu(x[0])", "relu(x[x[0]])", "column 19: expected an integer, made of"),
    "product of inputs": (
        "relu(x[0])",
        "x[0]*x[1]",
        "claim 'first': a product of two parts that both",
    ),
    "division by an input": (
        "x[1] - x[0]",
        "x[1]/x[0]",
        "right, column 6: the divisor must be a constant",
    ),
    "Python's power": ("relu(x[0])", "x[0]**2", "column 17: expected a number"),
    "Unicode": ('"x[0] > x[1]"', '"x[0] ≥ x[1]"', "ordered, column 6: found `≥`; write `>=`"),
    "too few arguments": (
        '"ordered"\nequals',
        '"gap > 0"\nequals',
        "gap takes 1 argument, found none",
    ),
    "empty expression": (
        'condition = "ordered"',
        'condition = ""',
        "condition, column 1: expected a number",
    ),
    # claims
    "unknown kind": (
        '"always"',
        '"sometimes"',
        "claim 'first': kind is 'sometimes'; choose one of always",
    ),
    "no name": ('name = "steps"', "", "claim number 2: the key 'name' is missing"),
    "name with a space": ('"steps"', '"two steps"', "a name is made of letters, digits and _"),
    "name twice": ('"steps"', '"first"', "claim 'first': an earlier one has the same name"),
    "assumed later": (
        '["first"]',
        '["later"]',
        "claim 'answers': assume names 'later', which is no earlier",
    ),
    "assumed wrongly": (
        '["first"]',
        '["chance"]',
        "assume names chance, which is of the kind measure",
    ),
    "two bounds too many": ("equals = 0.5", "equals = 0.5\nat_most = 1", "give equals alone"),
    "bounds crossed": (
        "equals = 0.5",
        "at_least = 0.6\nat_most = 0.5",
        "at_least, 3/5, is greater than",
    ),
    "probability of 2": ("equals = 0.5", "equals = 2", "a probability is from 0 to 1, not 2"),
    "negative error": ("at_most = 0.5", "at_most = -0.5", "claim 'near': an error is not negative"),
    "bound that varies": (
        "at_most = 0.5",
        'at_most = "x[0]"',
        "at_most: expected a constant, found 'x[0]'",
    ),
    "not a number": ("equals = 0.5", "equals = nan", "equals must be a finite number, not NaN"),
    "empty range": ("t in 0..1", "t in 1..0", "claim 'steps': for: no integers satisfy this"),
    "no range": ("t in 0..1", "t", "claim 'steps', for, column 2: expected `in` after t"),
    "no such step": (
        'step = "t"',
        'step = "s"',
        "step must be one of the names in for (t), not 's'",
    ),
    "steps with a gap": (
        "t in 0..1",
        "t in 0..1 if t != 0 and t != 1 or t == 1 and t == 0",
        "no integers",
    ),
    "from too late": (
        'step = "t"',
        'step = "t"\nfrom = 5',
        "from is the first step that is proved from",
    ),
    "inputs in weights": ('kind = "always"', 'kind = "weights"', "a claim about weights has no"),
    "other model missing": (
        "[[case]]",
        '[[claim]]\nname = "s"\nkind = "equivalent"\nwith = "nothing"\nmode = "labels"\n[[case]]',
        "There is no file or shipped model 'nothing'",
    ),
    # prices
    "unknown rule": (
        'rule = "sign"',
        'rule = "free"',
        "price 1: rule is 'free'; choose one of sign, order",
    ),
    "price without bits": (
        'rule = "sign"',
        'rule = "equality"',
        "by the rule 'equality' needs 'bits'",
    ),
    "sign with bits": (
        "count = 2",
        "bits = 2",
        "price 1: a price by the rule 'sign' has no 'bits'",
    ),
    "count zero": (
        "count = 2",
        "count = 0",
        "price 1: a price's count is from 1 to 1000000, not 0",
    ),
    "negative bits": (
        'rule = "sign", count = 2',
        'rule = "equality", bits = -1',
        "from 0 to 1000000000000",
    ),
    "no note": (
        'rule = "sign", count = 2',
        'rule = "declared", bits = 1',
        "needs a note that says what",
    ),
    "precision over range": (
        'rule = "sign", count = 2',
        'rule = "real", precision = 2, range = 1',
        "needs 0 < precision <= range",
    ),
    "price no table": ('[{ rule = "sign", count = 2 }]', "[2]", "price must be a list of tables"),
    # cases
    "unknown verdict": (
        '"claims"',
        '"maybe"',
        "case 'first_wins': verdict is 'maybe'; choose one of",
    ),
    "verdict of no claims": (
        '["answers"]',
        "[]",
        "the verdict 'claims' needs a list of right or wrong",
    ),
    "verdict of another kind": (
        '["answers"]',
        '["near"]',
        "claims names near, which is of the kind close",
    ),
    "case without when": (
        'when = "not ordered"',
        "",
        "case 'second_wins': the key 'when' is missing",
    ),
    "case of a number": (
        'when = "not ordered"',
        'when = "x[0]"',
        "case 'second_wins', when, column 1: exp",
    ),
    "labels of a median": ('"2nd_argmax"', '"median"', "claim 'answers': median has no labels"),
    # surprise
    "negative bits of optimization": (
        "",
        "bits_of_optimization = -1",
        "surprise: bits_of_optimization is",
    ),
    "no bits of optimization": (
        "",
        'note = "n"',
        "surprise: the key 'bits_of_optimization' is missing",
    ),
}


def spoilt(name: str) -> str:
    before, after, _ = MISTAKES[name]
    if not before:
        return f"{GOOD}\n[surprise]\n{after}\n"
    assert before in GOOD
    return GOOD.replace(before, after, 1)


def test_there_are_enough_kinds() -> None:
    assert len(MISTAKES) >= 30


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str, tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    path.write_text(spoilt(name), encoding="utf-8")
    message = refused("verify", path)
    assert MISTAKES[name][2] in message
    assert len(message) < 700


def test_the_ledger_refuses_the_same(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    for name in ("no title", "unknown name", "another's hash", "no model named"):
        path.write_text(spoilt(name), encoding="utf-8")
        assert refused("surprise", path) == refused("verify", path)


def test_files_and_options(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert "no file or shipped explanation 'none.toml'" in refused("verify", "none.toml")
    assert "is a folder" in refused("verify", tmp_path)
    assert "STORY" in refused("verify")
    assert "no claim 'second'; the claims are first, steps" in refused(
        "verify", path, "--only", "second"
    )
    assert "30s" in refused("verify", path, "--seconds", "0")
    assert "lowest, incorrect, uniform" in refused("verify", path, "--ties", "most")
    assert "2nd_argmax on 4" in refused("verify", path, "--model", "2nd_argmax_4_4")
    assert "not negative" in refused("surprise", path, "--bits-of-optimization", "-3")
    assert "--bits-of-optimization" in refused("surprise", path, "--bits-of-optimization", "few")
    path.write_bytes(b"title = '\xff'")
    assert "is not UTF-8 text (at byte 9)" in refused("verify", path)
    assert "Cannot read" in refused("verify", "a" * 5000)
    assert "no file or shipped explanation" in refused("verify", "a\0b")
