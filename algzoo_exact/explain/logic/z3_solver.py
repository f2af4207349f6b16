"""Linear real arithmetic with maxima, by z3: this package's only use of it.

A maximum r = max(a, b, ..) is a variable with r >= a, r >= b, .. and (r <= a or r <= b or ..); on
ReLUs this is several times faster than z3's if-then-else. z3 computes with rationals throughout.
What it finds is checked by its callers, or here; that something does not exist is taken from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import z3

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.language.expression import RELATIONS, Entry
from algzoo_exact.explain.logic.conditions import Condition, Form, Sign
from algzoo_exact.explain.logic.system import Maximum, System, Values

NAME = f"z3 {z3.get_version_string()}"


class Answer(NamedTuple):
    """Can the conditions hold together? With why that is unknown, or the variables' values."""

    status: Literal["sat", "unsat", "unknown"]
    reason: str = ""
    solution: Mapping[Entry, Fraction] = {}


def solve(system: System, seconds: float, megabytes: int) -> Answer:
    """Can the conditions hold together? Within the limits; KeyboardInterrupt on Ctrl-C.

    If no form has a constant, a solution may be scaled by any c > 0, so that the variables are
    kept in [-1, 1]: z3 is faster with bounds.
    """
    deadline = Deadline.after(seconds)
    context = z3.Context()
    solver = z3.SolverFor("QF_LRA", ctx=context)
    solver.set("max_memory", megabytes)
    unknowns = {number: z3.Real(f"a{number}", context) for number in range(len(system.atoms))}
    for constraint in _constraints(system, unknowns, context):
        if deadline.passed:
            return Answer("unknown", "timeout")
        solver.add(constraint)
    solver.set("timeout", max(1, round(1000 * deadline.left)))
    try:
        answer = solver.check()
    except z3.Z3Exception as error:
        return Answer("unknown", str(error))
    if answer == z3.unknown:
        reason = solver.reason_unknown()
        if "interrupted" in reason:
            raise KeyboardInterrupt
        return Answer("unknown", reason)
    if answer == z3.unsat:
        return Answer("unsat")
    model = solver.model()
    named = system.variables.items()
    return Answer("sat", "", {e: _rational(model.eval(unknowns[k], True)) for e, k in named})


def _constraints(system: System, unknowns: dict[int, Any], context: Any) -> Iterator[Any]:
    """The definitions of the atoms, what is known of them, and the conditions."""
    for unknown, atom in zip(unknowns.values(), system.atoms, strict=True):
        if isinstance(atom, Maximum):
            forms = [_form(form, unknowns, context) for form in atom.forms]
            yield from (unknown >= form for form in forms)
            yield z3.Or([unknown <= form for form in forms])
        else:
            if system.homogeneous:
                yield from (unknown <= 1, unknown >= -1)
            if atom.array == "h":
                yield unknown >= 0
    for unknown, (low, high) in zip(unknowns.values(), system.bounds, strict=False):
        if low is not None:
            yield unknown >= _value(low, context)
        if high is not None:
            yield unknown <= _value(high, context)
    yield from (_condition(c, unknowns, context) for c in system.conditions)


def centre(
    rows: Sequence[Sign], at: Values, homogeneous: bool, seconds: float
) -> dict[int, Fraction]:
    """A point far from the sides of a piece, by linear programming; empty if none was found.

    The least slack, in units of each row's sum of coefficients, is made as large as it can be
    among the points no farther out than twice the given one (or in the unit cube).
    """
    variables = sorted({atom for row in rows for atom, _ in row.form.terms})
    size = 1 if homogeneous else 2 * max([Fraction(1), *(abs(at[v]) for v in variables)])
    # A piece without interior has no slack on all sides; then only strict ones are moved away from.
    for relations in ((">", ">="), (">",)):
        context = z3.Context()
        search = z3.Optimize(ctx=context)
        search.set("timeout", max(1, round(1000 * seconds)))
        unknowns = {v: z3.Real(f"v{v}", context) for v in variables}
        slack = z3.Real("slack", context)
        search.add(slack <= 1)
        search.add(*(u <= _value(size, context) for u in unknowns.values()))
        search.add(*(u >= _value(-size, context) for u in unknowns.values()))
        for row in rows:
            form = _form(row.form, unknowns, context)
            weight = _value(sum(abs(c) for _, c in row.form.terms), context)
            if row.op == "==":
                search.add(form == 0)
            else:
                search.add(form >= (weight * slack if row.op in relations else 0))
        search.maximize(slack)
        if search.check() != z3.sat:
            return {}
        model = search.model()
        if _rational(model.eval(slack)) > 0:
            return {v: _rational(model.eval(u, True)) for v, u in unknowns.items()}
    return {}


def _condition(condition: Condition, unknowns: dict[int, Any], context: Any) -> Any:
    if isinstance(condition, bool):
        return z3.BoolVal(condition, context)
    if isinstance(condition, Sign):
        return RELATIONS[condition.op](_form(condition.form, unknowns, context), 0)
    parts = [_condition(part, unknowns, context) for part in condition.parts]
    if condition.op == "not":
        return z3.Not(parts[0])
    return z3.And(parts) if condition.op == "and" else z3.Or(parts)


def _form(form: Form, unknowns: dict[int, Any], context: Any) -> Any:
    terms = [_value(c, context) * unknowns[atom] for atom, c in form.terms]
    if form.constant or not terms:
        terms.append(_value(form.constant, context))
    return z3.Sum(terms)


def _value(value: Fraction | int, context: Any) -> Any:
    return z3.RealVal(str(value), context)


def _rational(value: Any) -> Fraction:
    return Fraction(value.numerator_as_long(), value.denominator_as_long())
