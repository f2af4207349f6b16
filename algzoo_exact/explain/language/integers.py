"""Integers while expressions are expanded: indices, arguments, ranges and their conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from algzoo_exact.explain.language import syntax
from algzoo_exact.explain.language.expression import ARRAYS, OPERATIONS, Array, compare, connect
from algzoo_exact.explain.language.syntax import ParseError
from algzoo_exact.program.ir import Program

MOST_WORK = 500_000  # steps of one expander, over all that it expands
DEEPEST = 80  # expressions within expressions, definitions included
LARGEST_INTEGER = 10**9  # of indices, ranges and arguments


@dataclass(frozen=True)
class Sizes:
    """The sizes that expressions may index: inputs n, hidden neurons d, outputs."""

    seq_len: int
    hidden_size: int
    outputs: int

    @classmethod
    def of(cls, program: Program) -> Sizes:
        return cls(program.seq_len, program.hidden_size, program.outputs)

    def shape(self, array: Array) -> tuple[int, ...]:
        n, d, k = self.seq_len, self.hidden_size, self.outputs
        sizes = {"t": n, "i": d, "j": d, "k": k}
        return tuple(sizes[index] for index in ARRAYS[array])


class Meter:
    """Counts the steps of one expander."""

    def __init__(self) -> None:
        self.work = 0


class Scope(NamedTuple):
    """Where a node stands: its text, that text's name in messages, the integers known there, and
    how deep it lies."""

    text: str
    where: str
    integers: Mapping[str, int]
    meter: Meter
    depth: int = 0

    def error(self, node: syntax.Node, problem: str) -> ParseError:
        return ParseError(problem, self.text, node.at, self.where)

    def inside(self, node: syntax.Node) -> Scope:
        """The scope of the parts of ``node``; ParseError where it is too deep or too much."""
        self.charge(node, 1)
        if self.depth >= DEEPEST:
            raise self.error(node, f"the expression, with its definitions, is over {DEEPEST} deep")
        return self._replace(depth=self.depth + 1)

    def charge(self, node: syntax.Node, steps: int) -> None:
        """Count steps taken at ``node``; ParseError where they are too many."""
        self.meter.work += steps
        if self.meter.work > MOST_WORK:
            raise self.error(node, f"expanding the expressions takes over {MOST_WORK} steps")

    def integer(self, node: syntax.Node) -> int:
        """The value of an integer expression."""
        inner = self.inside(node)
        match node:
            case syntax.Literally(_, Fraction(denominator=1) as literal):
                value = int(literal)
            case syntax.Name(_, name, ()) if name in self.integers:
                value = self.integers[name]
            case syntax.Applied(_, "neg" | "add" | "sub" | "mul" as op, args):
                value = int(OPERATIONS[op]([Fraction(inner.integer(arg)) for arg in args]))
            case syntax.Chosen():
                value = inner.integer(inner.chosen(node))
            case _:
                known = ", ".join(self.integers)
                raise self.error(node, f"expected an integer, made of numbers, {known} and + - *")
        if abs(value) > LARGEST_INTEGER:
            raise self.error(node, f"an integer here is at most {LARGEST_INTEGER} in magnitude")
        return value

    def chosen(self, node: syntax.Chosen) -> syntax.Node:
        """The item of a list that its index says."""
        of = self.chosen(node.of) if isinstance(node.of, syntax.Chosen) else node.of
        if not isinstance(of, syntax.Items):
            raise self.error(node, "a list has fewer indices than this")
        index, size = self.integer(node.index), len(of.items)
        if not 0 <= index < size:
            raise self.error(
                node.index, f"the index of this list goes from 0 to {size - 1}, found {index}"
            )
        return of.items[index]

    def decide(self, node: syntax.Node) -> bool:
        """Whether a condition on integers holds."""
        inner = self.inside(node)
        match node:
            case syntax.Literally(_, bool() as value):
                return value
            case syntax.Chain(_, ops, args):
                values = [Fraction(inner.integer(arg)) for arg in args]
                pairs = zip(ops, values[:-1], values[1:], strict=True)
                return all(compare(op, left, right) for op, left, right in pairs)
            case syntax.Applied(_, "and" | "or" | "not" | "implies" as op, args):
                # All parts are decided, so that a mistake in any of them is seen.
                return connect(op, [inner.decide(arg) for arg in args])
            case _:
                raise self.error(node, "expected a comparison of integers, such as i != t")

    def bind(self, ranges: syntax.Ranges) -> Iterator[Scope]:
        """The scope with each choice of values for the ranges, the last one moving fastest."""
        for part in ranges.ranges:
            if part.name in self.integers:
                raise ParseError(
                    f"the name `{part.name}` is in use already", self.text, part.at, self.where
                )
        yield from self._bind(ranges, 0)

    def _bind(self, ranges: syntax.Ranges, position: int) -> Iterator[Scope]:
        if position == len(ranges.ranges):
            if ranges.condition is None or self.decide(ranges.condition):
                yield self
            return
        part = ranges.ranges[position]
        low, high = self.integer(part.low), self.integer(part.high)
        self.charge(part.low, max(0, high + 1 - low))
        for value in range(low, high + 1):
            scope = self._replace(integers={**self.integers, part.name: value})
            yield from scope._bind(ranges, position + 1)
