"""``algzoo-exact zoo``: which models there are, and how well they do."""

from __future__ import annotations

from pathlib import Path

import typer

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.errors import InputError, did_you_mean


@o.options
class Family:
    task: str | None = o.option(
        None, "FAMILY", "Only one family: 2nd_argmax, argmedian, median or longest_cycle."
    )


@o.options
class Cards:
    folder: Path | None = o.argument(
        None, "FOLDER", "A folder of .safetensors files with their .json cards; else the shipped "
        "models.",
    )  # fmt: skip


def zoo(ctx: typer.Context) -> None:
    """List the models there are, and their scores."""
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def list_models(family: Family) -> Said:
    """List the models that load by name: AlgZoo's, which are downloaded, and the shipped ones.

    AlgZoo's scores are as published, to 0.001: accuracies, and for median the root of the mean
    squared error. Scores of shipped models are from their cards.

    Examples:
    algzoo-exact zoo list
    algzoo-exact zoo list --task median
    algzoo-exact zoo list --json
    """
    from algzoo_exact.present.documents.catalogue import catalogue_document
    from algzoo_exact.zoo.algzoo import FAMILIES
    from algzoo_exact.zoo.catalogue import catalogue

    task = family.task
    if task is not None and task not in FAMILIES:
        raise InputError(
            f"There is no family {task!r}{did_you_mean(task, FAMILIES)}; choose from "
            f"{', '.join(FAMILIES)}."
        )
    entries = [entry for entry in catalogue() if task in (None, entry.task)]
    families = [name for name in FAMILIES if task in (None, name)]
    return Said(catalogue_document(entries, families))


def table(cards: Cards) -> None:
    """Print model cards as a Markdown table, beside AlgZoo's published scores.

    Examples:
    algzoo-exact zoo table
    algzoo-exact zoo table my_models > scores.md
    """
    from algzoo_exact.present.documents.catalogue import cards_document
    from algzoo_exact.present.writers.markdown import to_markdown
    from algzoo_exact.zoo.cards import read_cards
    from algzoo_exact.zoo.loading import shipped_folder

    found = read_cards(cards.folder or shipped_folder())
    if not found:
        raise InputError(f"There are no models with cards in {cards.folder or 'the package'}.")
    print(to_markdown(cards_document(found), {}), end="")
