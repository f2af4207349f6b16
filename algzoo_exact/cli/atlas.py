"""``algzoo-exact atlas``: the scores of a zoo, as tables, curves over training, and pages."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import BAD_INPUT, INTERRUPTED, Said
from algzoo_exact.cli.output import progress_bar, score_lines
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.atlas.entries import Chosen, Entry
    from algzoo_exact.tables import Row

_FEW = 20  # models that one process scores soon


@o.options
class About:
    """Which models, and where the atlas goes."""

    models: list[str] = o.argument(
        (), "FOLDER..", "Folders of weight files, or such files. Without any, AlgZoo's own models."
    )
    output: Path = o.output(
        "FOLDER",
        "Where the atlas goes. The same command goes on where it was stopped, and one with more "
        "models takes over what is known.",
    )
    all_algzoo: bool = o.flag(
        "--all-algzoo", "All that AlgZoo has: 116 sizes, 5 seeds, 12 checkpoints."
    )
    sizes: str | None = o.option(
        None, "SIZES", "Only these, with commas between: task, neurons and inputs, such as "
        "2nd_argmax_4_3, or patterns such as 'median_*_5'.",
    )  # fmt: skip
    seeds: str | None = o.option(None, "SEEDS", "Only these seeds, such as 0,2 or 0-4.")
    checkpoints: str | None = o.option(
        None, "COUNTS", "Only those after so many sequences of training, such as 0,2^20,2^30."
    )

    def chosen(self) -> Chosen:
        """InputError unless it is clear what is meant."""
        from algzoo_exact.atlas.entries import Chosen

        some = (self.sizes, self.seeds, self.checkpoints) != (None, None, None)
        if self.models and self.all_algzoo:
            raise InputError("Give folders, or --all-algzoo for AlgZoo's own models, not both.")
        if not (self.models or self.all_algzoo or some):
            raise InputError(
                "Say which models: a FOLDER, --sizes, --seeds or --checkpoints of AlgZoo's own, or "
                "--all-algzoo."
            )
        return Chosen(
            None if self.sizes is None else _words("--sizes", self.sizes),
            None if self.seeds is None else _seeds(self.seeds),
            None if self.checkpoints is None else _checkpoints(self.checkpoints),
        )


@o.options
class Effort(o.Ties, o.Sharing):
    """How each model is scored."""

    method: str = o.option(
        "auto", "METHOD", "[bold]auto[/bold]: what says most in about a minute. "
        "[bold]exact[/bold]: every input decided, up to 9 of them, however long that takes; then "
        "the files do not depend on the speed of machines.",
    )  # fmt: skip
    time_limit: float | None = o.duration(None, "For each model: 30s, 2m, ...")


def atlas(about: About, sizes: o.AllSizes, effort: Effort, as_json: o.JsonOption = False) -> Said:
    """Score a whole zoo, and write tables, curves over training, and pages to look it up.

    AlgZoo's models are fetched as it goes, and kept. The folder gets index.html, which sorts,
    filters and leads to a page for each size; scores.parquet and scores.csv, with a row for each
    model and the kind of each number; and atlas.db, by which the same command goes on after Ctrl-C,
    a kill or a lost connection.

    Examples:
    algzoo-exact atlas --sizes '2nd_argmax_*_3' -o atlas
    algzoo-exact atlas --sizes median_2_2,median_4_3 --seeds 0-4 --checkpoints 0,2^20,2^30 -o atlas
    algzoo-exact atlas runs/2nd_argmax_4_3/seeds -o atlas
    algzoo-exact atlas --all-algzoo --method exact -o atlas
    """
    from algzoo_exact.atlas.build import Plan, atlas_of
    from algzoo_exact.atlas.entries import entries_of
    from algzoo_exact.atlas.scoring import Effort as Wanted
    from algzoo_exact.atlas.summary import atlas_document
    from algzoo_exact.present.documents.scores import whole_row

    method: Any = effort.method
    wanted = Wanted(effort.rule, method, effort.time_limit)
    entries = entries_of(about.models or None, about.chosen())
    line = score_lines(map(_short, entries), quiet=as_json)

    def told(entry: Entry, row: Row) -> None:
        line(_short(entry), whole_row(row))

    usual = min(2, os.cpu_count() or 1) if len(entries) > _FEW else 1
    with effort.shared(usual) as workers, progress_bar("atlas") as advance:
        made = atlas_of(about.output, Plan(entries, wanted, sizes.given()), workers, advance, told)
    if made.trouble:
        print(f"error: {made.trouble}", file=sys.stderr)
    failed = made.trouble or any(row["error"] for row in made.rows)
    code = BAD_INPUT if failed else INTERRUPTED if made.left else 0
    return Said(atlas_document(made, about.output), code)


def _short(entry: Entry) -> str:
    from algzoo_exact.zoo.fetching import PREFIX

    return Path(entry.name).name.removeprefix(PREFIX)


def _words(option: str, text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(","))
    if not all(words):
        raise InputError(f"{option} takes words with commas between, not {text!r:.60}.")
    return words


def _seeds(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for word in _words("--seeds", text):
        first, dash, last = word.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(word) > 12:
            raise InputError(f"--seeds takes whole numbers such as 0,2 or 0-4, not {text!r:.60}.")
        found += range(int(first), int(last or first) + 1)
    if not found:
        raise InputError(f"There is no seed in {text!r:.60}; give the smaller one first.")
    return tuple(found)


def _checkpoints(text: str) -> tuple[int, ...]:
    try:
        return tuple(
            0 if word == "0" else o.parse_count(word) for word in _words("--checkpoints", text)
        )
    except typer.BadParameter as error:
        raise InputError(f"--checkpoints: {error.message}") from None
