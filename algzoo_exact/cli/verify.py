"""``algzoo-exact verify``: the claims of an explanation, held against a model."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.cli.stories import EXIT_CODES, Story
from algzoo_exact.progress import in_words


@o.options
class Part:
    only: str | None = o.option(
        None, "CLAIM", "Only this claim, and those that its proof may assume; no cases."
    )
    suggest: bool = o.flag(
        "--suggest", "For what failed, print true versions to paste: the smallest tolerance, the "
        "largest natural domain, the steps at which it holds, the missing case, cases that do not "
        "overlap. Each is proved first.",
    )  # fmt: skip


def verify(story: Story, part: Part) -> Said:
    """Check an explanation claim by claim: proved, refuted (here is an input), or undecided.

    Where its cases partition the inputs, the accuracy that follows from them is printed. Ctrl-C
    ends with what is known so far.

    Examples:
    algzoo-exact verify my_story.toml --model handcrafted:2nd_argmax_10
    algzoo-exact verify my_story.toml --only register --seconds 2m
    algzoo-exact verify my_story.toml --suggest
    algzoo-exact verify my_story.toml --json
    Exit codes: 0 all proved, 1 something refuted, 2 bad input, 3 something undecided.
    """
    from algzoo_exact.present.documents.verification import verification_document

    path, loaded, verification = story.verified(part.only)
    found: tuple[az.Suggestion, ...] | None = None
    if part.suggest and not verification.stopped:
        with progress_bar("suggesting") as advance:
            found = az.suggest(verification, seconds=story.seconds, progress=in_words(advance))
    said = verification_document(path, loaded, verification, found)
    return Said(said, EXIT_CODES[verification.status])
