"""Every public function takes a loaded model, and says in one sentence what is wrong with an
argument, in an ``InputError``.

``CALLS`` has arguments that are right, by position. The test puts others in their places, one at a
time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from support.paths import MODELS

import algzoo_exact as az

STORY = MODELS / "explanations" / "2nd_argmax_2_2.toml"


@cache
def model() -> az.Model:
    return az.load("2nd_argmax_2_2")


@cache
def median() -> az.Model:
    return az.load("median_2_2")


def task() -> az.Task:
    return az.tasks.second_argmax(2)


def verification() -> az.Verification:
    return az.verify(az.load_explanation(STORY), model())


# Positional arguments of a call that makes sense; a folder that is there stands for files.
CALLS: dict[str, Callable[[Path], list[Any]]] = {
    "ablate": lambda at: [model(), "0", task()],
    "accuracies": lambda at: [[model()], task()],
    "accuracy": lambda at: [model(), task()],
    "accuracy_bounds": lambda at: [model(), task()],
    "activation_regions": lambda at: [model()],
    "attention": lambda at: [az.load("longest_cycle_4_4"), [[0, 1, 2, 3]]],
    "ask": lambda at: [model(), "h[0][0] > 0"],
    "build_atlas": lambda at: [at / "atlas", [model().name]],
    "cells": lambda at: [model(), task()],
    "certify": lambda at: [model(), task()],
    "compare": lambda at: [model(), 0.1],
    "cone_measure": lambda at: [[[1, 0], [0, 1]]],
    "economy": lambda at: [az.load("2nd_argmax_2_2")],
    "noise_volume": lambda at: [model(), task()],
    "suggest": lambda at: [verification()],
    "diff": lambda at: [model(), model(), task()],
    "estimator": lambda at: ["sobol"],
    "draft": lambda at: [model(), task()],
    "explore": lambda at: [model(), task()],
    "function_difference": lambda at: [az.load("longest_cycle_4_4")] * 2,
    "median_errors": lambda at: [az.load("median_2_2"), az.tasks.median(2)],
    "wrong_functions": lambda at: [az.load("longest_cycle_4_4")],
    "exact_score": lambda at: [
        *map(
            torch.tensor, ([[1.0], [-1.0]], [[-1.0, 1.5], [2.0, -1.0]], [[1.0, -1.0], [-0.5, 1.0]])
        ),
        task(),
    ],
    "find_errors": lambda at: [model(), task()],
    "gradient": lambda at: [model(), task()],
    "importance": lambda at: [model(), task()],
    "lift": lambda at: [model()],
    "load": lambda at: ["2nd_argmax_2_2"],
    "load_explanation": lambda at: [STORY],
    "make_report": lambda at: [model(), task()],
    "mlp": lambda at: [[[[1, 2], [3, 4]], [[1, 1], [0, 1]]]],
    "neuron_facts": lambda at: [model(), task()],
    "on_subspace": lambda at: [model(), [[1, 0], [0, 1]]],
    "orthant_probability": lambda at: [[[1, 0], [0, 1]]],
    "perturb": lambda at: [model(), 0.1, 3],
    "prune": lambda at: [model(), 0.1],
    "quantize": lambda at: [model(), "int8"],
    "picture": lambda at: [model(), task(), at / "p.svg"],
    "positive_inputs": lambda at: [model(), 2],
    "polish": lambda at: [model(), task()],
    "probability": lambda at: ["x[0] > x[1]", 2],
    "probe": lambda at: [model(), [[1, 0]]],
    "prove": lambda at: [model(), "h[0][0] >= 0"],
    "region_graph": lambda at: [model(), task()],
    "rnn": lambda at: [[1, -1], [[1, 0], [0, 1]], [[1, 2], [3, 4]], 2],
    "root_mean_square_difference": lambda at: [median(), median()],
    "sample": lambda at: [model(), task(), 1000],
    "sample_squared_error": lambda at: [median(), az.tasks.median(2), 1000],
    "section": lambda at: [model(), [[1, 0], [0, 1]], task()],
    "side_by_side": lambda at: [model(), model()],
    "specialize": lambda at: [model(), 3],
    "squared_error": lambda at: [median(), az.tasks.median(2)],
    "squared_error_bounds": lambda at: [median(), az.tasks.median(2)],
    "standardize": lambda at: [model()],
    "surprise": lambda at: [verification()],
    "teacher": lambda at: [model()],
    "train": lambda at: ["argmax", 2, 2, at / "run"],
    "verify": lambda at: [az.load_explanation(STORY), model()],
    "without": lambda at: [model(), "0"],
    "write_reports": lambda at: [MODELS, at / "reports"],
    "write_certificate": lambda at: [at / "c.json", model(), task()],
    "write_table": lambda at: [[*az.activation_regions(model())], at / "t.csv"],
}
# What takes no arguments, takes anything (weight files, to be told what they are not), or answers
# with a verdict in any case.
OTHERS = {"catalogue", "list_models", "lift_transformer", "check_certificate"}
WRONG = (None, "nonsense", 3, -1, 0.5, torch.nn.Linear(2, 2), object(), az.tasks.argmax(7))

# What may be left out, and what is right where it stands.
MAY_BE_NONE = {"task", "cone", "inputs"}
RIGHT: dict[tuple[str, str], tuple[object, ...]] = {
    ("build_atlas", "output"): ("nonsense",),
    ("build_atlas", "models"): (None,),
    ("compare", "noise"): (3, 0.5),
    ("perturb", "std"): (3, 0.5),
    ("perturb", "seed"): (3,),
    ("prune", "share"): (0.5,),
    ("probability", "n"): (3,),
    ("specialize", "bits"): (3,),
    ("sample", "n"): (3,),
    ("sample_squared_error", "n"): (3,),
    ("rnn", "seq_len"): (3,),
    ("train", "hidden_size"): (3,),
    ("train", "seq_len"): (3,),
    ("train", "folder"): ("nonsense",),
    ("write_reports", "output"): ("nonsense",),
    ("section", "basis"): (None,),
    ("picture", "path"): (None,),
    ("on_subspace", "target"): (),
    ("lift", "model"): (),
}


def functions() -> Iterator[str]:
    for name in az.__all__:
        if name not in ("__version__", "tasks") and not inspect.isclass(getattr(az, name)):
            yield name


def test_all_are_here() -> None:
    assert {*functions()} == {*CALLS} | OTHERS


def test_names_with_a_typo() -> None:
    for home, name in ((az, "acuracy"), (az.tasks, "argmx")):
        with pytest.raises(AttributeError, match=rf"no attribute '{name}' \(did you mean '\w+'\?"):
            getattr(home, name)


def begin(name: str, arguments: list[Any]) -> None:
    """Call it; of what comes one by one, take the first."""
    found = getattr(az, name)(*arguments)
    if isinstance(found, Iterator):
        next(found)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_wrong_arguments(name: str, tmp_path: Path) -> None:
    right = CALLS[name](tmp_path)
    parameters = [*inspect.signature(getattr(az, name)).parameters][: len(right)]
    for place, parameter in enumerate(parameters):
        for wrong in WRONG:
            if wrong is None and parameter in MAY_BE_NONE:
                continue
            if any(wrong is known for known in RIGHT.get((name, parameter), ())):
                continue
            arguments = [*right[:place], wrong, *right[place + 1 :]]
            with pytest.raises(az.InputError) as told:
                begin(name, arguments)
            text = str(told.value)
            assert text.endswith("."), text
            assert "\n" not in text


SLOW = {"compare", "importance", "make_report", "surprise", "train", "write_reports"}


@pytest.mark.parametrize("name", sorted({*CALLS} - SLOW))
def test_right_arguments(name: str, tmp_path: Path) -> None:
    """A loaded model serves, and its task may be left out."""
    arguments = CALLS[name](tmp_path)
    begin(name, arguments)
    parameters = [*inspect.signature(getattr(az, name)).parameters][: len(arguments)]
    if "task" in parameters:
        begin(
            name, [None if p == "task" else a for p, a in zip(parameters, arguments, strict=True)]
        )


def test_a_plain_function_would_be_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The planted fault: one that takes its arguments as they come."""
    monkeypatch.setattr(az, "standardize", lambda model: model.recurrent)
    with pytest.raises(AttributeError):
        test_wrong_arguments("standardize", tmp_path)
