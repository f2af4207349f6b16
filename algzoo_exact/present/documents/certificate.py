"""What ``certify`` says: what was written, what it proves, and how to check it."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.certificate.build import WrittenCertificate
from algzoo_exact.exact.enclosure import Enclosure, square_root
from algzoo_exact.names import shell_word
from algzoo_exact.present.document import Document, facts, untitled
from algzoo_exact.present.sections.closing import listed_in
from algzoo_exact.present.wording import between, model_text, task_text
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
    rule = None if written.accuracy is None else ties
    size, scores = written.path.stat().st_size, _scores(written)
    command = f"algzoo-exact check {shell_word(str(written.path))} {known_by}".rstrip()
    rows = [
        ("model", model_text(model)),
        ("task", task_text(task, rule)),
        *([("story", str(story))] if story else []),
        *((name.replace("_", " "), between(value)) for name, value in scores.items()),
        ("certificate", f"{written.path}: {listed_in(written)}, {size:,} bytes"),
        ("sha256", written.sha256),
        ("check", command),
    ]
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
    return untitled(facts(*rows), data=data)


def _scores(written: WrittenCertificate) -> dict[str, Enclosure]:
    """What the certificate proves, by name."""
    if written.squared_error is None:
        return {"accuracy": written.score}
    error = written.squared_error
    return {"mean_squared_error": error, "root_mean_squared_error": square_root(error)}
