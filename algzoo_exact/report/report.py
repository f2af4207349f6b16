"""`make_report`: a theorem with its proof about one model, as HTML, Markdown, LaTeX or PDF."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from algzoo_exact import __version__
from algzoo_exact.errors import InputError
from algzoo_exact.explain.story import Explanation
from algzoo_exact.files import staged, write_whole
from algzoo_exact.names import plain_name
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.report.blocks import Document, Facts, Section
from algzoo_exact.report.closing import (
    certificate_section,
    limits_section,
    sampling_section,
    trust_section,
)
from algzoo_exact.report.explanation import explanation_section, ledger_section
from algzoo_exact.report.findings import Findings, Wishes, draw, gather
from algzoo_exact.report.html import MEANINGS, to_html
from algzoo_exact.report.latex import to_latex
from algzoo_exact.report.markdown import to_markdown
from algzoo_exact.report.places import PICTURE, errors_section, partition_section
from algzoo_exact.report.proof import proof_section
from algzoo_exact.report.squares import squares_section
from algzoo_exact.report.theorem import model_section, program_section, theorem
from algzoo_exact.report.wording import several

if TYPE_CHECKING:
    from algzoo_exact.zoo.loading import Model

SUFFIXES = (".html", ".md", ".tex", ".pdf")
SAMPLES = 1_000_000
STATEMENT_SECONDS = 30.0

_ENGINES = ("tectonic", "pdflatex")
_ENGINE_SECONDS = 120


@dataclass(frozen=True, eq=False)
class Report:
    """A report: the ``findings`` that it states, and the same as a ``document`` of sections."""

    findings: Findings

    @cached_property
    def document(self) -> Document:
        found = self.findings
        network = found.model.network
        sections = (
            theorem(found),
            model_section(found),
            program_section(found),
            partition_section(found),
            proof_section(found),
            explanation_section(found),
            errors_section(found),
            squares_section(found),
            ledger_section(found),
            sampling_section(found),
            certificate_section(found),
            trust_section(found),
            limits_section(found),
            kinds_section(),
        )
        sizes = f"{several(network.hidden_size, 'hidden neuron')}, "
        sizes = sizes if found.program else f"{network.hidden_size} entries wide, "
        return Document(
            found.model.name,
            f"{found.task.name}, {several(network.seq_len, 'input')}, {sizes}"
            f"{several(network.parameters, 'weight')}",
            tuple(section for section in sections if section is not None),
            f"Made by algzoo-exact {__version__} from weights with SHA-256 {found.model.sha256}.",
        )

    def html(self) -> str:
        """One HTML file, complete in itself: MathML, SVG, no scripts, nothing fetched."""
        return to_html(self.document)

    def markdown(self, picture: str | None = None) -> str:
        """Markdown with LaTeX between dollars; ``picture`` names the file of the drawing."""
        return to_markdown(self.document, picture)

    def latex(self, picture: str | None = None) -> str:
        """LaTeX source; ``picture`` names the PDF of the drawing."""
        return to_latex(self.document, picture)

    def write(self, path: str | Path) -> None:
        """Write .html, .md, .tex or .pdf, by the file's suffix; it appears whole or not at all.

        The drawing of a model with two or three inputs is a file of its own beside .md and .tex,
        NAME.regions.svg or .pdf; there are both or none.
        InputError for other suffixes, a folder that cannot be written to, and .pdf where there is
        no LaTeX.
        """
        target = Path(path)
        check_target(target)
        if target.suffix == ".html":
            write_whole(target, self.html().encode())
        elif target.suffix == ".pdf":
            write_whole(target, self._pdf())
        elif target.suffix == ".md":
            self._write_with_drawing(target, "svg", self.markdown)
        else:
            self._write_with_drawing(target, "pdf", self.latex)

    def _write_with_drawing(
        self, target: Path, kind: str, text: Callable[[str | None], str]
    ) -> None:
        drawing = self._drawing(kind)
        if drawing is None:
            write_whole(target, text(None).encode())
            return
        name = f"{plain_name(target.stem)}.{PICTURE}.{kind}"
        with staged(target.with_name(name)) as part:
            write_whole(part, drawing)
            write_whole(target, text(name).encode())

    def _drawing(self, kind: str) -> bytes | None:
        found = self.findings
        if kind == "svg" or found.picture is None:
            return found.picture
        return draw(found.model, found.task, found.ties, found.score.enclosure, kind)

    def _pdf(self) -> bytes:
        engine = latex_engine()
        if engine is None:
            raise InputError(_NO_ENGINE)
        with TemporaryDirectory() as folder:
            source = Path(folder, "report.tex")
            drawing = self._drawing("pdf")
            if drawing is not None:
                source.with_name("regions.pdf").write_bytes(drawing)
            source.write_text(
                self.latex("regions.pdf" if drawing is not None else None), encoding="utf-8"
            )
            options = ["-interaction=nonstopmode", "-halt-on-error"]
            command = [engine, source.name]
            if Path(engine).name != "tectonic":
                command = [engine, *options, source.name]
            for _ in range(2):  # the second run knows the widths of long tables
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, timeout=_ENGINE_SECONDS, check=False
                )
                if done.returncode:
                    said = done.stdout.decode(errors="replace").split("\n! ")[-1].split("\n")[0]
                    raise InputError(f"{engine} could not make a PDF: {said}; try .tex.")
            return source.with_suffix(".pdf").read_bytes()


_NO_ENGINE = (
    "A PDF needs LaTeX, and neither tectonic nor pdflatex was found; write .tex or .html instead."
)


def make_report(
    model: Model,
    task: Task | None = None,
    *,
    explanation: Explanation | None = None,
    ties: TieRule = "lowest",
    certificate: str | Path | None = None,
    time_limit: float | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    seconds: float = STATEMENT_SECONDS,
    workers: int = 1,
    progress: Callable[[float, str], None] | None = None,
) -> Report:
    """Everything that can be said about a model: a theorem, why it holds, and what it rests on.

    ``certificate`` is a file to write the certificate to, ``.json`` or ``.json.gz``, however long
    that takes. ``explanation`` adds its claims, each verified within ``seconds``, and what they
    cost in bits. Within ``time_limit`` seconds, beside the explanation's, there are certified
    bounds of the score and as many random inputs as there is time for, and no certificate but one
    that is asked for (by default a report of an AlgZoo model takes under a minute). ``samples``
    random inputs are held against the score. ``workers`` > 1 uses processes: one for these inputs
    and for untrained models unless torch is loaded, and that many for scores of five and six
    inputs.

    InputError where nothing tells the task, for an explanation of another model, and for a
    certificate of a model that can have none.
    """
    chosen = model.task if task is None else task
    if chosen is None:
        raise InputError(f"Nothing says which task {model.name} is for; give the task.")
    wishes = Wishes(
        explanation, ties, None if certificate is None else Path(certificate),
        None if time_limit is None else float(time_limit), samples, seed, workers, seconds,
    )  # fmt: skip
    return Report(gather(model, chosen, wishes, progress or (lambda fraction, text: None)))


def latex_engine() -> str | None:
    """The path of a LaTeX program, if there is one."""
    return next((path for path in map(shutil.which, _ENGINES) if path), None)


def check_target(target: Path) -> None:
    """InputError for a file that could not be written, before the work rather than after it."""
    if target.suffix not in SUFFIXES:
        raise InputError(
            f"Reports are written as {', '.join(SUFFIXES)}, chosen by the file's suffix, not as "
            f"{target.name!r}."
        )
    if target.is_dir():
        raise InputError(f"Cannot write {target}: it is a folder.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} to write {target.name} to.")
    if target.suffix == ".pdf" and latex_engine() is None:
        raise InputError(_NO_ENGINE)


def kinds_section() -> Section:
    """What the kinds of numbers mean."""
    rows = tuple((name, (meaning,)) for name, meaning in MEANINGS.items())
    return Section("kinds", "What the marks mean", (Facts(rows),))
