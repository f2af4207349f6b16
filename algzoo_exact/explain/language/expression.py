"""Ground expressions: exact terms and formulas about one program's named values.

The entries are a program's inputs, states, logits and weights, as in program/ir.py: x[t], z[t][j],
h[t][j], logit[k], W_hi[j], W_hh[i][j], W_oh[k][j]. Steps count from 0, and h[-1][j] is 0. There
are no names, quantifiers or slices left: language/expand.py has dealt with them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from algzoo_exact.program.ir import Program, Trace

Array = Literal["x", "z", "h", "logit", "W_hi", "W_hh", "W_oh"]
Operation = Literal["add", "sub", "mul", "neg", "min", "max", "relu", "abs"]
Relation = Literal["<", "<=", ">", ">=", "==", "!="]
Connective = Literal["and", "or", "not", "implies"]

ARRAYS: dict[Array, str] = {
    "x": "t", "z": "tj", "h": "tj", "logit": "k", "W_hi": "j", "W_hh": "ij", "W_oh": "kj",
}  # fmt: skip
"""The indices of each array: t of inputs, i and j of hidden neurons, k of outputs."""

# The number of arguments where it is fixed; others take any number from two on, extremes from one.
_ARITY = {"sub": 2, "neg": 1, "relu": 1, "abs": 1, "not": 1, "implies": 2}


@dataclass(frozen=True)
class Number:
    """A rational constant."""

    value: Fraction

    def __post_init__(self) -> None:
        assert isinstance(self.value, Fraction), self.value


@dataclass(frozen=True)
class Entry:
    """One entry of a named array. The first index of ``h`` may be -1: the state before step 0."""

    array: Array
    indices: tuple[int, ...]

    def __post_init__(self) -> None:
        assert len(self.indices) == len(ARRAYS[self.array]), self
        least = (-1, 0) if self.array == "h" else (0, 0)
        assert all(i >= low for i, low in zip(self.indices, least, strict=False)), self


@dataclass(frozen=True)
class Apply:
    """An operation on terms. ``add`` and ``mul`` take two or more, ``min`` and ``max`` one or
    more, ``sub`` two, the others one."""

    op: Operation
    args: tuple[Term, ...]

    def __post_init__(self) -> None:
        assert self.op in get_args(Operation), self.op
        _check_arity(self.op, self.args)


@dataclass(frozen=True)
class If:
    """``then`` where the ``condition`` holds, else ``otherwise``.

    It stands in terms by themselves alone: ``comparison`` has a formula for each case in its place.
    """

    condition: Formula
    then: Term
    otherwise: Term
    op: ClassVar[Literal["if"]] = "if"

    @property
    def args(self) -> tuple[Formula, Term, Term]:
        return self.condition, self.then, self.otherwise


Term: TypeAlias = Number | Entry | Apply | If


@dataclass(frozen=True)
class Compare:
    """A comparison of two terms."""

    op: Relation
    left: Term
    right: Term

    def __post_init__(self) -> None:
        assert self.op in get_args(Relation), self.op

    @property
    def args(self) -> tuple[Term, Term]:
        return self.left, self.right


@dataclass(frozen=True)
class Logic:
    """A connective of formulas. ``and`` and ``or`` take two or more."""

    op: Connective
    args: tuple[Formula, ...]

    def __post_init__(self) -> None:
        assert self.op in get_args(Connective), self.op
        _check_arity(self.op, self.args)


@dataclass(frozen=True)
class Truth:
    """A formula that always holds, or never."""

    value: bool


Formula: TypeAlias = Compare | Logic | Truth

EVERYWHERE = Truth(True)
"""The domain of all inputs."""


def applied(op: Any, args: Sequence[Any]) -> Term | Formula:
    """The expression of that operation, relation or connective."""
    if op in get_args(Relation):
        return Compare(op, *args)
    if op == "if":
        return If(*args)
    return (Logic if op in get_args(Connective) else Apply)(op, tuple(args))


def every(parts: Sequence[Formula]) -> Formula:
    """All of some formulas, one at least."""
    return Logic("and", tuple(parts)) if len(parts) > 1 else parts[0]


def some(parts: Sequence[Formula]) -> Formula:
    """Any of some formulas, one at least."""
    return Logic("or", tuple(parts)) if len(parts) > 1 else parts[0]


def total(terms: Sequence[Term]) -> Term:
    """The sum of some terms; 0 where there is none."""
    if len(terms) > 1:
        return Apply("add", tuple(terms))
    return terms[0] if terms else Number(Fraction(0))


def scaled(factor: Fraction | int, term: Term) -> Term:
    """A multiple of a term."""
    return term if factor == 1 else Apply("mul", (Number(Fraction(factor)), term))


def distance(left: Term, right: Term) -> Term:
    """|left - right|."""
    return Apply("abs", (Apply("sub", (left, right)),))


def _check_arity(op: str, args: tuple[object, ...]) -> None:
    least = _ARITY.get(op, 1 if op in ("min", "max") else 2)
    assert len(args) == least or (len(args) > least and op not in _ARITY), (op, len(args))


RELATIONS: dict[Relation, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
"""What relations mean: of numbers, and entry by entry of arrays."""

OPERATIONS: dict[Operation, Callable[[list[Any]], Any]] = {
    "add": lambda args: reduce(operator.add, args),
    "sub": lambda args: args[0] - args[1],
    "mul": lambda args: reduce(operator.mul, args),
    "neg": lambda args: -args[0],
    "min": min,
    "max": max,
    "relu": lambda args: max(Fraction(0), args[0]),
    "abs": lambda args: abs(args[0]),
}
"""What operations mean, of exact numbers."""


def evaluate_term(term: Term, values: Callable[[Entry], Fraction]) -> Fraction:
    """The term's exact value where entries have the ``values``."""
    if isinstance(term, Number):
        return term.value
    if isinstance(term, Entry):
        return values(term)
    if isinstance(term, If):
        chosen = term.then if evaluate(term.condition, values) else term.otherwise
        return evaluate_term(chosen, values)
    value: Fraction = OPERATIONS[term.op]([evaluate_term(arg, values) for arg in term.args])
    return value


