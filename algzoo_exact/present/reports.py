"""Reports of all models in a folder, and a page that leads to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import count as count_from
from pathlib import Path
from typing import Any

from algzoo_exact.errors import InputError
from algzoo_exact.explain.story import load_explanation
from algzoo_exact.files import make_folder, path_of, staged, write_whole
from algzoo_exact.names import address, printable
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.scores import (
    errors_text,
    score_row,
    score_text,
    whole_row,
)
from algzoo_exact.present.findings.certifying import slow_certificate
from algzoo_exact.present.findings.wishes import Wishes
from algzoo_exact.present.report import report_of
from algzoo_exact.present.sections.registry import kinds_section
from algzoo_exact.present.wording import several
from algzoo_exact.present.writers.html import to_html
from algzoo_exact.present.writers.registry import write
from algzoo_exact.processes import Workers
from algzoo_exact.program.task import PROBLEMS, TieRule
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.state import State, beside
from algzoo_exact.tables import Row
from algzoo_exact.version import __version__
from algzoo_exact.zoo.folders import models_in
from algzoo_exact.zoo.loading import Model, load, suffix_of

INDEX = "index.html"
CERTIFICATE = ".certificate.json.gz"

_COLUMNS = ("model", "#weights", "score", "#errors", "#regions", "explanation", "certificate")


@dataclass(frozen=True)
class Reports(Shown):
    """What was written: the index, the reports by name, why others have none, and the ``rows`` of
    all by name, as ``accuracy`` gives them. ``left`` are those that Ctrl-C came before."""

    index: Path
    reports: dict[str, Path]
    failed: dict[str, str]
    rows: dict[str, Row] = field(default_factory=dict)
    left: tuple[str, ...] = ()


@shows_progress("reports")
def write_reports(
    folder: str | Path,
    output: str | Path,
    *,
    loading: Mapping[str, Any] | None = None,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    samples: int = Wishes.samples,
    seed: int = 0,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Reports:
    """Report every model of a folder, and write an index of the reports, which sorts and filters.

    A model's explanation is ``explanations/NAME.toml`` in the folder, if there is one. Certificates
    that take seconds come with the reports. A model that cannot be reported is named in the index
    with the reason. ``output`` is a folder; it is made if its parent exists. ``loading`` are
    arguments of ``load`` beside the file, such as ``{"task": "argmax"}``; others are those of
    ``make_report``.

    KeyboardInterrupt ends it with the reports that are there; the same call goes on with the
    others.

    InputError for a folder that is missing or holds no models, and for an output that cannot be
    written to.
    """
    wishes = Wishes(ties=ties, time_limit=time_limit, samples=samples, seed=seed, workers=workers)
    return reports_of(path_of(folder), path_of(output), loading or {}, wishes, progress)


Told = Callable[[str, Row], None]
"""Called with the name and the row of each model when it is done."""


def reports_of(
    source: Path,
    target: Path,
    loading: Mapping[str, Any],
    wishes: Wishes,
    progress: Progress | None = None,
    told: Told = lambda name, row: None,
) -> Reports:
    """The same, of wishes that are one value, without an explanation or a certificate."""
    names = _names(models_in(source))
    pages = _pages([*names])
    make_folder(target)
    # With torch in this process, no report starts another one to load it again.
    from algzoo_exact.runtime import sampling  # noqa: F401

    rows: dict[str, Row] = {}
    settings = {"command": "report", "loading": dict(loading), "version": __version__}
    settings |= asdict(replace(wishes, workers=0))
    index = target / INDEX
    with State(beside(index)) as state:
        state.claim(settings)
        state.expect(len(names))
        try:
            for name, path in names.items():

                def heard(share: float, text: str, name: str = name) -> None:
                    if progress is not None:
                        progress((len(rows) + share) / len(names), f"{name}: {text}")

                rows[name] = _row(name, path, target / pages[name], loading, wishes, state, heard)
                told(name, rows[name])
        except KeyboardInterrupt:
            if not rows:
                raise
    left = tuple(name for name in names if name not in rows)
    write_whole(index, to_html(_index(rows, left), sortable=True).encode())
    if not left:
        beside(index).unlink()
    failed = {name: row["error"] for name, row in rows.items() if row["error"]}
    reports = {name: target / pages[name] for name in rows if name not in failed}
    return Reports(index, reports, failed, rows, left)


def _row(
    name: str,
    path: Path,
    page: Path,
    loading: Mapping[str, Any],
    wishes: Wishes,
    state: State,
    progress: Progress,
) -> Row:
    """The row of a model whose report is in ``page``, or with the reason why there is none."""
    try:
        model = load(path, **loading)
        story = path.parent / "explanations" / f"{_stem(path)}.toml"
        told = sha256(story.read_bytes()).hexdigest() if story.is_file() else None
        key = json.dumps([name, model.sha256, told])
        known = state.value(key) if page.is_file() else None
        if known is not None:
            return dict(known)
        row = _reported(model, story if told else None, page, wishes, progress)
        state.put(key, row)
        return row
    except InputError as error:
        return whole_row({"file": str(path), "error": str(error).removeprefix(f"{path}: ")})


def _reported(
    model: Model, story: Path | None, page: Path, wishes: Wishes, progress: Progress
) -> Row:
    """Write the report, with a certificate if that is quick, and an explanation if there is one."""
    explanation = load_explanation(story) if story else None
    wishes = replace(wishes, explanation=explanation)
    with staged(page.with_name(f"{page.stem}{CERTIFICATE}")) as certificate:
        if model.task is not None and not slow_certificate(model, model.task, story is not None):
            wishes = replace(wishes, certificate=certificate)
        report = report_of(model, None, wishes, progress)
        found = report.findings
        write(replace(report.document, back=d.Link("All models", INDEX)), page)
    proved = found.enclosure if found.by_explanation else None
    row = score_row(model, found.score, found.check, proved)
    row |= {"kind": found.kind, "page": page.name}
    if found.verification is not None:
        row |= {"explanation": found.verification.status}
    if found.certificate is not None:
        row |= {"certificate": certificate.name, "certificate_sha256": found.certificate.sha256}
    return whole_row(row) | row


def _names(paths: Sequence[Path]) -> dict[str, Path]:
    """What the models are called: their files, with suffixes where they differ in these alone."""
    stems = [_stem(path) for path in paths]
    return {
        path.name if stems.count(stem) > 1 else stem: path
        for stem, path in zip(stems, paths, strict=True)
    }


def _stem(path: Path) -> str:
    return path.name.removesuffix(suffix_of(path.name))


def _pages(names: list[str]) -> dict[str, str]:
    """The file of each model's report: none is the index, in whatever case it is written."""
    taken = {f"{name}.html".casefold() for name in names} | {INDEX}
    pages = {}
    for name in names:
        page = f"{name}.html"
        if page.casefold() == INDEX:
            page = next(f"{name}-{k}.html" for k in count_from(1)
                        if f"{name}-{k}.html".casefold() not in taken)  # fmt: skip
        pages[name] = page
    return pages


