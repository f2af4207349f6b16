"""The command line: what it prints. Bad input and broken runs are in test_cli_errors.py.

Numbers are only checked for having passed through unharmed; other tests are about the mathematics.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import mpmath
import pytest
import torch
import typer
from support.command_line import (
    ACCURACY,
    CHECK,
    MODEL,
    SAMPLED,
    TEXT,
    TIES,
    accuracy,
    bounds,
    json_of,
    record,
    run,
    text_of,
    write,
)
from support.paths import ROOT
from support.weight_files import ALGZOO, needs_algzoo, state

import algzoo_exact
from algzoo_exact.cli import output
from algzoo_exact.cli.options import parse_count, parse_seconds
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.score import compute

# --- accuracy ---


def test_every_key_is_documented() -> None:
    documented = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for kind in (ACCURACY, MODEL, CHECK):
        for key in kind["required"]:  # type: ignore[attr-defined]
            assert f"`{key}`" in documented, key


@pytest.mark.parametrize("digits", [30, 60])
def test_accuracy_has_the_digits_asked_for_and_its_closed_form(digits: int) -> None:
    found = accuracy("2nd_argmax_2_2", "--digits", digits)
    assert found["kind"] == "exact"
    enclosure = bounds(found["accuracy"])
    assert enclosure.width <= Fraction(1, 10**digits)
    # Oracle: mpmath evaluates the printed form; it has 20 digits more than the enclosure.
    with mpmath.workdps(digits + 20):
        names = {"atan": mpmath.atan, "pi": mpmath.pi, "sqrt": mpmath.sqrt, "mpf": mpmath.mpf}
        form = "".join(
            f"mpf({part})" if part.isdigit() else part
            for part in tokens(found["accuracy"]["closed_form"])
        )
        value = Fraction(mpmath.nstr(eval(form, names), digits + 15))
    slack = Fraction(1, 10 ** (digits + 12))
    assert enclosure.lower - slack <= value <= enclosure.upper + slack


def tokens(form: str) -> list[str]:
    return re.findall(r"\d+|\D+", form)


@needs_algzoo
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_published_model(suffix: str) -> None:
    found = accuracy(ALGZOO / f"2nd_argmax_2_2{suffix}")
    # Oracle: measured independently for this project, 14 digits.
    assert abs(bounds(found["accuracy"]).midpoint - Fraction("0.99992256850822")) < 1e-14
    assert found["model"]["parameters"] == 10


def test_a_perfect_model_has_accuracy_1() -> None:
    found = accuracy("handcrafted:2nd_argmax_2")
    assert found["accuracy"]["closed_form"] == "1"
    assert bounds(found["accuracy"]).contains(1)
    text = text_of("accuracy", "handcrafted:2nd_argmax_2")
    assert "accuracy     1\n" in text
    assert "no error, except on a set of probability 0" in text


def test_text_says_what_the_number_is() -> None:
    text = text_of("accuracy", "2nd_argmax_4_3", "--ties", "uniform")
    for name in ("model", "task", "accuracy", "kind", "errors", "regions", "method", "more"):
        assert f"\n{name} " in "\n" + text
    assert "exact: proved" in text
    assert "credit 1/(number tied)" in text
    assert "--closed-form prints all" in text
    assert max(map(len, text.splitlines())) < 160
    form = accuracy("2nd_argmax_4_3", "--ties", "uniform")["accuracy"]["closed_form"]
    assert form in text_of("accuracy", "2nd_argmax_4_3", "--ties", "uniform", "--closed-form")


def test_labels_add_up() -> None:
    found = accuracy("2nd_argmax_3_3", "--by-label")
    assert set(found["by_label"]) == {"0", "1", "2"}
    total = sum(bounds(part).midpoint for part in found["by_label"].values())
    # Each of the 4 enclosures is at most 1e-30 wide, plus rounding to decimals.
    assert abs(total - bounds(found["accuracy"]).midpoint) < Fraction(1, 10**29)


def test_a_stopped_run_is_certified_with_a_sample_beside_it() -> None:
    exact = bounds(accuracy("2nd_argmax_4_4", "--method", "exact")["accuracy"])
    found = accuracy("2nd_argmax_4_4", "--max-regions", "50", "--seed", 3)
    assert found["kind"] == "certified"
    assert found["check"] is None
    assert found["sampled"]["seed"] == 3
    enclosure = bounds(found["accuracy"])
    assert 0 < enclosure.width < 1
    assert enclosure.contains(exact)
    assert Fraction(found["undecided"]) >= enclosure.width * Fraction(9, 10)
    text = text_of("accuracy", "2nd_argmax_4_4", "--max-regions", "50")
    assert "certified: proved" in text
    # The sample says much more, and comes first.
    assert text.index("\nsampled ") < text.index("\naccuracy ")
    assert next(iter(found)) == "sampled"


@pytest.mark.slow
def test_code_is_compiled_once(tmp_path: Path) -> None:
    """In a process of its own, with a cache that is empty at first."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "algzoo_exact", "warm"]
    said = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    kernels = "search, facets, squares, flows, pairs, slopes, square slopes"
    assert f"compiled: {kernels}, in" in said[0].stdout
    assert "once" in said[0].stderr
    assert said[1].stdout == "everything is compiled already\n"
    assert said[1].stderr == ""


