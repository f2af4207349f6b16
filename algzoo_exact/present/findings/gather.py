"""All that a report says, computed: nothing here is about words or files."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from algzoo_exact.analysis.cells import CellTable, measured_cells
from algzoo_exact.certificate.build import WrittenCertificate, drafted, uncertified, write_draft
from algzoo_exact.certificate.draft import Draft
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import FloatRangeError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.ledger.surprise import Ledger, ledger_of
from algzoo_exact.explain.outcome import Figure
from algzoo_exact.explain.story import Explanation
from algzoo_exact.explain.verify import Verification, verify
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.names import shell_word
from algzoo_exact.present.findings import partition as parts
from algzoo_exact.present.findings.certifying import check_certificate, slow_certificate
from algzoo_exact.present.findings.crosscheck import CrossCheck, cross_check
from algzoo_exact.present.findings.inside import Inside, look_inside
from algzoo_exact.present.findings.pieces import LARGEST as LARGEST_PIECE
from algzoo_exact.present.findings.pieces import ErrorPieces, PieceTally, observed_pieces
from algzoo_exact.present.findings.random_inputs import Order, Sampled, sampler
from algzoo_exact.present.findings.scoring import score_of
from algzoo_exact.present.findings.wishes import Wishes
from algzoo_exact.processes import processes_for
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.score.result import Score
from algzoo_exact.state import opened
from algzoo_exact.zoo.cards import Card
from algzoo_exact.zoo.catalogue import catalogue

if TYPE_CHECKING:
    from algzoo_exact.present.pictures.picture import Drawing
    from algzoo_exact.program.transformer import Transformer
    from algzoo_exact.zoo.loading import Model

_DRAWN = 3
# Of a limit on time, the score leaves so much for the tables of regions and pieces after it.
_TABLE_SECONDS, _SCORE_SHARE = 2.0, 0.6


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found out about a model, each part by a public function.

    ``certificate`` is None where none was written; then ``reason`` says why. Parts that do not
    apply, or cost too much, are None.
    """

    model: Model
    task: Task
    ties: TieRule
    score: Score
    verification: Verification | None
    sampled: Sampled
    regions: parts.Regions | None
    confusion: parts.Confusion | None
    pieces: ErrorPieces | None
    picture: Drawing | None
    inside: Inside
    certificate: WrittenCertificate | None
    reason: str

    @cached_property
    def _figure(self) -> Figure | None:
        """The accuracy that follows from an explanation, if it is the narrower one."""
        figure = None if self.verification is None else self.verification.accuracy
        if figure is None or figure.enclosure is None or self.score.kind == "exact":
            return None
        return figure if figure.enclosure.width < self.score.enclosure.width else None

    @property
    def by_explanation(self) -> bool:
        """Whether the explanation's cases prove more of the accuracy than was computed."""
        return self._figure is not None

    @property
    def enclosure(self) -> Enclosure:
        """What is proved of the score."""
        figure = self._figure
        if figure is None or figure.enclosure is None:
            return self.score.enclosure
        return figure.enclosure

    @property
    def kind(self) -> Literal["exact", "certified"]:
        """The kind of ``enclosure``."""
        kinds = {self.score.kind, self._figure and self._figure.kind}
        return "exact" if "exact" in kinds else "certified"

    @property
    def says_nothing(self) -> bool:
        """Whether what is proved holds for every network, and so is no theorem about this one."""
        value = self.enclosure
        return self.score.metric == "accuracy" and value.lower <= 0 and value.upper >= 1

    @cached_property
    def check(self) -> CrossCheck:
        """Random inputs held against ``enclosure``."""
        return cross_check(self.sampled, self.enclosure)

    @cached_property
    def card(self) -> Card | None:
        """Of a shipped model, by its hash."""
        cards = (entry.card for entry in catalogue())
        return next((card for card in cards if card and card.sha256 == self.model.sha256), None)

    @cached_property
    def ledger(self) -> Ledger | None:
        """The surprise ledger of the explanation."""
        if self.verification is None:
            return None
        measured: Score | SampleEstimate | None = None
        if self.score.metric == "accuracy" and self.score.kind == "exact":
            measured = self.score
        elif isinstance(self.check.estimate, SampleEstimate):
            measured = self.check.estimate
        seeds = self.card.seeds if self.card else None
        return ledger_of(self.verification, measured, self.sampled.untrained, seeds=seeds)

    @property
    def program(self) -> Program | None:
        network = self.model.network
        return network if isinstance(network, Program) else None

    @property
    def reference(self) -> str:
        """What names the model in a command: its name, or that of a file; one word for a shell."""
        by_name = self.card is not None or ":" in self.model.name
        return shell_word(self.model.name if by_name else f"{self.model.name}.safetensors")

    @property
    def can_be_certified(self) -> bool:
        """Whether a certificate is possible at all, however long it takes."""
        return not uncertified(self.task, self.verification is not None)


_NO_TIME = "within a time limit there is one only if a file is named for it"


