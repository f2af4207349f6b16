"""Surprise accounting: what an explanation costs in bits, and what it leaves unexplained.

Formulas and sources: docs/notes/surprise.md.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, log2
from typing import TYPE_CHECKING, Literal

from algzoo_exact.errors import FloatRangeError, InputError, demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.ledger.prices import Row, rows_of
from algzoo_exact.explain.outcome import Figure
from algzoo_exact.explain.verify import Verification
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.progress import in_words, shows_progress
from algzoo_exact.runtime.agreement import agreement
from algzoo_exact.score.compute import accuracy as exact_accuracy
from algzoo_exact.score.result import Score
from algzoo_exact.shown import Shown

if TYPE_CHECKING:
    from algzoo_exact.runtime.chances import Untrained
    from algzoo_exact.runtime.sampled import SampleEstimate

WEIGHT_BITS = 32  # of a float32, as which AlgZoo's models are stored
SAMPLES = 1 << 20

_SECONDS = 10.0  # for the exact accuracy; then a sample does

Answer = Literal["yes", "no", "open"]


@dataclass(frozen=True)
class Optimization:
    """Bits of optimization that selected the model, by one way of counting.

    ``name``: ``stated`` (by the user or the explanation's author), ``weights`` (an upper bound),
    ``untrained`` (-log2 of the chance that a random initialisation does as well; an estimate, or
    where none of those tried does, a lower bound), ``noise`` (from the volume of weight noise that
    keeps the score, an estimate: see ``noise_volume``), or ``seeds`` (log2 of how many trained
    models it is the best of: a lower bound).
    """

    name: str
    sort: Literal["stated", "estimate", "upper bound", "lower bound"]
    bits: float
    note: str


@dataclass(frozen=True, eq=False)
class Given:
    """The surprise that is left, given the explanation: -log2 of the chance, by what the
    explanation proves, that a model does at least as well as this one.

    ``share`` is how much of the undecided probability is answered rightly, as the ``measured``
    accuracy tells; it is None where nothing is left open. ``at_least``: ``bits`` is a lower bound
    (with 95% confidence). ``agrees``: the measured accuracy does not contradict the ``derived``
    one. ``bits`` is None for models without labels.
    """

    bits: float | None
    at_least: bool
    share: float | None
    derived: Figure | None
    measured: Figure | None
    agrees: bool
    reason: str


@dataclass(frozen=True, eq=False)
class Ledger(Shown):
    """An explanation's surprise in bits.

    ``rows`` has one row for each price. ``unpriced`` names the proved claims that have no
    price, and cost nothing. ``optimizations`` are what the total is compared with.
    """

    rows: tuple[Row, ...]
    unpriced: tuple[str, ...]
    given: Given
    optimizations: tuple[Optimization, ...]

    def __repr__(self) -> str:
        return f"<{self.explanation:.2f} bits of explanation, {self.total:.2f} in all>"

    @property
    def explanation(self) -> float:
        """Bits of the explanation: of all claims that were proved."""
        return sum(row.bits for row in self.rows)

    @property
    def declared(self) -> float:
        """Those of them that rest on the author's word."""
        return sum(row.bits for row in self.rows if row.declared)

    @property
    def by_rule(self) -> dict[str, float]:
        """Bits of the explanation by price rule."""
        found: dict[str, float] = {}
        for row in self.rows:
            found[row.price.rule] = found.get(row.price.rule, 0.0) + row.bits
        return found

    @property
    def total(self) -> float:
        """Bits of the explanation, and given it; at least that where ``at_least``."""
        return self.explanation + (self.given.bits or 0.0)

    @property
    def at_least(self) -> bool:
        return self.given.at_least or self.given.bits is None

    def within(self, optimization: Optimization) -> Answer:
        """Is the total at most the bits of optimization? ARC calls that full understanding.

        It is as good as the prices: that claims without one follow is their author's word.
        """
        if self.total <= optimization.bits:
            known = optimization.sort != "upper bound" and not self.at_least
            return "yes" if known else "open"
        return "open" if optimization.sort == "lower bound" else "no"


@shows_progress("accounting", in_words)
def surprise(
    verification: Verification,
    *,
    optimization_bits: float | None = None,
    accuracy: Score | SampleEstimate | None = None,
    seeds: int | None = None,
    noise: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Ledger:
    """The surprise of a verified explanation in bits: of its claims, and of what they leave open.

    Claims are paid for if they were proved. An equality is charged at the precision that is
    proved, where the claim's form tells it. The surprise given the explanation compares the
    derived accuracy with the measured one, ``accuracy``; by default that is the exact one (up to
    six inputs, ten seconds), else a sample of 2^20. ``optimization_bits`` takes the place of the
    explanation's own figure; ``seeds`` is the number of trained models that this is the best of,
    and ``noise`` the ``bits`` of the model's ``noise_volume``.

    InputError for negative bits, and for less than one seed.
    """
    demand(verification, Verification, "surprise takes what verify returns")
    if optimization_bits is not None and not 0 <= optimization_bits < inf:
        raise InputError(f"Bits of optimization are not negative, as {optimization_bits} is.")
    if seeds is not None and seeds < 1:
        raise InputError(f"The number of seeds must be at least 1, not {seeds}.")
    tell = progress or (lambda text: None)
    subject, ties = verification.explanation.subject, verification.ties
    measured, chances = accuracy, None
    if not subject.task.is_numeric:
        from algzoo_exact.runtime.untrained import untrained

        tell("the model's accuracy")
        with suppress(FloatRangeError):
            measured = accuracy or _measured(verification)
        tell("random initialisations")
        chances = untrained(subject.task, subject.hidden_size, ties)
    return ledger_of(verification, measured, chances, optimization_bits, seeds=seeds, noise=noise)


def ledger_of(
    verification: Verification,
    measured: Score | SampleEstimate | None,
    chances: Untrained | None,
    optimization_bits: float | None = None,
    *,
    seeds: int | None = None,
    noise: float | None = None,
) -> Ledger:
    """``surprise`` where the model's accuracy and those of untrained models are known. Median
    models have none; of others there is none where floats do not reach."""
    rows = tuple(
        row for result in verification.claims for row in rows_of(result, verification.program)
    )
    free = (r for r in verification.claims if r.status == "proved" and not r.claim.prices)
    unpriced = tuple(result.claim.name for result in free)
    if measured is None or chances is None:
        reason = "the accuracy is not known: the model cannot be sampled"
        task = verification.explanation.subject.task
        if task.is_numeric:
            reason = f"{task.name} has no labels, so that there is no accuracy to explain"
        given = Given(None, False, None, None, None, True, reason)
    else:
        given = left_by(verification.accuracy, measured, chances)
    figures = _optimizations(verification, measured, chances, optimization_bits)
    if noise is not None:
        note = "from the volume of weight noise that doubles the errors"
        figures.append(Optimization("noise", "estimate", noise, note))
    if seeds is not None:
        note = f"the best of {seeds} trained models, for that choice alone"
        figures.append(Optimization("seeds", "lower bound", log2(seeds), note))
    return Ledger(rows, unpriced, given, tuple(figures))


def left_by(derived: Figure | None, measured: Score | SampleEstimate, chances: Untrained) -> Given:
    """The surprise that is left, given what was derived of the accuracy."""
    figure = _figure(measured)
    proved, agrees = Enclosure(Fraction(0), Fraction(1)), True
    reason = "no accuracy follows from what is proved"
    if derived is not None and derived.enclosure is not None:
        proved, agrees = derived.enclosure, _agree(derived.enclosure, measured)
        reason = "part of the inputs is left open"
        if derived.kind == "exact":
            reason = "the accuracy follows from what is proved"
            return Given(0.0, False, None, derived, figure, agrees, reason)
    share = float((_established(measured) - proved.lower) / proved.width)
    share = min(1.0, max(0.0, share))
    least, estimate = chances.bits(share)
    bits, at_least = (estimate, False) if isfinite(estimate) else (least, True)
    return Given(bits, at_least, share, derived, figure, agrees, reason)


def _measured(verification: Verification) -> Score | SampleEstimate:
    from algzoo_exact.runtime.sampling import sample

    program, task, ties = (
        verification.program, verification.explanation.subject.task, verification.ties,
    )  # fmt: skip
    if task.seq_len <= LARGEST_DIMENSION:
        found = exact_accuracy(program, task, ties=ties, time_limit=_SECONDS)
        if found.kind == "exact":
            return found
    return sample(program, task, SAMPLES, dtype="float64", ties=ties)


def _figure(accuracy: Score | SampleEstimate) -> Figure:
    if not isinstance(accuracy, Score):
        return Figure(
            "accuracy",
            "sampled",
            estimate=accuracy.accuracy,
            error=accuracy.standard_error,
            samples=accuracy.samples,
        )
    form = None if accuracy.form is None else str(accuracy.form)
    return Figure("accuracy", accuracy.kind, accuracy.enclosure, closed_form=form)


def _established(measured: Score | SampleEstimate) -> Fraction:
    """How well the model is known to do: for a sample, two standard errors less."""
    if isinstance(measured, Score):
        return measured.enclosure.lower
    return Fraction(measured.accuracy) - 2 * Fraction(measured.standard_error)


def _agree(derived: Enclosure, measured: Score | SampleEstimate) -> bool:
    if not isinstance(measured, Score):
        return agreement(measured, derived).agrees
    other = measured.enclosure
    return max(derived.lower, other.lower) <= min(derived.upper, other.upper)


def _optimizations(
    verification: Verification,
    measured: Score | SampleEstimate | None,
    chances: Untrained | None,
    stated: float | None,
) -> list[Optimization]:
    found = []
    author = verification.explanation.optimization
    if stated is not None:
        found.append(Optimization("stated", "stated", float(stated), "given by the user"))
    elif author is not None:
        note = author.note or "given by the explanation"
        found.append(Optimization("stated", "stated", float(author.bits), note))
    parameters = verification.program.parameters
    note = f"{parameters} parameters of {WEIGHT_BITS} bits"
    found.append(Optimization("weights", "upper bound", float(WEIGHT_BITS * parameters), note))
    if chances is not None and measured is not None:
        accuracy = float(_established(measured))
        least, estimate = chances.bits(accuracy)
        models = len(chances.accuracies)
        note = f"{chances.reaching(accuracy)} of {models:,} random initialisations do as well"
        if isfinite(estimate):
            found.append(Optimization("untrained", "estimate", estimate, note))
        else:
            note = f"none of {models:,} random initialisations does as well"
            found.append(Optimization("untrained", "lower bound", least, note))
    return found
