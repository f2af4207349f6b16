"""`make_report`: a theorem with its proof about one model, as a document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from algzoo_exact.errors import InputError, demand
from algzoo_exact.explain.story import Explanation
from algzoo_exact.files import path_of
from algzoo_exact.present.document import Document
from algzoo_exact.present.documents.regions import PICTURE
from algzoo_exact.present.documents.summary import report_data
from algzoo_exact.present.findings.gather import Findings, gather
from algzoo_exact.present.findings.wishes import Wishes
from algzoo_exact.present.sections.registry import SECTIONS
from algzoo_exact.present.wording import several
from algzoo_exact.present.writers.html import to_html
from algzoo_exact.present.writers.latex import to_latex
from algzoo_exact.present.writers.markdown import to_markdown
from algzoo_exact.present.writers.registry import write
from algzoo_exact.processes import Workers
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.readers import as_model
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place
from algzoo_exact.version import __version__
from algzoo_exact.zoo.loading import Model


@dataclass(frozen=True, eq=False)
class Report(Shown):
    """A report: the ``findings`` that it states, and the same as a ``document`` of sections."""

    findings: Findings

    def __repr__(self) -> str:
        return f"<report on {self.findings.model.name}: {self.findings.score}>"

    @cached_property
    def document(self) -> Document:
        found = self.findings
        network = found.model.network
        sizes = f"{several(network.hidden_size, 'hidden neuron')}, "
        sizes = sizes if found.program else f"{network.hidden_size} entries wide, "
        return Document(
            found.model.name,
            f"{found.task.name}, {several(network.seq_len, 'input')}, {sizes}"
            f"{several(network.parameters, 'weight')}",
            tuple(section for make in SECTIONS.values() if (section := make(found)) is not None),
            f"Made by algzoo-exact {__version__} from weights with SHA-256 {found.model.sha256}.",
            data=report_data(found),
        )

    def html(self) -> str:
        """One HTML file, complete in itself: MathML, SVG, nothing fetched."""
        return to_html(self.document)

    def markdown(self, picture: str | None = None) -> str:
        """Markdown with LaTeX between dollars; ``picture`` names the file of the drawing."""
        return to_markdown(self.document, {PICTURE: picture} if picture else {})

    def latex(self, picture: str | None = None) -> str:
        """LaTeX source; ``picture`` names the PDF of the drawing."""
        return to_latex(self.document, {PICTURE: picture} if picture else {})

    def write(self, path: str | Path) -> None:
        """Write it by the file's suffix: .html, .md, .tex, .pdf, .txt or .json, or what else
        ``WRITERS`` knows; it appears whole or not at all.

        The drawing of a model with two or three inputs is a file of its own beside .md and .tex,
        NAME.regions.svg or .pdf; there are both or none.
        InputError for other suffixes, a folder that cannot be written to, and .pdf where there is
        neither LaTeX nor a browser.
        """
        write(self.document, path)


@shows_progress("report")
def make_report(
    model: Model,
    task: Task | None = None,
    *,
    explanation: Explanation | None = None,
    ties: TieRule = "lowest",
    certificate: str | Path | None = None,
    time_limit: float | None = None,
    samples: int = Wishes.samples,
    seed: int = 0,
    seconds: float = Wishes.seconds,
    workers: Workers = 1,
    inside: bool = False,
    state: Place = None,
    progress: Progress | None = None,
) -> Report:
    """Everything that can be said about a model: a theorem, why it holds, and what it rests on.

    ``certificate`` is a file to write the certificate to, ``.json`` or ``.json.gz``, however long
    that takes. ``explanation`` adds its claims, each verified within ``seconds``, and what they
    cost in bits. Within ``time_limit`` seconds, beside the explanation's, there are certified
    bounds of the score and as many random inputs as there is time for, and no certificate but one
    that is asked for (by default a report of an AlgZoo model takes under a minute). ``samples``
    random inputs are held against the score. ``workers`` > 1 uses processes: one for these inputs
    and for untrained models unless torch is loaded, and that many for scores of five and six
    inputs; an executor runs those wherever it likes. A look ``inside``, at wrong cells, neurons and
    sections, is taken unasked where it takes about a second, and in full where it is asked for.
    With a ``state``, the same call goes on with the score, and inside, after a kill.

    InputError where nothing tells the task, for an explanation of another model, and for a
    certificate of a model that can have none.
    """
    wishes = Wishes(
        explanation, ties, None if certificate is None else path_of(certificate),
        None if time_limit is None else float(time_limit), samples, seed, seconds, workers, inside,
        state,
    )  # fmt: skip
    return report_of(model, task, wishes, progress)


def report_of(
    model: Model, task: Task | None, wishes: Wishes, progress: Progress | None = None
) -> Report:
    """The same, of wishes that are one value."""
    model = cast("Model", as_model(model))
    demand(model, Model, "A report is of a model, as load() gives")
    chosen = model.task if task is None else task_of(model, task)
    if chosen is None:
        raise InputError(f"Nothing says which task {model.name} is for; give the task.")
    return Report(gather(model, chosen, wishes, progress or (lambda fraction, text: None)))
