"""What ``zoo list`` says: which models there are, and how well they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from algzoo_exact.present.document import Block, Document, Section, paragraph
from algzoo_exact.present.writers.terminal import columns
from algzoo_exact.zoo.algzoo import EXAMPLE, FAMILIES, PUBLISHED_SEQUENCES, SEEDS
from algzoo_exact.zoo.card_table import power_text, score_text
from algzoo_exact.zoo.catalogue import CatalogueEntry


def catalogue_document(entries: Sequence[CatalogueEntry], families: Sequence[str]) -> Document:
    """A section for each family: AlgZoo's published scores, and the shipped models."""
    sections = tuple(
        _family(family, [entry for entry in entries if entry.task == family]) for family in families
    )
    models = [asdict(entry) | {"card": entry.card and entry.card.json()} for entry in entries]
    return Document("", "", sections, "", data={"models": models})


def _family(family: str, entries: Sequence[CatalogueEntry]) -> Section:
    known = FAMILIES[family]
    grid = [["hidden", *(f"length {n}" for n in known.seq_lens)]]
    for d in known.hidden_sizes:
        scores = ((known.published[d, n].score, known.parameters(d, n)) for n in known.seq_lens)
        grid.append([str(d), *(f"{score:.3f} ({count})" for score, count in scores)])
    said = (
        f"Published {known.metric} (parameters), the best of {len(SEEDS)} seeds after "
        f"{power_text(PUBLISHED_SEQUENCES)} sequences."
    )
    blocks: list[Block] = [paragraph(said), columns(grid)]
    if any(entry.name.endswith(EXAMPLE) for entry in entries):
        blocks.append(paragraph(f"Also algzoo:{EXAMPLE}, hidden 16, length 10."))
    rows = [["shipped", "parameters", "score", "kind"]]
    for entry in entries:
        if entry.source == "shipped":
            score = entry.card.score if entry.card else None
            texts = (score_text(score), score.kind) if score else ("no card", "")
            rows.append([entry.name, str(entry.parameters), *texts])
    blocks += [columns(rows)] * (len(rows) > 1)
    return Section(family, f"algzoo:{family}_HIDDEN_LENGTH", tuple(blocks))
