"""Surface expressions to ground ones: definitions, slices and quantifiers written out.

Indices are checked against the sizes of the program, and the result is limited in size, nesting
and the length of its numbers, so that a short text cannot ask for unbounded work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from math import lcm, prod
from typing import Any, Literal, NamedTuple, TypeGuard

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.explain.language import syntax
from algzoo_exact.explain.language.cases import comparison
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    RELATIONS,
    Entry,
    Formula,
    Logic,
    Number,
    Relation,
    Term,
    Truth,
    applied,
    entries,
    evaluate_term,
    parts_of,
    some,
)
from algzoo_exact.explain.language.integers import DEEPEST, Meter, Scope, Sizes
from algzoo_exact.explain.language.parser import RESERVED, parse, parse_header
from algzoo_exact.explain.language.syntax import ParseError

LARGEST = 200_000  # nodes of one ground expression
MOST_FACTORS = 32  # in one product, definitions included
MOST_CASES = 256  # of a term
MOST_DEFINITIONS = 1000
LONGEST_NUMBER = 4096  # bits of a quotient, and of constants' common denominator

_ORDINALS = ("first", "second")

_Joining = Literal["sum", "min", "max", "and", "or"]


@dataclass(frozen=True)
class Definition:
    """A named expression; its parameters are integers. ``place`` is what messages call it."""

    name: str
    parameters: tuple[str, ...]
    body: syntax.Surface
    place: str


Definitions = Mapping[str, Definition]

Choices = Mapping[str, Sequence[Formula]]
"""Names of numbers 0, 1, .., and for each of these the formula that it is the one."""

_NO_CHOICES: Choices = {}
_DEPTH_OF_CHOICES = 8


class _Built(NamedTuple):
    """A ground expression, its nodes (as a tree), nesting, factors and common denominator."""

    expression: Any
    size: int = 1
    depth: int = 1
    factors: int = 1
    denominator: int = 1
    cases: int = 1

    @property
    def is_term(self) -> bool:
        return isinstance(self.expression, Term)


class Expander:
    """Surface expressions to ground ones, where the free names have the values ``parameters``.
    ``choices`` may be compared with integers and with each other.

    Any number of them; calls with the same arguments are expanded once. ``definitions`` do not
    refer to each other in a circle (``read_definitions`` checks that). ParseError, with the place,
    where an expression has no meaning or is too large.
    """

    def __init__(
        self, definitions: Definitions, sizes: Sizes, choices: Choices = _NO_CHOICES
    ) -> None:
        self._definitions, self._choices = definitions, choices
        self.sizes = sizes
        self._constants = {"n": sizes.seq_len, "d": sizes.hidden_size}
        self._known: dict[tuple[str, tuple[int, ...]], _Built] = {}
        self._meter = Meter()

    def expand(self, surface: syntax.Surface, parameters: Mapping[str, int]) -> Term | Formula:
        """The ground term or formula."""
        expression: Term | Formula = self._visit(*self._top(surface, parameters)).expression
        return expression

    def expand_term(self, surface: syntax.Surface, parameters: Mapping[str, int]) -> Term:
        """The ground term; ParseError where it is a formula."""
        term: Term = self._term(*self._top(surface, parameters)).expression
        return term

    def expand_formula(self, surface: syntax.Surface, parameters: Mapping[str, int]) -> Formula:
        """The ground formula; ParseError where it is a term."""
        formula: Formula = self._formula(*self._top(surface, parameters)).expression
        return formula

    def values(self, ranges: syntax.Ranges) -> Iterator[dict[str, int]]:
        """The ranges' names with each of their values in turn, the last one moving fastest."""
        scope = Scope(ranges.text, "", self._constants, self._meter)
        for inner in scope.bind(ranges):
            yield {part.name: inner.integers[part.name] for part in ranges.ranges}

    def _top(
        self, surface: syntax.Surface, parameters: Mapping[str, int]
    ) -> tuple[syntax.Node, Scope]:
        integers = self._constants | dict(parameters)
        return surface.root, Scope(surface.text, "", integers, self._meter)

    def _term(self, node: syntax.Node, scope: Scope) -> _Built:
        built = self._visit(node, scope)
        if not built.is_term:
            raise scope.error(node, "expected a term (a number), found a formula")
        return built

    def _formula(self, node: syntax.Node, scope: Scope) -> _Built:
        built = self._visit(node, scope)
        if built.is_term:
            raise scope.error(
                node, "expected a formula, such as a comparison, found a term (a number)"
            )
        return built

    def _visit(self, node: syntax.Node, scope: Scope) -> _Built:
        inner = scope.inside(node)
        match node:
            case syntax.Literally(_, value):
                if isinstance(value, bool):
                    return _Built(Truth(value))
                return _Built(Number(value), denominator=value.denominator)
            case syntax.Name():
                return self._name(node, inner)
            case syntax.Element():
                return self._element(node, inner)
            case syntax.Applied(_, "min" | "max" | "sum" as op, args):
                parts = [part for arg in args for part in self._listed(arg, op, inner)]
                return self._joined(node, inner, op, parts)
            case syntax.Applied(_, "and" | "or" | "not" | "implies" as op, args):
                return self._join(node, inner, [self._formula(arg, inner) for arg in args], op)
            case syntax.Applied(_, op, args):
                terms = [self._term(arg, inner) for arg in args]
                if op == "div":
                    return self._divide(node, inner, *terms)
                return self._join(node, inner, terms, op)
            case syntax.Chain():
                return self._chain(node, inner)
            case syntax.Conditional():
                return self._conditional(node, inner)
            case syntax.Chosen():
                return self._visit(inner.chosen(node), inner)
            case syntax.Items():
                raise inner.error(node, "a list needs an index, as in [1, 3, 2][i]")
            case syntax.Ranged(_, "min" | "max" | "sum" as op, ranges, body):
                terms = [self._term(body, case) for case in inner.bind(ranges)]
                return self._joined(node, inner, op, terms)
            case syntax.Ranged(_, word, ranges, body):
                formulas = [self._formula(body, case) for case in inner.bind(ranges)]
                return self._joined(node, inner, "and" if word == "all" else "or", formulas)

    def _conditional(self, node: syntax.Conditional, scope: Scope) -> _Built:
        """One branch, where integers tell which; formulas by cases."""
        decided = _decided(node.condition, scope)
        if decided is not None:
            return self._visit(node.then if decided else node.otherwise, scope)
        condition = self._formula(node.condition, scope)
        then = self._visit(node.then, scope)
        if not then.is_term:
            otherwise = self._formula(node.otherwise, scope)
            opposite = self._join(node, scope, [condition], "not")
            pairs = ((condition, then), (opposite, otherwise))
            return self._join(
                node, scope, [self._join(node, scope, pair, "and") for pair in pairs], "or"
            )
        return self._join(node, scope, [condition, then, self._term(node.otherwise, scope)], "if")

    def _listed(self, node: syntax.Node, op: syntax.Folding, scope: Scope) -> list[_Built]:
        """An argument of min, max or sum: a slice stands for its entries, and the same function
        of a range for its terms (so that it may be empty here)."""
        if isinstance(node, syntax.Element) and node.stop is not None:
            return self._slice(node, node.stop, scope)
        if isinstance(node, syntax.Ranged) and node.op == op:
            inner = scope.inside(node)
            return [self._term(node.body, case) for case in inner.bind(node.ranges)]
        return [self._term(node, scope)]

    def _joined(
        self, node: syntax.Node, scope: Scope, op: _Joining, parts: Sequence[_Built]
    ) -> _Built:
        """All parts together; of one part itself, but for extremes; of none, what changes nothing,
        if there is such a thing."""
        if not parts:
            if op in ("min", "max"):
                raise scope.error(node, f"the {op} of nothing; add an argument, as in {op}(0, ..)")
            return _Built(Number(Fraction(0)) if op == "sum" else Truth(op == "and"))
        if len(parts) == 1 and op not in ("min", "max"):
            return parts[0]
        return self._join(node, scope, parts, op)

    def _chain(self, node: syntax.Chain, scope: Scope) -> _Built:
        parts = []
        for op, left, right in zip(node.ops, node.args[:-1], node.args[1:], strict=True):
            if self._is_choice(left) or self._is_choice(right):
                parts.append(self._chosen(node, scope, op, left, right))
                continue
            terms = self._term(left, scope), self._term(right, scope)
            parts.append(self._join(node, scope, terms, op))
        return self._joined(node, scope, "and", parts)

    def _is_choice(self, node: syntax.Node) -> TypeGuard[syntax.Name]:
        if not isinstance(node, syntax.Name) or node.args or node.name in self._definitions:
            return False
        return node.name in self._choices

    def _values(self, node: syntax.Node, other: syntax.Node, scope: Scope) -> dict[int, Formula]:
        """What a side of a comparison may be, and where it is that."""
        if self._is_choice(node):
            return dict(enumerate(self._choices[node.name]))
        value = scope.integer(node)
        assert isinstance(other, syntax.Name)
        most = len(self._choices[other.name]) - 1
        if not 0 <= value <= most:
            raise scope.error(node, f"{other.name} goes from 0 to {most}, found {value}")
        return {value: EVERYWHERE}

    def _chosen(
        self, node: syntax.Node, scope: Scope, op: Relation, left: syntax.Node, right: syntax.Node
    ) -> _Built:
        ones, others = self._values(left, right, scope), self._values(right, left, scope)
        ways: list[Formula] = []
        for b, there in others.items():
            here = [one for a, one in ones.items() if RELATIONS[op](a, b)]
            rest = [one for a, one in ones.items() if not RELATIONS[op](a, b)]
            if here and rest and len(rest) < len(here):  # just one of all values is there
                ways.append(Logic("and", (there, Logic("not", (some(rest),)))))
            elif here:
                ways.append(Logic("and", (there, some(here))))
        formula = some(ways) if ways else Truth(False)
        size = sum(1 for _ in parts_of(formula))
        scope.charge(node, size)
        if size > LARGEST:
            raise scope.error(node, f"the expression, written out, has over {LARGEST} parts")
        return _Built(formula, size, _DEPTH_OF_CHOICES)

    def _name(self, node: syntax.Name, scope: Scope) -> _Built:
        if node.name in scope.integers and not node.args:
            return _Built(Number(Fraction(scope.integers[node.name])))
        definition = self._definitions.get(node.name)
        if self._is_choice(node):
            problem = f"{node.name} is compared with an integer, as in {node.name} == 0, or with "
            raise scope.error(node, problem + " or ".join(self._choices))
        if definition is None:
            known = [*scope.integers, *self._definitions]
            like = did_you_mean(node.name, [*known, *sorted(RESERVED)])
            raise scope.error(
                node, f"`{node.name}` is not defined{like}; defined are {', '.join(known)}"
            )
        if len(node.args) != len(definition.parameters):
            wanted = _arguments(len(definition.parameters))
            raise scope.error(node, f"{node.name} takes {wanted}, found {len(node.args) or 'none'}")
        values = tuple(scope.integer(arg) for arg in node.args)
        found = self._known.get((node.name, values))
        if found is None:
            pairs = dict(zip(definition.parameters, values, strict=True))
            where = definition.place
            where += " with " + ", ".join(f"{k} = {v}" for k, v in pairs.items()) if pairs else ""
            integers = self._constants | pairs
            body = definition.body
            inner = Scope(body.text, where, integers, self._meter, scope.depth)
            found = self._known[node.name, values] = self._visit(body.root, inner)
        if scope.depth + found.depth > DEEPEST:
            raise scope.error(node, f"the expression, with its definitions, is over {DEEPEST} deep")
        return found

    def _element(self, node: syntax.Element, scope: Scope) -> _Built:
        if node.stop is not None:
            raise scope.error(node, "a slice stands only as an argument of min, max or sum")
        values = tuple(scope.integer(index) for index in node.indices)
        for position, value in enumerate(values):
            self._check_index(node, scope, position, value)
        return _Built(Entry(node.array, values))

    def _check_index(self, node: syntax.Element, scope: Scope, position: int, value: int) -> None:
        shape = self.sizes.shape(node.array)
        least = -1 if node.array == "h" and position == 0 else 0
        if not least <= value < shape[position]:
            which = f"{_ORDINALS[position]} index" if len(shape) > 1 else "index"
            raise scope.error(
                node.indices[position],
                f"the {which} of {node.array} goes from {least} to {shape[position] - 1}, "
                f"found {value}",
            )

    def _slice(self, node: syntax.Element, stop: syntax.Node, scope: Scope) -> list[_Built]:
        *before, low = (scope.integer(index) for index in node.indices)
        high = scope.integer(stop)
        for position, value in enumerate(before):
            self._check_index(node, scope, position, value)
        length = self.sizes.shape(node.array)[-1]
        for end, value in ((node.indices[-1], low), (stop, high)):
            if not 0 <= value <= length:
                raise scope.error(
                    end, f"a slice of {node.array} lies in 0:{length}, found {low}:{high}"
                )
        scope.charge(node, max(0, high - low))
        return [_Built(Entry(node.array, (*before, index))) for index in range(low, high)]

    def _divide(self, node: syntax.Applied, scope: Scope, left: _Built, right: _Built) -> _Built:
        if entries(right.expression):
            raise scope.error(node.args[1], "the divisor must be a constant")
        divisor = evaluate_term(right.expression, _no_entries)
        if divisor == 0:
            raise scope.error(node.args[1], "the divisor is zero")
        if isinstance(left.expression, Number):
            return self._number(node, scope, left.expression.value / divisor)
        factor = self._number(node, scope, 1 / divisor)
        return self._join(node, scope, [factor, left], "mul")

    def _number(self, node: syntax.Node, scope: Scope, value: Fraction) -> _Built:
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > LONGEST_NUMBER:
            raise scope.error(node, f"the quotient has more than {LONGEST_NUMBER} bits")
        return _Built(Number(value), denominator=value.denominator)

    def _join(
        self,
        node: syntax.Node,
        scope: Scope,
        parts: Sequence[_Built],
        op: str,
    ) -> _Built:
        """A node over ``parts``, within the limits."""
        product = op == "mul"
        each_cases = [part.cases for part in parts]
        cases = sum(each_cases) - 1 if op == "if" else prod(each_cases)
        if cases > MOST_CASES:
            raise scope.error(node, f"the expression has over {MOST_CASES} cases")
        size = 1 + sum(part.size for part in parts)
        if op in RELATIONS and cases > 1:
            size, cases = size * cases, 1
            scope.charge(node, size)
        if size > LARGEST:
            raise scope.error(node, f"the expression, written out, has over {LARGEST} parts")
        each = [part.factors for part in parts]
        factors = sum(each) if product else max(each)
        if factors > MOST_FACTORS:
            raise scope.error(node, f"the product has over {MOST_FACTORS} factors")
        scales = [part.denominator for part in parts]
        denominator = prod(scales) if product else lcm(*scales)
        if denominator.bit_length() > LONGEST_NUMBER:
            raise scope.error(node, f"the constants' denominators have over {LONGEST_NUMBER} bits")
        depth = 1 + max(part.depth for part in parts)
        args = [part.expression for part in parts]
        by_cases = op in RELATIONS and prod(each_cases) > 1
        op = "add" if op == "sum" else op
        expression = comparison(op, *args) if by_cases else applied(op, args)  # type: ignore[arg-type]
        return _Built(expression, size, depth, factors, denominator, cases)


