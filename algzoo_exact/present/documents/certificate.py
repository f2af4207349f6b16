"""What ``certify`` says: what was written, what it proves, and how to check it."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.certificate.build import WrittenCertificate
from algzoo_exact.exact.enclosure import Enclosure, square_root
from algzoo_exact.names import shell_word
from algzoo_exact.present.document import Document, facts, untitled
from algzoo_exact.present.sections.closing import listed_in
from algzoo_exact.present.wording import about, between, task_text
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.zoo.loading import Model


def certificate_document(
    model: Model,
    task: Task,
    ties: TieRule,
    story: Path | None,
    written: WrittenCertificate,
    known_by: str,
) -> Document:
    """Of a certificate with or without an explanation, whose file is ``story``; ``known_by`` is
    what ``check`` is told of the model."""
    scores, error = {"accuracy": written.score}, written.squared_error
    if error is not None:
        root = square_root(error)
        scores = {"mean_squared_error": error, "root_mean_squared_error": root}
    rule = None if written.accuracy is None else ties
    size = written.path.stat().st_size
    said = facts(
        about(model),
        ("task", task_text(task, rule)),
        ("story", story),
        *((name.replace("_", " "), between(value)) for name, value in scores.items()),
        ("certificate", f"{written.path}: {listed_in(written)}, {size:,} bytes"),
        ("sha256", written.sha256),
        ("check", f"algzoo-exact check {shell_word(str(written.path))} {known_by}".rstrip()),
    )
    data = {
        "model": model,
        "task": task.name,
        "ties": rule,
        "explanation": story,
        "accuracy": None,
        **scores,
        "undecided": enclosure_data(Enclosure.exactly(written.undecided))["upper"],
        "count": written.count,
        "file": {"path": written.path, "bytes": size, "sha256": written.sha256},
    }
    return untitled(said, data=data)
