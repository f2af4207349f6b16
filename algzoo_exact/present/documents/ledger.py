"""What ``surprise`` says: the ledger of an explanation's bits."""

from __future__ import annotations

from typing import Any

from algzoo_exact.explain.ledger.surprise import Ledger
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present.document import Document, Mark, facts, untitled
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.sections.ledger import ledger_blocks
from algzoo_exact.present.wording import about, titled
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model


def ledger_document(
    path: str | None, model: Model | None, verification: Verification, ledger: Ledger
) -> Document:
    """The explanation is the file at ``path``."""
    said = facts(
        ("story", titled(verification.explanation, path)),
        *about(model),
        ("verified", (Mark(verification.status), "; only what is proved is paid for")),
    )
    return untitled(said, *ledger_blocks(ledger), data=_data(path, model, verification, ledger))


def _data(
    path: str | None, model: Model | None, verification: Verification, ledger: Ledger
) -> dict[str, Any]:
    given = ledger.given
    return {
        "explanation": {"title": verification.explanation.title, "path": path},
        "model": model,
        "status": verification.status,
        "rows": [
            {
                **attributes(row, "claim status"),
                **attributes(row.price, "rule count"),
                **attributes(row, "priced bits declared remark"),
            }
            for row in ledger.rows
        ],
        **attributes(ledger, "unpriced by_rule"),
        "bits_of_explanation": ledger.explanation,
        "bits_declared": ledger.declared,
        "given": {
            **attributes(given, "bits at_least share"),
            "derived": given.derived and figure_data(given.derived),
            "measured": given.measured and figure_data(given.measured),
            **attributes(given, "agrees reason"),
        },
        **attributes(ledger, "total at_least"),
        "optimization": [
            {**attributes(figure, "name sort bits note"), "within": ledger.within(figure)}
            for figure in ledger.optimizations
        ],
    }
