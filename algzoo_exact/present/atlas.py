"""Reports of all models in a folder, and a page that leads to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count as count_from
from pathlib import Path

from algzoo_exact.errors import InputError
from algzoo_exact.exact.shares import decimals
from algzoo_exact.explain.story import load_explanation
from algzoo_exact.files import path_of, staged, write_whole
from algzoo_exact.names import address, printable
from algzoo_exact.present import document as d
from algzoo_exact.present.findings.gather import Findings, Progress, Wishes, slow_certificate
from algzoo_exact.present.report import Report, report_of
from algzoo_exact.present.sections.registry import kinds_section
from algzoo_exact.present.wording import count, several, value_text
from algzoo_exact.present.writers.html import to_html
from algzoo_exact.program.task import PROBLEMS, TieRule
from algzoo_exact.progress import shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.version import __version__
from algzoo_exact.zoo.loading import load

INDEX = "index.html"
CERTIFICATE = ".certificate.json.gz"

_COLUMNS = ("model", "#weights", "score", "#errors", "#regions", "explanation", "certificate")


@dataclass(frozen=True)
class Atlas(Shown):
    """What was written: the index, the reports by model name, and why others have none."""

    index: Path
    reports: dict[str, Path]
    failed: dict[str, str]


@shows_progress("reports")
def write_atlas(
    folder: str | Path,
    output: str | Path,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    samples: int = Wishes.samples,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Atlas:
    """Report every ``.safetensors`` model of a folder, and write an index of the reports.

    A model's explanation is ``explanations/NAME.toml`` in the folder, if there is one. Certificates
    that take seconds come with the reports. A model that cannot be reported is named in the index
    with the reason. ``output`` is a folder; it is made if its parent exists. Other arguments are
    those of ``make_report``.

    InputError for a folder that is missing or holds no models, and for an output that cannot be
    written to.
    """
    wishes = Wishes(ties=ties, time_limit=time_limit, samples=samples, seed=seed, workers=workers)
    return atlas_of(path_of(folder), path_of(output), wishes, progress)


def atlas_of(source: Path, target: Path, wishes: Wishes, progress: Progress | None = None) -> Atlas:
    """The same, of wishes that are one value, without an explanation or a certificate."""
    if not source.is_dir():
        raise InputError(f"There is no folder {source}.")
    paths = sorted(source.glob("*.safetensors"))
    pages = _pages([path.stem for path in paths])
    if not paths:
        raise InputError(f"There are no .safetensors files in {source}.")
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {target}: {error.strerror}.") from error
    # With torch in this process, no report starts another one to load it again.
    from algzoo_exact.runtime import sampling  # noqa: F401

    reports: dict[str, Report] = {}
    failed: dict[str, str] = {}
    for number, path in enumerate(paths):

        def heard(fraction: float, text: str, number: int = number, name: str = path.stem) -> None:
            if progress is not None:
                progress((number + fraction) / len(paths), f"{name}: {text}")

        try:
            with staged(target / f"{path.stem}{CERTIFICATE}") as certificate:
                report = _report(path, certificate, wishes, heard)
                report.write(target / pages[path.stem])
            reports[path.stem] = report
        except InputError as error:
            failed[path.stem] = str(error)
    index = target / INDEX
    write_whole(index, to_html(_index(reports, pages, failed)).encode())
    return Atlas(index, {name: target / pages[name] for name in reports}, failed)


def _report(path: Path, certificate: Path, wishes: Wishes, progress: Progress) -> Report:
    """Of the model in a file, with the explanation beside it, and a certificate if it is quick."""
    model = load(path)
    story = path.parent / "explanations" / f"{path.stem}.toml"
    explanation = load_explanation(story) if story.is_file() else None
    if model.task is not None and not slow_certificate(model, model.task, story.is_file()):
        wishes = replace(wishes, certificate=certificate)
    return report_of(model, None, replace(wishes, explanation=explanation), progress)


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


def _index(reports: dict[str, Report], pages: dict[str, str], failed: dict[str, str]) -> d.Document:
    sections = []
    known = [(pages[name], report.findings) for name, report in reports.items()]
    known.sort(key=lambda row: (row[1].task.seq_len, row[1].model.network.hidden_size))
    for task, problem in PROBLEMS.items():
        if rows := [_row(page, found) for page, found in known if found.task.name == task]:
            score = "root mean squared error" if problem.is_numeric else "accuracy"
            caption = f"Models that should give {problem.words}, by {score}."
            sections.append(d.Section(task, task, (d.table(caption, _COLUMNS, rows),)))
    if failed:
        items = (printable(f"{name}: {reason}") for name, reason in failed.items())
        blocks = (d.paragraph("These have no report:"), d.bullets(*items))
        sections.append(d.Section("failed", "Without a report", blocks))
    return d.Document(
        "An exact atlas",
        f"{several(len(reports), 'network')}, and what is proved about each",
        (*sections, kinds_section()),
        f"Made by algzoo-exact {__version__}.",
        wide=True,
    )


def _row(page: str, found: Findings) -> tuple[str | d.Text, ...]:
    network, check = found.model.network, found.check
    shown, errors = value_text(found.enclosure, found.kind), ""
    estimate = "" if check.accuracy is None else decimals(check.accuracy.accuracy, 5)
    if found.score.metric != "accuracy":
        shown = value_text(found.score.root, found.kind)
    elif found.kind == "exact" and found.enclosure.upper < 1:
        errors = f"1 in {count(1 / (1 - found.enclosure.lower))}"
    if check.squared_error is not None:
        estimate = f"{check.squared_error.root:.5g}"
    if found.kind != "exact" and estimate:  # it tells something where bounds are wide
        shown += ("; ", f"{estimate} ", d.Kind("sampled"))
    regions = found.regions and found.regions.count
    certificate: d.Text = ()
    if found.certificate is not None:
        file = address(found.certificate.path.name)
        certificate = (d.Link(found.certificate.sha256[:12], file),)
    return (
        (d.Link(found.model.name, address(page)),),
        f"{network.parameters:,}",
        shown,
        errors,
        "" if regions is None else f"{regions:,}",
        () if found.verification is None else (d.Mark(found.verification.status),),
        certificate,
    )
