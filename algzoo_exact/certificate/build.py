"""Write certificates: what an accuracy rests on, so that another program can check it.

The format is that of docs/notes/certificate.md and ``certificate.schema.json``. ``check.py`` reads
it, and imports nothing of this package. What is written here is found by the package's own means;
of explanations, ``check.py`` is asked for the numbers of formulas and rows, and what it can tell of
a formula on a cone or at a point.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from algzoo_exact.certificate.check import KINDS, dump
from algzoo_exact.certificate.draft import Draft, Kind, Stored, Wanted
from algzoo_exact.certificate.kinds import (
    LARGEST_FUNCTIONS,
    LARGEST_PIECES,
    CellDraft,
    ClaimDraft,
    FunctionDraft,
    PieceDraft,
)
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.verify import Verification
from algzoo_exact.files import path_of, replacing
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, network_of, task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown

if TYPE_CHECKING:
    from algzoo_exact.certificate.story import StoryPart

Story: TypeAlias = Verification | str | os.PathLike[str]
"""An explanation that was verified, or the file of one that is to be."""

CHECKED_TASKS = frozenset(task for tasks, *_ in KINDS.values() for task in tasks)
"""Names of those that the checker knows, which imports nothing of this package."""

_VERIFYING, _WRITING = 0.6, 0.8  # shares of the work, where there is an explanation


@dataclass(frozen=True, eq=False)
class WrittenCertificate(Shown):
    """A certificate's file: its SHA-256, what it proves, the mass that it leaves undecided, and its
    number of cells (kind ``cells``), of a median model's pieces (``pieces``), of a transformer's
    inputs (``functions``), or of the instances of claims and cases where there are no cells
    (``claims``).

    It proves an ``accuracy``, or for a median model a mean ``squared_error``; the other is None.
    """

    path: Path
    sha256: str
    kind: Kind
    accuracy: Enclosure | None
    squared_error: Enclosure | None
    undecided: Fraction
    count: int

    @property
    def score(self) -> Enclosure:
        """What it proves: the accuracy, or the mean squared error."""
        found = self.squared_error if self.accuracy is None else self.accuracy
        assert found is not None
        return found


class Certificate(dict[str, Any], Shown):
    """A certificate as JSON-ready data, which shows its size and not all of it."""

    def __repr__(self) -> str:
        count = sum(len(part) for part in self.values() if isinstance(part, list))
        return f"<certificate: {', '.join(self)}; {count:,} items>"


@shows_progress("certifying")
def certify(
    model: Program | Transformer | Stored,
    task: Task | None = None,
    *,
    explanation: Story | None = None,
    ties: TieRule = "lowest",
    decimals: int | None = None,
    progress: Progress | None = None,
) -> Certificate:
    """A certificate of the score, as JSON-ready data. ``write_certificate`` saves memory.

    For an RNN every cell is in it, with its measure to ``decimals`` places: from 4 to 40, 20 unless
    given; for n = 6 from 4 to 8. For a median model, every piece on which model and median are
    linear, with its measure and the mean square of the error on it; ``ties`` is idle. For a
    transformer, the answer to each of the n^n inputs. ``task`` may be left out where the model
    tells it.

    With an ``explanation`` of an RNN, verified before or now, every claim and case is in it too,
    with what proves or refutes it. For n > 6 there are no cells then, and the accuracy is what
    follows from the cases.

    InputError for more than 6 inputs without an explanation (7 for transformers), for median
    models of more than 5, for sizes that do not fit, and where the explanation is about another
    model.
    """
    draft = drafted(model, task, explanation, ties, decimals, progress)
    return Certificate(draft.document(_rest(draft, progress)))


@shows_progress("certifying")
def write_certificate(
    path: str | Path,
    model: Program | Transformer | Stored,
    task: Task | None = None,
    *,
    explanation: Story | None = None,
    ties: TieRule = "lowest",
    decimals: int | None = None,
    progress: Progress | None = None,
) -> WrittenCertificate:
    """Write the certificate of ``certify`` item by item, compressed if ``path`` ends in .gz.

    The file appears whole or not at all. The same certificate is the same bytes every time.
    InputError as for ``certify``, for a name that ends neither in .json nor in .json.gz, and where
    the file cannot be written.
    """
    make = partial(drafted, model, task, explanation, ties, decimals, progress)
    return write_draft(path, make, progress)


def write_draft(
    path: str | Path, make: Callable[[], Draft], progress: Progress | None
) -> WrittenCertificate:
    """Write a certificate in the making, item by item; it is made where it can be written."""
    target = check_name(path)
    with replacing(target) as part:
        draft = make()
        with _open(part, compressed=target.suffix == ".gz") as file:
            file.write(b"{")
            for key, value in draft.head().items():
                file.write(b"%s: %s,\n" % (dump(key), dump(value)))
            for key, items in draft.lists(_rest(draft, progress)):
                file.write(b"%s: [" % dump(key))
                for k, item in enumerate(items):
                    file.write((b",\n" if k else b"\n") + dump(item))
                file.write(b"],\n")
            file.write(b",\n".join(b"%s: %s" % (dump(k), dump(v)) for k, v in draft.tail().items()))
            file.write(b"}\n")
        with part.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
    found, numeric = draft.score(), draft.task.is_numeric
    accuracy, error = (None, found) if numeric else (found, None)
    return WrittenCertificate(
        target, digest, draft.kind, accuracy, error, draft.undecided(), draft.count
    )


@contextmanager
def _open(path: Path, *, compressed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if not compressed:
            yield raw
            return
        # No name and no time, so that the bytes depend on the content alone.
        with (
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            io.BufferedWriter(packed, 1 << 20) as file,
        ):
            yield file


def check_name(path: str | Path) -> Path:
    """InputError for names that do not say that they are a certificate's."""
    target = path_of(path)
    if not target.name.endswith((".json", ".json.gz")):
        raise InputError(f"A certificate's name ends in .json or .json.gz, unlike {target.name!r}.")
    return target


