"""``algzoo-exact report``: a theorem with its proof about a model, or an atlas of many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.interrupts import noticing_interrupts
from algzoo_exact.cli.options import (
    HeadsOption,
    JsonOption,
    SeedOption,
    SeqLenOption,
    TaskOption,
    TiesOption,
    deadline_after,
    load_model,
    parse_count,
    parse_seconds,
    task_of,
    tie_rule,
)
from algzoo_exact.cli.output import emit, progress_bar
from algzoo_exact.cli.stories import EXIT_CODES, ONE_STATEMENT, StatementSecondsOption
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.files import staged

if TYPE_CHECKING:
    from algzoo_exact.present.report import Report
    from algzoo_exact.zoo.loading import Model

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact report 2nd_argmax_2_2 --explanation 2nd_argmax_2_2 -o report.html

algzoo-exact report my_model.pth --task argmax -o report.tex --no-certificate

algzoo-exact report --all models/ -o atlas/

Exit codes: 0 fine or proved, 1 a claim is refuted or a sample contradicts the score, 2 bad input, 3
a claim is undecided."""

_SAMPLES = 1_000_000


def report(
    context: typer.Context,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            show_default=False,
            help="The report's file: .html, .md, .tex, .txt, .json, or .pdf where LaTeX is "
            "installed. With --all, a folder.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            show_default=False,
            help="A model as for [bold]algzoo-exact accuracy[/bold].",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--all",
            metavar="FOLDER",
            show_default=False,
            help="Report all .safetensors models of a folder, with an index page.",
        ),
    ] = None,
    explanation: Annotated[
        str | None,
        typer.Option(
            metavar="STORY",
            show_default=False,
            help="An explanation file (.toml), or the name of a shipped one, to verify and show.",
        ),
    ] = None,
    task: TaskOption = None,
    seq_len: SeqLenOption = None,
    heads: HeadsOption = None,
    ties: TiesOption = "lowest",
    certificate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="The certificate's file, .json or .json.gz, however long it takes. Unless given, "
            "NAME.certificate.json.gz beside the report, if it takes seconds.",
        ),
    ] = None,
    no_certificate: Annotated[
        bool, typer.Option("--no-certificate", help="Write no certificate.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            parser=parse_seconds,
            show_default=False,
            help="For all but an explanation and a certificate that is named: 30s, 2m, ...; then "
            "certified bounds have to do, and there is no other certificate.",
        ),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(metavar="N", parser=parse_count, help="Random inputs to check the score on."),
    ] = _SAMPLES,
    seed: SeedOption = 0,
    seconds: StatementSecondsOption = ONE_STATEMENT,  # type: ignore[assignment]
    as_json: JsonOption = False,
) -> None:
    """Write a report that reads like a proof: theorem, picture, steps, errors, certificate.

    Every number in it says what kind it is. HTML reports are one file each, without scripts.
    """
    from algzoo_exact.present.writers.registry import check_target

    if (model is None) == (folder is None):
        raise InputError("Give one MODEL, or --all FOLDER for many.")
    rule = tie_rule(ties)
    if folder is not None:
        if explanation or certificate or no_certificate or task or seq_len or heads:
            raise InputError(
                "--all takes what it needs from the folder; leave out --explanation, "
                "--certificate, --no-certificate, --task, --seq-len and --heads."
            )
        _atlas(folder, output, rule, time_limit, samples, seed, as_json)
        return
    assert model is not None
    if certificate is not None and no_certificate:
        raise InputError("--certificate and --no-certificate contradict each other.")
    check_target(output)

    import algzoo_exact as az
    from algzoo_exact.present.documents.summary import report_document
    from algzoo_exact.zoo.explanations import explanation_path

    story = None if explanation is None else az.load_explanation(explanation_path(explanation))
    loaded = load_model(model, task, seq_len, heads)
    chosen = task_of(loaded)
    if certificate is None and not no_certificate and time_limit is None:
        certificate = _beside(output, loaded, story is not None)
    deadline = deadline_after(context, time_limit)
    with _progress("report", deadline) as advance, _staged(certificate) as part:
        made = az.make_report(
            loaded,
            chosen,
            explanation=story,
            ties=rule,
            certificate=part,
            time_limit=deadline.timeout,
            samples=samples,
            seed=seed,
            seconds=seconds,
            workers=os.cpu_count() or 1,
            progress=advance,
        )
        made.write(output)
    emit(report_document(made.findings, output, certificate), as_json)
    raise typer.Exit(_exit_code(made))


@contextmanager
def _staged(certificate: Path | None) -> Iterator[Path | None]:
    """Where to write the certificate, which appears with the report or not at all."""
    if certificate is None:
        yield None
        return
    with staged(certificate) as part:
        yield part


@contextmanager
def _progress(label: str, deadline: Deadline = NEVER) -> Iterator[Callable[[float, str], None]]:
    """A progress bar. Bounds would go on with what they have after Ctrl-C; a report does not."""
    with noticing_interrupts() as interrupts, progress_bar(label, deadline) as bar:

        def advance(fraction: float, text: str) -> None:
            if interrupts:
                raise KeyboardInterrupt
            bar(fraction, text)

        yield advance
        if interrupts:
            raise KeyboardInterrupt


def _beside(output: Path, model: Model, explained: bool) -> Path | None:
    from algzoo_exact.present.atlas import CERTIFICATE
    from algzoo_exact.present.findings.gather import slow_certificate

    if slow_certificate(model, task_of(model), explained):
        return None
    return output.with_name(f"{output.stem}{CERTIFICATE}")


def _exit_code(made: Report) -> int:
    found = made.findings
    code = 0 if found.verification is None else EXIT_CODES[found.verification.status]
    contradicted = found.ledger is not None and not found.ledger.given.agrees
    return 1 if found.check.agrees is False or contradicted else code


def _atlas(
    folder: Path,
    output: Path,
    ties: str,
    time_limit: float | None,
    samples: int,
    seed: int,
    as_json: bool,
) -> None:
    import algzoo_exact as az
    from algzoo_exact.present.documents.summary import atlas_document

    with _progress("atlas") as advance:
        made = az.write_atlas(
            folder,
            output,
            ties=tie_rule(ties),
            time_limit=time_limit,
            samples=samples,
            seed=seed,
            workers=os.cpu_count() or 1,
            progress=advance,
        )
    emit(atlas_document(made, output), as_json)
