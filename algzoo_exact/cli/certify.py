"""``algzoo-exact certify``: a certificate of a score, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from algzoo_exact.cli.output import (
    TIE_TEXT,
    enclosure_json,
    model_json,
    model_text,
    print_fields,
    print_json,
    progress_bar,
)
from algzoo_exact.names import printable, shell_word

if TYPE_CHECKING:
    from algzoo_exact.certificate.build import WrittenCertificate
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.zoo.loading import Model

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
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.zoo.explanations import explanation_path

    loaded = load_model(model, task, seq_len, heads)
    chosen = task_of(loaded)
    story = None if explanation is None else explanation_path(explanation)
    with progress_bar("certify") as advance:
        written = write_certificate(
            output,
            loaded,
            chosen,
            explanation=story,
            ties=tie_rule(ties),
            decimals=decimals,
            progress=advance,
        )
    size = written.path.stat().st_size
    compares = written.accuracy is not None
    if as_json:
        print_json(
            {
                "model": model_json(loaded),
                "task": chosen.name,
                "ties": ties if compares else None,
                "explanation": story and str(story),
                "accuracy": None,
                **{key: enclosure_json(value, 30) for key, value in _scores(written)},
                "undecided": enclosure_json(Enclosure.exactly(written.undecided), 30)["upper"],
                "count": written.count,
                "file": {"path": str(written.path), "bytes": size, "sha256": written.sha256},
            }
        )
        return
    of = {"functions": "inputs", "claims": "claims and cases"}.get(written.kind, written.kind)
    fields = [
        ("model", model_text(loaded)),
        ("task", chosen.name + (f"; ties: {TIE_TEXT[ties]}" if compares else "")),
        *([("story", printable(str(story)))] if story else []),
        *((key.replace("_", " "), str(value)) for key, value in _scores(written)),
        ("certificate", f"{printable(str(written.path))}: {written.count:,} {of}, {size:,} bytes"),
        ("sha256", written.sha256),
        ("check", f"algzoo-exact check {shell_word(str(written.path))}{_known_by(loaded, model)}"),
    ]
    print_fields(fields, max(12, *(len(name) for name, _ in fields)))


def _known_by(loaded: Model, given: str) -> str:
    """What ``check`` is told of the model: its file, or rational weights' own hash."""
    if loaded.dtype == "rational":
        return f" --sha256 {loaded.sha256}"
    fetched = given.startswith(("algzoo:", "https:"))
    return "" if fetched else f" {shell_word(given)}"


def _scores(written: WrittenCertificate) -> list[tuple[str, Enclosure]]:
    """What the certificate proves, by name."""
    from algzoo_exact.exact.enclosure import square_root

    if written.squared_error is None:
        return [("accuracy", written.score)]
    error = written.squared_error
    return [("mean_squared_error", error), ("root_mean_squared_error", square_root(error))]
