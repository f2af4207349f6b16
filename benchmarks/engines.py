"""Scores in float64 balls beside ball arithmetic of many bits, on the same cells in one run.

usage: python benchmarks/engines.py. Prints a table; processor time on one core, of one part of a
label cell, summed by itself. Ball arithmetic proved all scores before float64 balls did.
"""

from __future__ import annotations

import time
from fractions import Fraction

from programs import find

from algzoo_exact.deadline import NEVER
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.score.compute import metric_for
from algzoo_exact.score.cone_jobs import Job, Part
from algzoo_exact.score.cones import Precision, Setup, decide
from algzoo_exact.score.question import Question

# Model, digits, and how often the halves of a label cell are cut in two.
CASES = (("2nd_argmax_8_5", 8, 2), ("median_8_5", 8, 2), ("random_3_6", 8, 1))
MANY_BITS = 80


def seconds(setup: Setup, job: Job) -> tuple[float, Part]:
    """Processor time of a job, and what came out."""
    began = time.process_time()
    found = decide(setup, job)
    assert isinstance(found, Part), found
    return time.process_time() - began, found


def compared(name: str, digits: int, cuts: int) -> str:
    """A row of the table, for the part that takes longest."""
    program, task = find(name)
    metric, width = metric_for(task), Fraction(1, 10**digits)
    ties = "lowest" if metric.of_labels else None
    direction = metric.direction(program, task)
    floats = Precision(MANY_BITS, width, True, float(width))
    balls = Precision(MANY_BITS, width, False, None)
    question = Question(metric, program, task, ties, digits)
    fast, slow = (Setup(question, direction, precision) for precision in (floats, balls))
    search = ExactSearch(program, None)
    starts = [start for piece in metric.pieces(program, task, NEVER) for start in piece.starts]
    for _ in range(cuts):
        starts = [part for start in starts for part in search.halves(start)]
    jobs = [Job(0, start, 1.0) for start in starts]
    seconds(fast, jobs[0])  # the first call of a process loads code
    job = max(jobs, key=lambda job: seconds(fast, job)[0])
    quick, found = seconds(fast, job)
    slowly, again = seconds(slow, job)
    found.value.intersect(again.value)  # ValueError if they contradict each other
    return (
        f"| {name} | {metric.words} | {digits} | {found.leaves} | {1000 * quick:.1f} ms "
        f"| {slowly:.2f} s | {slowly / quick:,.0f} |"
    )


if __name__ == "__main__":
    print("| model | score | digits | cells | float64 balls | ball arithmetic | ratio |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for case in CASES:
        print(compared(*case), flush=True)
