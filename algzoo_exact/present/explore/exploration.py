"""A page that one can explore: tables beside a picture that turns, or beside what is attended to.

The page is one file that fetches nothing. It holds the weights, and evaluates the network in
float64 to draw and to answer the pointer; the figures of regions, errors and differences are
those of the tables here, which are proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from algzoo_exact.analysis.effort import Effort
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.shares import percent
from algzoo_exact.explain.story import Explanation
from algzoo_exact.explain.verify import Verification, verify
from algzoo_exact.files import path_of, write_whole
from algzoo_exact.present.explore.answers import Answers, answers_of
from algzoo_exact.present.explore.lemmas import story_of
from algzoo_exact.present.explore.page import page_of
from algzoo_exact.present.explore.sections import entries_of
from algzoo_exact.present.explore.sequences import Sequences, sequences_of
from algzoo_exact.present.explore.values import Values, values_of
from algzoo_exact.present.wording import VERDICTS, model_text, task_text
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened
from algzoo_exact.zoo.loading import Model

Found: TypeAlias = Answers | Sequences | Values
"""What was found out about a model, by the sort of its answers. ``facts`` are what the page says
first, by name, and ``figures`` the same by stable keys; ``data`` are networks and tables as the
page's scripts read them. ``open`` is the share of the inputs that was not looked at, ``ties`` None
where no logits are compared."""


@dataclass(frozen=True)
class SavedPage(Shown):
    """A page that was written; a notebook beside it shows it."""

    path: Path


@dataclass(frozen=True, eq=False)
class Exploration(Shown):
    """A page about one model: ``found`` is what is on it, beside what became of an explanation.
    ``save`` writes it, and in a notebook shows it."""

    model: Model
    task: Task
    found: Found
    verification: Verification | None

    def facts(self) -> Iterator[tuple[str, str]]:
        """What the page says first, by name."""
        yield from self.found.facts()
        if self.verification is not None:
            yield "explanation", VERDICTS[self.verification.status]
        if left := self.found.open:
            yield "not looked at", f"up to {percent(left)} of the inputs, for want of time"

    @property
    def html(self) -> str:
        """The whole page."""
        data = {
            "name": self.model.name,
            "model": model_text(self.model),
            "task": task_text(self.task, self.found.ties),
            "ties": self.found.ties,
            "facts": list(self.facts()),
            **self.found.data(),
            "story": None if self.verification is None else story_of(self.verification),
        }
        return page_of(f"{self.model.name}: explore", self.task, data)

    def save(self, path: str | Path) -> SavedPage:
        """Write the page, whole or not at all; InputError for a file that cannot be written."""
        write_whole(path, self.html.encode())
        return SavedPage(path_of(path))

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts())
        return f"<page about {self.model.name}: {facts}; save() writes it>"


@shows_progress("explore")
def explore(
    model: Model,
    task: Task | None = None,
    *,
    against: Model | None = None,
    explanation: Explanation | None = None,
    section: str | Sequence[str | int | float | Fraction] | None = None,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    seconds: float = 30.0,
    workers: Workers = 2,
    state: Place = None,
    progress: Progress | None = None,
) -> Exploration:
    """A page to explore a model's regions, errors, differences and lemmas; a transformer's
    sequences and what it attends to.

    ``section`` has a ``*`` for each free input and a number for each other, such as ``*,*,0,1/2``:
    the tables are of that section then, where the lowest index is the label if several qualify.
    Without one they are of all inputs, n <= 9; beyond, of the first two with all others 0.
    ``against`` is a second model, and ``explanation`` adds its claims and cases, each statement
    verified within ``seconds``. After ``time_limit`` seconds, tables hold what was found by then;
    those of a median model must be whole. With a ``state``, the same call goes on with the tables
    of models that are no transformers.

    InputError for models of other tasks and sizes, sections that are none or of models that give
    no index, a second median model, and where nothing tells the task.
    """
    demand(model, Model, "explore() shows a model, as load() gives")
    chosen = task_of(model, task)
    models = [model]
    if against is not None:
        demand(against, Model, "explore() compares with a model, as load() gives")
        models.append(against)
    if section is not None and not chosen.is_index:
        raise InputError(
            f"Sections are of tasks that ask for an index, and {chosen.name} does not."
        )
    if chosen.is_numeric and against is not None:
        raise InputError(
            f"explore compares answers that are indices, and {chosen.name} is a number."
        )
    deadline = Deadline.after(time_limit)
    entries = None if section is None else entries_of(section)

    def run() -> dict[str, Any]:
        named = identity("explore", [one.network for one in models], chosen, ties)
        return named | {"section": entries and ",".join(entries)}

    with opened(state, run) as kept:
        verification = None
        if explanation is not None:
            verification = verify(explanation, model, seconds=seconds, ties=ties, progress=progress)
            if verification.stopped:
                raise KeyboardInterrupt
        effort = Effort(deadline, workers, kept, progress)
        found: Found
        if chosen.is_discrete:
            found = sequences_of(models, chosen, ties, effort)
        elif chosen.is_numeric:
            found = values_of(model, chosen, effort)
        else:
            found = answers_of(models, chosen, entries, ties, effort)
    return Exploration(model, chosen, found, verification)
