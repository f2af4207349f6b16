"""``algzoo-exact report``: a theorem with its proof about a model, or the reports of many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import BAD_INPUT, INTERRUPTED, Said
from algzoo_exact.cli.interrupts import noticing_interrupts
from algzoo_exact.cli.output import progress_bar, score_lines
from algzoo_exact.cli.stories import EXIT_CODES, StatementTime, shown_story, story_named
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.files import staged_all
from algzoo_exact.progress import Progress

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings
    from algzoo_exact.present.findings.wishes import Wishes


@o.options
class About:
    """What is reported, and where to."""

    output: Path = o.output(
        "FILE",
        "The report's file: .html, .md, .tex, .txt, .json, or .pdf where LaTeX or a browser is "
        "installed. With --all, a folder.",
    )
    model: str | None = o.argument(
        None, "MODEL", "A model as for [bold]algzoo-exact accuracy[/bold]."
    )
    folder: Path | None = o.option(
        None, "FOLDER", "Report all models of a folder, with an index page. The same command goes "
        "on where it was stopped.", "--all",
    )  # fmt: skip
    explanation: str | None = shown_story()


@o.options
class Certificate:
    certificate: Path | None = o.option(
        None, "FILE", "The certificate's file, .json or .json.gz, however long it takes. Unless "
        "given, NAME.certificate.json.gz beside the report, if it takes seconds.",
    )  # fmt: skip
    no_certificate: bool = o.flag("--no-certificate", "Write no certificate.")


_CORES = os.cpu_count() or 1


@o.options
class Effort(StatementTime, o.Seed, o.Lasting):
    time_limit: float | None = o.duration(
        None,
        "For all but an explanation and a certificate that is named: 30s, 2m, ...; then certified "
        "bounds have to do, and there is no other certificate.",
    )
    workers: int | None = o.option(
        None, "N", "Processes; by default as many as this machine has cores.", min=1
    )
    samples: int = o.count(1_000_000, "Random inputs to check the score on.")
    inside: bool = o.flag(
        "--inside", "Look inside, however long it takes: wrong cells, neurons, what each is worth, "
        "sections. Unasked, a report has what takes about a second.",
    )  # fmt: skip


def report(
    context: typer.Context,
    about: About,
    sizes: o.AllSizes,
    ties: o.Ties,
    certificate: Certificate,
    effort: Effort,
    as_json: o.JsonOption = False,
) -> Said:
    """Write a report that reads like a proof: theorem, picture, steps, errors, certificate.

    Every number in it says what kind it is. HTML reports are one file each, which fetches nothing.

    Examples:
    algzoo-exact report 2nd_argmax_2_2 --explanation 2nd_argmax_2_2 -o report.html
    algzoo-exact report my_model.pth --task argmax -o report.tex --no-certificate
    algzoo-exact report --all models/ -o reports/
    Exit codes: 0 fine or proved, 1 a claim is refuted or a sample contradicts the score,
        2 bad input, 3 a claim is undecided.
    """
    from algzoo_exact.present.findings.wishes import Wishes
    from algzoo_exact.present.writers.registry import check_target

    if (about.model is None) == (about.folder is None):
        raise InputError("Give one MODEL, or --all FOLDER for many.")
    wishes = Wishes(
        ties=ties.rule, samples=effort.samples, seed=effort.seed, seconds=effort.seconds,
        workers=_CORES, time_limit=effort.time_limit, inside=effort.inside, state=effort.state,
    )  # fmt: skip
    if about.folder is not None:
        if about.explanation or certificate != Certificate():
            raise InputError(
                "--all takes explanations from the folder, and decides on certificates; leave out "
                "--explanation, --certificate and --no-certificate."
            )
        effort.refuse_state("of the reports of a folder, which go on by themselves")
        with effort.shared(_CORES) as workers:
            shared = replace(wishes, workers=workers)
            return _all(about.folder, about.output, sizes, shared, quiet=as_json)
    assert about.model is not None
    if certificate.certificate is not None and certificate.no_certificate:
        raise InputError("--certificate and --no-certificate contradict each other.")
    check_target(about.output)

    from algzoo_exact.present.documents.summary import report_document
    from algzoo_exact.present.report import report_of

    story = None if about.explanation is None else story_named(about.explanation)
    loaded = sizes.load(about.model)
    task, named = o.task_of(loaded), certificate.certificate
    if named is None and not certificate.no_certificate and effort.time_limit is None:
        named = _beside(about.output, loaded, story is not None)
    deadline = o.deadline_after(context, effort.time_limit)
    with (
        _progress("report", deadline) as advance,
        staged_all({"certificate": named}) as parts,
        effort.shared(_CORES) as workers,
    ):
        asked = replace(
            wishes,
            explanation=story,
            certificate=parts.get("certificate"),
            time_limit=deadline.timeout,
            workers=workers,
        )
        made = report_of(loaded, task, asked, advance)
        made.write(about.output)
    found = made.findings
    return Said(report_document(found, about.output, named), _exit_code(found))


@contextmanager
def _progress(label: str, deadline: Deadline = NEVER) -> Iterator[Progress]:
    """A progress bar. Bounds would go on with what they have after Ctrl-C; a report does not."""
    with noticing_interrupts() as interrupts, progress_bar(label, deadline) as bar:

        def advance(fraction: float, text: str) -> None:
            if interrupts:
                raise KeyboardInterrupt
            bar(fraction, text)

        yield advance
        if interrupts:
            raise KeyboardInterrupt


def _beside(output: Path, model: az.Model, explained: bool) -> Path | None:
    from algzoo_exact.present.findings.certifying import slow_certificate
    from algzoo_exact.present.reports import CERTIFICATE

    if slow_certificate(model, o.task_of(model), explained):
        return None
    return output.with_name(f"{output.stem}{CERTIFICATE}")


def _exit_code(found: Findings) -> int:
    code = 0 if found.verification is None else EXIT_CODES[found.verification.status]
    contradicted = found.ledger is not None and not found.ledger.given.agrees
    return 1 if found.check.agrees is False or contradicted else code


def _all(folder: Path, output: Path, sizes: o.AllSizes, wishes: Wishes, *, quiet: bool) -> Said:
    from algzoo_exact.present.documents.summary import reports_document
    from algzoo_exact.present.reports import reports_of
    from algzoo_exact.zoo.folders import models_in

    told = score_lines([path.stem for path in models_in(folder)], quiet=quiet)
    with suppress(KeyboardInterrupt), _progress("reports") as advance:
        made = None
        made = reports_of(folder, output, sizes.given(), wishes, advance, told)
    if made is None:
        raise KeyboardInterrupt
    code = INTERRUPTED if made.left else BAD_INPUT if made.failed else 0
    return Said(reports_document(made, output), code)
