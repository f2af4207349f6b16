"""``algzoo-exact explore``: a page about a model, with a picture to turn and tables to filter."""

from __future__ import annotations

from pathlib import Path

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.cli.stories import EXIT_CODES, StatementTime, shown_story, story_named


@o.options
class Page:
    """What is on the page, and where it goes."""

    output: Path = o.output("FILE", "The page's file, .html.")
    against: str | None = o.option(None, "MODEL", "A second model, to show where they differ.")
    explanation: str | None = shown_story()
    section: str | None = o.option(
        None, "ENTRIES", "Inputs that are free, as *, and in a fixed ratio, as numbers: "
        "'*,*,0,1/2'. Then the tables are of that section; else of all inputs, up to 9.",
    )  # fmt: skip


@o.options
class Effort(o.TimeLimit, StatementTime, o.Lasting):
    """How long it may take, and who shares the work."""


def explore(page: Page, subject: o.Subject, ties: o.Ties, effort: Effort) -> Said:
    """Write a page to explore a model in a browser: regions, errors, network and lemmas.

    The picture is a circle for two inputs, a sphere that turns for three, and a section that one
    chooses for more. The page is one file and fetches nothing. Its tables are exact, as those of
    [bold]regions[/bold] and [bold]errors[/bold]; the picture is drawn in float64.

    Examples:
    algzoo-exact explore 2nd_argmax_4_3 -o page.html
    algzoo-exact explore 2nd_argmax_4_3 --explanation 2nd_argmax_4_3 -o page.html
    algzoo-exact explore 2nd_argmax_4_3 --against 2nd_argmax_3_3 -o page.html
    algzoo-exact explore algzoo:2nd_argmax_16_10 --section "*,*,0,0,0,0,0,0,0,1/2" -o page.html
    Exit codes: 0 fine or proved, 1 a claim is refuted, 2 bad input, 3 a claim is undecided.
    """
    from algzoo_exact.present.documents.explore import explore_document

    o.check_target(page.output, (".html",))
    story = story_named(page.explanation) if page.explanation else None
    loaded = subject.loaded()
    task = o.task_of(loaded)
    if task.is_discrete:
        effort.refuse_state("of pages about transformers")
    against = None if page.against is None else o.load_model(page.against)
    with effort.running("explore", effort.deadline) as running:
        found = az.explore(
            loaded, task, against=against, explanation=story, section=page.section,
            ties=ties.rule, seconds=effort.seconds, **running,
        )  # fmt: skip
        found.save(page.output)
    code = 0 if found.verification is None else EXIT_CODES[found.verification.status]
    return Timed(explore_document(found, page.output), code)
