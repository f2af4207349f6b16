"""Scores of many models as a table: a line for each as it is done, kept so that a run goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import BAD_INPUT, INTERRUPTED, Said
from algzoo_exact.cli.interrupts import noticing_interrupts
from algzoo_exact.cli.output import WIDEST, progress_bar, score_lines
from algzoo_exact.cli.scoring import Wishes, scored
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.files import check_place
from algzoo_exact.names import printable
from algzoo_exact.progress import Progress
from algzoo_exact.version import __version__

if TYPE_CHECKING:
    from algzoo_exact.state import State
    from algzoo_exact.tables import Row


@dataclass(frozen=True)
class Scoring:
    """How each of many models is to be scored."""

    sizes: o.AllSizes
    rules: o.Rules
    wishes: Wishes
    noise: o.Noise
    noise_seeds: int | None

    def __post_init__(self) -> None:
        """InputError for what would be wrong for every model."""
        from algzoo_exact.program.task import problem_named

        wishes = self.wishes
        if wishes.by_label or wishes.closed_form or wishes.check_samples:
            raise InputError(
                "A table has no room for --by-label, --closed-form and --check-samples; leave them "
                "out, or give one model."
            )
        wishes.refuse_state("of several models, where --out FILE goes on by itself")
        if self.noise_seeds and self.noise.noise is None:
            raise InputError("--noise-seeds needs --noise STD.")
        o.tie_rule(self.rules.ties)
        if self.sizes.task is not None:
            problem_named(self.sizes.task)

    def seeds(self) -> list[int | None]:
        """Of the noise; None where there is none."""
        if self.noise.noise is None:
            return [None]
        first = self.noise.noise_seed or 0
        return [*range(first, first + (self.noise_seeds or 1))]

    def settings(self) -> dict[str, Any]:
        """All that a row depends on, but for the model and the seed of its noise."""
        parts = (self.sizes, self.rules, self.wishes, self.noise)
        found = {name: value for part in parts for name, value in asdict(part).items()}
        return found | {
            "command": "accuracy",
            "noise_seed": None,
            "workers": None,
            "scheduler": None,
            "state": None,
            "version": __version__,
        }

    def row(self, model: az.Model, seed: int | None, bar: o.Bar) -> Row:
        """The row of a model with noise of that seed; KeyboardInterrupt if that came before the
        whole score was there."""
        from algzoo_exact.present.documents.scores import score_row

        task, rule = self.rules.task_of(model), self.rules.rule
        noisy = replace(self.noise, noise_seed=seed).on(model)
        deadline = Deadline.after(self.wishes.time_limit)
        found = scored(noisy, task, rule, self.wishes, deadline, bar, alone=False)
        if found.interrupted:
            raise KeyboardInterrupt
        return score_row(noisy, found.score, found.beside)


def table_of(models: list[str], scoring: Scoring, out: Path | None, *, quiet: bool) -> Said:
    """Score the models one by one; each has its line at once, unless that is to be ``quiet``."""
    from algzoo_exact.present.documents.scores import COLUMNS, scores_document
    from algzoo_exact.state import beside, opened
    from algzoo_exact.tables import check_suffix, write_rows
    from algzoo_exact.zoo.folders import every_model

    if out is not None:
        check_suffix(out)
        check_place(out)
    if scoring.wishes.time_limit is not None:
        # Loading torch for a sample is no part of the first model's time.
        from algzoo_exact.runtime import sampling  # noqa: F401

    names, rows = every_model(models), []
    total = len(names) * len(scoring.seeds())
    shown = _shown(names)
    told = score_lines(shown.values(), quiet=quiet)
    with (
        opened(out and beside(out), scoring.settings) as state,
        progress_bar("scoring") as advance,
        noticing_interrupts(),
        suppress(KeyboardInterrupt),  # what is done is kept
    ):
        if state:
            state.expect(total)
        if state and state.done:
            print(f"going on: {state.done} scores are there", file=sys.stderr)
        for row in _rows(names, scoring, state, advance):
            rows.append(row)
            seed = "" if row["noise_seed"] is None else f" #{row['noise_seed']}"
            told(shown[row["file"]] + seed, row)
    if not rows:
        raise KeyboardInterrupt
    whole = len(rows) == total
    if out is not None:
        write_rows(rows, out, COLUMNS)
        if whole:
            beside(out).unlink(missing_ok=True)
    code = BAD_INPUT if any(row["error"] for row in rows) else 0
    return Said(scores_document(rows, total, out), code if whole else INTERRUPTED)


def _rows(
    names: list[str], scoring: Scoring, state: State | None, advance: Progress
) -> Iterator[Row]:
    """A row for each model and seed of the noise."""
    from algzoo_exact.present.documents.scores import whole_row

    every = [(k, name, seed) for k, name in enumerate(names, 1) for seed in scoring.seeds()]
    for done, (k, name, seed) in enumerate(every):
        label = f"{k} of {len(names)}, {Path(name).name[:WIDEST]}"

        def heard(share: float, text: str, done: int = done, label: str = label) -> None:
            advance((done + share) / len(every), label)

        heard(0.0, "")
        try:
            row = _row(name, seed, scoring, state, heard)
        except InputError as error:
            row = {"error": str(error).removeprefix(f"{name}: ")}
        yield whole_row(row | {"file": printable(name), "noise_seed": seed})


def _row(
    name: str, seed: int | None, scoring: Scoring, state: State | None, heard: Progress
) -> Row:
    # One bar at a time: that of all models.
    model = o.load_model(name, scoring.sizes, lambda *_: nullcontext(lambda share, text: None))
    key = json.dumps([name, model.sha256, seed])
    known = state.value(key) if state else None
    if known is not None:
        return dict(known)
    row = scoring.row(model, seed, lambda *_: nullcontext(heard))
    if state:
        state.put(key, row)
    return row


def _shown(names: list[str]) -> dict[str, str]:
    """What models are called in a line: their files, with folders where these alone differ."""
    files = [Path(name).name for name in names]
    whole = len(set(files)) < len(files)
    shown = names if whole else files
    return {printable(name): text for name, text in zip(names, shown, strict=True)}
