"""Refutations as JSON, for certificates: rationals and multipliers are strings.

    {"atoms": [["x", 0], {"max": [FORM, ..]}, ..],
     "conditions": [CONDITION, ..],
     "steps": [{"rows": [[ROW, "MULTIPLIER"], ..]}, {"choice": CHOICE, "cases": [STEP, ..]}, ..]}

A form is [[[ATOM, "COEFFICIENT"], ..], "CONSTANT"]. A condition is true, false, [">", FORM],
[">=", FORM], ["==", FORM], or [WORD, CONDITION, ..] with the word and, or, not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import ARRAY_DIMENSIONS, Entry
from algzoo_exact.explain.logic.conditions import Condition, Form, Junction, Sign, forms_of
from algzoo_exact.explain.logic.farkas import Leaf, Refutation, Split, Step, System
from algzoo_exact.explain.logic.linear_forms import Atom, Maximum

T = TypeVar("T")

_RATIONAL = re.compile(r"-?[0-9]{1,4000}(/[1-9][0-9]{0,3999})?")
_DEEPEST = 100  # conditions inside each other


def to_json(refutation: Refutation) -> dict[str, Any]:
    """The refutation as lists, dictionaries, strings and small integers."""
    system = refutation.system
    return {
        "atoms": [_from_atom(atom) for atom in system.atoms],
        "conditions": [_from_condition(condition) for condition in system.conditions],
        "steps": [_from_step(step) for step in refutation.steps],
    }


def from_json(data: Any) -> Refutation:
    """The refutation that ``to_json`` made; InputError for anything else.

    Whether it refutes its system is for ``check_refutation`` to say.
    """
    _require(isinstance(data, dict) and data.keys() == {"atoms", "conditions", "steps"}, "shape")
    system = System(
        tuple(_each(data["atoms"], _atom)),
        tuple(_each(data["conditions"], lambda part: _condition(part, _DEEPEST))),
    )
    for number, atom in enumerate(system.atoms):
        if isinstance(atom, Maximum):
            _require(all(a < number for f in atom.forms for a, _ in f.terms), "maximum")
    count = len(system.atoms)
    used = [form for condition in system.conditions for form in forms_of(condition)]
    _require(all(a < count for form in used for a, _ in form.terms), "atom number")
    return Refutation(system, tuple(_each(data["steps"], _step)))


def _from_form(form: Form) -> list[Any]:
    return [[[atom, str(c)] for atom, c in form.terms], str(form.constant)]


def _from_atom(atom: Atom) -> Any:
    if isinstance(atom, Maximum):
        return {"max": [_from_form(form) for form in atom.forms]}
    return [atom.array, *atom.indices]


def _from_condition(condition: Condition) -> Any:
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, Sign):
        return [condition.op, _from_form(condition.form)]
    return [condition.op, *map(_from_condition, condition.parts)]


def _from_step(step: Step) -> dict[str, Any]:
    if isinstance(step, Leaf):
        return {"rows": [[row, str(multiplier)] for row, multiplier in step.multipliers]}
    return {"choice": step.choice, "cases": list(step.cases)}


def _atom(data: Any) -> Atom:
    if isinstance(data, dict):
        _require(data.keys() == {"max"}, "atom")
        forms = tuple(_each(data["max"], _form))
        _require(len(forms) > 1, "maximum")
        return Maximum(forms)
    _require(isinstance(data, list) and bool(data) and isinstance(data[0], str), "atom")
    array, *indices = data
    _require(len(indices) == ARRAY_DIMENSIONS.get(array), "entry")
    _require(not array.startswith("W_"), "entry")
    return Entry(array, tuple(map(_natural, indices)))


def _form(data: Any) -> Form:
    _require(isinstance(data, list) and len(data) == 2, "form")
    terms = tuple((_natural(atom), _rational(c)) for atom, c in _each(data[0], _pair))
    atoms = [atom for atom, _ in terms]
    _require(atoms == sorted(set(atoms)) and all(c for _, c in terms), "form")
    return Form(terms, _rational(data[1]))


def _condition(data: Any, depth: int) -> Condition:
    _require(depth > 0, "nesting")
    if isinstance(data, bool):
        return data
    _require(isinstance(data, list) and len(data) > 1, "condition")
    word, *parts = data
    if word in (">", ">=", "=="):
        _require(len(parts) == 1, "condition")
        return Sign(_form(parts[0]), word)
    inner = tuple(_condition(part, depth - 1) for part in parts)
    _require((word in ("and", "or") and len(inner) > 1) or word == "not", "condition")
    if word == "not":
        _require(
            len(inner) == 1 and isinstance(inner[0], Sign) and inner[0].op == "==", "condition"
        )
    return Junction(word, inner)


def _step(data: Any) -> Step:
    _require(isinstance(data, dict), "step")
    if data.keys() == {"rows"}:
        rows = [(_natural(row), _rational(m)) for row, m in _each(data["rows"], _pair)]
        _require(all(m.denominator == 1 for _, m in rows), "multiplier")
        return Leaf(tuple((row, m.numerator) for row, m in rows))
    _require(data.keys() == {"choice", "cases"}, "step")
    return Split(_natural(data["choice"]), tuple(_each(data["cases"], _natural)))


def _each(data: Any, read: Callable[[Any], T]) -> list[T]:
    _require(isinstance(data, list), "list")
    return [read(part) for part in data]


def _pair(data: Any) -> tuple[Any, Any]:
    _require(isinstance(data, list) and len(data) == 2, "pair")
    return data[0], data[1]


def _natural(data: Any) -> int:
    _require(isinstance(data, int) and not isinstance(data, bool) and data >= 0, "number")
    return int(data)


def _rational(data: Any) -> Fraction:
    _require(isinstance(data, str) and bool(_RATIONAL.fullmatch(data)), "rational")
    return Fraction(data)


def _require(fine: bool, what: str) -> None:
    if not fine:
        raise InputError(f"This is no refutation: its {what} is not as it should be.")
