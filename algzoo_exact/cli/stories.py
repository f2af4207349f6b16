"""What the commands about explanations share: options, the file, the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import load_model, parse_seconds, tie_rule
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.explain.story import Explanation
    from algzoo_exact.explain.verify import Verification
    from algzoo_exact.zoo.loading import Model

EXIT_CODES = {"proved": 0, "refuted": 1, "unknown": 3}

StoryArgument = Annotated[
    str,
    typer.Argument(
        metavar="STORY",
        show_default=False,
        help="An explanation file (.toml), or the name of a shipped one.",
    ),
]
StoryModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        show_default=False,
        help="The model to check; by default the one that the explanation names.",
    ),
]
StatementSecondsOption = Annotated[
    float,
    typer.Option(
        "--seconds", metavar="TIME", parser=parse_seconds, help="For each statement: 30s, 2m, ..."
    ),
]
ONE_STATEMENT = "30s"


def read_story(story: str, model: str | None) -> tuple[str, Explanation, Model]:
    """The file's path, the explanation, and the model that it is to be held against."""
    import algzoo_exact as az
    from algzoo_exact.zoo.explanations import explanation_path, model_beside

    path = explanation_path(story)
    explanation = az.load_explanation(path)
    subject = explanation.subject
    name = model
    if name is None:
        if subject.name is None:
            raise InputError(
                f"{path} names no model; add --model MODEL, or name = '..' under [model]."
            )
        name = model_beside(path, subject.name)
    # The weights of a median model do not tell its inputs; others are held against the story.
    seq_len = subject.task.seq_len if subject.task.is_numeric else None
    return str(path), explanation, load_model(name, None, seq_len)


def check(
    explanation: Explanation, model: Model, seconds: float, ties: str, only: str | None = None
) -> Verification:
    """Verify with a progress bar."""
    import algzoo_exact as az

    rule = tie_rule(ties)
    with progress_bar("verifying") as advance:
        return az.verify(
            explanation, model, seconds=seconds, ties=rule, only=only, progress=advance
        )
