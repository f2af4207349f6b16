"""What ``report`` says: what was written, and what is in it, in a few lines."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.present.document import Document, Mark, Text, facts, untitled
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.reports import Reports
from algzoo_exact.present.wording import model_text


def report_document(found: Findings, output: Path, certificate: Path | None) -> Document:
    """Of the report in ``output``, with the ``certificate``'s file where one was written."""
    metric = "squared error" if found.task.is_numeric else "accuracy"
    said = str(found.score)
    if found.by_explanation:
        said = f"{found.enclosure} ({found.kind}), by the explanation"
    rows: list[tuple[str, str | Text]] = [("model", model_text(found.model)), (metric, said)]
    verification, written, check = found.verification, found.certificate, found.check
    if verification is not None:
        title = verification.explanation.title
        rows.append(("explanation", (f"{title}: ", Mark(verification.status))))
    sample = f"none: {check.failure}"
    if not check.failure:
        agrees = "agrees" if check.agrees else "contradicts the score"
        sample = f"{agrees}, z-score {check.z_score:+.2f}"
    rows.append(("sample", sample))
    if written is not None:
        rows.append(("certificate", f"{certificate} (sha256 {written.sha256[:12]})"))
    rows.append(("report", str(output)))
    files = written and {"path": certificate, "sha256": written.sha256}
    data = dict(found.data()) | {"report": output, "certificate": files}
    return untitled(facts(*rows), data=data)


def reports_document(made: Reports, output: Path) -> Document:
    """Of the reports in the folder ``output``."""
    rows = [
        ("reports", f"{len(made.reports)} in {output}"),
        ("index", str(made.index)),
    ]
    if made.failed:
        rows.append(("no report", f"{len(made.failed)}: {', '.join(made.failed)}"))
    if made.left:
        rows.append(("interrupted", f"{len(made.left)} are left; the same command goes on"))
    data = {"index": made.index, "reports": made.reports, "failed": made.failed}
    return untitled(facts(*rows), data=data | {"models": made.rows, "left": made.left})
