"""What ``zoo list`` says: which models there are, and how well they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from algzoo_exact.present import document as d
from algzoo_exact.zoo.algzoo import EXAMPLE, FAMILIES, PUBLISHED_SEQUENCES, SEEDS
from algzoo_exact.zoo.card_table import power_text, score_text
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
