"""The section that says why the theorem holds: a few steps, each with its verdict."""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.present.document import Block, Section, Statement, Status, paragraph
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import several


def proof_section(found: Findings) -> Section:
    """The proof by enumeration; an explanation's proof has a section of its own."""
    if found.task.is_discrete:
        steps = _by_trying(found)
    elif found.task.seq_len > LARGEST_DIMENSION:
        steps = _by_bounds(found)
    elif found.task.is_numeric:
        steps = _by_moments(found)
    else:
        steps = _by_cones(found)
    blocks: list[Block] = [
        Statement("Step", str(k), (paragraph(text),), status)
        for k, (text, status) in enumerate(steps, 1)
    ]
    if found.by_explanation:
        said = (
            "The theorem follows from the explanation in the next section. Without it, this is how "
            "bounds are computed:"
        )
        blocks.insert(0, paragraph(said))
    blocks.append(paragraph(f"Method: {found.score.method}. Time: {found.score.seconds:.2f} s."))
    return Section("proof", "Why it holds", tuple(blocks))


_Steps = list[tuple[str, Status]]

_EXACT_WEIGHTS = (
    "The stored weights are floating-point numbers, hence rationals. They are used as such, so "
    "that the network is one exact function, and nothing on the way is rounded without a bound."
)


def _by_cones(found: Findings) -> _Steps:
    score = found.score
    pieces = f" {several(score.cells, 'piece')} were visited" if score.cells else ""
    if score.regions is not None and not score.undecided:
        pieces += f", in {several(score.regions, 'region')}"
    steps: _Steps = [
        (_EXACT_WEIGHTS, "proved"),
        (
            "The program is linear on each cone of constant activation pattern, and labels are "
            "constant on finitely many cones too. So the inputs on which the answer is right are a "
            "finite union of polyhedral cones. All are found by splitting cones along walls, every "
            f"sign decided in exact arithmetic.{pieces}{'.' * bool(pieces)}",
            "proved",
        ),
        (
            "The probability of a cone under the Gaussian distribution is its solid angle. That of "
            "the whole union follows from its boundary alone: facets between right and right, or "
            "wrong and wrong, cancel.",
            "proved",
        ),
    ]
    if not score.undecided:
        closed = found.score.form is not None
        end = (
            "Each facet's contribution is a rational multiple of an arctangent over π, and equal "
            "ones are collected: the closed form." if closed
            else "Each facet's contribution is evaluated with a bound of all rounding errors, in "
            "ball arithmetic or in float64; the bounds add up to the width of the enclosure."
        )  # fmt: skip
        return [*steps, (end, "proved")]
    return [*steps, (_undecided(score.undecided), "proved")]


def _undecided(mass: Fraction) -> str:
    share = Enclosure.exactly(mass).decimal(6)[1]
    return (
        f"When time was up, inputs of probability at most {share} were undecided. The lower bound "
        "counts them as wrong, the upper bound as right."
    )


def _by_bounds(found: Findings) -> _Steps:
    score = found.score
    if score.metric != "accuracy":
        return [
            (_EXACT_WEIGHTS, "proved"),
            ("The error is bounded on all inputs at once, from the sizes of the weights; with this "
             "many inputs the regions cannot be enumerated.", "proved"),
        ]  # fmt: skip
    boxes = f" {several(score.cells, 'cone')} of boxes were looked at." if score.cells else ""
    return [
        (_EXACT_WEIGHTS, "proved"),
        (
            "Only the direction of an input matters. Directions are cut into boxes of ratios of "
            "inputs, on each of which linear bounds, rounded outward, prove the answer right, or "
            f"wrong, or leave it open.{boxes}",
            "proved",
        ),
        (_undecided(score.undecided), "proved"),
    ]


def _by_moments(found: Findings) -> _Steps:
    score = found.score
    pieces = "" if not score.cells else f" There are {score.cells:,} of them."
    steps: _Steps = [
        (_EXACT_WEIGHTS, "proved"),
        (
            "Network and median are both linear on each cone of a finite partition, so that the "
            f"squared error is a quadratic form there.{pieces}",
            "proved",
        ),
    ]
    if score.kind == "exact":
        end = (
            "Its mean over a cone follows from the cone's solid angle and those of its faces; what "
            "counts are the walls across which the error bends. The contributions are added up."
        )
        return [*steps, (end, "proved")]
    return [
        *steps,
        (
            "When time was up, part of the inputs was undecided. The lower bound counts their "
            "error as 0; the upper bound as the most that the weights allow.",
            "proved",
        ),
    ]


def _by_trying(found: Findings) -> _Steps:
    score = found.score
    assert score.counts is not None
    counts = score.counts
    done = counts.inputs - counts.undecided
    steps: _Steps = [
        (_EXACT_WEIGHTS, "proved"),
        (
            f"There are {counts.inputs:,} inputs, all equally likely. For {done:,} of them ball "
            "arithmetic proves which logits are the largest; a tie is stated only where it is "
            f"proved, which happens {several(counts.tied, 'time')}.",
            "proved",
        ),
        ("The accuracy is the number of right answers over the number of inputs.", "proved"),
    ]
    if counts.undecided:
        steps[-1] = (_undecided(score.undecided), "proved")
    return steps
