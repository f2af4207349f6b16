"""What a domain says about the order of the inputs and 0, with all that follows by transitivity.

Adding it to the domain changes nothing, and lets exact bounds decide many maxima without a search.
"""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Relation,
    Term,
    conjuncts,
)

_NONE, _WEAK, _STRICT = 0, 1, 2
_NEGATED: dict[str, Relation] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


class OrderFacts:
    """A partial order of the inputs x[0], .., x[n-1] and of 0, read off a domain's conjuncts.

    Only plain comparisons such as ``x[0] >= x[1]`` and ``x[2] < 0``, and those of a maximum or
    minimum with one of these, are read; what else the domain says is ignored.
    """

    def __init__(self, domain: Formula, n: int) -> None:
        self.n = n
        self._above = [[_NONE] * (n + 1) for _ in range(n + 1)]
        for part in conjuncts(domain):
            self._read(part)
        self._given = [list(row) for row in self._above]
        self._close()

    def excludes(self, i: int, j: int) -> bool:
        """Whether x[i] > x[j] holds nowhere in the domain; n stands for 0."""
        return self._above[j][i] != _NONE

    def implied(self) -> list[Formula]:
        """The comparisons that follow from the domain's own."""
        found: list[Formula] = []
        for i, row in enumerate(self._above):
            for j, known in enumerate(row):
                if known > self._given[i][j] and i != j:
                    op: Relation = ">" if known == _STRICT else ">="
                    found.append(Compare(op, self._term(i), self._term(j)))
        return found

    def example(self) -> tuple[Fraction, ...]:
        """An input with small integers that satisfies the order, if any input does."""
        beaten = [sum(known != _NONE for known in row) for row in self._above]
        order = sorted(range(self.n + 1), key=lambda i: beaten[i])
        place = {element: Fraction(rank) for rank, element in enumerate(order)}
        return tuple(place[i] - place[self.n] for i in range(self.n))

    def _term(self, i: int) -> Term:
        return Number(Fraction(0)) if i == self.n else Entry("x", (i,))

    def _read(self, part: Formula) -> None:
        if isinstance(part, Logic) and part.op == "not" and isinstance(part.args[0], Compare):
            inner = part.args[0]
            if inner.op in ("==", "!="):
                return
            self._add(_NEGATED[inner.op], inner.left, inner.right)
        elif isinstance(part, Compare) and part.op != "!=":
            self._add(part.op, part.left, part.right)

    def _add(self, op: Relation, left: Term, right: Term) -> None:
        if op == "==":
            self._add(">=", left, right)
            self._add("<=", left, right)
            return
        if op in ("<", "<="):
            left, right = right, left
        strength = _STRICT if op in ("<", ">") else _WEAK
        for i in self._elements(left, "min"):
            for j in self._elements(right, "max"):
                self._above[i][j] = max(self._above[i][j], strength)

    def _elements(self, term: Term, extreme: str) -> list[int]:
        """The elements all of which are above, or below, whatever the term is."""
        if isinstance(term, Number) and term.value == 0:
            return [self.n]
        if isinstance(term, Entry) and term.array == "x":
            return [term.indices[0]]
        if isinstance(term, Apply) and term.op == "relu" and extreme == "max":
            return [self.n, *self._elements(term.args[0], extreme)]
        if isinstance(term, Apply) and term.op == extreme:
            return [i for part in term.args for i in self._elements(part, extreme)]
        return []

    def _close(self) -> None:
        above = self._above
        for k in range(self.n + 1):
            for i in range(self.n + 1):
                if above[i][k] == _NONE:
                    continue
                for j in range(self.n + 1):
                    if above[k][j] != _NONE:
                        strength = max(above[i][k], above[k][j])
                        above[i][j] = max(above[i][j], strength)
