"""The surprise ledger: what an explanation costs in bits, and what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from algzoo_exact.exact.shares import decimals
from algzoo_exact.explain.ledger.surprise import Given, Ledger
from algzoo_exact.present import document as d
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import figure_text

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


def surprise(found: Findings) -> Iterator[d.Block]:
    """The surprise ledger, if there is an explanation."""
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
    if rows := list(_facts(ledger)):
        yield d.facts(*rows)
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
    total = f"{'≥ ' if ledger.at_least else ''}{ledger.total:.2f}"
    foot = (
        ("The explanation", (), f"{ledger.explanation:.2f}", ()),
        ("Given the explanation", (), _bits(given), given.reason),
        ("Total", (), total, ()),
    )
    return d.table("The surprise ledger.", ("claim", "price", "#bits", "remark"), rows, foot=foot)


def _bits(given: Given) -> str:
    if given.bits is None:
        return "–"
    return f"{'≥ ' if given.at_least else ''}{given.bits:.2f}"


def _facts(ledger: Ledger) -> Iterator[tuple[str, str | d.Text]]:
    """Bits by rule, and how what is left follows from the accuracies."""
    given = ledger.given
    sums = [f"{bits:.2f} {_RULES[rule]}" for rule, bits in ledger.by_rule.items() if bits]
    if sums:
        yield "Bits of the explanation", ", ".join(sums)
    if given.derived is not None:
        yield "Derived accuracy", figure_text(given.derived)
    if given.measured is not None:
        yield "Measured accuracy", figure_text(given.measured)
    if given.share is not None:
        yield "Of what is left open", f"{decimals(given.share, 4)} is answered rightly"
    if not given.agrees:
        yield (
            "Accuracies",
            "the two contradict each other: rounding can do that where logits tie exactly",
        )