def _decided(condition: syntax.Node, scope: Scope) -> bool | None:
    """Whether a condition on integers holds; None where it is about something else."""
    try:
        return scope.decide(condition)
    except ParseError:
        return None


def _arguments(count: int) -> str:
    return f"{count or 'no'} argument{'' if count == 1 else 's'}"


def _no_entries(entry: Entry) -> Fraction:
    raise AssertionError(entry)


def read_definitions(
    texts: Mapping[str, str], domains: Collection[str] = ()
) -> dict[str, Definition]:
    """Definitions by name, from headings such as ``M`` or ``M(t, i)`` and their expressions.

    Messages call those whose headings are in ``domains`` domains.

    ParseError, with the heading, where one cannot be parsed; InputError where two have one name,
    a parameter has a definition's name, or some refer to each other in a circle.
    """
    if len(texts) > MOST_DEFINITIONS:
        raise InputError(
            f"There are {len(texts)} definitions, at most {MOST_DEFINITIONS} are read."
        )
    found: dict[str, Definition] = {}
    for heading, text in texts.items():
        try:
            name, parameters = parse_header(heading)
        except ParseError as error:
            raise error.inside(f"heading {heading!r}") from None
        if name in found:
            raise InputError(f"The name {name} is defined twice.")
        place = f"{'domain' if heading in domains else 'definition'} {name}"
        try:
            found[name] = Definition(name, parameters, parse(text), place)
        except ParseError as error:
            raise error.inside(place) from None
    for definition in found.values():
        for parameter in definition.parameters:
            if parameter in found:
                raise InputError(
                    f"The parameter {parameter} of {definition.name} is a definition's name; "
                    "choose another."
                )
    _check_no_circle(found)
    return found


def _check_no_circle(definitions: Mapping[str, Definition]) -> None:
    uses = {
        name: sorted(one.body.names & definitions.keys())
        for name, one in sorted(definitions.items())
    }
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # each uses the next; the first comes again
        if len(circle) == 2:
            raise InputError(f"The definition {circle[0]} refers to itself.") from None
        first = circle.index(min(circle))
        path = [*circle[first:-1], *circle[:first], circle[first]]
        raise InputError(
            f"The definitions {' -> '.join(path)} refer to each other in a circle."
        ) from None
