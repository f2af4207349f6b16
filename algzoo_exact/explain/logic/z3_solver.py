"""Linear real arithmetic with maxima, by z3: this package's only use of it.

A maximum r = max(a, b, ..) is a variable with r >= a, r >= b, .. and (r <= a or r <= b or ..); on
ReLUs this is several times faster than z3's if-then-else. z3 computes with rationals throughout.
What it finds is checked by its callers, or here; that something does not exist is taken from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import z3

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.language.expression import RELATIONS, Entry
from algzoo_exact.explain.logic.conditions import Condition, Form, Sign
from algzoo_exact.explain.logic.linear_forms import Linear, Maximum, is_homogeneous

NAME = f"z3 {z3.get_version_string()}"


class Query:
    """Conditions in z3: can they hold together?

    If no form has a constant, a solution may be scaled by any c > 0, so that the variables can be
    kept in [-1, 1]: z3 is faster with bounds.
    """

    def __init__(self, linear: Linear, conditions: Sequence[Condition]) -> None:
        self._linear, self._conditions = linear, conditions
        self.atoms = linear.needed(conditions)
        self.homogeneous = is_homogeneous(linear, conditions, self.atoms)
        self._model: dict[int, Fraction] = {}

    def check(self, seconds: float, megabytes: int) -> tuple[str, str]:
        """("sat" | "unsat" | "unknown", reason), within the limits. KeyboardInterrupt on Ctrl-C."""
        deadline = Deadline.after(seconds)
        context = z3.Context()
        solver = z3.SolverFor("QF_LRA", ctx=context)
        solver.set("max_memory", megabytes)
        unknowns = {atom: z3.Real(f"a{atom}", context) for atom in self.atoms}
        for constraint in self._constraints(unknowns, context):
            if deadline.passed:
                return "unknown", "timeout"
            solver.add(constraint)
        solver.set("timeout", max(1, round(1000 * deadline.left)))
        try:
            answer = solver.check()
        except z3.Z3Exception as error:
            return "unknown", str(error)
        if answer == z3.unknown:
            reason = solver.reason_unknown()
            if "interrupted" in reason:
                raise KeyboardInterrupt
            return "unknown", reason
        if answer == z3.sat:
            model = solver.model()
            self._model = {
                atom: _rational(model.eval(unknown, model_completion=True))
                for atom, unknown in unknowns.items()
            }
        return str(answer), ""

    def _constraints(self, unknowns: dict[int, Any], context: Any) -> Iterator[Any]:
        """The definitions of the atoms, and the conditions."""
        for number, unknown in unknowns.items():
            atom, (low, high) = self._linear.atoms[number], self._linear.bounds[number]
            if isinstance(atom, Maximum):
                forms = [_form(form, unknowns, context) for form in atom.forms]
                yield from (unknown >= form for form in forms)
                yield z3.Or([unknown <= form for form in forms])
            elif self.homogeneous:
                yield from (unknown <= 1, unknown >= -1)
            if low is not None:
                yield unknown >= _value(low, context)
            if high is not None:
                yield unknown <= _value(high, context)
        yield from (_condition(c, unknowns, context) for c in self._conditions)

    def variables(self) -> dict[Entry, Fraction]:
        """The variables' values in the solution that ``check`` found."""
        named = ((self._linear.atoms[number], value) for number, value in self._model.items())
        return {atom: value for atom, value in named if isinstance(atom, Entry)}


def centre(
    rows: Sequence[Sign], at: dict[int, Fraction], homogeneous: bool, seconds: float
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
