"""Expressions of the language of explanations, as formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

from algzoo_exact.errors import InputError
from algzoo_exact.exact.shares import as_decimal
from algzoo_exact.explain.language import syntax as s
from algzoo_exact.explain.language.parser import parse, parse_ranges
from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.formula import Formula, row
from algzoo_exact.program.render import short

_DECIMALS = 9  # of a number that is shown as one, not as a quotient
_LOOSEST, _IMPLIES, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _ATOM = range(10)
_RELATIONS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
_LEVELS = {"implies": _IMPLIES, "or": _OR, "and": _AND, "not": _NOT}
_LEVELS |= {"add": _SUM, "sub": _SUM, "neg": _SUM, "mul": _PRODUCT}
_ARRAYS: dict[str, Formula] = {
    "logit": f.Name("logit", upright=True),
    "W_hi": f.Sup(f.Name("W"), f.Name("hi", upright=True)),
    "W_hh": f.Sup(f.Name("W"), f.Name("hh", upright=True)),
    "W_oh": f.Sup(f.Name("W"), f.Name("oh", upright=True)),
}


def typeset(text: str, *, subtracted: bool = False) -> Formula:
    """The formula of an expression, or of a term behind a minus; ParseError where it is none."""
    return _at(parse(text).root, _PRODUCT if subtracted else _LOOSEST)


def typeset_parts(text: str) -> tuple[Formula, ...]:
    """The formulas of all parts of a conjunction; one for any other expression."""
    root = parse(text).root
    if isinstance(root, s.Applied) and root.op == "and":
        # On a line of its own, a quantifier needs no brackets.
        return tuple(_inner(a) if _level(a) == _LOOSEST else _at(a, _NOT) for a in root.args)
    return (_inner(root),)


def typeset_ranges(text: str) -> Formula:
    """Ranges such as ``i in 0..3 if i != 2``."""
    return _ranges(parse_ranges(text))


def _inner(node: s.Node) -> Formula:
    match node:
        case s.Literally(_, value):
            return _literal(value)
        case s.Name(_, name, args):
            plain = f.Name(name, upright=len(name) > 1)
            inside = f.joined(map(_inner, args), ",")
            return row(plain, f.Fenced("(", inside, ")")) if args else plain
        case s.Element(_, array, indices, stop):
            return _element(array, indices, stop)
        case s.Applied(_, "min" | "max" | "sum" as op, args):
            return f.call(op, *map(_inner, args))
        case s.Chain(_, ops, args):
            parts: list[Formula] = [_at(args[0], _SUM)]
            for relation, arg in zip(ops, args[1:], strict=True):
                parts += [f.Operator(_RELATIONS.get(relation, relation)), _at(arg, _SUM)]
            return f.Row(tuple(parts))
        case s.Applied(_, "and" | "or" | "not" | "implies" as op, args):
            return _connected(op, args)
        case s.Applied(_, op, args):
            return _arithmetical(op, args)
        case s.Ranged(_, "all" | "any" as op, ranges, body):
            word = "for all " if op == "all" else "for some "
            return row(f.Words(word), _ranges(ranges), ":", f.Words(" "), _inner(body))
        case s.Ranged(_, op, ranges, body):
            sign: Formula = f.Operator("∑") if op == "sum" else f.Name(op, upright=True)
            return row(f.Under(sign, _ranges(ranges)), _at(body, _PRODUCT))
        case s.Conditional(_, condition, then, otherwise):
            return row(
                f.Words("if "), _inner(condition), f.Words(" then "), _inner(then),
                f.Words(" else "), _inner(otherwise),
            )  # fmt: skip
        case s.Items(_, items):
            return f.Fenced("[", f.joined(map(_inner, items), ","), "]")
        case s.Chosen(_, of, index):
            return f.Sub(_inner(of), _inner(index))
    assert_never(node)


def _at(node: s.Node, level: int) -> Formula:
    """A part, in brackets where it binds less tightly than ``level``."""
    inner = _inner(node)
    return f.Fenced("(", inner, ")") if _level(node) < level else inner


def _level(node: s.Node) -> int:
    match node:
        case s.Literally(_, value):
            negative = not isinstance(value, bool) and value < 0
            return _SUM if negative else _ATOM
        case s.Chain():
            return _COMPARE
        case s.Ranged(_, op, _, _):
            return _PRODUCT if op == "sum" else _LOOSEST if op in ("all", "any") else _ATOM
        case s.Conditional():
            return _LOOSEST
        case s.Applied(_, op, _):
            return _LEVELS.get(op, _ATOM)
        case _:
            return _ATOM


def _literal(value: Fraction | bool) -> Formula:
    if isinstance(value, bool):
        return f.Words("true" if value else "false")
    text, decimal = short(abs(value)), as_decimal(abs(value))
    if "…" in text and (value * 10**_DECIMALS).denominator == 1 and Fraction(decimal) == abs(value):
        text = f"{decimal.normalize():f}"  # as it was written
    if "…" in text or "e" in text or "/" in text:
        return f.fraction(value)
    return row("−", f.Number(text)) if value < 0 else f.Number(text)


def _element(array: str, indices: Sequence[s.Node], stop: s.Node | None) -> Formula:
    base = _ARRAYS.get(array, f.Name(array))
    *first, last = indices
    shown = [_inner(index) for index in first]
    if stop is None:
        return f.Sub(base, f.joined([*shown, _inner(last)], ","))
    ends = (_inner(last), _before(stop))
    low, high = (f.Sub(base, f.joined([*shown, end], ",")) for end in ends)
    return row(low, ",", "…", ",", high)


def _before(stop: s.Node) -> Formula:
    """The last index of a slice that ends before ``stop``."""
    if isinstance(stop, s.Literally):
        return _literal(Fraction(stop.value - 1))
    return row(_at(stop, _SUM), "−", f.Number("1"))


def _arithmetical(op: str, args: Sequence[s.Node]) -> Formula:
    match op:
        case "add":
            return f.joined([_at(args[0], _SUM), *(_at(arg, _PRODUCT) for arg in args[1:])], "+")
        case "sub":
            return row(_at(args[0], _SUM), "−", _at(args[1], _PRODUCT))
        case "mul":
            return _product([_at(arg, _PRODUCT) for arg in args])
        case "div":
            return f.Frac(_inner(args[0]), _inner(args[1]))
        case "neg":
            return row("−", _at(args[0], _PRODUCT))
        case "relu":
            return f.call("max", f.Number("0"), _inner(args[0]))
        case _:
            return f.Fenced("|", _inner(args[0]), "|")


def _product(factors: Sequence[Formula]) -> Formula:
    """Single symbols stand side by side, anything else has a dot between."""
    parts: list[Formula] = [factors[0]]
    for left, right in pairwise(factors):
        if not (_is_symbol(left) and _is_symbol(right)) or isinstance(right, f.Number):
            parts.append(f.Operator("⋅"))
        parts.append(right)
    return f.Row(tuple(parts))


def _is_symbol(part: Formula) -> bool:
    if isinstance(part, f.Sub):
        return not (isinstance(part.base, f.Name) and len(part.base.text) > 1)
    return isinstance(part, f.Number) or (isinstance(part, f.Name) and len(part.text) == 1)


def _connected(op: str, args: Sequence[s.Node]) -> Formula:
    if op == "not":
        return row("¬", _at(args[0], _SUM))
    if op == "implies":
        return row(_at(args[0], _OR), "⇒", _at(args[1], _IMPLIES))
    return f.joined((_at(arg, _LEVELS[op] + 1) for arg in args), f.Words(f" {op} "))


def _ranges(ranges: s.Ranges) -> Formula:
    """``i ∈ {0, .., 3}``; two integers are both named."""
    parts: list[Formula] = []
    for part in ranges.ranges:
        low, high = _inner(part.low), _inner(part.high)
        between = [] if _are_neighbours(part.low, part.high) else [f.Operator("…")]
        inside = low if low == high else f.joined([low, *between, high], ",")
        parts.append(row(f.Name(part.name), "∈", f.Fenced("{", inside, "}")))
    if ranges.condition is not None:
        parts.append(_inner(ranges.condition))
    return f.joined(parts, ",")


def _are_neighbours(low: s.Node, high: s.Node) -> bool:
    values = [node.value for node in (low, high) if isinstance(node, s.Literally)]
    return len(values) == 2 and values[1] - values[0] == 1


_ENTRY = re.compile(r"\b(?:x|z|h|logit|W_hi|W_hh|W_oh)(?:\[[^\[\]]+\])+")

_SUMS = {" + ": "+", " - ": "−"}


def prose_of(text: str) -> d.Text:
    """An author's words; entries such as ``x[0]`` become formulas, also sums of two."""
    plain = re.sub(r"(?<!\S)-(?=\d)", "−", " ".join(text.split()))
    parts: list[d.Inline] = []
    end = 0
    for match in _ENTRY.finditer(plain):
        try:
            shown = typeset(match[0])
        except InputError:  # prose may hold anything
            continue
        between = plain[end : match.start()]
        before = parts[-1] if parts else None
        if isinstance(before, d.Math) and between in _SUMS:
            parts[-1] = d.Math(row(before.formula, _SUMS[between], shown))
        else:
            parts += [between, d.Math(shown)]
        end = match.end()
    return (*parts, plain[end:])
