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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from typing import Any

from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure.flow import NotGenericError, directions_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.regions.starts import Start

_MOST_TRIED = 200


@dataclass(frozen=True)
class Direction:
    """A squash direction u, what a metric asks of the program around +u and around -u, and the
    mass of a label cell."""

    u: IntVector
    around: tuple[Any, Any]
    diagonal: bool
    mass: Fraction

    def shares(self, start: Start) -> tuple[Fraction, Fraction]:
        """The mass at l = 0 within a cone of constant label: around u, and around -u."""

        def share(sign: int) -> Fraction:
            values = [sign * dot(a, self.u) for a in start.cone.inequalities]
            if self.diagonal:
                return self.mass / 2 if all(value >= 0 for value in values) else Fraction(0)
            return Fraction(int(all(value > 0 for value in values)), 2)

        return share(1), share(-1)


def directions(
    program: Program,
    starts: Iterable[Start],
    mass: Fraction,
    around: Callable[[Specializer, IntVector], Any],
    *,
    diagonal: bool = True,
) -> Iterator[Direction]:
    """Usable directions: the diagonal, unless it is excluded, if the model is generic around it,
    then generic ones, in no wall of the ``starts``, label cells each of measure ``mass``."""
    walls = {row for start in starts for row in start.rows}
    specializer = Specializer(program)
    first = (1,) * program.seq_len
    generic = islice(directions_for(program.seq_len), _MOST_TRIED)
    for u in chain([first] if diagonal else [], generic):
        if u != first and any(dot(a, u) == 0 for a in walls):
            continue
        try:
            one, other = (around(specializer, tuple(s * c for c in u)) for s in (1, -1))
        except NotGenericError:
            continue
        yield Direction(u, (one, other), u == first, mass)


def top_logits(specializer: Specializer, u: IntVector) -> frozenset[int]:
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
