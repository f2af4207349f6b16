"""``train`` and ``algzoo-exact train``: the files that are left, choosing, stopping, going on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.cards import check_card
from support.command_line import json_of, refused, text_of

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.program.task import Task
from algzoo_exact.training.scoring import choose, middle
from algzoo_exact.zoo.cards import read_card

SIZES = {"sequences": 2**13, "seeds": 3}


@pytest.mark.parametrize(
    ("task", "d", "n", "kind"),
    [
        ("2nd_argmax", 2, 2, "exact"),
        ("median", 2, 3, "exact"),
        pytest.param("longest_cycle", 2, 3, "exact", marks=pytest.mark.slow),
        ("argmax", 3, 10, "sampled"),
    ],
)
def test_a_run_leaves_the_best_model_and_its_card(
    task: str, d: int, n: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("algzoo_exact.training.scoring.VALIDATION", 2**16)
    monkeypatch.setattr("algzoo_exact.training.scoring.SAMPLES", 2**16)
    told: list[tuple[int, int]] = []
    trained = az.train(task, d, n, tmp_path, **SIZES, scoring=lambda *x: told.append(x))
    card = trained.card
    assert read_card(tmp_path / f"{task}_{d}_{n}.json") == card
    model = az.load(trained.path)
    check_card(card, model)
    assert model.task == Task(task, n)
    assert told[-1] == (2, 3)
    values = [middle(score) for score in trained.scores]
    best = (min if task == "median" else max)(values)
    assert card.seed == trained.seeds[values.index(best)]
    assert card.score.kind == kind
    assert card.chosen_by == ("exact score" if kind == "exact" else "validation sample")
    # The model is the chosen seed's file but for its place in the story.
    name = f"{task}_{d}_{n}_{2**13}_{card.seed}.safetensors"
    assert trained.path.read_bytes() == (tmp_path / "seeds" / name).read_bytes()


def test_the_better_of_two_known_models_is_chosen() -> None:
    right = az.load("handcrafted:2nd_argmax_2")
    wrong = az.load("2nd_argmax_2_2")
    for models, position in (((right, wrong), 0), ((wrong, right), 1)):
        best, chosen_by, scores = choose(models, Task("2nd_argmax", 2))
        assert (best, chosen_by) == (position, "exact score")
        assert (scores[best].lower, scores[best].upper) == ("1." + "0" * 30, "1." + "0" * 30)


def test_a_run_that_has_ended_is_only_scored_again(tmp_path: Path) -> None:
    first = az.train("argmax", 2, 2, tmp_path, sequences=2**12, seeds=[5, 3])
    content = first.path.read_bytes()
    steps: list[int] = []
    again = az.train(
        "argmax", 2, 2, tmp_path, sequences=2**12, seeds=[5, 3], report=lambda s: steps.append(1)
    )
    assert not steps
    assert again.path.read_bytes() == content
    assert again.card == first.card
    with pytest.raises(InputError, match="holds another run"):
        az.train("argmax", 2, 2, tmp_path, sequences=2**12, seeds=[5])


def arguments(folder: Path, sequences: str = "2^13") -> list[str]:
    sizes = ["--hidden-size", "2", "--seq-len", "2", "--sequences", sequences, "--seeds", "2"]
    return ["train", "2nd_argmax", *sizes, "--out", str(folder)]


def test_the_command(tmp_path: Path) -> None:
    found = json_of(*arguments(tmp_path))
    assert found["card"] == read_card(tmp_path / "2nd_argmax_2_2.json").json()
    assert set(found["scores"]) == {"0", "1"}
    text = text_of(*arguments(tmp_path))
    assert "best seed" in text
    assert "accuracy" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seeds", "0"], "number of seeds"),
        (["--sequences", "2^x"], "not a whole number"),
        (["--device", "tpu"], "not available here"),
        (["--out", "/dev/null/x"], "Cannot use the folder"),
    ],
)
def test_the_command_says_what_is_wrong(change: list[str], message: str, tmp_path: Path) -> None:
    assert message in refused(*arguments(tmp_path / "run"), *change)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_command_killed_at_any_moment_goes_on(how: signal.Signals, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    command = [sys.executable, "-m", "algzoo_exact"]
    subprocess.run([*command, *arguments(whole, "2^22")], check=True, capture_output=True)
    moments = random.Random(os.getpid())
    for _ in range(3):
        process = subprocess.Popen(
            [*command, *arguments(parts, "2^22")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(moments.uniform(1.5, 4.0))
        process.send_signal(how)
        _, complaint = process.communicate()
        if how is signal.SIGINT and process.returncode == 130:
            assert b"interrupted" in complaint or b"goes on" in complaint
    subprocess.run([*command, *arguments(parts, "2^22")], check=True, capture_output=True)
    for path in whole.rglob("*.*"):
        found = (parts / path.relative_to(whole)).read_bytes()
        if path.suffix == ".json" or path.name.startswith("2nd_argmax"):
            assert found == path.read_bytes(), path
