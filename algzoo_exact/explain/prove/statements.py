"""Statements written in the language of explanations: proved for all inputs, or measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.shares import share
from algzoo_exact.explain.language.expand import Expander, read_definitions
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, Logic
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.exact_figures import probability as probability_by_cells
from algzoo_exact.explain.prove.prover import Prover
from algzoo_exact.explain.prove.sampled_figures import if_in_range, sampled_probability
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift
from algzoo_exact.progress import in_words, shows_progress
from algzoo_exact.shown import Shown

_NO_DEFINITIONS: Mapping[str, str] = {}


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
    if not 0 < seconds < float("inf"):
        raise InputError(f"The time limit must be a positive number, not {seconds}.")
    deadline = Deadline.after(seconds)
    program = lift(model)
    read = _reader(Sizes.of(program), definitions)
    claimed = read(statement)
    within = EVERYWHERE if domain is None else read(domain)
    try:
        prover = Prover(program, within, deadline=deadline, progress=progress)
    except TimeIsUpError:
        late = Outcome.unknown("the time was up before the domain was prepared")
        return replace(late, seconds=seconds)
    return prover.prove(claimed, deadline)


@dataclass(frozen=True, eq=False)
class Asked(Shown):
    """What is known of a statement: whether it holds everywhere, and how often it holds.

    ``outcome`` is ``prove``'s. ``probability`` is that of the statement, given the domain if there
    is one: exact, certified, or where neither can be had, sampled.
    """

    outcome: Outcome
    probability: Figure


@shows_progress("asking", in_words)
def ask(
    model: Program | HasProgram,
    statement: str,
    *,
    given: str | None = None,
    definitions: Mapping[str, str] = _NO_DEFINITIONS,
    seconds: float = 30.0,
    progress: Callable[[str], None] | None = None,
) -> Asked:
    """Does ``statement`` hold for all inputs (where ``given`` does), and with what probability?

    As in ``prove``, which gives the verdict in at most half of the ``seconds``. The probability is
    exact for statements about order and sign, and for others where the cells that it takes can be
    enumerated, for up to six inputs that occur in it.

    InputError as for ``prove``, and where ``given`` holds with probability 0.
    """
    deadline = Deadline.after(seconds)
    outcome = prove(
        model, statement, domain=given, definitions=definitions, seconds=seconds / 2,
        progress=progress,
    )  # fmt: skip
    if outcome.status == "proved" and given is None:
        return Asked(outcome, Figure.of("probability", Fraction(1)))
    program = lift(model)
    read = _reader(Sizes.of(program), definitions)
    formula = read(statement)
    if given is None:
        return Asked(outcome, measured(program, formula, deadline))
    domain = read(given)
    whole = measured(program, domain, deadline.part(0.5))
    part = measured(program, Logic("and", (formula, domain)), deadline)
    return Asked(outcome, _conditional(part, whole, given))


def measured(program: Program, formula: Formula, deadline: Deadline) -> Figure:
    """The probability of a formula: exact or certified where that can be had, else sampled."""
    try:
        return probability_by_cells(program, formula, limits=CellLimits(deadline))
    except OutOfReachError:
        return if_in_range(
            "probability", lambda: sampled_probability(program, formula, deadline=deadline)
        )


def _conditional(part: Figure, whole: Figure, given: str) -> Figure:
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


def _reader(sizes: Sizes, definitions: Mapping[str, str]) -> Callable[[str], Formula]:
    expander = Expander(read_definitions(definitions), sizes)

    def read(text: str) -> Formula:
        demand(text, str, "a statement is a text")
        return expander.expand_formula(parse(text), {})

    return read
