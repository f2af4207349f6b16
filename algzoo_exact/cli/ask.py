"""``algzoo-exact ask``: whether a statement about a model holds, and how often."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.progress import in_words

UNDECIDED = 3


@o.options
class Statement(o.Lasting):
    statement: str = o.argument(
        o.REQUIRED,
        "STATEMENT",
        "About inputs x[t], states z[t][j] and h[t][j], logit[k], answer and label.",
    )
    given: str | None = o.option(None, "STATEMENT", "Ask only of inputs for which this holds.")
    cells: int = o.option(0, "N", "List the heaviest cones on which it holds.", min=0)
    seconds: float = o.duration("30s", "In all: 30s, 2m, ...")


def ask(subject: o.Subject, asked: Statement) -> Said:
    """Ask whether a statement holds for all inputs, and with what probability it holds.

    Proved, refuted with an input at which it fails, or undecided; and in any case its probability
    on standard Gaussian inputs: exact or certified where cells can tell, else sampled. Statements
    are written in the language of explanations.

    Exit codes: 0 proved or refuted, 2 bad input, 3 undecided.

    Examples:
    algzoo-exact ask 2nd_argmax_4_3 "h[1][0] > 0 and x[0] > x[1]"
    algzoo-exact ask 2nd_argmax_4_3 "logit[0] > logit[1]" --given "x[0] < x[1]" --json
    algzoo-exact ask 2nd_argmax_8_5 "answer == 2 and label == 1" --cells 5
    """
    from algzoo_exact.present.documents.asked import asked_document

    loaded = subject.loaded()
    with asked.running("asking") as told:
        found = az.ask(
            loaded, asked.statement, given=asked.given, cells=asked.cells, seconds=asked.seconds,
            workers=told["workers"], state=asked.state, progress=in_words(told["progress"]),
        )  # fmt: skip
    said = asked_document(loaded, asked.statement, asked.given, found)
    return Timed(said, UNDECIDED if found.outcome.status == "unknown" else 0)
