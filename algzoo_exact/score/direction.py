"""Where the squash flow starts: the measure at l = 0, decided by what the model does near +-u.

At l = 0 all mass sits at +u and -u, half each. If the model is linear around +-u with a strict
or identical order of its top logits, its prediction there is constant, and what is left to know
is the true label around +-u.

Two kinds of direction are used. A generic u lies in the interior of a label cell. The diagonal
u = (1, .., 1) lies in every wall between labels: these walls then drop out of the flow, and since
the label cells are congruent (permutations and sign changes map them to one another and fix the
diagonal up to sign), each of the C cells takes 1/C of the mass around +u and around -u.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice

from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure.flow import NotGenericError, directions_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.program.task import Task, TieRule, credit_for
from algzoo_exact.regions.starts import Start, starting_cones

_MOST_TRIED = 200


@dataclass(frozen=True)
class Direction:
    """A squash direction with the model's top logits around +u and around -u."""

    u: IntVector
    tops: tuple[frozenset[int], frozenset[int]]
    diagonal: bool
    cells: int
    ties: TieRule | None

    def at_zero(self, start: Start) -> tuple[Fraction, Fraction]:
        """At l = 0: credit earned within a cone of constant label, and the cone's own measure."""
        credit = mass = Fraction(0)
        shares = shares_at_zero(start, self.u, self.diagonal, self.cells)
        for share, top in zip(shares, self.tops, strict=True):
            mass += share
            # No tie rule means that everything is credited.
            earned = 1 if self.ties is None else credit_for(start.label, top, self.ties)
            credit += share * earned
        return credit, mass

    def at_zero_everywhere(self, task: Task) -> Fraction:
        """The accuracy at l = 0; around the diagonal every label takes 1/n of the mass."""
        assert self.ties is not None
        total = Fraction(0)
        for sign, top in zip((1, -1), self.tops, strict=True):
            if self.diagonal:
                labels: Iterable[int] = range(task.seq_len)
            else:
                labels = [task.label([sign * c for c in self.u])]
            credits = [credit_for(label, top, self.ties) for label in labels]
            total += sum(credits, Fraction(0)) / (2 * len(credits))
        return total


def shares_at_zero(
    start: Start, u: IntVector, diagonal: bool, cells: int
) -> tuple[Fraction, Fraction]:
    """The mass at l = 0 within a cone of constant label: around u, and around -u."""

    def share(sign: int) -> Fraction:
        values = [sign * dot(a, u) for a in start.cone.inequalities]
        if diagonal:
            return Fraction(int(all(value >= 0 for value in values)), 2 * cells)
        return Fraction(int(all(value > 0 for value in values)), 2)

    return share(1), share(-1)


def directions(program: Program, task: Task, ties: TieRule | None) -> Iterator[Direction]:
    """Usable directions: the diagonal if the model is generic around it, then generic ones."""
    starts = starting_cones(task)
    specializer = Specializer(program)
    diagonal = (1,) * task.seq_len if task.symmetric else None
    first = [diagonal] if diagonal else []
    for u in chain(first, islice(directions_for(task.seq_len), _MOST_TRIED)):
        if u != diagonal and any(dot(a, u) == 0 for start in starts for a in start.rows):
            continue
        try:
            tops = tuple(_top_logits(specializer, tuple(s * c for c in u)) for s in (1, -1))
        except NotGenericError:
            continue
        yield Direction(u, (tops[0], tops[1]), u == diagonal, len(starts) // 2, ties)


def _top_logits(specializer: Specializer, u: IntVector) -> frozenset[int]:
    """The logits that share the maximum on a whole neighbourhood of u.

    NotGenericError if u lies on a wall of the program, or on a tie that ends there.
    """
    logits = rows(specializer.logits(pattern_near(specializer, u)))
    values = [dot(row, u) for row in logits]
    top = [k for k, value in enumerate(values) if value == max(values)]
    if any(logits[k] != logits[top[0]] for k in top):
        raise NotGenericError(f"direction {u} lies on a tie of logits {top}")
    return frozenset(top)


def pattern_near(specializer: Specializer, u: IntVector) -> int:
    """The activation pattern on a neighbourhood of u; NotGenericError if u lies on a wall."""
    bits = 0
    for t, first in enumerate(specializer.program.first[:-1]):
        for j, row in enumerate(rows(specializer.step(t, bits))):
            value = dot(row, u)
            if value > 0:
                bits |= 1 << (first + j)
            elif value == 0 and any(row):
                raise NotGenericError(f"direction {u} lies on the wall z[{t}][{j}] = 0")
    return bits
