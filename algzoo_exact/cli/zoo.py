"""``algzoo-exact zoo``: which models there are, and how well they do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from algzoo_exact.cli.options import JsonOption
from algzoo_exact.cli.output import emit
from algzoo_exact.errors import InputError, did_you_mean

LIST_EXAMPLES = """[bold]Examples[/bold]

algzoo-exact zoo list

algzoo-exact zoo list --task median

algzoo-exact zoo list --json"""

TABLE_EXAMPLES = """[bold]Examples[/bold]

algzoo-exact zoo table

algzoo-exact zoo table my_models > scores.md"""


def zoo(ctx: typer.Context) -> None:
    """List the models there are, and their scores."""
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def list_models(
    task: Annotated[
        str | None,
        typer.Option(
            metavar="FAMILY",
            show_default=False,
            help="Only one family: 2nd_argmax, argmedian, median or longest_cycle.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the models that load by name: AlgZoo's, which are downloaded, and the shipped ones.

    AlgZoo's scores are as published, to 0.001: accuracies, and for median the root of the mean
    squared error. Scores of shipped models are from their cards.
    """
    from algzoo_exact.present.documents.catalogue import catalogue_document
    from algzoo_exact.zoo.algzoo import FAMILIES
    from algzoo_exact.zoo.catalogue import catalogue

    if task is not None and task not in FAMILIES:
        raise InputError(
            f"There is no family {task!r}{did_you_mean(task, FAMILIES)}; choose from "
            f"{', '.join(FAMILIES)}."
        )
    entries = [entry for entry in catalogue() if task in (None, entry.task)]
    families = [name for name in FAMILIES if task in (None, name)]
    emit(catalogue_document(entries, families), as_json)


def table(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            show_default=False,
            help="A folder of .safetensors files with their .json cards; else the shipped models.",
        ),
    ] = None,
) -> None:
    """Print model cards as a Markdown table, beside AlgZoo's published scores."""
    from algzoo_exact.zoo.card_table import card_table
    from algzoo_exact.zoo.cards import read_cards
    from algzoo_exact.zoo.loading import shipped_folder

    cards = read_cards(folder or shipped_folder())
    if not cards:
        raise InputError(f"There are no models with cards in {folder or 'the package'}.")
    print(card_table(cards), end="")
