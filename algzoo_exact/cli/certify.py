"""``algzoo-exact certify``: a certificate of a score, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from algzoo_exact.cli.options import (
    HeadsOption,
    JsonOption,
    ModelArgument,
    SeqLenOption,
    TaskOption,
    TiesOption,
    load_model,
    task_of,
    tie_rule,
)
from algzoo_exact.cli.output import emit, progress_bar

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact certify 2nd_argmax_4_3 -o 2nd_argmax_4_3.json

algzoo-exact certify longest_cycle_6_5 -o longest_cycle.json.gz

algzoo-exact certify median_4_3 -o median_4_3.json

algzoo-exact certify 2nd_argmax_4_3 -o explained.json.gz --explanation 2nd_argmax_4_3

algzoo-exact certify my_model.pth --task argmedian -o certificate.json --decimals 30"""


def certify(
    model: ModelArgument,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            show_default=False,
            help="The certificate's file: .json, or .json.gz for a compressed one.",
        ),
    ],
    task: TaskOption = None,
    seq_len: SeqLenOption = None,
    heads: HeadsOption = None,
    ties: TiesOption = "lowest",
    explanation: Annotated[
        str | None,
        typer.Option(
            metavar="STORY",
            show_default=False,
            help="Verify this explanation file, or shipped one, and put claims and proofs in too.",
        ),
    ] = None,
    decimals: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            show_default=False,
            help="Decimals of each cell's measure: 4 to 40, 20 unless given (n = 6: at most 8; "
            "median: 30 unless given).",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a certificate: every cell of the model, or every input's answer, with its measure.

    Of a median model, it has every piece on which model and median are linear, with the mean
    square of the error, and proves the mean squared error.

    With an explanation, each of its claims and cases is in it, with what proves or refutes it;
    models with more than six inputs then need no cells. A certificate can be checked without this
    package: see [bold]algzoo-exact check[/bold].
    """
    from algzoo_exact.certificate.build import write_certificate
    from algzoo_exact.present.documents.certificate import certificate_document
    from algzoo_exact.present.sections.closing import against
    from algzoo_exact.zoo.explanations import explanation_path

    loaded = load_model(model, task, seq_len, heads)
    chosen, rule = task_of(loaded), tie_rule(ties)
    story = None if explanation is None else explanation_path(explanation)
    with progress_bar("certify") as advance:
        written = write_certificate(
            output,
            loaded,
            chosen,
            explanation=story,
            ties=rule,
            decimals=decimals,
            progress=advance,
        )
    # A model that was fetched has no file here.
    known_by = "" if model.startswith(("algzoo:", "https:")) else against(loaded, model)
    said = certificate_document(loaded, chosen, rule, story, written, known_by)
    emit(said, as_json)
