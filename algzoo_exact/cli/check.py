"""``algzoo-exact check``: a certificate, checked by a file that stands alone."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from algzoo_exact.cli.options import HeadsOption, JsonOption, SeqLenOption, TaskOption, tie_rule
from algzoo_exact.cli.output import emit
from algzoo_exact.present.document import facts, untitled

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact check certificate.json my_model.safetensors

algzoo-exact check certificate.json 2nd_argmax_4_3

algzoo-exact check certificate.json.gz my_model.safetensors --task 2nd_argmax --ties lowest

algzoo-exact check certificate.json

Exit codes: 0 accepted, 1 rejected, 2 not a certificate, 3 not everything could be checked (without
WEIGHTS, it is about the weights inside), 4 the checker failed."""


def check(
    certificate: Annotated[
        Path,
        typer.Argument(metavar="FILE", show_default=False, help="A .json or .json.gz file."),
    ],
    weights: Annotated[
        str | None,
        typer.Argument(
            metavar="WEIGHTS",
            show_default=False,
            help="The model's .safetensors file, or a shipped model's name, to be held against "
            "the certificate.",
        ),
    ] = None,
    task: TaskOption = None,
    seq_len: SeqLenOption = None,
    ties: Annotated[
        str | None,
        typer.Option(metavar="RULE", show_default=False, help="lowest, incorrect or uniform."),
    ] = None,
    heads: HeadsOption = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            show_default=False,
            help="The model's, as --json prints it. Rational weights are known by it, without a "
            "file.",
        ),
    ] = None,
    work: Annotated[
        int, typer.Option(metavar="N", min=1, help="Allow N times as much work, and larger files.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Check a certificate: accepted, or rejected with the reason.

    The verdict says what was proved: of which model, on which task, with how many inputs, under
    which tie rule. Each must be what the file's metadata states, or what you demand by an option.

    The file algzoo_exact/certificate/check.py does the same alone: python check.py FILE [WEIGHTS]
    needs Python and nothing else.
    """
    from algzoo_exact.certificate.check import check_certificate, decimal

    ties = None if ties is None else tie_rule(ties)
    outcome = check_certificate(
        certificate,
        weights and _file(weights),
        task=task,
        seq_len=seq_len,
        ties=ties,
        heads=heads,
        sha256=sha256,
        work=work,
    )
    if outcome.status in ("unreadable", "failed"):
        print(f"error: {outcome.verdict}", file=sys.stderr)
        raise typer.Exit(outcome.exit_code)
    found = {
        "accuracy": outcome.accuracy,
        "mean_squared_error": outcome.squared_error,
        "root_mean_squared_error": outcome.root,
    }
    bounds = {key: (decimal(b[0]), decimal(b[1])) for key, b in found.items() if b is not None}
    rows = [
        ("certificate", str(certificate)),
        ("verdict", outcome.verdict),
        *(
            (key.replace("_", " "), f"between {low} and {high}")
            for key, (low, high) in bounds.items()
        ),
        *([("checked", "\n".join(outcome.checked))] if outcome.checked else []),
        *([("not checked", "\n".join(outcome.not_checked))] if outcome.not_checked else []),
    ]
    data = {
        "certificate": certificate,
        "status": outcome.status,
        "verdict": outcome.verdict,
        "reason": outcome.reason or None,
        "statement": outcome.statement and asdict(outcome.statement),
        "accuracy": None,
        **{key: {"lower": low, "upper": high} for key, (low, high) in bounds.items()},
        "checked": outcome.checked,
        "not_checked": outcome.not_checked,
    }
    emit(untitled(facts(*rows), data=data), as_json)
    raise typer.Exit(outcome.exit_code)


def _file(name: str) -> Path:
    """A file by its path, or that of a shipped model."""
    path = Path(name)
    if path.suffix or path.exists():
        return path
    from algzoo_exact.zoo.loading import list_models, shipped_folder

    return shipped_folder() / f"{name}.safetensors" if name in list_models() else path