def evaluate(formula: Formula, values: Callable[[Entry], Fraction]) -> bool:
    """Whether the formula holds where entries have the ``values``, exactly."""
    if isinstance(formula, Truth):
        return formula.value
    if isinstance(formula, Compare):
        return compare(
            formula.op, evaluate_term(formula.left, values), evaluate_term(formula.right, values)
        )
    return connect(formula.op, (evaluate(arg, values) for arg in formula.args))


def connect(op: Connective, args: Iterable[bool]) -> bool:
    """The connective's value; what need not be known is not asked for."""
    each = iter(args)
    match op:
        case "and":
            return all(each)
        case "or":
            return any(each)
        case "not":
            return not next(each)
        case "implies":
            return not next(each) or next(each)


def compare(op: Relation, left: Fraction, right: Fraction) -> bool:
    """Whether the comparison holds."""
    return bool(RELATIONS[op](left, right))


def parts_of(expression: Term | Formula) -> Iterator[Term | Formula]:
    """The expression, and all that it is made of."""
    waiting: list[Term | Formula] = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, Number | Entry | Truth):
            waiting += part.args


def entries(expression: Term | Formula) -> frozenset[Entry]:
    """The entries that occur in the expression."""
    return frozenset(part for part in parts_of(expression) if isinstance(part, Entry))


def values_of(program: Program, trace: Trace) -> Callable[[Entry], Fraction]:
    """The entries' exact values in one evaluation of the program."""

    def value(entry: Entry) -> Fraction:
        first, *rest = entry.indices
        match entry.array:
            case "h":
                return trace.h[first][rest[0]] if first >= 0 else Fraction(0)
            case "z":
                return trace.z[first][rest[0]]
            case "x":
                return trace.x[first]
            case "logit":
                return trace.logit[first]
        return weight_of(program, entry)

    return value


def weight_of(program: Program, entry: Entry) -> Fraction:
    """The value of a weight of an RNN."""
    first, *rest = entry.indices
    if entry.array == "W_hi":
        return program.input_weights[first]
    matrix = program.recurrent if entry.array == "W_hh" else program.readout
    return matrix[first][rest[0]]


def values_at(program: Program, point: Sequence[Fraction]) -> Callable[[Entry], Fraction]:
    """The entries' exact values at an input (n); the program runs once one is asked for that needs
    it."""
    known: list[Callable[[Entry], Fraction]] = []

    def value(entry: Entry) -> Fraction:
        if entry.array == "x":
            return point[entry.indices[0]]
        if entry.array.startswith("W_"):
            return weight_of(program, entry)
        if not known:
            known.append(values_of(program, program.evaluate(point)))
        return known[0](entry)

    return value


