"""What ``zoo`` says: which models there are, and how well they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from algzoo_exact.present import document as d
from algzoo_exact.program.task import PROBLEMS
from algzoo_exact.zoo.algzoo import EXAMPLE, FAMILIES, PUBLISHED_SEQUENCES, SEEDS, published
from algzoo_exact.zoo.card_text import power_text, score_text
from algzoo_exact.zoo.cards import Card
from algzoo_exact.zoo.catalogue import CatalogueEntry


def catalogue_document(entries: Sequence[CatalogueEntry], families: Sequence[str]) -> d.Document:
    """A section for each family: AlgZoo's published scores, and the shipped models."""
    sections = []
    for family in families:
        blocks = _family(family, [entry for entry in entries if entry.task == family])
        sections.append(d.Section(family, f"algzoo:{family}_HIDDEN_LENGTH", tuple(blocks)))
    models = [asdict(entry) | {"card": entry.card and entry.card.json()} for entry in entries]
    return d.Document("", "", tuple(sections), "", data={"models": models})


def _family(family: str, entries: Sequence[CatalogueEntry]) -> Iterator[d.Block]:
    known = FAMILIES[family]
    yield d.paragraph(
        f"Published {known.metric} (parameters), the best of {len(SEEDS)} seeds after "
        f"{power_text(PUBLISHED_SEQUENCES)} sequences."
    )
    grid = []
    for hidden in known.hidden_sizes:
        sizes = [(hidden, n) for n in known.seq_lens]
        scores = (f"{known.published[s].score:.3f} ({known.parameters(*s)})" for s in sizes)
        grid.append((str(hidden), *scores))
    yield d.table("", ("hidden", *(f"length {n}" for n in known.seq_lens)), grid)
    if any(entry.name.endswith(EXAMPLE) for entry in entries):
        yield d.paragraph(f"Also algzoo:{EXAMPLE}, hidden 16, length 10.")
    rows = []
    for entry in entries:
        if entry.source == "shipped":
            score = entry.card.score if entry.card else None
            texts = (score_text(score), score.kind) if score else ("no card", "")
            rows.append((entry.name, str(entry.parameters), *texts))
    if rows:
        yield d.table("", ("shipped", "parameters", "score", "kind"), rows)


def cards_document(cards: Iterable[Card]) -> d.Document:
    """A table with a row for each card, by task and size.

    Digits of a score are cut off, not rounded, where both bounds share them. ``published`` is
    AlgZoo's score for the same task and size, to 0.001. For median both are roots of mean squared
    errors, and ours has the mean squared error beside it.
    """
    known = list(PROBLEMS)
    ordered = sorted(cards, key=lambda c: (known.index(c.task), c.hidden_size, c.seq_len, c.name))
    columns = ("model", "parameters", "sequences", "seed", "score", "kind", "ties", "published")
    table = d.table("", columns, map(_card, ordered))
    return d.untitled(table, data={"cards": [card.json() for card in ordered]})


def _card(card: Card) -> tuple[str | d.Text, ...]:
    known = published(card.task, card.hidden_size, card.seq_len)
    return (
        (d.Mono(card.name),),
        str(card.parameters),
        power_text(card.sequences),
        f"{card.seed}, best of {card.seeds}" if card.seeds > 1 else str(card.seed),
        score_text(card.score),
        card.score.kind,
        card.score.ties or "",
        f"{known.score:.3f}" if known else "none",
    )
