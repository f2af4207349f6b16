"""A document as PDF, by the LaTeX that is installed, or else by a browser, from its HTML."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from algzoo_exact.errors import InputError
from algzoo_exact.present.document import Document
from algzoo_exact.present.writers.html import to_html
from algzoo_exact.present.writers.latex import to_latex

ENGINES = ("tectonic", "pdflatex")
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_SECONDS = 120


def to_pdf(document: Document, pictures: Mapping[str, str]) -> bytes:
    """The whole file, with its pictures inside; InputError where it cannot be made."""
    engine, browser = _first(ENGINES), _first(BROWSERS)
    if engine is None and browser is None:
        raise InputError(no_pdf())
    with TemporaryDirectory() as folder:
        if engine is not None:
            return _by_latex(document, engine, Path(folder))
        assert browser is not None
        return _by_browser(document, browser, Path(folder))


def _by_latex(document: Document, engine: str, folder: Path) -> bytes:
    source = folder / "report.tex"
    names = {picture.name: f"{picture.name}.pdf" for picture in document.pictures}
    for picture in document.pictures:
        source.with_name(names[picture.name]).write_bytes(picture.drawn("pdf"))
    source.write_text(to_latex(document, names), encoding="utf-8")
    command = [engine, source.name]
    if Path(engine).name != "tectonic":
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", source.name]
    for _ in range(2):  # the second run knows the widths of long tables
        done = _run(command, folder)
        if done.returncode:
            said = done.stdout.decode(errors="replace").split("\n! ")[-1].split("\n")[0]
            raise InputError(f"{engine} could not make a PDF: {said}; try .tex.")
    return source.with_suffix(".pdf").read_bytes()


def _by_browser(document: Document, browser: str, folder: Path) -> bytes:
    """Printed from a page that runs one script of ours and fetches nothing."""
    page, target = folder / "report.html", folder / "report.pdf"
    page.write_text(to_html(document), encoding="utf-8")
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # a browser has none as root
    _run([browser, *options, f"--print-to-pdf={target}", page.as_uri()], folder)
    if not target.is_file():
        raise InputError(f"{browser} could not print a PDF; try .html.")
    return target.read_bytes()


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)


def _first(programs: tuple[str, ...]) -> str | None:
    """The path of the first that is installed."""
    return next((path for path in map(shutil.which, programs) if path), None)


def no_pdf() -> str:
    """Why no PDF can be made here; empty if one can."""
    if _first(ENGINES) or _first(BROWSERS):
        return ""
    return (
        "A PDF needs LaTeX (tectonic or pdflatex) or a browser (Chromium, Chrome or Edge), and "
        "none was found; write .html or .tex instead."
    )
