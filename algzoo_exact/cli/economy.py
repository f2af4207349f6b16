"""``algzoo-exact economy``: what each proof of an accuracy gives, and what its check costs."""

from __future__ import annotations

from pathlib import Path

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.progress import in_words


@o.options
class Proofs:
    explanation: str | None = o.option(
        None, "STORY", "Verify this explanation file, or shipped one: its cases are a proof too."
    )
    seconds: float = o.duration(
        "30s", "For each proof, and each statement of the explanation: 30s, 2m, ..."
    )
    rest: bool = o.flag(
        "--rest", "With a row for cases and cells for the rest, also where it takes minutes."
    )
    plot: Path | None = o.option(
        None, "FILE", "Draw widths against operations: .svg, .png or .pdf."
    )


def economy(subject: o.AnySubject, ties: o.Ties, proofs: Proofs) -> Said:
    """Tell what each way to prove an accuracy gives, and how many operations its check costs.

    All cells of the model; the cases of an explanation; these with cells for what they leave open;
    boxes; brute force over activation patterns. Operations are counted by the checker of
    certificates, or estimated where no certificate can be made. Beside them stand the bits of the
    explanation, and those that it leaves.

    Examples:
    algzoo-exact economy 2nd_argmax_2_2 --explanation 2nd_argmax_2_2
    algzoo-exact economy 2nd_argmax_4_3 --explanation 2nd_argmax_4_3 --plot economy.png
    algzoo-exact economy 2nd_argmax_16_10 --seconds 20s --json
    """
    from algzoo_exact.plotting import check_plot
    from algzoo_exact.present.documents.economy import economy_document
    from algzoo_exact.present.pictures.economy import plot_economy
    from algzoo_exact.zoo.explanations import explanation_path

    if proofs.plot is not None:
        check_plot(proofs.plot)
    loaded, path, verification = subject.loaded(), None, None
    task, rule = o.task_of(loaded), ties.rule
    with progress_bar("economy") as advance:
        if proofs.explanation is not None:
            path = explanation_path(proofs.explanation)
            verification = az.verify(
                az.load_explanation(path), loaded, seconds=proofs.seconds, ties=rule,
                progress=advance,
            )  # fmt: skip
            if verification.stopped:
                raise KeyboardInterrupt
        found = az.economy(
            loaded, verification, task=task, ties=rule, seconds=proofs.seconds,
            rest=proofs.rest or None, progress=in_words(advance),
        )  # fmt: skip
    if proofs.plot is not None:
        plot_economy(found, proofs.plot)
    picture = None if proofs.plot is None else str(proofs.plot)
    story = None if path is None else str(path)
    return Said(economy_document(story, loaded, found, picture))
