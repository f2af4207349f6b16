"""``algzoo-exact compare``: what it prints and writes, how it stops, what it refuses."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from support.command_line import (
    COUNT,
    NULL,
    NUMBER,
    TEXT,
    TRUTH,
    either,
    json_of,
    record,
    refused,
    run,
)

import algzoo_exact as az
from algzoo_exact.cli.compare import parse_budgets
from algzoo_exact.race.store import FILE
from algzoo_exact.state import status

MEASURED = record(value=NUMBER, low=NUMBER, high=NUMBER, wide_low=NUMBER, wide_high=NUMBER)
POINT = record(
    estimator=TEXT,
    kind={"enum": ["deductive", "cubature", "sampled"]},
    learned={
        "type": "array",
        "items": record(name=TEXT, value=NUMBER, source=TEXT, flops=NUMBER),
    },
    budget=either(NUMBER, NULL),
    flops=either(NUMBER, NULL),
    seeds=COUNT,
    mse=MEASURED,
    bias=MEASURED,
    sampling_mse=either(NUMBER, NULL),
    ratio=either(MEASURED, NULL),
    seconds=NUMBER,
)
RACE = record(
    model=record(name=TEXT, sha256=TEXT),
    task=TEXT,
    ties={"const": "lowest"},
    noise=NUMBER,
    noise_relative=TRUTH,
    noise_seed=COUNT,
    variants=COUNT,
    mean_accuracy=NUMBER,
    truth=record(method=TEXT, standard_error=NUMBER),
    sample_flops=COUNT,
    confidence={"const": 0.95},
    points={"type": "array", "items": POINT},
    left_out={"type": "object", "additionalProperties": TEXT},
    files={"type": "array", "items": TEXT},
    version=TEXT,
)

SMALL = ("--variants", 3, "--seeds", 3, "--budgets", "1e3:1e4", "--workers", 1)
QUICK = ("compare", "2nd_argmax_4_3", "--noise", 0.05, *SMALL, "--estimators", "sampling,sobol")


def test_files_and_json(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "race"
    found: dict[str, Any] = json_of(*QUICK, "--out", folder)
    jsonschema.validate(found, RACE)
    assert [(p["estimator"], p["budget"]) for p in found["points"]] == [
        ("sampling", 1e3),
        ("sampling", 1e4),
        ("sobol", 1e3),
        ("sobol", 1e4),
    ]
    names = {FILE, "plot.png", "plot.svg", "results.csv", "summary.md"}
    assert {path.name for path in folder.iterdir()} == names
    assert set(found["files"]) == {str(folder / name) for name in names - {FILE}}
    before = (folder / "results.csv").read_bytes()
    again = json_of(*QUICK, "--out", folder)
    assert again["points"] == found["points"]
    assert (folder / "results.csv").read_bytes() == before


def test_text(tmp_path: Path) -> None:
    done = run(*QUICK)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("model        2nd_argmax_4_3 (sha256 ")
    assert "standard deviation 0.05, noise seeds 0 to 2" in done.stdout
    assert sum(line.startswith("sampling ") for line in lines) == 2
    assert "95% intervals" in lines[-1]


def test_budgets() -> None:
    assert parse_budgets("1e4:1e6") == (1e4, 1e5, 1e6)
    assert parse_budgets("2e4:1e6") == (2e4, 2e5, 1e6)
    assert parse_budgets("71000") == (71000.0,)
    assert parse_budgets("2e6,71000") == (71000.0, 2e6)
    for wrong in ("", "x", "1e6:1e4", "0", "-5", "nan", "inf", "1e3:inf", "1,,2", "1e20"):
        with pytest.raises(typer.BadParameter, match="gives no budgets"):
            parse_budgets(wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--noise", "0"), "above 0"),
        (("--noise", "-1"), ">= 0"),
        (("--noise", "nan"), "finite"),
        (("--noise", "0.1", "--variants", "1"), "at least 2 variants"),
        (("--noise", "0.1", "--estimators", "magic"), "choose from sampling"),
        (("--noise", "0.1", "--estimators", ","), "No estimator is given"),
        (("--noise", "0.1", "--budgets", "much"), "gives no budgets"),
        (("--noise", "0.1", "--workers", "-1"), "greater than or equal to 1"),
        ((), "--noise"),
    ],
    ids=str,
)
def test_bad_input(arguments: tuple[str, ...], message: str) -> None:
    assert message in refused("compare", "2nd_argmax_2_2", *arguments)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "race").write_text("x")
    assert "Cannot use" in refused(*QUICK, "--out", tmp_path / "race")


def interrupting(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_race_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(az, "compare", interrupting)
    done = run(*QUICK, "--out", tmp_path)
    assert done.exit_code == 130
    assert done.stderr.startswith("interrupted; the same command goes on")
    assert run(*QUICK).exit_code == 130


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=str)
def test_a_stopped_process_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    """Two processes, stopped in the middle; the CSV is that of an undisturbed race."""
    script = Path(sys.executable).with_name("algzoo-exact")
    base = [script, "compare", "2nd_argmax_4_3", "--noise", "0.05", "--variants", "4"]
    base += ["--seeds", "12", "--budgets", "1e4:1e7", "--estimators", "sampling,sobol-order"]
    base += ["--workers", "2", "--out"]
    process = subprocess.Popen(
        [*base, tmp_path / "stopped"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    answers = tmp_path / "stopped" / FILE
    while process.poll() is None:
        if answers.exists() and status(answers).done > 30:
            process.send_signal(number)
            break
        time.sleep(0.01)
    _, stderr = process.communicate(timeout=900)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert stderr.startswith("interrupted; the same command goes on")
    else:
        assert process.returncode == -signal.SIGKILL
    assert 30 < status(answers).done < 4 + 2 * 4 * 12
    for name in ("stopped", "whole"):
        subprocess.run([*base, tmp_path / name], check=True, capture_output=True, timeout=900)
    first, second = ((tmp_path / n / "results.csv").read_bytes() for n in ("stopped", "whole"))
    assert first == second
