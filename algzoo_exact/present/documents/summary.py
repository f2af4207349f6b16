"""What ``report`` says: what was written, and what is in it, in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.present.document import Document, Mark, facts, untitled
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import about
from algzoo_exact.present.writers.data import attributes

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings
    from algzoo_exact.present.reports import Reports


def report_document(found: Findings, output: Path, certificate: Path | None) -> Document:
    """Of the report in ``output``, with the ``certificate``'s file where one was written."""
    score = str(found.score)
    if found.by_explanation:
        score = f"{found.enclosure} ({found.kind}), by the explanation"
    told, written, check = found.verification, found.certificate, found.check
    sample = f"none: {check.failure}"
    if not check.failure:
        agrees = "agrees" if check.agrees else "contradicts the score"
        sample = f"{agrees}, z-score {check.z_score:+.2f}"
    said = facts(
        about(found.model),
        ("squared error" if found.task.is_numeric else "accuracy", score),
        ("explanation", (f"{told.explanation.title}: ", Mark(told.status)) if told else None),
        ("sample", sample),
        ("certificate", f"{certificate} (sha256 {written.sha256[:12]})" if written else None),
        ("report", output),
    )
    files = written and {"path": certificate, "sha256": written.sha256}
    return untitled(said, data=report_data(found) | {"report": output, "certificate": files})


def report_data(found: Findings) -> dict[str, Any]:
    """The most of what a report says, for programs."""
    inside = found.inside
    cells = [
        {
            **attributes(cell, "probability label"),
            "answer": min(cell.answers),
            **attributes(cell, "pattern input"),
        }
        for cell in inside.wrong
    ]
    on = None if inside.neurons is None else inside.neurons.on.items()
    parts = None if inside.importance is None else inside.importance.parts
    cases = None if inside.pairs is None else inside.pairs.cases
    total = None if inside.errors is None else inside.errors.total
    return {
        **Subject(found.model, found.task, found.ties).data,
        "kind": found.kind,
        "score": found.enclosure,
        "explanation": found.verification and found.verification.status,
        "sample_agrees": found.check.agrees,
        "certificate": found.certificate and {"sha256": found.certificate.sha256},
        "errors": None if total is None else {"total": total, "cells": cells},
        "neurons": on and [{"step": t, "neuron": j, "on": p} for (t, j), p in on],
        "importance": parts
        and [{"neuron": p.part, "score": p.score.enclosure, "drop": p.drop} for p in parts],
        "pairs": cases and [{"positions": c.positions, "right": c.share} for c in cases],
    }


def reports_document(made: Reports, output: Path) -> Document:
    """Of the reports in the folder ``output``."""
    failed, left = made.failed, made.left
    said = facts(
        ("reports", f"{len(made.reports)} in {output}"),
        ("index", made.index),
        ("no report", f"{len(failed)}: {', '.join(failed)}" if failed else None),
        ("interrupted", f"{len(left)} are left; the same command goes on" if left else None),
    )
    data = attributes(made, "index reports failed left") | {"models": made.rows}
    return untitled(said, data=data)