def gather(model: Model, task: Task, wishes: Wishes, progress: Progress) -> Findings:
    """Compute everything; ``KeyboardInterrupt`` ends it, whatever the parts make of that."""
    steps = _Steps(progress)
    explained, limited = wishes.explanation is not None, wishes.time_limit is not None
    check_certificate(model, task, wishes.certificate, explained)
    # An explanation's statements have limits of their own.
    deadline = NEVER if explained else Deadline.after(wishes.time_limit)
    # Loading torch takes longer than the exact part of most reports.
    apart = (limited or processes_for(wishes.workers) > 1) and "torch" not in sys.modules
    run = partial(identity, "report", (model.network,), task, wishes.ties)
    with opened(wishes.state, run) as state, sampler(apart=apart) as beside:
        if limited:
            slow = uncertified(task, explained) or _NO_TIME
        else:
            slow = slow_certificate(model, task, explained)
        # Where no certificate has all regions and errors, they are read off random inputs.
        listed = task.seq_len <= LARGEST_DIMENSION and (wishes.certificate or not slow)
        observing = isinstance(model.network, Program) and not listed
        order = Order(
            model.network, task, wishes.ties, wishes.samples, wishes.seed, observing,
            untrained=_initialised(wishes.explanation), deadline=deadline,
        )  # fmt: skip
        sampled = beside(order)
        steps.begin(0.2, "explanation")
        verification = _verified(model, wishes, steps)
        steps.begin(0.5, "score")
        deadline = Deadline.after(wishes.time_limit) if explained else deadline
        ending = deadline.within(max(_SCORE_SHARE * deadline.left, deadline.left - _TABLE_SECONDS))
        score = score_of(model, task, wishes, ending, state, steps.within)
        steps.begin(0.65, "certificate")
        written, tally = _certificate(model, task, wishes, verification, slow, steps)
        table = None
        if listed and isinstance(model.network, Program) and not task.is_numeric:
            table = measured_cells(model.network, task, ties=wishes.ties)
        steps.begin(0.7, "picture")
        picture = _drawing(model, task, wishes.ties, score.enclosure)
        inside = Inside()
        if isinstance(model.network, Program) and (wishes.inside or not limited):
            steps.begin(0.8, "inside")
            inside = look_inside(model.network, task, wishes, score, table, state)
        steps.begin(0.9, "sampling")
        found = sampled(lambda done, total: steps.within(done / total, f"{done:,} random inputs"))
    steps.begin(0.95, "regions")
    findings = Findings(
        model, task, wishes.ties, score, verification, found,
        *_tables(model.network, score, table, tally, found),
        picture, inside, written, "" if written else slow or "none was asked for",
    )  # fmt: skip
    progress(1.0, "writing")
    return findings


class _Steps:
    """Progress within a step, which is a part of the whole."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._begin, self._end = progress, 0.0, 0.0

    def begin(self, until: float, text: str) -> None:
        """The next step, which ends at ``until``."""
        self._begin, self._end = self._end, until
        self._progress(self._begin, text)

    def within(self, fraction: float, text: str) -> None:
        share = min(1.0, max(0.0, fraction))
        self._progress(self._begin + share * (self._end - self._begin), text)


def _certificate(
    model: Model, task: Task, wishes: Wishes, verification: Verification | None, slow: str,
    steps: _Steps,
) -> tuple[WrittenCertificate | None, PieceTally | None]:  # fmt: skip
    """The file, and the pieces of a median model."""
    path = wishes.certificate
    tally = PieceTally() if task.is_numeric and task.seq_len <= LARGEST_DIMENSION else None

    def draft() -> Draft:
        story = verification if path else None
        made = drafted(model, task, story, wishes.ties, None, steps.within)
        if tally is not None:
            made.seen = tally.add
        return made

    if path is not None:
        return write_draft(path, draft, steps.within), tally
    if slow or tally is None:
        return None, None
    draft().finish(steps.within)
    return None, tally


def _tables(
    network: Program | Transformer,
    score: Score,
    table: CellTable | None,
    tally: PieceTally | None,
    sampled: Sampled,
) -> tuple[parts.Regions | None, parts.Confusion | None, ErrorPieces | None]:
    """Regions, and where the errors are: from all cells or pieces, else from random inputs."""
    task, observed = score.task, sampled.observed
    if table is not None:
        return parts.heaviest_regions(table), parts.confusion_of(table), None
    if not isinstance(network, Program):
        return None, None, None
    if tally is not None:
        regions = None if sampled.failure else parts.all_regions(network)
        return regions, None, tally.pieces()
    if observed is None:
        return None, None, None
    regions, confusion, pieces = None, None, None
    if task.seq_len <= LARGEST_DIMENSION:
        count = None if score.undecided else score.regions
        regions = parts.observed_regions(network, observed, count)
    if not task.is_numeric:
        confusion = parts.observed_confusion(observed)
    elif task.seq_len <= LARGEST_PIECE:
        pieces = observed_pieces(network, task, observed)
    return regions, confusion, pieces


def _drawing(model: Model, task: Task, ties: TieRule, proved: Enclosure) -> Drawing | None:
    """The picture of the regions, drawn; None where there is none, or floats do not reach.

    ``proved`` is what is known of the accuracy: the picture's title states it."""
    program = model.network
    drawable = isinstance(program, Program) and (task.is_index or task.is_numeric)
    if not drawable or task.seq_len > _DRAWN:
        return None
    from algzoo_exact.present.pictures.picture import picture_of, picture_of_errors

    if task.is_index:
        made = picture_of(model.program, task, ties, proved)
    else:
        made = picture_of_errors(model.program, task)
    try:
        made.drawn("svg")
    except FloatRangeError:
        return None
    return made


def _verified(model: Model, wishes: Wishes, steps: _Steps) -> Verification | None:
    if wishes.explanation is None:
        return None
    verification = verify(
        wishes.explanation, model, seconds=wishes.seconds, ties=wishes.ties, progress=steps.within
    )
    if verification.stopped:
        raise KeyboardInterrupt
    return verification


def _initialised(explanation: Explanation | None) -> tuple[Task, int] | None:
    """Task and hidden size of the random initialisations that a ledger compares with."""
    if explanation is None or explanation.subject.task.is_numeric:
        return None
    return explanation.subject.task, explanation.subject.hidden_size
