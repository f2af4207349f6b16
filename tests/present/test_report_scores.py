"""Which score a report states of a median model, and the untrained models of its ledger.

Oracles: the published variance of a median, what the public functions say of the same model
(`squared_error_bounds`, `surprise`), and random initialisations scored in this process.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from multiprocessing import Pipe
from pathlib import Path

import pytest
from support.medians import silent
from support.reports import SAMPLES, model_of

import algzoo_exact as az
from algzoo_exact.deadline import Deadline
from algzoo_exact.present.findings import random_inputs, scoring
from algzoo_exact.present.findings.random_inputs import Order, carry_out
from algzoo_exact.present.findings.wishes import Wishes
from algzoo_exact.runtime import untrained as untrained_module
from algzoo_exact.runtime.untrained import untrained
from algzoo_exact.zoo.explanations import explanation_path

# Sarhan and Greenberg (1956), order statistics of four normal variables: the variance of the
# second, 0.36045535, and its covariance with the third, 0.23594390. The median is their mean.
MEDIAN_OF_FOUR = (0.36045535 + 0.23594390) / 2
MEDIAN_OF_SIX = 0.21474266658151346  # by quadrature over the joint density of the middle two


def score(n: int, limit: float | None = None) -> az.Score:
    """Of the model that always says 0."""
    task = az.tasks.median(n)
    found = scoring.score_of(
        model_of(silent(n), task), task, Wishes(), Deadline.after(limit), None,
        progress=lambda fraction, text: None,
    )  # fmt: skip
    assert found.metric == "mean_squared_error"
    return found


def test_few_cells_are_summed() -> None:
    found = score(4)
    assert found.kind == "exact"
    # Each published figure is rounded to 8 digits.
    assert abs(float(found.enclosure.midpoint) - MEDIAN_OF_FOUR) < 1e-8


@pytest.mark.slow
def test_six_inputs_are_summed_too() -> None:
    """The variance of the median of six."""
    found = score(6)
    assert found.kind == "exact"
    assert abs(float(found.enclosure.midpoint) - MEDIAN_OF_SIX) < 1e-6


def test_untrained_models_of_the_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its side of the pipe, run in a thread."""
    monkeypatch.setattr(untrained_module, "MODELS", 64)
    model = az.load("2nd_argmax_2_2")
    task = az.tasks.second_argmax(2)
    here, there = Pipe()
    thread = threading.Thread(target=random_inputs._serve, args=(there,))
    thread.start()
    order = Order(model.network, task, "incorrect", SAMPLES, 0, untrained=(task, 3))
    here.send(order)
    found = random_inputs._result(here, order, lambda done, of: None)
    thread.join()
    assert found.untrained == untrained(task, 3, "incorrect")
    assert found.untrained != untrained(task, 2, "incorrect")
    plain = Order(model.network, task, "incorrect", SAMPLES, 0)
    assert carry_out(plain, lambda done, of: None).untrained is None


def test_the_ledger_is_that_of_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrained_module, "MODELS", 64)
    model = az.load("2nd_argmax_2_2")
    story = az.load_explanation(explanation_path("2nd_argmax_2_2"))
    found = az.make_report(model, explanation=story, samples=SAMPLES).findings
    assert found.verification is not None
    assert found.ledger is not None
    assert found.card is not None
    alone = az.surprise(found.verification, seeds=found.card.seeds)
    assert found.ledger.rows == alone.rows
    assert found.ledger.optimizations == alone.optimizations
    assert [o.name for o in alone.optimizations] == ["weights", "untrained", "seeds"]
    assert found.ledger.total == alone.total


@pytest.mark.slow
def test_a_report_with_an_explanation_never_loads_torch_here(tmp_path: Path) -> None:
    """In a fresh interpreter with a second process; its page is the one that this process makes."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "import algzoo_exact as az\n"
        "if __name__ == '__main__':\n"
        "    story = az.load_explanation(sys.argv[1])\n"
        "    model = az.load('2nd_argmax_2_2')\n"
        "    made = az.make_report(model, explanation=story, samples=70_000, workers=2)\n"
        "    print(made.markdown())\n"
        "    print('torch' in sys.modules)\n"
    )
    path = explanation_path("2nd_argmax_2_2")
    done = subprocess.run(
        [sys.executable, script, path], capture_output=True, text=True, check=True
    )
    text, loaded, _ = done.stdout.rsplit("\n", 2)
    assert loaded == "False"
    model, story = az.load("2nd_argmax_2_2"), az.load_explanation(path)
    report = az.make_report(model, explanation=story, samples=70_000).markdown()
    times = r"[0-9.]+ s\b"
    assert re.sub(times, "", text).rstrip() == re.sub(times, "", report).rstrip()