def _index(rows: Mapping[str, Row], left: Sequence[str]) -> d.Document:
    sections = []
    known = [(name, row) for name, row in rows.items() if not row["error"]]
    known.sort(key=lambda pair: (pair[1]["seq_len"], pair[1]["hidden_size"]))
    for task, problem in PROBLEMS.items():
        if cells := [_cells(name, row) for name, row in known if row["task"] == task]:
            score = "root mean squared error" if problem.is_numeric else "accuracy"
            caption = f"Models that should give {problem.words}, by {score}."
            sections.append(d.Section(task, task, (d.table(caption, _COLUMNS, cells),)))
    if len(known) < len(rows):
        items = (f"{name}: {row['error']}" for name, row in rows.items() if row["error"])
        blocks = (d.paragraph("These have no report:"), d.bullets(*map(printable, items)))
        sections.append(d.Section("failed", "Without a report", blocks))
    if left:
        text = d.paragraph(
            "The same command makes the reports of these: ", printable(", ".join(left)), "."
        )
        sections.append(d.Section("left", "Not yet", (text,)))
    return d.Document(
        "Exact reports",
        f"{several(len(known), 'network')}, and what is proved about each",
        (*sections, kinds_section()),
        f"Made by algzoo-exact {__version__}.",
        wide=True,
    )


def _cells(name: str, row: Row) -> tuple[str | d.Text, ...]:
    certificate: d.Text = ()
    if row.get("certificate"):
        certificate = (d.Link(row["certificate_sha256"][:12], address(row["certificate"])),)
    status = row.get("explanation")
    return (
        (d.Link(printable(name), address(row["page"])),),
        f"{row['parameters']:,}",
        score_text(row),
        errors_text(row),
        "" if row["regions"] is None else f"{row['regions']:,}",
        (d.Mark(status),) if status else (),
        certificate,
    )
