"""A document as PDF, by the LaTeX that is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from algzoo_exact.errors import InputError
from algzoo_exact.present.document import Document
from algzoo_exact.present.writers.latex import to_latex

ENGINES = ("tectonic", "pdflatex")
_SECONDS = 120


def to_pdf(document: Document, pictures: Mapping[str, str]) -> bytes:
    """The whole file, with its pictures inside; InputError where LaTeX fails."""
    engine = latex_engine()
    if engine is None:
        raise InputError(no_latex())
    with TemporaryDirectory() as folder:
        source = Path(folder, "report.tex")
        names = {picture.name: f"{picture.name}.pdf" for picture in document.pictures}
        for picture in document.pictures:
            source.with_name(names[picture.name]).write_bytes(picture.drawn("pdf"))
        source.write_text(to_latex(document, names), encoding="utf-8")
        command = [engine, source.name]
        if Path(engine).name != "tectonic":
            command = [engine, "-interaction=nonstopmode", "-halt-on-error", source.name]
        for _ in range(2):  # the second run knows the widths of long tables
            done = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False
            )
            if done.returncode:
                said = done.stdout.decode(errors="replace").split("\n! ")[-1].split("\n")[0]
                raise InputError(f"{engine} could not make a PDF: {said}; try .tex.")
        return source.with_suffix(".pdf").read_bytes()


def latex_engine() -> str | None:
    """The path of a LaTeX program, if there is one."""
    return next((path for path in map(shutil.which, ENGINES) if path), None)


def no_latex() -> str:
    """Why no PDF can be made here; empty if one can."""
    if latex_engine() is not None:
        return ""
    return (
        "A PDF needs LaTeX, and neither tectonic nor pdflatex was found; write .tex or .html "
        "instead."
    )
