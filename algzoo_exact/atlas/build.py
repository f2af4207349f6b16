"""Building an atlas: which models are left, who scores them, and what is kept of it."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from algzoo_exact.atlas.entries import Chosen, Entry, entries_of
from algzoo_exact.atlas.pages import write_pages
from algzoo_exact.atlas.scoring import SAMPLES, Effort, Job, Way, scored
from algzoo_exact.atlas.table import COLUMNS, whole_rows
from algzoo_exact.deadline import NEVER
from algzoo_exact.errors import InputError, demand
from algzoo_exact.files import make_folder, path_of
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.processes import Workers, check_workers
from algzoo_exact.program.task import TieRule
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.signals import interrupts_noted
from algzoo_exact.state import State
from algzoo_exact.tables import Row, write_rows
from algzoo_exact.version import __version__
from algzoo_exact.zoo.fetching import UnreachableError
from algzoo_exact.zoo.loading import load

STATE, TABLES = "atlas.db", ("scores.parquet", "scores.csv")

_PAUSES = (1.0, 10.0, 60.0)  # seconds before a server is asked again that was lost on the way

Told = Callable[[Entry, Row], None]
"""Called with each row that is found."""


@dataclass(frozen=True)
class Atlas(Shown):
    """What was written: the page that leads to all others, and a row for each model.

    ``known`` scores were there before. ``left``: names of models that were not reached, because of
    Ctrl-C, or of the ``trouble`` with a server.
    """

    index: Path
    rows: tuple[Row, ...]
    known: int = 0
    left: tuple[str, ...] = ()
    trouble: str = ""

    def __repr__(self) -> str:
        kinds = [row["kind"] or "error" for row in self.rows]
        counts = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in sorted({*kinds}))
        return f"<atlas of {len(self.rows):,} models: {counts}>"


@dataclass(frozen=True)
class Plan:
    """What goes into an atlas. ``loading`` are arguments of ``load`` beside the name."""

    entries: list[Entry]
    effort: Effort
    loading: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """All that a row depends on, but for the model."""
        given = {name: value for name, value in self.loading.items() if value is not None}
        effort = asdict(self.effort) | {"samples": SAMPLES}
        return {"command": "atlas", "loading": given, **effort, "version": __version__}


@shows_progress("atlas")
def build_atlas(
    output: str | Path,
    models: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    *,
    sizes: Iterable[str] | None = None,
    seeds: Iterable[int] | None = None,
    checkpoints: Iterable[int] | None = None,
    ties: TieRule = "lowest",
    method: Way = "auto",
    time_limit: float | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Atlas:
    """Score many models, and write tables of the scores, curves of them over training, and pages
    that sort, filter and lead to each other, into the folder ``output``.

    ``models`` are files, folders of files, and names. Without them the models are AlgZoo's: 116
    sizes, seeds 0 to 4, and checkpoints after 0, 2^20, 2^21, .., 2^30 sequences, each fetched when
    it is its turn. ``sizes`` (patterns such as ``2nd_argmax_*_3``), ``seeds`` and ``checkpoints``
    choose among them.

    Each model is scored as ``accuracy`` or ``squared_error`` do it, within ``time_limit`` seconds,
    with random inputs beside what is not exact. ``method`` "exact" decides every input for n <= 9,
    however long that takes, and otherwise leaves it to random inputs: then no clock has a say in
    what is written. ``workers`` is a number of processes, or a ``concurrent.futures.Executor``.

    What is found is kept in ``atlas.db`` there: the same call goes on where it was stopped,
    whatever stopped it, and one with more models takes over what is known. The same scores give
    the same files, byte for byte.

    InputError where nothing can be chosen or written, and for the folder of an atlas that was made
    in another way.
    """
    chosen = Chosen(
        None if sizes is None else tuple(sizes),
        None if seeds is None else tuple(seeds),
        None if checkpoints is None else tuple(checkpoints),
    )
    plan = Plan(entries_of(_names(models), chosen), Effort(ties, method, time_limit))
    return atlas_of(path_of(output), plan, workers, progress)


def _names(
    models: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None,
) -> list[str] | None:
    if models is None:
        return None
    demand(models, str | os.PathLike | Iterable, "Models are files, folders and names")
    given = [models] if isinstance(models, str | os.PathLike) else list(models)
    for name in given:
        demand(name, str | os.PathLike, "A model is given by its file, its folder or its name")
    return [os.fspath(name) for name in given]


def atlas_of(
    output: Path,
    plan: Plan,
    workers: Workers,
    progress: Progress | None = None,
    told: Told = lambda entry, row: None,
) -> Atlas:
    """The same, of a plan."""
    check_workers(workers)
    make_folder(output)
    tell = progress or (lambda share, text: None)
    rows: dict[Entry, Row] = {}
    with State(output / STATE) as state:
        state.claim(plan.settings())
        waiting = _Waiting(plan.loading)
        for entry in plan.entries:
            key = entry.key()
            if (row := state.value(key)) is None:
                waiting.entries.append((entry, key))
            else:
                rows[entry] = row
        known = len(rows)
        state.expect(state.done + len(waiting))
        trouble = ""
        try:
            for job, row in _found(waiting, plan.effort, workers, state):
                if isinstance(job.model, UnreachableError):
                    trouble = str(job.model)
                    continue
                rows[job.entry] = row
                told(job.entry, row)
                text = f"{len(rows):,} of {len(plan.entries):,} models"
                tell(len(rows) / len(plan.entries), text)
        except KeyboardInterrupt:
            if not rows:
                raise
    if not rows:
        raise InputError(trouble)
    left = tuple(entry.name for entry in plan.entries if entry not in rows)
    whole = whole_rows(rows)
    for name in TABLES:
        write_rows(whole, output / name, COLUMNS)
    index = write_pages(output, whole, len(left), tell)
    return Atlas(index, tuple(whole), known, left, trouble)


def _found(
    waiting: _Waiting, effort: Effort, workers: Workers, state: State
) -> Iterator[tuple[Job, Row]]:
    """Jobs with their rows as they are done, which are kept. After Ctrl-C a row may be what was
    known by then."""
    with interrupts_noted() as interrupts:
        kept = Kept[Job, Row](
            state,
            lambda job: job.key,
            Any,
            lambda row: None if interrupts or "error" in row else row,
        )
        for found in outcomes(waiting, partial(scored, effort), NEVER, workers, kept):
            if interrupts:
                raise KeyboardInterrupt
            yield found


@dataclass
class _Waiting:
    """Models that are not scored yet, each loaded, and fetched if need be, when it is its turn."""

    loading: Mapping[str, Any]
    entries: deque[tuple[Entry, str]] = field(default_factory=deque)
    begun: bool = False

    def __len__(self) -> int:
        return len(self.entries)

    def pop(self) -> Job:
        """Where a server cannot be reached, this is the last one."""
        entry, key = self.entries.popleft()
        pauses = iter(_PAUSES if self.begun else ())
        self.begun = True
        while True:
            try:
                return Job(entry, key, load(entry.name, **self.loading))
            except UnreachableError as error:
                pause = next(pauses, None)
                if pause is None:
                    self.entries.clear()
                    return Job(entry, key, error)
                time.sleep(pause)
            except InputError as error:
                return Job(entry, key, error)
