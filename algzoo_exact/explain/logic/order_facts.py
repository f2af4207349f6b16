"""What a domain says about the order of the inputs and 0, with all that follows by transitivity.

Adding it to the domain changes nothing, and lets exact bounds decide many maxima without a search.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from algzoo_exact.explain.language.expression import Compare, Entry, Formula, Number, Term
from algzoo_exact.explain.logic.order_probability import Above, Joined, order_statement

_NONE, _WEAK, _STRICT = 0, 1, 2


class OrderFacts:
    """A partial order of the inputs x[0], .., x[n-1] and of 0, read off a domain's conjuncts.

    Only comparisons such as ``x[0] >= x[1]`` and ``x[2] < 0``, and those of a maximum or minimum
    with one of these, are read; what else the domain says is ignored.
    """

    def __init__(self, domain: Formula, n: int) -> None:
        self.n = n
        self._above = [[_NONE] * (n + 1) for _ in range(n + 1)]
        said = order_statement(domain, n, weaken=True)
        for part in said.parts if isinstance(said, Joined) and said.op == "and" else (said,):
            if isinstance(part, Above):
                strength = _STRICT if part.strict else _WEAK
                self._above[part.i][part.j] = max(self._above[part.i][part.j], strength)
        self._given = [list(row) for row in self._above]
        above = self._above
        for k, i, j in product(range(n + 1), repeat=3):
            if above[i][k] and above[k][j]:
                above[i][j] = max(above[i][j], above[i][k], above[k][j])

    def excludes(self, i: int, j: int) -> bool:
        """Whether x[i] > x[j] holds nowhere in the domain; n stands for 0."""
        return self._above[j][i] != _NONE

    @property
    def impossible(self) -> bool:
        """Whether nothing satisfies the order."""
        return any(row[i] == _STRICT for i, row in enumerate(self._above))

    def implied(self) -> list[Formula]:
        """The comparisons that follow from the domain's own."""
        return [
            Compare(">" if known == _STRICT else ">=", self._term(i), self._term(j))
            for i, row in enumerate(self._above)
            for j, known in enumerate(row)
            if known > self._given[i][j] and i != j
        ]

    def example(self) -> tuple[Fraction, ...]:
        """An input with small integers that satisfies the order, if any input does."""
        beaten = [sum(known != _NONE for known in row) for row in self._above]
        order = sorted(range(self.n + 1), key=lambda i: beaten[i])
        place = {element: Fraction(rank) for rank, element in enumerate(order)}
        return tuple(place[i] - place[self.n] for i in range(self.n))

    def _term(self, i: int) -> Term:
        return Number(Fraction(0)) if i == self.n else Entry("x", (i,))
