"""The surprise ledger: what an explanation costs in bits, and what it leaves open; as ``surprise``
says it, and a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from algzoo_exact.exact.shares import decimals
from algzoo_exact.explain.ledger.surprise import Ledger
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.wording import about, figure_text, titled
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings

_RULES = {
    "sign": "signs",
    "order": "which of two is larger",
    "equality": "near-equalities",
    "index": "choices among several",
    "real": "real numbers",
    "declared": "declared by the author",
}
_ANSWERS = {
    "yes": "the total is no more",
    "no": "the total is more",
    "open": "this settles nothing",
}


def ledger_document(
    path: str | None, model: Model | None, verification: Verification, ledger: Ledger
) -> d.Document:
    """The explanation is the file at ``path``."""
    said = d.facts(
        ("story", titled(verification.explanation, path)),
        about(model),
        ("verified", (d.Mark(verification.status), "; only what is proved is paid for")),
    )
    data = {
        "explanation": {"title": verification.explanation.title, "path": path},
        "model": model,
        "status": verification.status,
        **_data(ledger),
    }
    return d.untitled(said, *ledger_blocks(ledger), data=data)


def surprise(found: Findings) -> Iterator[d.Block]:
    """The section of a report, if there is an explanation."""
    if found.ledger is not None:
        yield d.paragraph(
            "What the explanation costs in bits, and what it leaves unexplained. Only what is "
            "proved is paid for. Bits are a way of counting, and no theorem. ", d.Kind("estimate"),
        )  # fmt: skip
        yield from ledger_blocks(found.ledger)


def ledger_blocks(ledger: Ledger) -> Iterator[d.Block]:
    """Its rows and sums, what the sums are made of, and what they are compared with."""
    yield _table(ledger)
    if ledger.unpriced:
        names = ", ".join(ledger.unpriced)
        yield d.paragraph(f"Without a price, so that they cost nothing here: {names}.")
    facts = _facts(ledger)
    if facts.rows:
        yield facts
    items = [
        f"{o.bits:.2f} bits of optimization ({o.sort}): {o.note.rstrip('.')}; "
        f"{_ANSWERS[ledger.within(o)]}."
        for o in ledger.optimizations
    ]
    if items:
        yield d.paragraph("The total against the bits that selected the model:")
        yield d.bullets(*items)


def _table(ledger: Ledger) -> d.Table:
    rows: list[tuple[str | d.Text, ...]] = []
    for entry in ledger.rows:
        count = "" if entry.price.count == 1 else f"{entry.price.count} × "
        word = " (author's word)" if entry.declared else ""
        price = f"{count}{entry.price.rule}{word}"
        rows.append(((d.Mono(entry.claim),), price, f"{entry.bits:.2f}", entry.remark))
    given = ledger.given
    left = "–" if given.bits is None else _bits(given.bits, given.at_least)
    foot = (
        ("The explanation", (), f"{ledger.explanation:.2f}", ()),
        ("Given the explanation", (), left, given.reason),
        ("Total", (), _bits(ledger.total, ledger.at_least), ()),
    )
    return d.table("The surprise ledger.", ("claim", "price", "#bits", "remark"), rows, foot=foot)


def _bits(bits: float, at_least: bool) -> str:
    return f"{'≥ ' * at_least}{bits:.2f}"


def _facts(ledger: Ledger) -> d.Facts:
    """Bits by rule, and how what is left follows from the accuracies."""
    given = ledger.given
    sums = [f"{bits:.2f} {_RULES[rule]}" for rule, bits in ledger.by_rule.items() if bits]
    left = None if given.share is None else f"{decimals(given.share, 4)} is answered rightly"
    apart = "the two contradict each other: rounding can do that where logits tie exactly"
    return d.facts(
        ("Bits of the explanation", ", ".join(sums) or None),
        ("Derived accuracy", None if given.derived is None else figure_text(given.derived)),
        ("Measured accuracy", None if given.measured is None else figure_text(given.measured)),
        ("Of what is left open", left),
        ("Accuracies", None if given.agrees else apart),
    )


def _data(ledger: Ledger) -> dict[str, Any]:
    given = ledger.given
    return {
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
