"""Every model that can be loaded by name: AlgZoo's and the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from algzoo_exact.shown import Shown
from algzoo_exact.zoo.algzoo import EXAMPLE, EXAMPLE_SIZE, FAMILIES, SEEDS, SEQUENCES, published
from algzoo_exact.zoo.cards import Card, read_cards
from algzoo_exact.zoo.fetching import PREFIX
from algzoo_exact.zoo.loading import list_models, shipped_folder


@dataclass(frozen=True)
class CatalogueEntry(Shown):
    """A model by its name for ``load()``, its size, and what is known about its score.

    ``source`` is ``AlgZoo`` for files that are downloaded, or ``shipped``. ``published`` is the
    score that AlgZoo states, to 0.001, for its best model of this task and size: the accuracy, or
    for median the root of the mean squared error; None if it states none. AlgZoo's entries have
    ``seeds`` and ``n_seqs`` to choose from, and ``best_seed``, which reached the published score;
    its example has no such choice. ``card`` is a shipped model's, where it has one.
    """

    name: str
    source: Literal["AlgZoo", "shipped"]
    task: str
    hidden_size: int
    seq_len: int
    parameters: int
    published: float | None
    best_seed: int | None = None
    seeds: tuple[int, ...] = ()
    n_seqs: tuple[int, ...] = ()
    card: Card | None = None


class Catalogue(tuple[CatalogueEntry, ...], Shown):
    """Entries, which show their number and not all that is known of each."""

    __slots__ = ()

    def __repr__(self) -> str:
        shipped = sum(entry.source == "shipped" for entry in self)
        return f"<{len(self):,} models, {shipped} of them shipped>"


def catalogue() -> Catalogue:
    """AlgZoo's models by family and size and its example, then the shipped ones by name."""
    return Catalogue((*_algzoo(), *_shipped()))


def _algzoo() -> list[CatalogueEntry]:
    entries = [
        replace(
            _entry(f"{PREFIX}{family.task}_{d}_{n}", "AlgZoo", family.task, d, n),
            best_seed=known.seed,
            seeds=SEEDS,
            n_seqs=SEQUENCES,
        )
        for family in FAMILIES.values()
        for (d, n), known in family.published.items()
    ]
    example = _entry(f"{PREFIX}{EXAMPLE}", "AlgZoo", *EXAMPLE_SIZE)
    return [*entries, replace(example, published=None)]


def _shipped() -> list[CatalogueEntry]:
    cards = {card.name: card for card in read_cards(shipped_folder())}
    entries = []
    for name in list_models():
        task, d, n = name.rsplit("_", 2)
        entries.append(replace(_entry(name, "shipped", task, int(d), int(n)), card=cards.get(name)))
    return entries


def _entry(
    name: str, source: Literal["AlgZoo", "shipped"], task: str, d: int, n: int
) -> CatalogueEntry:
    known = published(task, d, n)
    score = known.score if known else None
    return CatalogueEntry(name, source, task, d, n, FAMILIES[task].parameters(d, n), score)
