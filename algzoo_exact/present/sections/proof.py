"""The section that says why the theorem holds: a few steps, each with its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.present import document as d
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import several
from algzoo_exact.score.result import Score

_EXACT_WEIGHTS = (
    "The stored weights are floating-point numbers, hence rationals. They are used as such, so "
    "that the network is one exact function, and nothing on the way is rounded without a bound."
)


def proof(found: Findings) -> Iterator[d.Block]:
    """The proof by enumeration, step by step; an explanation's has a section of its own."""
    if found.says_nothing:
        return
    if found.task.is_discrete:
        steps = _by_trying(found.score)
    elif found.task.seq_len > LARGEST_DIMENSION:
        steps = _by_bounds(found.score)
    elif found.task.is_numeric:
        steps = _by_moments(found.score)
    else:
        steps = _by_cones(found.score)
    if found.by_explanation:
        yield d.paragraph(
            "The theorem follows from the explanation in the next section. Without it, this is how "
            "bounds are computed:"
        )
    for k, text in enumerate((_EXACT_WEIGHTS, *steps), 1):
        yield d.Statement("Step", str(k), (d.paragraph(text),), "proved")
    yield d.paragraph(f"Method: {found.score.method}. Time: {found.score.seconds:.2f} s.")


def _by_cones(score: Score) -> Iterator[str]:
    pieces = f" {several(score.cells, 'piece')} were visited" if score.cells else ""
    if score.regions is not None and not score.undecided:
        pieces += f", in {several(score.regions, 'region')}"
    yield (
        "The program is linear on each cone of constant activation pattern, and labels are "
        "constant on finitely many cones too. So the inputs on which the answer is right are a "
        "finite union of polyhedral cones. All are found by splitting cones along walls, every "
        f"sign decided in exact arithmetic.{pieces}{'.' * bool(pieces)}"
    )
    yield (
        "The probability of a cone under the Gaussian distribution is its solid angle. That of the "
        "whole union follows from its boundary alone: facets between right and right, or wrong and "
        "wrong, cancel."
    )
    if score.undecided:
        yield _undecided(score.undecided)
    elif score.form is not None:
        yield (
            "Each facet's contribution is a rational multiple of an arctangent over π, and equal "
            "ones are collected: the closed form."
        )
    else:
        yield (
            "Each facet's contribution is evaluated with a bound of all rounding errors, in ball "
            "arithmetic or in float64; the bounds add up to the width of the enclosure."
        )


def _undecided(mass: Fraction) -> str:
    share = Enclosure.exactly(mass).decimal(6)[1]
    return (
        f"When time was up, inputs of probability at most {share} were undecided. The lower bound "
        "counts them as wrong, the upper bound as right."
    )


def _by_bounds(score: Score) -> Iterator[str]:
    if score.metric != "accuracy":
        yield (
            "The error is bounded on all inputs at once, from the sizes of the weights; with this "
            "many inputs the regions cannot be enumerated."
        )
        return
    boxes = f" {several(score.cells, 'cone')} of boxes were looked at." if score.cells else ""
    yield (
        "Only the direction of an input matters. Directions are cut into boxes of ratios of "
        "inputs, on each of which linear bounds, rounded outward, prove the answer right, or "
        f"wrong, or leave it open.{boxes}"
    )
    yield _undecided(score.undecided)


def _by_moments(score: Score) -> Iterator[str]:
    pieces = "" if not score.cells else f" There are {score.cells:,} of them."
    yield (
        "Network and median are both linear on each cone of a finite partition, so that the "
        f"squared error is a quadratic form there.{pieces}"
    )
    if score.kind == "exact":
        yield (
            "Its mean over a cone follows from the cone's solid angle and those of its faces; what "
            "counts are the walls across which the error bends. The contributions are added up."
        )
    else:
        yield (
            "When time was up, part of the inputs was undecided. The lower bound counts their "
            "error as 0; the upper bound as the most that the weights allow."
        )


def _by_trying(score: Score) -> Iterator[str]:
    counts = score.counts
    assert counts is not None
    yield (
        f"There are {counts.inputs:,} inputs, all equally likely. For "
        f"{counts.inputs - counts.undecided:,} of them ball arithmetic proves which logits are the "
        f"largest; {_ties(counts.tied)}."
    )
    if counts.undecided:
        yield _undecided(score.undecided)
    else:
        yield "The accuracy is the number of right answers over the number of inputs."


def _ties(count: int) -> str:
    proved = "a tie is stated only where it is proved"
    return f"{proved}, for {several(count, 'input')}" if count else "none of them tie"
