"""Statements written in the language of explanations: proved for all inputs, or measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError, demand
from algzoo_exact.explain.language.expand import Expander, read_definitions
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.prover import Prover
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift

_NO_DEFINITIONS: Mapping[str, str] = {}


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