def _rest(draft: Draft, progress: Progress | None) -> Progress | None:
    """Progress after an explanation was verified."""
    return _share(progress, 0.0 if draft.story is None else _WRITING, 1.0)


def uncertified(task: Task, explained: bool) -> str:
    """Why there can be no certificate; empty if there can. An explanation's needs no cells."""
    if task.name not in CHECKED_TASKS:
        return f"the checker knows no task {task.name}, but {', '.join(sorted(CHECKED_TASKS))}"
    if task.is_numeric:
        what, largest = "list all pieces on which model and median are linear", LARGEST_PIECES
    elif task.is_discrete:
        what, largest = "list the answers to all n^n inputs", LARGEST_FUNCTIONS
    elif explained:
        return ""
    else:
        what, largest = "without an explanation list all cells", LARGEST_DIMENSION
    if task.seq_len <= largest:
        return ""
    n = f"n ≤ {largest}, not for n = {task.seq_len}"
    return f"certificates {what}, which is possible for {n}"


def drafted(
    model: Program | Transformer | Stored,
    task: Task | None,
    explanation: Story | None,
    ties: TieRule,
    decimals: int | None,
    progress: Progress | None,
) -> Draft:
    """A certificate that is to be written; its explanation is verified, if there is one."""
    network = network_of(model)
    chosen = model.task if task is None and isinstance(model, Stored) else task
    if chosen is None and isinstance(explanation, Verification):
        chosen = explanation.explanation.subject.task
    if chosen is None:
        raise InputError("Nothing says which task the model is for; give the task.")
    chosen = task_of(model, chosen)
    if isinstance(network, Transformer) and explanation is not None:
        raise InputError("Explanations are of RNNs, and this model is a transformer.")
    if reason := uncertified(chosen, explanation is not None):
        raise InputError(f"{reason[0].upper()}{reason[1:]}.")
    stored = model if isinstance(model, Stored) else None
    wanted = Wanted(stored, network, chosen, ties, decimals)
    draft: Draft
    if isinstance(network, Transformer):
        draft = FunctionDraft(wanted)
    elif chosen.is_numeric:
        draft = PieceDraft(wanted)
    elif chosen.seq_len <= LARGEST_DIMENSION:
        draft = CellDraft(wanted)
    else:
        draft = ClaimDraft(wanted)
    if explanation is not None:
        draft.story = _story(model, wanted, explanation, progress)
    return draft


def _story(
    model: Program | Transformer | Stored,
    wanted: Wanted,
    explanation: Story,
    progress: Progress | None,
) -> StoryPart:
    """The explanation's part, after it was verified; Ctrl-C while it is verified ends it all."""
    # The provers are heavy, and most certificates do without an explanation.
    from algzoo_exact.certificate.story import check_about, story_part
    from algzoo_exact.explain.story import load_explanation
    from algzoo_exact.explain.verify import verify

    start = 0.0
    if not isinstance(explanation, Verification):
        told = load_explanation(explanation)
        subject = model if isinstance(model, HasProgram) else wanted.program
        heard = _share(progress, 0.0, start := _VERIFYING)
        explanation = verify(told, subject, ties=wanted.ties, progress=heard)
        if explanation.stopped:
            raise KeyboardInterrupt
    check_about(explanation, wanted.program, wanted.task, wanted.ties)
    return story_part(explanation, wanted.program, _share(progress, start, _WRITING))


def _share(progress: Progress | None, low: float, high: float) -> Progress | None:
    """Progress of one part of the work."""
    if progress is None:
        return None
    return lambda share, text: progress(low + (high - low) * share, text)
