"""Scores by one method or along one direction, whatever would be chosen."""

from __future__ import annotations

from fractions import Fraction

import algzoo_exact as az
from algzoo_exact.deadline import NEVER
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cone_jobs import Job, Part
from algzoo_exact.score.cones import CONES, Precision, Setup, decide
from algzoo_exact.score.direction import Direction
from algzoo_exact.score.metric import Metric, Piece
from algzoo_exact.score.question import Question
from algzoo_exact.score.squared_error import SQUARED_ERROR


def by_cones(
    program: az.Program,
    task: az.Task,
    ties: az.tasks.TieRule | None = None,
    digits: int | None = None,
    *,
    compiled: bool = True,
    workers: int = 1,
    threads: int = 1,
    most_leaves: float | None = None,
) -> az.Score:
    """Decided label cell by label cell, or in parts; a squared error where no tie rule is given."""
    metric = SQUARED_ERROR if ties is None else ACCURACY
    question = Question(
        metric, program, task, ties, digits, workers=workers, threads=threads, compiled=compiled,
        most_leaves=most_leaves,
    )  # fmt: skip
    *_, last = CONES.steps(question)
    return last


def along(
    metric: Metric,
    program: az.Program,
    task: az.Task,
    ties: az.tasks.TieRule | None,
    direction: Direction,
    piece: Piece,
    precision: Precision,
) -> az.Enclosure:
    """What one label cell adds."""
    question = Question(metric, program, task, ties, compiled=precision.floats)
    setup = Setup(question, direction, precision)
    total = az.Enclosure.exactly(Fraction(0))
    for start in piece.starts:
        part = decide(setup, Job(0, start, 1.0))
        assert isinstance(part, Part)
        total = total.plus(part.value)
    return total


def everywhere(
    metric: Metric,
    program: az.Program,
    task: az.Task,
    ties: az.tasks.TieRule | None,
    direction: Direction,
    precision: Precision,
) -> az.Enclosure:
    """The whole score."""
    total = az.Enclosure.exactly(Fraction(0))
    for piece in metric.pieces(program, task, NEVER):
        total = total.plus(along(metric, program, task, ties, direction, piece, precision))
    return total
