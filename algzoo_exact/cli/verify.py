"""``algzoo-exact verify``: the claims of an explanation, held against a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import JsonOption, TiesOption
from algzoo_exact.cli.output import Json, model_json, print_json
from algzoo_exact.cli.stories import (
    EXIT_CODES,
    ONE_STATEMENT,
    StatementSecondsOption,
    StoryArgument,
    StoryModelOption,
    check,
    figure_json,
    read_story,
)
from algzoo_exact.cli.verify_text import print_verification

if TYPE_CHECKING:
    from algzoo_exact.explain.outcome import Outcome
    from algzoo_exact.explain.verify import Verification
    from algzoo_exact.zoo.loading import Model

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
    path, explanation, loaded = read_story(story, model)
    verification = check(explanation, loaded, seconds, ties, only)
    if as_json:
        print_json(verification_json(path, loaded, verification))
    else:
        print_verification(path, loaded, verification)
    raise typer.Exit(EXIT_CODES[verification.status])


def verification_json(path: str, model: Model, verification: Verification) -> Json:
    explanation = verification.explanation
    subject, partition = explanation.subject, verification.partition
    return {
        "explanation": {"title": explanation.title, "path": path},
        "model": model_json(model),
        "task": subject.task.name,
        "standard": subject.standard,
        "ties": verification.ties,
        "status": verification.status,
        "claims": [
            {
                "name": result.claim.name,
                "kind": result.claim.kind,
                "text": result.claim.text,
                "status": result.status,
                "instances": [checked_json(checked) for checked in result.instances],
            }
            for result in verification.claims
        ],
        "cases": [
            {
                "name": result.case.name,
                "says": result.case.verdict,
                "text": result.case.text,
                "status": result.status,
                "probability": result.probability and figure_json(result.probability),
                "instances": [
                    {
                        "parameters": dict(case.instance.parameters),
                        "answer": case.answer,
                        "probability": figure_json(case.probability),
                        "checked": case.checked and checked_json(case.checked),
                    }
                    for case in result.instances
                ],
            }
            for result in verification.cases
        ],
        "partition": partition
        and {
            "status": partition.status,
            "covers": checked_json(partition.covers),
            "disjoint": checked_json(partition.disjoint),
        },
        "accuracy": verification.accuracy and figure_json(verification.accuracy),
        "stopped": verification.stopped,
        "seconds": round(verification.seconds, 3),
    }


def checked_json(checked: Outcome) -> Json:
    witness = checked.witness
    return {
        "parameters": dict(checked.parameters),
        "status": checked.verdict.status,
        "reason": checked.verdict.reason,
        "method": checked.method,
        "trusted": list(checked.trusted),
        "vacuous": checked.vacuous,
        "witness": None if witness is None else [str(value) for value in witness],
        "confirmed": checked.confirmed,
        "figures": [figure_json(figure) for figure in checked.figures],
        "details": list(checked.details),
        "seconds": round(checked.seconds, 3),
    }
