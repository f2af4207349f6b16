"""``algzoo-exact verify``: the claims of an explanation, held against a model."""

from __future__ import annotations

from typing import Annotated

import typer

from algzoo_exact.cli.options import JsonOption, TiesOption
from algzoo_exact.cli.output import emit
from algzoo_exact.cli.stories import (
    EXIT_CODES,
    ONE_STATEMENT,
    StatementSecondsOption,
    StoryArgument,
    StoryModelOption,
    check,
    read_story,
)

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact verify my_story.toml --model handcrafted:2nd_argmax_10

algzoo-exact verify my_story.toml --only register --seconds 2m

algzoo-exact verify my_story.toml --json

Exit codes: 0 all proved, 1 something refuted, 2 bad input, 3 something undecided."""


def verify(
    story: StoryArgument,
    model: StoryModelOption = None,
    seconds: StatementSecondsOption = ONE_STATEMENT,  # type: ignore[assignment]
    only: Annotated[
        str | None,
        typer.Option(
            metavar="CLAIM",
            show_default=False,
            help="Only this claim, and those that its proof may assume; no cases.",
        ),
    ] = None,
    ties: TiesOption = "lowest",
    as_json: JsonOption = False,
) -> None:
    """Check an explanation claim by claim: proved, refuted (here is an input), or undecided.

    Where its cases partition the inputs, the accuracy that follows from them is printed. Ctrl-C
    ends with what is known so far.
    """
    from algzoo_exact.present.documents.verification import verification_document

    path, explanation, loaded = read_story(story, model)
    verification = check(explanation, loaded, seconds, ties, only)
    emit(verification_document(path, loaded, verification), as_json)
    raise typer.Exit(EXIT_CODES[verification.status])