def fails_at(
    program: Program, statement: Formula, domain: Formula, point: Sequence[Fraction]
) -> bool:
    """Whether the point is in the domain, and the statement false there: exactly."""
    values = values_at(program, point)
    return evaluate(domain, values) and not evaluate(statement, values)


# How tightly each form binds, loosest first; an operand that binds no tighter gets parentheses.
_IMPLIES, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _ATOM = range(9)


def number_text(value: Fraction) -> str:
    """A float as Python writes it, another rational as a fraction."""
    return repr(float(value)) if Fraction(float(value)) == value else str(value)


def point_text(point: Sequence[Fraction]) -> str:
    """An input in words."""
    return f"x = ({', '.join(map(number_text, point))})"


def to_text(expression: Term | Formula) -> str:
    """The expression in the language of explanations; it parses back to the same expression."""
    return _text(expression)[0]


def _text(expression: Term | Formula) -> tuple[str, int]:
    match expression:
        case Number(value):
            if value.denominator != 1:
                return str(value), _PRODUCT
            return str(value), _ATOM if value >= 0 else _UNARY
        case Entry(array, indices):
            return array + "".join(f"[{i}]" for i in indices), _ATOM
        case Truth(value):
            return ("true" if value else "false"), _ATOM
        case Compare(op, left, right):
            return f"{_tight(left, _COMPARE)} {op} {_tight(right, _COMPARE)}", _COMPARE
        case If(condition, then, otherwise):
            parts = tuple(_text(part)[0] for part in (condition, then, otherwise))
            return "if {} then {} else {}".format(*parts), _IMPLIES
        case Apply("add", args):
            return " + ".join(_tight(arg, _SUM) for arg in args), _SUM
        case Apply("sub", (left, right)):
            # Subtraction is read from the left, so that only its left operand may be bare.
            first = _text(left)[0] if _is_sum(left) else _tight(left, _SUM)
            return f"{first} - {_tight(right, _SUM)}", _SUM
        case Apply("mul", args):
            return " * ".join(_tight(arg, _PRODUCT) for arg in args), _PRODUCT
        case Apply("neg", (arg,)):
            # -2 is a number; the negation of the number 2 is written -(2).
            return f"-{_tight(arg, _ATOM if isinstance(arg, Number) else _UNARY)}", _UNARY
        case Apply(op, args):
            return f"{op}({', '.join(_text(arg)[0] for arg in args)})", _ATOM
        case Logic("not", (formula,)):
            return f"not {_tight(formula, _NOT)}", _NOT
        case Logic("implies", (condition, result)):
            return f"{_tight(condition, _IMPLIES)} implies {_tight(result, _IMPLIES)}", _IMPLIES
        case Logic(op, formulas):
            level = _AND if op == "and" else _OR
            return f" {op} ".join(_tight(formula, level) for formula in formulas), level
    raise AssertionError(expression)


def _is_sum(term: Term) -> bool:
    return isinstance(term, Apply) and term.op in ("add", "sub")


def _tight(expression: Term | Formula, level: int) -> str:
    """The text, in parentheses unless it binds more tightly than ``level``."""
    text, own = _text(expression)
    return text if own > level else f"({text})"


def conjuncts(formula: Formula) -> list[Formula]:
    """The parts of a conjunction, conditions on the inputs alone and without maxima first."""
    if isinstance(formula, Logic) and formula.op == "and":
        parts = [part for arg in formula.args for part in conjuncts(arg)]
        return sorted(parts, key=lambda part: not _plain(part))
    return [formula]


def fixed_inputs(formula: Formula) -> dict[int, Fraction]:
    """The inputs that a part of a conjunction says are a number."""
    found: dict[int, Fraction] = {}
    for part in conjuncts(formula):
        match part:
            case Compare("==", Entry("x", (i,)), Number(value)):
                found[i] = value
    return found


def _plain(formula: Formula) -> bool:
    return isinstance(formula, Compare) and not any(
        part.array != "x"
        if isinstance(part, Entry)
        else isinstance(part, Apply) and part.op in ("min", "max", "relu", "abs")
        for part in parts_of(formula)
    )
