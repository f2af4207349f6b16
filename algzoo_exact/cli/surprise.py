"""``algzoo-exact surprise``: the bits of an explanation, and of what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import JsonOption, TiesOption
from algzoo_exact.cli.output import emit, progress_bar
from algzoo_exact.cli.stories import (
    EXIT_CODES,
    ONE_STATEMENT,
    StatementSecondsOption,
    StoryArgument,
    StoryModelOption,
    check,
    read_story,
)

if TYPE_CHECKING:
    from algzoo_exact.zoo.loading import Model

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact surprise my_story.toml

algzoo-exact surprise my_story.toml --bits-of-optimization 120 --json

Exit codes: 0 all proved, 1 something refuted, 2 bad input, 3 something undecided."""


def surprise(
    story: StoryArgument,
    model: StoryModelOption = None,
    seconds: StatementSecondsOption = ONE_STATEMENT,  # type: ignore[assignment]
    bits_of_optimization: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            show_default=False,
            help="Bits of optimization to compare with, in place of the explanation's figure.",
        ),
    ] = None,
    ties: TiesOption = "lowest",
    as_json: JsonOption = False,
) -> None:
    """Verify an explanation and add up its surprise in bits, as a ledger.

    Only what is proved is paid for. To it comes the surprise that is left, given the explanation,
    and the total is compared with the bits of optimization that selected the model.
    """
    import algzoo_exact as az
    from algzoo_exact.present.documents.ledger import ledger_document

    path, explanation, loaded = read_story(story, model)
    verification = check(explanation, loaded, seconds, ties)
    if verification.stopped:
        raise KeyboardInterrupt  # a ledger of what was checked by then would be no use
    with progress_bar("accounting") as advance:
        ledger = az.surprise(
            verification,
            optimization_bits=bits_of_optimization,
            seeds=_seeds(loaded),
            progress=lambda text: advance(0.0, text),
        )
    emit(ledger_document(path, loaded, verification, ledger), as_json)
    code = EXIT_CODES[verification.status]
    raise typer.Exit(code if ledger.given.agrees else 1)


def _seeds(model: Model) -> int | None:
    """How many trained models a shipped one, or one of AlgZoo's, is the best of."""
    from algzoo_exact.zoo.catalogue import catalogue

    for entry in catalogue():
        if entry.card is not None and entry.card.sha256 == model.sha256:
            return entry.card.seeds
        if entry.seeds and entry.name == model.name:
            return len(entry.seeds)
    return None
