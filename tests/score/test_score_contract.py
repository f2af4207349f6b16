"""What every metric and every method promises, by parametrisation: a new one goes through it too.

Oracles: methods that share nothing but the search (closed forms, cells in balls, cones decided one
by one, boxes) must not contradict each other; random inputs, within five standard errors.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from extension.off_by_one import OFF_BY_ONE
from support.medians import one_output
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.compute import METHODS, METRICS, answer, metric_for
from algzoo_exact.score.metric import Metric, mass_of_all
from algzoo_exact.score.question import Method, Question
from algzoo_exact.score.result import Score
from algzoo_exact.score.squared_error import SQUARED_ERROR

ALL = (*METRICS.values(), OFF_BY_ONE)
DIGITS = 14


def questions(metric: Metric) -> Iterator[Question]:
    """Some that it accepts."""
    for n in (2, 3, 4):
        for task in filter(metric.scores, (az.tasks.second_argmax(n), az.tasks.median(n))):
            program = random_program(np.random.default_rng(n), 2, n)
            if task.outputs == 1:
                yield Question(metric, one_output(program), task, None, DIGITS, compiled=False)
            else:
                yield Question(metric, program, task, "lowest", DIGITS, compiled=False)
    if metric.scores(az.tasks.longest_cycle(4)):
        model = az.load("longest_cycle_4_4")
        yield Question(metric, model.network, az.tasks.longest_cycle(4), "lowest")


def check_steps(steps: list[Score], question: Question) -> None:
    """Nested, of the right metric, and honest about what is decided."""
    known = question.known().enclosure
    for before, after in pairwise(steps):
        assert before.kind == "certified"
        assert after.undecided <= before.undecided
        before.enclosure.intersect(after.enclosure)  # ValueError if they contradict each other
    for step in steps:
        known.intersect(step.enclosure)
        assert step.metric == question.metric.name
        assert 0 <= step.undecided <= 1
        assert (step.undecided == 0) == (step.kind == "exact")
        assert step.enclosure.lower >= 0


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_methods_do_not_contradict_each_other(metric: Metric) -> None:
    asked = 0
    for question in questions(metric):
        asked += 1
        best = answer(question)
        assert best.kind == "exact"
        assert best.enclosure.width <= Fraction(1, 10**DIGITS)
        for method in METHODS:
            if not method.accepts(question) or method.name == "boxes":
                continue
            steps = list(method.steps(question))
            check_steps(steps, question)
            assert steps[-1].kind == "exact", method.name
            steps[-1].enclosure.intersect(best.enclosure)
            assert steps[-1].enclosure.width <= Fraction(1, 10**DIGITS), method.name
    assert asked >= 3


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_limits_never_cost_the_truth(metric: Metric, method: Method) -> None:
    for question in questions(metric):
        if not method.accepts(question) or method.name in ("boxes", "closed form"):
            continue
        exact = answer(question).enclosure
        for cells in (0, 1, 7):
            check_limited(replace(question, max_cells=cells), method, exact)
        check_limited(replace(question, deadline=Deadline.after(0.0)), method, exact)
        check_limited(replace(question, deadline=Deadline.after(0.02)), method, exact)


def check_limited(question: Question, method: Method, exact: az.Enclosure) -> None:
    steps = list(method.steps(question))
    check_steps(steps, question)
    for step in steps:
        step.enclosure.intersect(exact)
        if step.kind == "exact":
            assert step.enclosure.width <= Fraction(1, 10**DIGITS)


@pytest.mark.slow
def test_a_limit_on_cells_is_no_proof_in_two_processes() -> None:
    """Jobs that are still running when the limit strikes are undecided."""
    for question in questions(ACCURACY):
        limited = replace(question, wish="bounds", max_cells=1, workers=2)
        found = answer(limited)
        assert found.enclosure.contains(answer(question).enclosure)
        assert found.kind == "certified"


@pytest.mark.slow
def test_boxes() -> None:
    boxes = next(method for method in METHODS if method.name == "boxes")
    question = next(questions(ACCURACY))
    steps = list(boxes.steps(replace(question, max_cells=1000)))
    check_steps(steps, question)
    assert steps[-1].enclosure.contains(answer(question).enclosure)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_pieces_are_all_there(metric: Metric) -> None:
    """Their masses add up to a whole number of spaces; other processes find the metric."""
    for question in questions(metric):
        if isinstance(question.program, az.Program):
            pieces = metric.pieces(question.program, question.task, NEVER)
            total = sum((piece.mass or Fraction(0) for piece in pieces), Fraction(0))
            assert total.denominator == 1
            assert total == mass_of_all(pieces)
            assert all(piece.mass is not None and piece.rate >= 0 for piece in pieces)
    assert pickle.loads(pickle.dumps(metric)) == metric


def test_the_first_metric_of_a_task_is_its_score() -> None:
    for name in az.tasks.PROBLEMS:
        expected = SQUARED_ERROR if name == "median" else ACCURACY
        assert metric_for(az.Task(name, 3)) == expected


def test_wrong_questions_are_refused() -> None:
    program, task = random_program(np.random.default_rng(3), 2, 3), az.tasks.second_argmax(3)
    for metric in ALL:
        for wrong in ({"digits": 0}, {"wish": "best"}, {"max_cells": -1}, {"workers": 0}):
            with pytest.raises(InputError):
                answer(replace(Question(metric, program, task, "lowest"), **wrong))  # type: ignore[arg-type]