def test_check_compares_with_a_sample() -> None:
    found = accuracy("2nd_argmax_4_3", "--check-samples", "2e5", "--seed", 1)
    assert found["sampled"] is None
    check = found["check"]
    assert (check["samples"], check["seed"], check["agrees"]) == (200_000, 1, True)
    # Oracle: the definition. 5 sigma of a fixed seed: a change of generator fails by chance
    # less than once in 10^6.
    p = float(bounds(found["accuracy"]).midpoint)
    z = (check["estimate"] - p) / (p * (1 - p) / 200_000) ** 0.5
    assert check["z_score"] == pytest.approx(z, abs=1e-6)
    assert abs(z) < 5
    text = text_of("accuracy", "2nd_argmax_4_3", "--check-samples", "2e5", "--seed", 1)
    assert f"z-score {z:+.2f}" in text


@pytest.mark.parametrize("ties", ["lowest", "uniform"])
def test_a_check_can_fail(monkeypatch: pytest.MonkeyPatch, ties: str) -> None:
    """Planted fault: an accuracy that is off by one percent."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        from dataclasses import replace

        result = true(*arguments, **options)
        low, high = result.enclosure.lower, result.enclosure.upper
        return replace(result, enclosure=Enclosure(low - Fraction(1, 100), high - Fraction(1, 100)))

    true = compute.answer
    monkeypatch.setattr(compute, "answer", wrong)
    arguments = ("2nd_argmax_3_3", "--check-samples", "1e5", "--ties", ties)
    assert run("accuracy", *arguments).exit_code == 1
    found = json.loads(run("accuracy", *arguments, "--json").stdout)
    assert found["check"]["agrees"] is False
    assert found["check"]["z_score"] > 5


def test_weights_of_very_different_size(tmp_path: Path) -> None:
    """The closed form has integers longer than Python prints unasked."""
    tensors = {key: value.double() for key, value in state(2, 3).items()}
    tensors["rnn.weight_ih_l0"][0, 0] = 5e-324
    tensors["rnn.weight_hh_l0"][0, 1] = 1e300
    torch.save(tensors, tmp_path / "2nd_argmax_2_3.pth")
    found = accuracy(tmp_path / "2nd_argmax_2_3.pth")
    assert found["kind"] == "exact"
    assert bounds(found["accuracy"]).width <= Fraction(1, 10**30)


# --- regions, show, sample ---


def test_regions() -> None:
    found = json_of("regions", "2nd_argmax_3_3", "--top", 5)
    assert len(found["heaviest"]) == 5
    assert bounds(found["measure_sum"]).contains(1)
    whole = json_of("regions", "2nd_argmax_3_3", "--top", 1000, "--ties", "uniform")["heaviest"]
    assert len(whole) == found["regions"]
    measures = [bounds(row["measure"]).midpoint for row in whole]
    assert measures == sorted(measures, reverse=True)
    # Oracle: the accuracy by the flow over the boundary; the parts earned in the regions add up.
    exact = bounds(accuracy("2nd_argmax_3_3", "--ties", "uniform")["accuracy"]).midpoint
    right = sum(bounds(row["right"]).midpoint for row in whole)
    assert abs(right - exact) < len(whole) * Fraction(1, 10**19)  # --digits is 20


def test_region_answers() -> None:
    program = algzoo_exact.load("2nd_argmax_2_2").program
    for row in json_of("regions", "2nd_argmax_2_2")["heaviest"]:
        # Oracle: the program itself, on inputs with that pattern.
        answers = {
            tuple(k for k, v in enumerate(trace.logit) if v == max(trace.logit))
            for trace in circle(program)
            if pattern_of(trace) == row["pattern"]
        }
        assert tuple(row["answer"]) in answers
        assert row["steady"] == (len(answers) == 1)


def circle(program: Program) -> list[Any]:
    """Evaluations on 1,000 directions; no answer in a region has under 1/50 of the circle."""
    steps = [Fraction(k, 125) - 1 for k in range(250)]
    sides = [[(s, 1), (1, -s), (-s, -1), (-1, s)] for s in steps]
    return [program.evaluate(x) for side in sides for x in side]


def pattern_of(trace: Any) -> str:
    return "|".join("".join("1" if z > 0 else "0" for z in step) for step in trace.z)


def test_region_files(tmp_path: Path) -> None:
    names = {"graph": "a.graphml", "picture": "a.svg", "out": "a.json"}
    options = [part for key, name in names.items() for part in (f"--{key}", tmp_path / name)]
    found = json_of("regions", "2nd_argmax_2_2", *options)
    assert found["files"] == {key: str(tmp_path / name) for key, name in names.items()}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names.values())
    assert len(json.loads((tmp_path / "a.json").read_text())) == found["regions"]


def test_show() -> None:
    program = algzoo_exact.load("2nd_argmax_2_2").program
    plain, standard = (json_of("show", "2nd_argmax_2_2", *o) for o in ((), ("--standard",)))
    weights = plain["program"]
    shown = rnn(weights["input_weights"], weights["recurrent"], weights["readout"], program.seq_len)
    assert shown == program
    assert plain["factors"] is None
    assert [abs(Fraction(w)) for w in standard["program"]["input_weights"]] == [1, 1]
    assert len(standard["factors"]) == 2
    assert "relu(" in text_of("show", "2nd_argmax_2_2")
    assert "factors" in text_of("show", "2nd_argmax_2_2", "--standard")
    assert text_of("show", "2nd_argmax_2_2", "--latex").startswith("\\begin{aligned}")
    assert "h[0][0] = Max(0, z[0][0])" in text_of("show", "2nd_argmax_2_2", "--sympy")


def test_show_needs_no_task(tmp_path: Path) -> None:
    assert json_of("show", write(tmp_path / "model.pth"))["task"] is None


def test_sample() -> None:
    found = json_of("sample", "2nd_argmax_2_2", "-n", "2^10", "--ties", "uniform", "--seed", 5)
    jsonschema.validate(
        found,
        record(model=MODEL, task=TEXT, ties=TIES, kind=TEXT, sampled=SAMPLED, version=TEXT),
    )
    assert found["sampled"]["samples"] == 1024
    # Oracle: the same call of the library, whose figures must come through.
    model = algzoo_exact.load("2nd_argmax_2_2")
    assert model.task is not None
    estimate = algzoo_exact.sample(model.program, model.task, 1024, seed=5, ties="uniform")
    assert found["sampled"]["correct"] == str(estimate.correct)
    assert (found["sampled"]["lower"], found["sampled"]["upper"]) == (
        estimate.lower,
        estimate.upper,
    )
    assert "an estimate, not a proof" in text_of("sample", "2nd_argmax_2_2", "-n", "1000")


@pytest.mark.slow
def test_digits_that_take_too_long() -> None:
    """What is proved in the time that there is, and how to have the digits."""
    said = text_of("accuracy", "2nd_argmax_8_5", "--digits", 30, "--time-limit", "20s")
    assert "--method exact proves 30 digits" in said


# --- numbers ---


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("1e7", 10**7), ("10_000", 10**4), ("10,000", 10**4), ("2^20", 2**20), ("2**3", 8),
     ("1.5e3", 1500), ("1e15", 10**15)],
)  # fmt: skip
def test_counts(text: str, value: int) -> None:
    assert parse_count(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "1.5", "abc", "1e16", "1e999999999", "9^9999", "0^3", "nan", "inf",
     "2^", "１０^３"],
)  # fmt: skip
def test_wrong_counts(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_count(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("30s", 30), ("2m", 120), ("10", 10), ("1.5h", 5400), ("500ms", 0.5), ("2 min", 120)],
)
def test_times(text: str, value: float) -> None:
    assert parse_seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "-1s", "abc", "5 weeks", "1e3", "nan", "inf", "9" * 400])
def test_wrong_times(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_seconds(text)


# --- help ---


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", ["accuracy", "regions", "show", "sample"])
def test_help_teaches_with_examples(command: str, flag: str) -> None:
    text = text_of(command, flag)
    assert "Examples" in text
    assert f"algzoo-exact {command} " in text


@pytest.mark.parametrize("command", ["accuracy", "compare", "certify", "train"])
def test_help_fills_the_lines_of_any_terminal(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text above the boxes: the same words, and no line broken before it is full."""
    words = []
    for width in (60, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        text = text_of(command, "--help").partition("╭")[0]
        lines = [line.strip() for line in text.splitlines()]
        for line, following in pairwise(lines):
            if line and following and not following.startswith("Usage"):
                assert len(line) + 1 + len(following.split()[0]) > width - 4
        words.append(text.split())
    assert words[0] == words[1]


def test_help_and_version() -> None:
    assert "accuracy" in text_of("--help")
    assert "Exit codes" in text_of()
    assert text_of("--version") == f"algzoo-exact {algzoo_exact.__version__}\n"


def test_no_bar_goes_to_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where FORCE_COLOR is set, as in many logs of CI."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(output, "_BAR_AFTER", 0.0)
    with output.progress_bar("working") as advance:
        time.sleep(0.3)
        advance(0.5, "half")
    assert capsys.readouterr().err == ""


def test_starting_up_loads_little() -> None:
    """Startup time, without a clock: what takes long to import is not imported."""
    heavy = ["torch", "numba", "sympy", "matplotlib", "networkx", "pyarrow", "flint", "numpy"]
    code = (
        "import sys\n"
        "from algzoo_exact.cli.app import app\n"
        "try: app(['--help'])\n"
        f"finally: assert not {set(heavy)!r} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
