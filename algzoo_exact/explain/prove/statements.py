"""Statements written in the language of explanations: proved for all inputs, or measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError, check_seconds
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.shares import share
from algzoo_exact.explain.language.expand import Expander, read_definitions
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, Logic, fails_at, some
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.event_cells import EventCells, event_cells
from algzoo_exact.explain.prove.event_program import Signals, inputs_of
from algzoo_exact.explain.prove.exact_figures import probability as probability_by_cells
from algzoo_exact.explain.prove.facts import Question
from algzoo_exact.explain.prove.labels import cells_in, earns
from algzoo_exact.explain.prove.prover import prove as prove_formula
from algzoo_exact.explain.prove.sampled_figures import if_in_range, sampled_probability
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task
from algzoo_exact.progress import in_words, shows_progress
from algzoo_exact.score.by_closed_form import CLOSED_FORM_UP_TO
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, State, opened

_NO_DEFINITIONS: Mapping[str, str] = {}
_NONE: Mapping[str, Sequence[Formula]] = {}


@shows_progress("proving", in_words)
def prove(
    model: Program | HasProgram,
    statement: str,
    *,
    domain: str | None = None,
    definitions: Mapping[str, str] = _NO_DEFINITIONS,
    seconds: float = 30.0,
    progress: Callable[[str], None] | None = None,
) -> Outcome:
    """Does ``statement`` hold for all inputs (where ``domain`` does)?

    Both are written in the language of explanations, with ``definitions`` such as
    ``{"M(t)": "max(0, x[0:t])"}``. Its verdict is ``proved`` (by exact bounds, or by z3
    over the rationals, which is then trusted), ``refuted``, with an input at which it fails,
    checked exactly, or ``unknown`` after ``seconds``.

    InputError for what cannot be read, and for products of two parts that vary.
    """
    check_seconds(seconds)
    deadline = Deadline.after(seconds)
    program = lift(model)
    read = _reader_of(model, program, definitions)
    claimed = read(statement)
    within = EVERYWHERE if domain is None else read(domain)
    texts = (statement, domain or "true", *definitions.values())
    if any("label" in parse(text).names for text in texts):
        unique = some([inside for _, inside in cells_in(task_of(model, None), EVERYWHERE)])
        within = Logic("and", (within, unique))
    return prove_formula(program, claimed, deadline, domain=within, progress=progress)


@dataclass(frozen=True, eq=False)
class Asked(Shown):
    """What is known of a statement: whether it holds everywhere, and how often it holds.

    ``outcome`` is ``prove``'s. ``probability`` is that of the statement, given the domain if there
    is one: exact, certified, or where neither can be had, sampled. ``cells``, if asked for, are
    cones on which statement and domain hold.
    """

    outcome: Outcome
    probability: Figure
    cells: EventCells | None = None

    def __repr__(self) -> str:
        return f"<{repr(self.outcome).strip('<>')}; probability {self.probability.kind}>"


@shows_progress("asking", in_words)
def ask(
    model: Program | HasProgram,
    statement: str,
    *,
    given: str | None = None,
    definitions: Mapping[str, str] = _NO_DEFINITIONS,
    cells: int = 0,
    seconds: float = 30.0,
    workers: Workers = 1,
    state: Place = None,
    progress: Callable[[str], None] | None = None,
) -> Asked:
    """Does ``statement`` hold for all inputs (where ``given`` does), and with what probability?

    As in ``prove``, which gives the verdict in at most half of the ``seconds``; beside inputs,
    states and logits, ``answer`` (the lowest of the largest logits) and ``label`` may be compared
    with integers and with each other. Inputs on a wall between two labels count nowhere.

    The probability is exact for up to nine inputs that occur, and for any statement about order and
    sign; sampled where there are constants. ``cells`` asks for so many cones on which it holds, the
    heaviest first, each with its measure, walls and a point inside.

    With a ``state``, the same call goes on with the cones after a kill.

    InputError as for ``prove``, and where ``given`` holds with probability 0.
    """
    demand(cells, int, "cells is a number of cones")
    program, task = lift(model), getattr(model, "task", None)

    def run() -> dict[str, Any]:
        named = identity("ask", (program,), task, None)
        return named | {"statement": statement, "given": given, "definitions": dict(definitions)}

    with opened(state, run) as kept:
        measure = _Measure(program, task, workers, kept)
        deadline = Deadline.after(seconds)
        outcome = prove(
            model, statement, domain=given, definitions=definitions, seconds=seconds / 2,
            progress=progress,
        )  # fmt: skip
        read = _reader_of(model, program, definitions)
        formula, domain = read(statement), EVERYWHERE if given is None else read(given)
        both = formula if given is None else Logic("and", (formula, domain))
        listed = None
        if cells:
            try:
                listed = measure.cells(both, cells, deadline.part(0.7))
            except OutOfReachError as error:
                raise InputError(f"There are no cones of {statement}: {error}.") from None
        whole = None if given is None else measure.of(domain, deadline.part(0.5))
        if outcome.status == "proved":
            if whole is not None and whole.rational == 0:
                raise InputError(f"{given} holds with probability 0, so nothing is given by it.")
            figure = Figure.of("probability", Fraction(1))
        else:
            part = measure.of(both, deadline, listed)
            figure = part if whole is None else conditional(part, whole, str(given))
        if outcome.status == "unknown":
            outcome = measure.refuted(formula, domain, deadline) or outcome
    return Asked(outcome, figure, listed)


def measured(program: Program, formula: Formula, deadline: Deadline) -> Figure:
    """The probability of a formula: exact or certified where that can be had, else sampled."""
    return _Measure(program, None, 1, None).of(formula, deadline)


@dataclass(frozen=True)
class _Measure:
    """Probabilities of formulas about a program, and the cones on which they hold."""

    program: Program
    task: Task | None
    workers: Workers
    state: State | None

    def of(self, formula: Formula, deadline: Deadline, cells: EventCells | None = None) -> Figure:
        """Exact or certified where that can be had, else sampled; ``cells`` if they are known."""
        try:
            value = order_probability(formula, self.program.seq_len, deadline.part(0.3))
            return Figure.of("probability", value, by_order=True)
        except (InputError, TimeIsUpError):
            pass  # It is not about the order alone, or there are too many.
        try:
            signals = Signals(self.program)
            if len(inputs_of(signals, signals.condition(formula))) <= CLOSED_FORM_UP_TO:
                return probability_by_cells(self.program, formula, limits=CellLimits(deadline))
            found = self.cells(formula, 0, deadline) if cells is None else cells
            if found.open < 1:
                kind: Literal["exact", "certified"] = "certified" if found.open else "exact"
                return Figure("probability", kind, found.probability)
        except OutOfReachError:
            pass
        return if_in_range(
            "probability", lambda: sampled_probability(self.program, formula, deadline=deadline)
        )

    def cells(self, formula: Formula, top: int, deadline: Deadline) -> EventCells:
        return event_cells(
            self.program, formula, self.task, top=top, deadline=deadline, workers=self.workers,
            state=self.state,
        )  # fmt: skip

    def refuted(self, formula: Formula, domain: Formula, deadline: Deadline) -> Outcome | None:
        """By a point of a cone on which the statement fails, checked exactly; None without one."""
        try:
            heaviest = self.cells(Question(formula, domain).false, 1, deadline).heaviest
        except OutOfReachError:
            return None
        for cell in heaviest:
            point = tuple(map(Fraction, cell.inside))
            if fails_at(self.program, formula, domain, point):
                return Outcome.refuted(point, formula, domain, "regions")
        return None


def conditional(part: Figure, whole: Figure, given: str) -> Figure:
    """The probability of a part of what is ``given``, by those of both; InputError where the
    latter is 0."""
    if whole.rational == 0:
        raise InputError(f"{given} holds with probability 0, so nothing is given by it.")
    if part.rational is not None and whole.rational:
        return Figure.of("probability", part.rational / whole.rational)
    if part.enclosure is not None and whole.enclosure is not None:
        kind: Literal["exact", "certified"] = "certified"
        if part.kind == whole.kind == "exact" and whole.enclosure.lower > 0:
            kind = "exact"
        return Figure("probability", kind, share(part.enclosure, whole.enclosure))
    below = whole.estimate if whole.enclosure is None else float(whole.enclosure.midpoint)
    above = part.estimate if part.enclosure is None else float(part.enclosure.midpoint)
    if not below or above is None:
        return Figure("probability", "sampled", samples=part.samples)
    ratio = above / below
    error = sum((f.error or 0.0) ** 2 for f in (part, whole)) ** 0.5 / below
    return Figure(
        "probability", "sampled", estimate=ratio, error=error, samples=part.samples or whole.samples
    )


def probability(
    statement: str, n: int, *, definitions: Mapping[str, str] = _NO_DEFINITIONS
) -> Fraction:
    """The exact probability that ``statement`` holds for ``n`` independent standard normal inputs.

    It may compare inputs with each other and with 0, also through min, max and relu: statements
    about order and sign, whose probability is rational for any n. InputError for others.
    """
    demand(n, int, "n is a number of inputs")
    if n < 1:
        raise InputError(f"n is a number of inputs, at least 1, not {n}.")
    return order_probability(_reader(Sizes(n, 0, 0), definitions)(statement), n)


def _reader_of(
    model: Program | HasProgram, program: Program, definitions: Mapping[str, str]
) -> Callable[[str], Formula]:
    """Reads statements about a model, its answer, and where its task has labels, the label."""
    choices: dict[str, list[Formula]] = {}
    if program.outputs > 1:
        outputs = range(program.outputs)
        choices["answer"] = [earns(k, program.outputs, "lowest") for k in outputs]
    task = getattr(model, "task", None)
    if task is not None and task.is_index:
        cells = list(cells_in(task, EVERYWHERE))
        choices["label"] = [
            some([inside for cell, inside in cells if cell.label == k]) for k in range(task.outputs)
        ]
    return _reader(Sizes.of(program), definitions, choices)


def _reader(
    sizes: Sizes, definitions: Mapping[str, str], choices: Mapping[str, Sequence[Formula]] = _NONE
) -> Callable[[str], Formula]:
    expander = Expander(read_definitions(definitions), sizes, choices)

    def read(text: str) -> Formula:
        demand(text, str, "a statement is a text")
        return expander.expand_formula(parse(text), {})

    return read
