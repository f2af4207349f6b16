"""``algzoo-exact check``: a certificate, checked by a file that stands alone."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import typer

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.present.document import facts, untitled


@o.options
class Files:
    certificate: Path = o.argument(o.REQUIRED, "FILE", "A .json or .json.gz file.")
    weights: str | None = o.argument(
        None, "WEIGHTS", "The model's .safetensors file, or a shipped model's name, to be held "
        "against the certificate.",
    )  # fmt: skip


@o.options
class Demands(o.Heads, o.Facts):
    """What the certificate must be about."""

    ties: str | None = o.option(None, "RULE", "lowest, incorrect or uniform.")
    sha256: str | None = o.option(
        None, "HASH", "The model's, as --json prints it. Rational weights are known by it, without "
        "a file.",
    )  # fmt: skip
    work: int = o.option(1, "N", "Allow N times as much work, and larger files.", min=1)


def check(files: Files, demands: Demands) -> Said:
    """Check a certificate: accepted, or rejected with the reason.

    The verdict says what was proved: of which model, on which task, with how many inputs, under
    which tie rule. Each must be what the file's metadata states, or what you demand by an option.

    The file algzoo_exact/certificate/check.py does the same alone: python check.py FILE [WEIGHTS]
    needs Python and nothing else.

    Examples:
    algzoo-exact check certificate.json my_model.safetensors
    algzoo-exact check certificate.json 2nd_argmax_4_3
    algzoo-exact check certificate.json.gz my_model.safetensors --task 2nd_argmax --ties lowest
    algzoo-exact check certificate.json
    Exit codes: 0 accepted, 1 rejected, 2 not a certificate, 3 not everything could be checked
        (without WEIGHTS, it is about the weights inside), 4 the checker failed.
    """
    from algzoo_exact.certificate.check import check_certificate, decimal

    if demands.ties is not None:
        o.tie_rule(demands.ties)
    outcome = check_certificate(
        files.certificate, files.weights and _file(files.weights), **asdict(demands)
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
        ("certificate", str(files.certificate)),
        ("verdict", outcome.verdict),
        *(
            (key.replace("_", " "), f"between {low} and {high}")
            for key, (low, high) in bounds.items()
        ),
        *([("checked", "\n".join(outcome.checked))] if outcome.checked else []),
        *([("not checked", "\n".join(outcome.not_checked))] if outcome.not_checked else []),
        ("operations", f"{outcome.operations:,} on numbers, at most"),
    ]
    data = {
        "certificate": files.certificate,
        "status": outcome.status,
        "verdict": outcome.verdict,
        "reason": outcome.reason or None,
        "statement": outcome.statement and asdict(outcome.statement),
        "accuracy": None,
        **{key: {"lower": low, "upper": high} for key, (low, high) in bounds.items()},
        "checked": outcome.checked,
        "not_checked": outcome.not_checked,
        "operations": outcome.operations,
    }
    return Said(untitled(facts(*rows), data=data), outcome.exit_code)


def _file(name: str) -> Path:
    """A file by its path, or that of a shipped model."""
    path = Path(name)
    if path.suffix or path.exists():
        return path
    from algzoo_exact.zoo.loading import list_models, shipped_folder

    return shipped_folder() / f"{name}.safetensors" if name in list_models() else path
