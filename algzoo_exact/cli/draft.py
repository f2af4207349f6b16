"""``algzoo-exact draft``: an explanation that verifies, proposed by the machine."""

from __future__ import annotations

import os
from pathlib import Path

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.cli.stories import EXIT_CODES
from algzoo_exact.errors import InputError
from algzoo_exact.progress import in_words


@o.options
class Drafted(o.Ties, o.Seed):
    output: Path = o.output("FILE", "Where the story goes (.toml).")
    start: Path | None = o.option(
        None, "STORY", "A story that a person began: it stays as it is, and is completed.", "--from"
    )
    bits: float | None = o.option(
        None, "X", "What the explanation may cost, where weights have to be rounded for it; by "
        "default 9.6 bits for each.",
    )  # fmt: skip
    time_limit: float = o.duration("4m", "Begin nothing new after 30s, 2m, ...")


def draft(subject: o.Subject, drafted: Drafted) -> Said:
    """Propose an explanation of an RNN: claims that are all proved, priced in bits, and cases.

    It looks for dead and equal neurons, symmetries, small formulas for what each neuron holds at
    each step, cases by order and sign, near-equal coefficients, and a network with rounded weights.
    Only what the verifier proves is written; the rest stands in comments. Read and edit the file,
    then run verify and surprise on it.

    Examples:
    algzoo-exact draft 2nd_argmax_2_2 -o story.toml
    algzoo-exact draft my_model.safetensors --task 2nd_argmax -o story.toml --time-limit 2m
    algzoo-exact draft 2nd_argmax_4_3 --from mine.toml -o completed.toml
    Exit codes: 0 all proved, 1 something in the given story refuted, 2 bad input, 3 undecided.
    """
    from algzoo_exact.files import check_place, replacing
    from algzoo_exact.present.documents.draft import draft_document

    if drafted.output.suffix != ".toml":
        raise InputError(f"A story is a .toml file; give -o such a name, not {drafted.output}.")
    check_place(drafted.output)
    loaded = subject.loaded()
    task, rule = o.task_of(loaded), drafted.rule
    with progress_bar("drafting") as advance:
        found = az.draft(
            loaded, task, start=drafted.start, name=_name(subject.model, drafted.output), ties=rule,
            bits=drafted.bits, seed=drafted.seed, seconds=drafted.time_limit,
            progress=in_words(advance),
        )  # fmt: skip
    with replacing(drafted.output) as part:
        part.write_text(found.toml, encoding="utf-8")
    code = EXIT_CODES[found.verification.status]
    return Said(draft_document(str(drafted.output), loaded, found), code)


def _name(model: str, output: Path) -> str:
    """The model as a story in that place names it: a file by its path from there."""
    path = Path(model)
    return os.path.relpath(path, output.parent) if path.is_file() else model
