"""The surprise ledger: what an explanation costs in bits, and what it leaves open."""

from __future__ import annotations

from algzoo_exact.exact.shares import decimals
from algzoo_exact.explain.ledger.surprise import Given, Ledger
from algzoo_exact.present.document import (
    Block,
    Bullets,
    Column,
    Facts,
    Kind,
    Mono,
    Section,
    Table,
    Text,
    paragraph,
)
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


def ledger_section(found: Findings) -> Section | None:
    """The surprise ledger; None without an explanation."""
    if found.ledger is None:
        return None
    intro = paragraph(
        "What the explanation costs in bits, and what it leaves unexplained. Only what is "
        "proved is paid for. Bits are a way of counting, and no theorem. ", Kind("estimate"),
    )  # fmt: skip
    return Section("surprise", "Surprise ledger", (intro, *ledger_blocks(found.ledger)))


def ledger_blocks(ledger: Ledger) -> tuple[Block, ...]:
    """Its rows and sums, what the sums are made of, and what they are compared with."""
    blocks: list[Block] = [_table(ledger)]
    if ledger.unpriced:
        names = ", ".join(ledger.unpriced)
        blocks.append(paragraph(f"Not priced, as the author says that they follow: {names}."))
    facts = _facts(ledger)
    blocks += [Facts(facts)] * bool(facts)
    items = tuple(
        (f"{o.bits:.2f} bits of optimization ({o.sort}): {o.note.rstrip('.')}; "
         f"{_ANSWERS[ledger.within(o)]}.",)
        for o in ledger.optimizations
    )  # fmt: skip
    if items:
        said = paragraph("The total against the bits that selected the model:")
        blocks += [said, Bullets(items)]
    return tuple(blocks)


def _table(ledger: Ledger) -> Table:
    rows: list[tuple[Text, ...]] = []
    for entry in ledger.rows:
        count = "" if entry.price.count == 1 else f"{entry.price.count} × "
        word = " (author's word)" if entry.declared else ""
        price = f"{count}{entry.price.rule}{word}"
        rows.append(((Mono(entry.claim),), (price,), (f"{entry.bits:.2f}",), (entry.remark,)))
    given = ledger.given
    total = f"{'≥ ' if ledger.at_least else ''}{ledger.total:.2f}"
    foot: list[tuple[Text, ...]] = [
        (("The explanation",), (), (f"{ledger.explanation:.2f}",), ()),
        (("Given the explanation",), (), (_bits(given),), (given.reason,)),
        (("Total",), (), (total,), ()),
    ]
    columns = (Column("claim"), Column("price"), Column("bits", True), Column("remark"))
    return Table("The surprise ledger.", columns, tuple(rows), tuple(foot))


def _bits(given: Given) -> str:
    if given.bits is None:
        return "–"
    return f"{'≥ ' if given.at_least else ''}{given.bits:.2f}"


def _facts(ledger: Ledger) -> tuple[tuple[str, Text], ...]:
    """Bits by rule, and how what is left follows from the accuracies."""
    given, facts = ledger.given, list[tuple[str, Text]]()
    sums = [f"{bits:.2f} {_RULES[rule]}" for rule, bits in ledger.by_rule.items() if bits]
    if sums:
        facts.append(("Bits of the explanation", (", ".join(sums),)))
    if given.derived is not None:
        facts.append(("Derived accuracy", figure_text(given.derived)))
    if given.measured is not None:
        facts.append(("Measured accuracy", figure_text(given.measured)))
    if given.share is not None:
        facts.append(("Of what is left open", (f"{decimals(given.share, 4)} is answered rightly",)))
    if not given.agrees:
        said = "the two contradict each other: rounding can do that where logits tie exactly"
        facts.append(("Accuracies", (said,)))
    return tuple(facts)
