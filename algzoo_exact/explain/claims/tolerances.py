"""Claims with a tolerance that failed: how wide it would have to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.language.expression import Apply, Compare, Entry, Formula, Number
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.language.syntax import Chain
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.exact_figures import supremum
from algzoo_exact.explain.prove.facts import Fact

_DIGITS = 3
_MULTIPLE = re.compile(r"\s*([0-9][0-9.eE+-]*)\s*\*\s*(.+)", re.DOTALL)


def rounded(value: Fraction, *, up: bool, digits: int = _DIGITS) -> Decimal:
    """A decimal of so many digits that is no less, or no more."""
    outward = Context(digits, ROUND_CEILING if up else ROUND_FLOOR)
    quotient = outward.divide(Decimal(value.numerator), Decimal(value.denominator))
    short = quotient.normalize(outward)
    return Decimal(f"{short:f}") if -12 < short.adjusted() < 12 else short


class Comparison(NamedTuple):
    """A statement's text, cut at its only relation: left <= right, or left == right."""

    left: str
    relation: str
    right: str

    def times(self, factor: Fraction) -> str:
        """Where the right side is so many times as large, or more, in few digits."""
        found = _MULTIPLE.fullmatch(self.right)
        try:
            number = Fraction(self.right if found is None else found[1])
        except ValueError:
            return f"{self.left} {self.relation} {rounded(factor, up=True)}*({self.right})"
        wider = rounded(number * factor, up=True)
        rest = "" if found is None else f"*{found[2]}"
        return f"{self.left} {self.relation} {wider}{rest}"


def comparison(text: str) -> Comparison | None:
    """The two sides of a comparison, the smaller first; None for other statements."""
    root = parse(text).root
    if not isinstance(root, Chain) or len(root.ops) > 1 or root.ops == ("!=",):
        return None
    (relation,), (_, second) = root.ops, root.args
    place = text.rindex(relation, 0, second.at)
    left, right = text[:place].strip(), text[place + len(relation) :].strip()
    if left.count("(") != left.count(")"):  # all of it is in brackets
        return None
    if relation in (">", ">="):
        return Comparison(right, relation.replace(">", "<"), left)
    return Comparison(left, relation, right)


def with_tolerance(
    table: Mapping[str, Any],
    facts: Sequence[Fact],
    ratio: Callable[[Compare, Formula], Fraction | None],
    unit: str = "",
) -> Iterator[Mapping[str, Any]]:
    """The claim of facts that are comparisons, with a right side as large as it must be, or with
    sides that are so many times the ``unit`` apart in place of equal ones.

    ``ratio``: how many times, for one of them; None where that is not known.
    """
    cut = comparison(table["statement"])
    compared = [(f.statement, f.domain) for f in facts]
    found = [ratio(said, domain) for said, domain in compared if isinstance(said, Compare)]
    known = [value for value in found if value is not None]
    if cut is None or not known or len(known) < len(facts):
        return
    statement = cut.times(max(known))
    if cut.relation == "==":
        gap = f"abs({cut.left} - ({cut.right}))"
        statement = f"{gap} <= {rounded(max(known), up=True)}{unit}"
    yield {**table, "statement": statement}


def largest_input(n: int) -> str:
    """The size of the largest of n inputs, in the language."""
    return f"max({', '.join(f'abs(x[{t}])' for t in range(n))})"


def greatest_ratio(bench: Bench, statement: Compare, domain: Formula) -> Fraction | None:
    """The supremum of the left side's size over the right side; for an equality, of the difference
    over the largest input. None where cells do not tell."""
    nothing, inputs = Number(Fraction(0)), range(bench.program.seq_len)
    left, right = statement.left, statement.right
    if statement.op in (">", ">="):
        left, right = right, left
    scale = right
    if statement.op == "==":
        left = Apply("sub", (left, right))
        scale = Apply("max", tuple(Apply("abs", (Entry("x", (t,)),)) for t in inputs))
    limits = CellLimits(Deadline.after(bench.seconds / 2))
    try:
        return supremum(bench.program, left, nothing, scale, domain=domain, limits=limits).rational
    except OutOfReachError:
        return None
