"""``algzoo-exact certify``: a certificate of a score, as a file."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar


@o.options
class Output:
    output: Path = o.output(
        "FILE", "The certificate's file: .json, or .json.gz for a compressed one."
    )


@o.options
class Contents:
    explanation: str | None = o.option(
        None, "STORY", "Verify this explanation file, or shipped one, and put claims and proofs in "
        "too.",
    )  # fmt: skip
    decimals: int | None = o.option(
        None, "N", "Decimals of each cell's measure: 4 to 40, 20 unless given (n = 6: at most 8; "
        "median: 30 unless given).",
    )  # fmt: skip


def certify(file: Output, subject: o.AnySubject, ties: o.Ties, contents: Contents) -> Said:
    """Write a certificate: every cell of the model, or every input's answer, with its measure.

    Of a median model, it has every piece on which model and median are linear, with the mean
    square of the error, and proves the mean squared error.

    With an explanation, each of its claims and cases is in it, with what proves or refutes it;
    models with more than six inputs then need no cells. A certificate can be checked without this
    package: see [bold]algzoo-exact check[/bold].

    Examples:
    algzoo-exact certify 2nd_argmax_4_3 -o 2nd_argmax_4_3.json
    algzoo-exact certify longest_cycle_6_5 -o longest_cycle.json.gz
    algzoo-exact certify median_4_3 -o median_4_3.json
    algzoo-exact certify 2nd_argmax_4_3 -o explained.json.gz --explanation 2nd_argmax_4_3
    algzoo-exact certify my_model.pth --task argmedian -o certificate.json --decimals 30
    """
    from algzoo_exact.certificate.build import write_certificate
    from algzoo_exact.present.documents.certificate import against, certificate_document
    from algzoo_exact.zoo.explanations import explanation_path

    loaded = subject.loaded()
    task, rule = o.task_of(loaded), ties.rule
    story = None if contents.explanation is None else explanation_path(contents.explanation)
    with progress_bar("certify") as advance:
        written = write_certificate(
            file.output, loaded, task, explanation=story, ties=rule, decimals=contents.decimals,
            progress=advance,
        )  # fmt: skip
    # A model that was fetched has no file here.
    known_by = (
        "" if subject.model.startswith(("algzoo:", "https:")) else against(loaded, subject.model)
    )
    return Said(certificate_document(loaded, task, rule, story, written, known_by))
