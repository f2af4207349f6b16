"""``algzoo-exact check``: a certificate, checked by code that shares nothing with its writer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from algzoo_exact.cli.options import JsonOption
from algzoo_exact.cli.output import print_fields, print_json

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact check certificate.json

algzoo-exact check certificate.json.gz my_model.safetensors

Exit codes: 0 accepted, 1 rejected, 2 not a certificate, 3 not everything could be checked."""


def check(
    certificate: Annotated[
        Path,
        typer.Argument(metavar="FILE", show_default=False, help="A .json or .json.gz file."),
    ],
    weights: Annotated[
        Path | None,
        typer.Argument(
            metavar="WEIGHTS",
            show_default=False,
            help="The model's .safetensors file, to be held against the certificate's weights.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a certificate: accepted, or rejected with the reason.

    The file algzoo_exact/certificate/check.py does the same alone: python check.py FILE [WEIGHTS]
    needs Python and nothing else.
    """
    from algzoo_exact.certificate.check import check_certificate, decimal

    outcome = check_certificate(certificate, weights)
    if outcome.status == "unreadable":
        print(f"error: {outcome.reason}", file=sys.stderr)
        raise typer.Exit(outcome.exit_code)
    found = {
        "accuracy": outcome.accuracy,
        "mean_squared_error": outcome.squared_error,
        "root_mean_squared_error": outcome.root,
    }
    bounds = {key: (decimal(b[0]), decimal(b[1])) for key, b in found.items() if b is not None}
    if as_json:
        print_json(
            {
                "certificate": str(certificate),
                "status": outcome.status,
                "reason": outcome.reason or None,
                "accuracy": None,
                **{key: {"lower": low, "upper": high} for key, (low, high) in bounds.items()},
                "checked": outcome.checked,
                "not_checked": outcome.not_checked,
            }
        )
    else:
        fields = [
            ("certificate", str(certificate)),
            ("verdict", outcome.status + (f": {outcome.reason}" if outcome.reason else "")),
            *(
                (key.replace("_", " "), f"between {low} and {high}")
                for key, (low, high) in bounds.items()
            ),
            *([("checked", "\n".join(outcome.checked))] if outcome.checked else []),
            *([("not checked", "\n".join(outcome.not_checked))] if outcome.not_checked else []),
        ]
        print_fields(fields, max(12, *(len(name) for name, _ in fields)))
    raise typer.Exit(outcome.exit_code)
