"""What the commands about explanations share: the files, the model, colours, figures in JSON."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import load_model, parse_seconds, tie_rule
from algzoo_exact.cli.output import Json, enclosure_json, progress_bar
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.explain.outcome import Figure
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
    seq_len = subject.task.seq_len if subject.task.name == "median" else None
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


def painter() -> Callable[[str, str], str]:
    """Gives a text a colour, if stdout is a terminal that has some."""
    from rich.color import ColorSystem
    from rich.console import Console
    from rich.style import Style

    if Console().color_system is None:
        return lambda text, style: text
    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


STYLES = {"proved": "bold green", "refuted": "bold red", "unknown": "bold yellow"}


def figure_json(figure: Figure) -> Json:
    enclosure = figure.enclosure
    rational = None if figure.rational is None else str(figure.rational)
    bounds = {"lower": None, "upper": None} if enclosure is None else enclosure_json(enclosure, 30)
    return {
        "what": figure.what,
        "kind": figure.kind,
        **bounds,
        "rational": rational,
        "closed_form": figure.closed_form,
        "estimate": figure.estimate,
        "standard_error": figure.error,
        "samples": figure.samples,
    }


LONGEST_FRACTION = 40  # characters; longer ones are shown by their decimals


def number_text(value: Fraction) -> str:
    """A fraction in full if it is short, else its first digits."""
    from algzoo_exact.exact.shares import significant

    text = str(value)
    if len(text) <= LONGEST_FRACTION:
        return text if value.denominator == 1 else f"{text} = {significant(value, 10)}"
    return f"{significant(value, 15)}..., a fraction of {len(text):,} characters"


def _cut_off(value: Fraction) -> str:
    """Twenty decimals, which are right if both ends of an enclosure have them."""
    from algzoo_exact.exact.enclosure import Enclosure

    return Enclosure.exactly(value).decimal(20)[0]


def figure_text(figure: Figure) -> str:
    """A figure and what kind of number it is, in one line."""
    from algzoo_exact.cli.score_text import settled
    from algzoo_exact.exact.enclosure import places_for
    from algzoo_exact.exact.shares import significant

    if figure.kind == "sampled":
        if figure.estimate is None:
            return figure.unseen
        error = "" if figure.error is None else f" ± {figure.error:.2g}"
        about = significant(figure.estimate, 6) + error
        return f"{about} (sampled, {figure.samples:,} inputs: no proof)"
    if figure.rational is not None:
        return f"{number_text(figure.rational)} (exact)"
    assert figure.enclosure is not None
    if figure.enclosure.width == 0:
        return f"{number_text(figure.enclosure.lower)} (exact)"
    if figure.kind == "exact":
        low, high = (_cut_off(end) for end in (figure.enclosure.lower, figure.enclosure.upper))
        return f"{low + '...' if low == high else settled(figure.enclosure)} (exact)"
    low, high = figure.enclosure.decimal(places_for(figure.enclosure.width))
    return f"between {low} and {high} (certified)"
