"""``accuracy`` of several models and of folders: a table with a row for each.

Oracle: `az.accuracy` of each model by itself; for what goes on after a stop, a run without one.
"""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pyarrow.parquet
import pytest
import torch
from support.command_line import json_of, refused, run
from support.weight_files import state, write

import algzoo_exact as az
from algzoo_exact.state import State, status


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Models in four formats, and a file that is none."""
    found = tmp_path / "models"
    found.mkdir()
    for k, suffix in enumerate((".pth", ".pt", ".safetensors", ".ckpt", ".pth")):
        torch.manual_seed(k)
        weights = {key: torch.randn(value.shape) for key, value in state(2, 3).items()}
        write(found / f"seed{2 * k}{suffix}", weights)
    (found / "bad.pth").write_bytes(b"no weights")
    (found / "notes.txt").write_text("not read")
    (found / ".hidden.pth").write_bytes(b"not read")
    (found / "training-state.safetensors").write_bytes(b"not read")
    return found


NAMES = ["bad.pth", "seed0.pth", "seed2.pt", "seed4.safetensors", "seed6.ckpt", "seed8.pth"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def test_a_folder(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    told = run("accuracy", folder, "--task", "argmax", "--csv", out)
    assert told.exit_code == 2
    assert told.stderr == ""
    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines[:6]] == NAMES
    assert lines[0].split(maxsplit=1)[1].startswith("error: torch cannot read")
    assert lines[6:] == ["models       5 scores, and 1 error", f"table        {out}"]
    rows = rows_of(out)
    assert [Path(row["file"]).name for row in rows] == NAMES
    assert rows[0]["error"]
    assert not rows[0]["score"]
    for row in rows[1:]:
        score = az.accuracy(az.load(row["file"], task="argmax"))
        assert Fraction(row["score_lower"]) <= score.enclosure.lower
        assert score.enclosure.upper <= Fraction(row["score_upper"])
        assert float(row["score"]) == float(score.enclosure.midpoint)
        assert (row["kind"], row["task"], row["metric"]) == ("exact", "argmax", "accuracy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "scores.csv"]


def test_files_names_and_formats(folder: Path, tmp_path: Path) -> None:
    renamed = (folder / "seed4.safetensors").rename(folder / "argmax_2_3-final.safetensors")
    given = (renamed, "median_2_2", "2nd_argmax_2_2")
    for suffix in ("csv", "json", "parquet"):
        out = tmp_path / f"t.{suffix}"
        found = json_of("accuracy", *given, "--out", out)
        assert (found["table"], found["asked"], found["failed"]) == (str(out), 3, 0)
    rows = found["models"]
    assert rows == json.loads((tmp_path / "t.json").read_text())
    assert rows == pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert text == rows_of(tmp_path / "t.csv")
    assert [row["task"] for row in rows] == ["argmax", "median", "2nd_argmax"]
    assert rows[1]["metric"] == "root mean squared error"
    root = az.squared_error(az.load("median_2_2")).root
    assert Fraction(rows[1]["score_lower"]) <= root.lower <= Fraction(rows[1]["score_upper"])


def test_noise_seeds(tmp_path: Path) -> None:
    asked = ("accuracy", "2nd_argmax_2_2", "--noise", "0.05", "--noise-seeds", "4")
    found = json_of(*asked, "--noise-seed", "3")
    model = az.load("2nd_argmax_2_2")
    scores = [float(az.accuracy(az.perturb(model, 0.05, seed)).enclosure.midpoint)
              for seed in range(3, 7)]  # fmt: skip
    assert [row["noise_seed"] for row in found["models"]] == [3, 4, 5, 6]
    assert [row["score"] for row in found["models"]] == scores
    said = found["noise"]["2nd_argmax_2_2"]
    assert said["seeds"] == 4
    assert float(said["mean_lower"]) == pytest.approx(mean(scores), abs=1e-12)
    assert said["standard_deviation"] == stdev(scores)
    assert Fraction(said["mean_lower"]) <= Fraction(said["mean_upper"])
    told = run(*asked)
    assert "2nd_argmax_2_2: mean 0.9" in told.stdout
    assert "(exact), standard deviation 0.00" in told.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--out", "x.txt"), "Tables are written as .parquet, .csv, .json"),
        (("--out", "nowhere/x.csv"), "no folder nowhere"),
        (("--noise-seeds", "3"), "--noise-seeds needs --noise STD"),
        (("--by-label",), "A table has no room for --by-label"),
        (("--tasks", "argmax"), "No such option: --tasks"),
        (("--ties", "lowset"), "did you mean 'lowest'?"),
        (("--task", "argmxa"), "did you mean 'argmax'?"),
    ],
)
def test_bad_options(options: tuple[str, ...], said: str, folder: Path) -> None:
    told = run("accuracy", folder, *options)
    assert told.exit_code == 2
    assert said in " ".join((told.stderr + told.stdout).split())


def test_bad_folders(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "There are no models in the folder" in run("accuracy", tmp_path / "empty").stderr
    told = run("accuracy", folder / "seed0.pth", folder / "none.pth")
    assert told.exit_code == 2
    assert told.stdout.count("error: ") == 2
    assert "add --task with" in told.stdout
    assert "There is no file" in told.stdout


def test_a_state_of_other_options_is_refused(folder: Path, tmp_path: Path) -> None:
    out, kept = tmp_path / "t.csv", tmp_path / "t.csv.partial"
    with State(kept) as place:
        place.claim({"command": "accuracy", "task": "argmax"})
    assert f"{kept} is the state of another run (task is 'argmax', not 'argmedian'" in refused(
        "accuracy", folder, "--task", "argmedian", "--out", out
    )
    kept.write_text("no state\n")
    told = run("accuracy", folder, "--task", "argmax", "--out", out)
    assert "is not the state of a run, or is damaged" in told.stderr


def test_files_of_one_name(tmp_path: Path) -> None:
    """Runs whose files have the same name are told apart by their folders."""
    files = [tmp_path / name / "model.pth" for name in ("run1", "run2")]
    for file in files:
        file.parent.mkdir()
        write(file, state(2, 3))
    told = run("accuracy", *files, "--task", "argmax")
    assert [line.split()[0] for line in told.stdout.splitlines()[:2]] == [*map(str, files)]


COUNT = 100


def many(folder: Path, count: int) -> None:
    folder.mkdir()
    for k in range(count):
        torch.manual_seed(k)
        weights = {key: torch.randn(value.shape) for key, value in state(3, 3).items()}
        write(folder / f"argmax_3_3_seed{k}.safetensors", weights)


def started(folder: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "algzoo_exact", "accuracy", str(folder), "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stopped(process: subprocess.Popen[str], place: Path, rows: int, how: int) -> tuple[Any, str]:
    """Its exit code and what it said, after a signal when so many rows are kept."""
    while kept_in(place) < rows:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def kept_in(place: Path) -> int:
    try:
        return status(place).done
    except az.InputError:  # it has not begun
        return 0


@pytest.mark.slow
def test_killed_and_interrupted(tmp_path: Path) -> None:
    """Many models: killed, interrupted, and ended, with the table of a run that was not."""
    many(tmp_path / "models", COUNT)
    whole, out = tmp_path / "whole.csv", tmp_path / "t.csv"
    place = tmp_path / "t.csv.partial"
    assert run("accuracy", tmp_path / "models", "--out", whole).exit_code == 0
    assert len(rows_of(whole)) == COUNT
    code, _ = stopped(started(tmp_path / "models", out), place, 1, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not out.exists()
    kept = kept_in(place)
    code, said = stopped(started(tmp_path / "models", out), place, kept + 1, signal.SIGINT)
    assert code == 130
    assert f"going on: {kept} scores" in said
    part = rows_of(out)
    assert kept < kept_in(place) < COUNT
    # The signal may come between the state and the table.
    assert kept_in(place) - 1 <= len(part) <= kept_in(place)
    assert part == rows_of(whole)[: len(part)]
    told = run("accuracy", tmp_path / "models", "--out", out)
    assert (told.exit_code, out.read_bytes()) == (0, whole.read_bytes())
    assert not place.exists()


@pytest.mark.slow
def test_a_limit_leaves_time_for_a_sample(tmp_path: Path) -> None:
    """Bounds of ten inputs are wide: no number is given as the score, and the sample tells more."""
    found = json_of("accuracy", "2nd_argmax_16_10", "2nd_argmax_2_2", "--time-limit", "3s")
    wide, exact = found["models"]
    assert (wide["kind"], wide["score"], exact["kind"]) == ("certified", None, "exact")
    assert wide["sampled_lower"] < 0.947 < wide["sampled_upper"] + 0.01
    assert exact["sampled"] is None
