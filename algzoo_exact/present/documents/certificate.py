"""What is said of a certificate: what was written, what it proves, and how to check it; by
``certify``, and in a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.certificate.build import WrittenCertificate
from algzoo_exact.exact.enclosure import Enclosure, square_root
from algzoo_exact.names import printable, shell_word
from algzoo_exact.present import document as d
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import being, between, value_text
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings


def certificate_document(
    model: Model,
    task: Task,
    ties: TieRule,
    story: Path | None,
    written: WrittenCertificate,
    known_by: str,
) -> d.Document:
    """Of a certificate with or without an explanation, whose file is ``story``; ``known_by`` is
    what ``check`` is told of the model."""
    scores, error = {"accuracy": written.score}, written.squared_error
    if error is not None:
        root = square_root(error)
        scores = {"mean_squared_error": error, "root_mean_squared_error": root}
    rule = None if written.accuracy is None else ties
    size = written.path.stat().st_size
    rows: list[d.Fact] = [
        ("story", story),
        *((name.replace("_", " "), between(value)) for name, value in scores.items()),
        ("certificate", f"{written.path}: {listed_in(written)}, {size:,} bytes"),
        ("sha256", written.sha256),
        ("check", f"algzoo-exact check {shell_word(str(written.path))} {known_by}".rstrip()),
    ]
    data = {
        "explanation": story,
        "accuracy": None,
        **scores,
        "undecided": enclosure_data(Enclosure.exactly(written.undecided))["upper"],
        "count": written.count,
        "file": {"path": written.path, "bytes": size, "sha256": written.sha256},
    }
    return Subject(model, task, rule).document(rows, data=data)


def certificate(found: Findings) -> Iterator[d.Block]:
    """The section of a report: the certificate's hash, and how to check it."""
    written = found.certificate
    if written is None:
        yield d.paragraph(f"No certificate comes with this report: {found.reason}.")
        if found.can_be_certified:
            yield d.paragraph("This writes one, and checks it:")
            certify = f"algzoo-exact certify {found.reference} -o certificate.json.gz"
            yield d.Commands((certify, "algzoo-exact check certificate.json.gz"))
        return
    score = what(written)
    yield d.paragraph(
        f"Whoever does not want to trust this report can check the {score} without it, by another "
        "program: one file of plain Python, which uses nothing of this package and needs nothing "
        "installed." + " The claims of the explanation are in it." * bool(found.verification)
    )
    yield d.facts(
        ("File", (d.Mono(printable(written.path.name)), f", with {listed_in(written)}")),
        ("SHA-256", (d.Mono(written.sha256),)),
        ("Proves", (f"the {score} ", *being(value_text(written.score, "certified", 20)))),
    )
    yield d.paragraph("To check it, also against the weights:")
    known_by = against(found.model, f"{found.model.name}.safetensors")
    files = f"{shell_word(written.path.name)} {known_by}"
    yield d.Commands((f"algzoo-exact check {files}", f"python check.py {files}"))


def what(written: WrittenCertificate) -> str:
    """The score that it proves."""
    return "mean squared error" if written.accuracy is None else "accuracy"


def listed_in(written: WrittenCertificate) -> str:
    """How much of what is in a certificate."""
    of = {
        "cells": "cells",
        "pieces": "pieces of constant pattern and median",
        "functions": "inputs",
        "claims": "instances of claims and cases",
    }[written.kind]
    return f"{written.count:,} {of}"


def against(model: Model, file: str) -> str:
    """What ``check`` is told of the model: its file, or as rational weights have none, the hash of
    themselves."""
    return f"--sha256 {model.sha256}" if model.dtype == "rational" else shell_word(file)
