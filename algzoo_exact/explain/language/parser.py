"""The parser of the language of explanations: text to surface expressions. Nothing is ever run.

The grammar, loosest first (docs/notes/explanation-language.md explains it):

    expression = expression "implies" expression            right-associative
               | expression "or" expression | expression "and" expression | "not" expression
               | term (("<" | "<=" | ">" | ">=" | "==" | "!=") term)+
               | term | "if" expression "then" expression "else" expression
    term       = term ("+" | "-") term | term ("*" | "/") term | "-" term | atom
    atom       = number | "true" | "false" | "(" expression ")" | entry | quantified | list
               | function "(" expression ("," expression)* ")" | name ["(" term ("," term)* ")"]
    entry      = array ("[" term "]")+          the last may be a slice "[" term ":" term "]"
    list       = "[" expression ("," expression)* "]" ("[" term "]")+
    quantified = ("all" | "any" | "sum" | "min" | "max") "(" ranges ":" expression ")"
    ranges     = range ("," range)* ["if" expression]
    range      = name "in" term ".." term

Whether an expression is a term, a formula or an integer is seen in expand.py, since names decide
it. Nesting and the length of numbers are limited, so that hostile text costs little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar, cast, get_args

from algzoo_exact.errors import did_you_mean
from algzoo_exact.explain.language import syntax
from algzoo_exact.explain.language.expression import ARRAYS, Array, Relation
from algzoo_exact.explain.language.syntax import ParseError

LONGEST_TEXT = 20_000  # characters in one expression
LONGEST_NUMBER = 100  # characters in one number, and its greatest decimal exponent
DEEPEST = 80  # expressions within expressions

KEYWORDS = frozenset({"and", "or", "not", "implies", "true", "false", "in", "if", "then", "else"})
UNARY = frozenset({"relu", "abs"})
FOLDINGS = frozenset(get_args(syntax.Folding))
QUANTIFIERS = frozenset(get_args(syntax.Quantifier))
CONSTANTS = frozenset({"n", "d"})
RESERVED = KEYWORDS | UNARY | FOLDINGS | QUANTIFIERS | CONSTANTS | ARRAYS.keys()
"""Names with a meaning of their own, which nothing else may have."""

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>\.\.|<=|>=|==|!=|[<>+\-*/()\[\],:])"
)

_IMPLIES, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY = range(8)
_LEVELS = {"implies": _IMPLIES, "or": _OR, "and": _AND}
_LEVELS |= dict.fromkeys(get_args(Relation), _COMPARE)
_LEVELS |= {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


T = TypeVar("T")


@dataclass(frozen=True)
class _Token:
    kind: str  # number, name, sign or end
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"`{self.text}`"


def parse(text: str) -> syntax.Surface:
    """The expression in ``text``; ParseError, with the place, where there is none."""
    parser = _Parser(text)
    root = parser.whole()
    parser.finish("an operator or the end")
    return syntax.Surface(text, root, frozenset(parser.names))


def parse_ranges(text: str) -> syntax.Ranges:
    """Ranges such as ``t in 0..n-1, i in 0..3 if i != t``; ParseError otherwise."""
    parser = _Parser(text)
    ranges = parser.ranges()
    parser.finish("a comma, `if` or the end")
    return ranges


def parse_header(text: str) -> tuple[str, tuple[str, ...]]:
    """The name and the parameters of a definition headed ``text``, as in ``M`` or ``M(t, i)``."""
    parser = _Parser(text)
    name, parameters = parser.new_name("a name"), list[_Token]()
    if parser.take("("):
        parameters = parser.listed(lambda: parser.new_name("a parameter"))
        parser.expect(")", "a comma or `)`")
    parser.finish("`(` or the end")
    parser.check_distinct("parameter", [(token.text, token.at) for token in parameters])
    return name.text, tuple(token.text for token in parameters)


def _tokens(text: str) -> list[_Token]:
    if len(text) > LONGEST_TEXT:
        raise ParseError(
            f"the expression has {len(text)} characters, at most {LONGEST_TEXT} are read; "
            "split it into definitions",
            text,
            LONGEST_TEXT,
        )
    found: list[_Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ParseError(_strange(text[place]), text, place)
        assert match.lastgroup is not None
        if match.lastgroup != "space":
            found.append(_Token(match.lastgroup, match[0], place))
        place = match.end()
    return [*found, _Token("end", "", len(text))]


def _strange(character: str) -> str:
    hints = {
        "=": "for equality write `==`",
        "!": "write `not` or `!=`",
        "&": "write `and`",
        "|": "write `or`, or `abs(..)`",
        "^": "write powers out as products",
        "≤": "write `<=`",
        "≥": "write `>=`",
        ".": "decimals have digits on both sides of the point, ranges two points",
    }
    shown = f"`{character}`" if character.isprintable() else f"the character {character!a}"
    advice = hints.get(character, "the language has no such character")
    return f"found {shown}; {advice}"


class _Parser:
    """A recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def here(self) -> _Token:
        return self._tokens[self._next]

    def take(self, *texts: str) -> _Token | None:
        """The next token, if it is one of ``texts``."""
        token = self.here
        if token.kind in ("sign", "name") and token.text in texts:
            self._next += 1
            return token
        return None

    def expect(self, text: str, expected: str) -> None:
        if not self.take(text):
            raise self.wrong(expected)

    def finish(self, expected: str) -> None:
        if self.here.kind != "end":
            raise self.wrong(expected)

    def listed(self, one: Callable[[], T]) -> list[T]:
        """What ``one`` reads, and again after each comma."""
        found = [one()]
        while self.take(","):
            found.append(one())
        return found

    def error(self, problem: str, at: int) -> ParseError:
        return ParseError(problem, self.text, at)

    def wrong(self, expected: str) -> ParseError:
        return self.error(f"expected {expected}, found {self.here}", self.here.at)

    def new_name(self, expected: str) -> _Token:
        token = self.here
        if token.kind != "name":
            raise self.wrong(expected)
        if token.text in RESERVED:
            meant = f"found `{token.text}`, which has a meaning of its own"
            raise self.error(f"expected {expected}, {meant}", token.at)
        self._next += 1
        return token

    def check_distinct(self, what: str, named: Sequence[tuple[str, int]]) -> None:
        """ParseError at the first name that stands in a list twice."""
        seen: set[str] = set()
        for name, at in named:
            if name in seen:
                raise self.error(f"the {what} `{name}` comes twice", at)
            seen.add(name)

    def whole(self) -> syntax.Node:
        """An expression of any operators."""
        return self.expression(_IMPLIES)

    def expression(self, level: int) -> syntax.Node:
        """An expression of operators that bind at least as tightly as ``level``."""
        self._depth += 1
        if self._depth > DEEPEST:
            problem = f"the expression is nested more than {DEEPEST} deep"
            raise self.error(f"{problem}; split it into definitions", self.here.at)
        node = self._prefixed(level)
        while (found := _LEVELS.get(self.here.text, -1)) >= level:
            node = self._operators(node, found)
        self._depth -= 1
        return node

    def _operators(self, first: syntax.Node, level: int) -> syntax.Node:
        """``first`` with all operators of one level that follow it."""
        at = first.at
        if level == _IMPLIES:
            self._next += 1
            return syntax.Applied(at, "implies", (first, self.whole()))
        if level in (_AND, _OR):
            word = self.here.text
            args = [first]
            while self.take(word):
                args.append(self.expression(level + 1))
            return syntax.Applied(at, cast(syntax.Operator, word), tuple(args))
        if level == _COMPARE:
            args, relations = [first], []
            while found := self.take(*get_args(Relation)):
                relations.append(cast(Relation, found.text))
                args.append(self.expression(_SUM))
            return syntax.Chain(at, tuple(relations), tuple(args))
        several, single = ("+", "-") if level == _SUM else ("*", "/")
        node, args = first, [first]
        while found := self.take(several, single):
            right = self.expression(level + 1)
            if found.text == several:
                args.append(right)
                node = syntax.Applied(at, "add" if several == "+" else "mul", tuple(args))
            else:
                node = syntax.Applied(at, "sub" if single == "-" else "div", (node, right))
                args = [node]
        return node

    def _prefixed(self, level: int) -> syntax.Node:
        token = self.here
        if token.text == "not" and level <= _NOT:
            self._next += 1
            return syntax.Applied(token.at, "not", (self.expression(_NOT),))
        if not self.take("-"):
            return self._atom()
        if self.here.kind == "number":
            return syntax.Literally(token.at, -self._number())
        return syntax.Applied(token.at, "neg", (self.expression(_UNARY),))

    def _atom(self) -> syntax.Node:
        token = self.here
        if token.kind == "number":
            return syntax.Literally(token.at, self._number())
        if self.take("("):
            node = self.whole()
            self.expect(")", "an operator or `)`")
            return node
        if self.here.text == "[":
            return self._list()
        if self.take("if"):
            return self._conditional(token.at)
        if self.take("true", "false"):
            return syntax.Literally(token.at, token.text == "true")
        if token.kind != "name" or token.text in KEYWORDS:
            raise self.wrong("a number, a name or `(`")
        self._next += 1
        if token.text in ARRAYS:
            return self._element(token.at, token.text)
        if token.text in UNARY | FOLDINGS | QUANTIFIERS:
            return self._call(token)
        args: tuple[syntax.Node, ...] = ()
        if token.text not in CONSTANTS and self.take("("):
            args = self._arguments()
        if self.here.text == "[":
            like = did_you_mean(token.text, ARRAYS)
            known = ", ".join(ARRAYS)
            raise self.error(f"`{token.text}` has no entries{like}; {known} have", token.at)
        self.names.add(token.text)
        return syntax.Name(token.at, token.text, args)

    def _conditional(self, at: int) -> syntax.Conditional:
        """What follows ``if``."""
        condition = self.whole()
        self.expect("then", "an operator or `then`")
        then = self.whole()
        self.expect("else", "an operator or `else`")
        return syntax.Conditional(at, condition, then, self.whole())

    def _list(self) -> syntax.Node:
        """A list, and the indices after it."""
        at = self.here.at
        self.expect("[", "a list")
        items = self.listed(self.whole)
        self.expect("]", "a comma, an operator or `]`")
        node: syntax.Node = syntax.Items(at, tuple(items))
        while self.take("["):
            node = syntax.Chosen(at, node, self.expression(_SUM))
            self.expect("]", "`]`")
        return node

    def _number(self) -> Fraction:
        token = self.here
        exponent = token.text.lower().partition("e")[2]
        if len(token.text) > LONGEST_NUMBER or abs(int(exponent or "0")) > LONGEST_NUMBER:
            found = f"{len(token.text)} characters"
            found += f" and exponent {exponent[:12]}" if exponent else ""
            most = f"{LONGEST_NUMBER} characters and exponents up to {LONGEST_NUMBER}"
            raise self.error(f"numbers have at most {most}, found {found}", token.at)
        self._next += 1
        if self.here.kind in ("number", "name") and self.here.at == token.at + len(token.text):
            raise self.wrong(f"an operator after the number {token.text}")
        return Fraction(token.text)

    def _element(self, at: int, array: Array) -> syntax.Element:
        indices: list[syntax.Node] = []
        stop, names = None, ARRAYS[array]
        shown = array + "".join(f"[{name}]" for name in names)
        while len(indices) < len(names):
            last = len(indices) == len(names) - 1
            self.expect("[", f"`[`, as in {shown}")
            indices.append(self.expression(_SUM))
            if last and self.take(":"):
                stop = self.expression(_SUM)
            self.expect("]", "`]` or `:`" if last and stop is None else "`]`")
        if self.here.text == "[":
            raise self.wrong(f"no further index after {shown}")
        return syntax.Element(at, array, tuple(indices), stop)

    def _call(self, token: _Token) -> syntax.Node:
        """A function's call, or the same word as a quantifier."""
        self.expect("(", f"`(` after {token.text}")
        binds = self.here.kind == "name" and self._tokens[self._next + 1].text == "in"
        if token.text in QUANTIFIERS or (binds and token.text in FOLDINGS):
            ranges = self.ranges()
            self.expect(":", "a comma, `if` or `:`")
            body = self.whole()
            self.expect(")", "an operator or `)`")
            return syntax.Ranged(token.at, cast(syntax.Over, token.text), ranges, body)
        args = self._arguments()
        if token.text in UNARY and len(args) != 1:
            raise self.error(f"{token.text} takes one argument, found {len(args)}", token.at)
        return syntax.Applied(token.at, cast(syntax.Operator, token.text), args)

    def _arguments(self) -> tuple[syntax.Node, ...]:
        """The arguments of a call and its closing parenthesis; the opening one is taken."""
        args = self.listed(self.whole)
        self.expect(")", "a comma, an operator or `)`")
        return tuple(args)

    def ranges(self) -> syntax.Ranges:
        """``i in 0..9, j in i..9 if ..``, up to what follows."""
        found = self.listed(self._range)
        self.check_distinct("name", [(part.name, part.at) for part in found])
        condition = self.whole() if self.take("if") else None
        return syntax.Ranges(self.text, tuple(found), condition)

    def _range(self) -> syntax.Range:
        name = self.new_name("a range, as in `i in 0..9`")
        self.expect("in", f"`in` after {name.text}")
        low = self.expression(_SUM)
        self.expect("..", "`..` and the last integer")
        return syntax.Range(name.at, name.text, low, self.expression(_SUM))
