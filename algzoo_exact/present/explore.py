"""A page that one can explore: regions, errors and lemmas beside a picture that turns.

The page is one file that fetches nothing. It holds the weights, and evaluates the network in
float64 to draw and to answer the pointer; the figures of regions, errors and differences are
those of the tables here, which are proved.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.analysis.cells import CellTable, measured_cells
from algzoo_exact.analysis.difference import Difference, diff
from algzoo_exact.analysis.sections import Section
from algzoo_exact.analysis.sections import section as in_section
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.explain.claims.cases import Case
from algzoo_exact.explain.claims.claim import Claim, Ground
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Compare,
    Entry,
    Formula,
    If,
    Number,
    Term,
    Truth,
)
from algzoo_exact.explain.outcome import Status
from algzoo_exact.explain.story import Explanation
from algzoo_exact.explain.verify import Verification, verify
from algzoo_exact.files import write_whole
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.present.wording import VERDICTS, model_text, several, task_text
from algzoo_exact.program.floats import rounded
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.progress import shows_progress
from algzoo_exact.score.result import Progress
from algzoo_exact.shown import Shown
from algzoo_exact.zoo.loading import Model

FREE = "*"
MOST_REGIONS, MOST_CELLS = 100_000, 20_000  # that a page lists, the heaviest ones
_STYLES = ("vendor/tabulator.min.css", "explore.css")
_SPHERE = "vendor/three.min.js"  # which two inputs do without
_SCRIPTS = ("vendor/tabulator.min.js", "network.js", "pictures.js", "explore.js")

Data = dict[str, Any]
_Columns = dict[str, NDArray[Any] | list[str]]


def basis_of(entries: Sequence[str], n: int) -> Matrix:
    """The basis E (n, m) of a section with a ``*`` for each free input and a number for each other:
    a column for each free one, and one for the numbers if not all are 0. m is 2 or 3.

    InputError for what is none.
    """
    said = ",".join(entries)
    try:
        fixed = [Fraction(0 if entry == FREE else entry) for entry in entries]
    except (ValueError, ZeroDivisionError):
        raise InputError(
            f"A section has a {FREE} for each free input and a number for each other, such as "
            f"'{FREE},{FREE},0,1/2', not {said!r}."
        ) from None
    if len(entries) != n:
        raise InputError(f"A section has {n} entries, one for each input, not {len(entries)}.")
    columns = [[Fraction(i == k) for i in range(n)] for k in range(n) if entries[k] == FREE]
    columns += [fixed] if any(fixed) else []
    if len(columns) not in (2, 3):
        raise InputError(
            "A section is a plane or a space: 2 or 3 free inputs, or one less where another number "
            f"is not 0; {said!r} has dimension {len(columns)}."
        )
    return tuple(zip(*columns, strict=True))


@dataclass(frozen=True, eq=False)
class Exploration(Shown):
    """A page about one model; it shows itself in a notebook, and ``save`` writes it.

    ``table`` are all cells of the model on the inputs, or on the ``section``, with their measures,
    and ``difference`` those on which ``against`` answers differently. ``entries`` are a ``*`` or a
    number for each input of the section.
    """

    model: Model
    task: Task
    section: Section | None
    entries: str | None
    table: CellTable
    against: Model | None
    difference: Difference | None
    verification: Verification | None

    @cached_property
    def regions(self) -> int:
        """How many regions were found."""
        return len(np.unique(self.table.bits, axis=0))

    @cached_property
    def wrong_cells(self) -> int:
        """How many cells were found that do not earn full credit."""
        return int(np.count_nonzero(self.table.credit < 1))

    @cached_property
    def accuracy(self) -> Enclosure:
        """On all inputs, or in the section; what was not looked at may be right or wrong."""
        lost = self.table.total(1 - self.table.credit)
        right = Enclosure(1 - lost.upper - self.table.open, 1 - lost.lower)
        return right.intersect(Enclosure(Fraction(0), Fraction(1)))

    def facts(self) -> Iterator[tuple[str, str]]:
        """What the page says first, by name."""
        where, left = "" if self.section is None else " in the section", self.table.open
        if self.section is not None and self.entries is not None:
            yield "section", self.entries
            shared = in_section(self.model, self.section.basis, self.task).unlabelled
            if shared.upper > 0:
                yield "of it several labels", percent(shared)
        yield f"accuracy{where}", percent(self.accuracy, 4)
        yield f"regions{where}", f"{self.regions:,}" + (" so far" if left else "")
        yield "wrong cells", f"{self.wrong_cells:,}"
        if self.difference is not None and self.against is not None:
            yield f"differs from {self.against.name}", percent(self.difference.probability, 4)
        if self.verification is not None:
            yield "explanation", VERDICTS[self.verification.status]
        if left:
            yield "not looked at", f"up to {percent(left)} of the inputs, for want of time"

    @property
    def html(self) -> str:
        """The whole page."""
        scripts = _SCRIPTS if self.task.seq_len == 2 else (_SPHERE, *_SCRIPTS)
        return _page(f"{self.model.name}: explore", scripts, _data(self))

    def save(self, path: str | Path) -> None:
        """Write the page, whole or not at all; InputError for a file that cannot be written."""
        write_whole(path, self.html.encode())

    def __repr__(self) -> str:
        regions = several(self.regions, "region")
        return f"<page about {self.model.name}: {regions}; save() writes it>"

    def _repr_html_(self) -> str:
        return (
            '<iframe sandbox="allow-scripts allow-downloads" width="100%" height="900" '
            f'title="{escape(self.model.name)}" style="border: 0" srcdoc="{escape(self.html)}">'
            "</iframe>"
        )


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
    workers: int = 2,
    progress: Progress | None = None,
) -> Exploration:
    """A page to explore a model's regions, errors, differences and lemmas.

    ``section`` has a ``*`` for each free input and a number for each other, such as ``*,*,0,1/2``:
    the tables are of that section then, where the lowest index is the label if several qualify.
    Without one they are of all inputs, n <= 9; beyond, of the first two with all others 0.
    ``against`` is a second model, and ``explanation`` adds its claims and cases, each statement
    verified within ``seconds``. After ``time_limit`` seconds, tables hold what was found by then.

    InputError for models of other tasks and sizes, sections that are none, and where nothing tells
    the task.
    """
    demand(model, Model, "explore() shows a model, as load() gives")
    chosen = task_of(model, task)
    if chosen.is_numeric or chosen.is_discrete:
        raise InputError(
            f"explore shows which of several answers a model gives, and {chosen.name} asks for "
            "something else."
        )
    models = [model]
    if against is not None:
        demand(against, Model, "explore() compares with a model, as load() gives")
        models.append(against)
    for one in models:
        check_fit(one.program, chosen, ties)
    n, deadline = chosen.seq_len, Deadline.after(time_limit)
    if section is None and n > MOST_INPUTS:
        section = [FREE] * 2 + [0] * (n - 2)
    entries = section.split(",") if isinstance(section, str) else section
    said = None if entries is None else [str(entry).strip() for entry in entries]
    verification = None
    if explanation is not None:
        verification = verify(explanation, model, seconds=seconds, ties=ties, progress=progress)
        if verification.stopped:
            raise KeyboardInterrupt
    subjects: list[Model | Section] = list(models)
    asked, part = chosen, None
    if said is not None:
        basis = basis_of(said, n)
        parts = [in_section(one, basis, chosen, shared="lowest") for one in models]
        subjects, part, asked = list(parts), parts[0], parts[0].task
    table = measured_cells(
        subjects[0].program, asked, ties=ties, deadline=deadline, workers=workers, progress=progress
    ).heaviest_first()
    difference = None
    if against is not None:
        difference = diff(
            subjects[0], subjects[1], asked, time_limit=deadline.timeout, workers=workers,
            progress=progress,
        )  # fmt: skip
    entered = None if said is None else ",".join(said)
    return Exploration(model, chosen, part, entered, table, against, difference, verification)


def _data(found: Exploration) -> Data:
    """All that the page knows."""
    table, task = found.table, found.task
    wrong = table.select(table.credit < 1)
    regions = _regions(table)
    return {
        "name": found.model.name,
        "model": model_text(found.model),
        "task": task_text(task, table.ties),
        "asked": task.words,
        "ties": table.ties,
        "section": found.entries,
        "facts": list(found.facts()),
        "labels": [{"label": c.label, "rows": [list(map(float, r)) for r in c.inequalities]}
                   for c in task.cells()],
        "network": _network(found.model.program),
        "against": None
        if found.against is None
        else {"name": found.against.name, **_network(found.against.program)},
        "regions": _listed(regions, MOST_REGIONS),
        "errors": _listed(_cells(wrong), MOST_CELLS),
        "differences": None
        if found.difference is None
        else _listed(_differences(found.difference), MOST_CELLS),
        "story": None if found.verification is None else _story(found.verification),
    }  # fmt: skip


def _network(program: Program) -> Data:
    layers = [
        {"state": rounded(layer.state).tolist(), "input": rounded(layer.input).tolist()}
        for layer in program.layers
    ]
    return {"layers": layers, "readout": rounded(program.readout).tolist()}


def _regions(table: CellTable) -> _Columns:
    """The regions, heaviest first: sums over the cells of each, which come heaviest first."""
    _, first, at = np.unique(table.bits, axis=0, return_index=True, return_inverse=True)
    at, count = at.reshape(-1), len(first)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(at, values, count).astype(np.float64)

    # A sum of k terms in floats is off by less than k ulps of the sum of their sizes.
    ulps = np.bincount(at, minlength=count) * 2.0**-52
    measure, earned = total(table.measure), total(table.measure * table.credit)
    radius = total(table.radius) + ulps * measure
    low, high = np.ones(count), np.zeros(count)
    np.minimum.at(low, at, table.credit)
    np.maximum.at(high, at, table.credit)
    # With measures m and e, known to r: |e' / m' - e / m| <= 2 r / (m - r), less than 4 r / m for
    # r < m / 2; r is above an ulp of m, and so above what the quotient is rounded by.
    known, size = 2 * radius < measure, np.maximum(measure, np.finfo(float).tiny)
    share = np.where(low == high, low, np.where(known, np.minimum(1.0, earned / size), 0.5))
    share_radius = np.where(low == high, 0.0, np.where(known, 5 * radius / size, 0.5))
    answers: list[set[int]] = [set() for _ in range(count)]
    for region, answer in zip(at.tolist(), table.answer.tolist(), strict=True):
        answers[region].add(answer)
    order = np.lexsort((np.arange(count), -measure))
    return {
        "pattern": [str(table.pattern(i)) for i in first[order].tolist()],
        "measure": measure[order],
        "radius": radius[order],
        "share": share[order],
        "share_radius": share_radius[order],
        "answers": [" ".join(map(str, sorted(answers[i]))) for i in order.tolist()],
        "inside": table.inside[first[order]],
    }


def _cells(table: CellTable) -> _Columns:
    return {
        "measure": table.measure,
        "radius": table.radius,
        "label": table.label.astype(np.float64),
        "answer": table.answer.astype(np.float64),
        "credit": table.credit,
        "pattern": [str(table.pattern(i)) for i in range(min(len(table), MOST_CELLS))],
        "inside": table.inside,
    }


def _differences(found: Difference) -> _Columns:
    return {
        "measure": found.measure,
        "radius": found.radius,
        "label": found.label.astype(np.float64),
        "answer": found.first.astype(np.float64),
        "other": found.second.astype(np.float64),
        "inside": found.inside,
    }


def _listed(columns: _Columns, most: int) -> Data:
    """The first rows: texts as they are, float64 as base64 in little-endian order."""
    shown: Data = {"count": len(columns["measure"])}
    for name, column in columns.items():
        if isinstance(column, list):
            shown[name] = column[:most]
        else:
            content = np.ascontiguousarray(column[:most], "<f8").tobytes()
            shown[name] = base64.b64encode(content).decode()
    return shown


def _story(found: Verification) -> Data:
    """Each instance of the claims and cases, with the inputs that it is about."""
    lemmas: list[Data] = []
    for result in found.claims:
        claim = result.claim
        for instance, outcome in zip(claim.instances, result.instances, strict=True):
            domain = getattr(instance, "domain", EVERYWHERE)
            lemmas.append(_lemma(claim, claim.kind, instance, outcome.status, domain))
    for case in found.cases:
        for checked in case.instances:
            status = "unknown" if checked.checked is None else checked.checked.status
            kind, when = f"case: {checked.answer}", checked.instance.when
            lemmas.append(_lemma(case.case, kind, checked.instance, status, when))
    return {
        "title": found.explanation.title,
        "network": _network(found.program),
        "lemmas": lemmas,
    }


def _lemma(said: Claim | Case, kind: str, instance: Ground, status: Status, where: Formula) -> Data:
    at = ", ".join(f"{name} = {value}" for name, value in instance.parameters)
    written = dict(said.written)
    return {
        "name": f"{said.name} ({at})" if at else said.name,
        "kind": kind,
        "status": status,
        "text": said.text,
        "where": written.get("domain") or written.get("when") or "all inputs",
        "formula": _tree(where),
    }


def _tree(part: Formula | Term) -> Any:
    """An expression as lists: an operation and what it is of."""
    if isinstance(part, Truth):
        return part.value
    if isinstance(part, Number):
        return float(part.value)
    if isinstance(part, Entry):
        return ["at", part.array, *part.indices]
    if isinstance(part, Compare):
        return [part.op, _tree(part.left), _tree(part.right)]
    assert not isinstance(part, If), "comparisons have a formula for each case"
    return [part.op, *map(_tree, part.args)]


@cache
def _static(name: str) -> str:
    return (files("algzoo_exact.present") / "static" / name).read_text(encoding="utf-8")


def _page(title: str, names: Sequence[str], data: Data) -> str:
    """The page's template, with styles, scripts and data in their places.

    A model's name and a story's texts are a stranger's: inside JSON no ``<`` is left, so that
    nothing ends the element, and the page may run no scripts but those whose hashes it states.
    """
    scripts = [_static(name) for name in names]
    hashes = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(found).decode()}'" for found in hashes)
    parts = {
        "title": escape(title),
        "policy": f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:",
        "style": "\n".join(map(_static, _STYLES)),
        "data": json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c"),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    first, *rest = _static("explore.html").split("{{")
    filled = [first]
    for piece in rest:
        name, text = piece.split("}}", 1)
        filled += (parts[name], text)
    return "".join(filled)
