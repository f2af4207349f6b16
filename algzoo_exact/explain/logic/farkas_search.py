"""The search for a refutation (see logic/farkas.py).

It goes depth first: where the rows of the alternatives chosen so far have a solution, it splits a
choice of which that solution satisfies no alternative. A refuted case that did not need its
alternative refutes the whole split, and what is known to exclude some alternatives is used again
wherever these come together.
"""

from __future__ import annotations

from collections import defaultdict

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.logic.farkas import (
    Leaf,
    Refutation,
    Rows,
    Split,
    Step,
    check_refutation,
    excluded_by,
)
from algzoo_exact.explain.logic.relaxation import Relaxation, scales_of
from algzoo_exact.explain.logic.simplex import LostError
from algzoo_exact.explain.logic.system import System

_DEEPEST = 200  # alternatives at a time: each takes three calls inside each other


def refutation(
    system: System, *, leaves: int = 2000, seconds: float = 2.0, exact: bool = True
) -> Refutation | None:
    """Why no real numbers satisfy the system, or None where that was not found.

    It is not found where there is a solution, nor beyond so many leaves and seconds. The search
    is done in floats, which may be too coarse, and then, if ``exact``, in Fractions, which are
    slow. What is returned has been checked.
    """
    deadline = Deadline.after(seconds)
    for arithmetic in (False, True) if exact else (False,):
        try:
            found = Refutation(system, _Search(system, leaves, deadline, exact=arithmetic).run())
        except LostError:
            continue
        if check_refutation(found) is None:
            return found
    return None


class _Search:
    """The steps so far, what each excludes, and the alternatives that are active now."""

    def __init__(self, system: System, leaves: int, deadline: Deadline, *, exact: bool) -> None:
        self._leaves, self._deadline = leaves, deadline
        self._made = made = Rows.of(system)
        self._choices = made.choices
        # By the alternative that they belong to.
        self._rows = defaultdict[int | None, list[int]](list)
        self._within = defaultdict[int | None, list[int]](list)
        for number, row in enumerate(made.rows):
            self._rows[row.alternative].append(number)
        for number, choice in enumerate(made.choices):
            self._within[choice.alternative].append(number)
        signs = [row.sign for row in made.rows]
        self._relaxation = Relaxation(signs, scales_of(system.atoms), deadline, exact=exact)
        self._active: set[int | None] = {None}
        self._steps: list[Step] = []
        self._excluded: list[frozenset[int]] = []
        self._about: list[list[int]] = [[] for _ in range(made.alternatives)]

    def run(self) -> tuple[Step, ...]:
        return self._needed(self._hold(None))

    def _hold(self, alternative: int | None) -> int:
        """The step that refutes what is active together with the rows of an alternative."""
        for row in self._rows[alternative]:
            leaf = self._relaxation.hold(row)
            if leaf is not None:
                return self._learn(leaf)
        leaf = self._relaxation.conflict()
        if leaf is not None:
            return self._learn(leaf)
        if self._deadline.passed or self._leaves <= 0 or len(self._active) > _DEEPEST:
            raise LostError
        return self._split(self._open())

    def _split(self, number: int) -> int:
        """The step that refutes what is active, from one for each alternative of a choice."""
        cases = []
        for alternative in self._choices[number].alternatives:
            case = self._case(alternative)
            if alternative not in self._excluded[case]:
                return case
            cases.append(case)
        return self._learn(Split(number, tuple(cases)))

    def _case(self, alternative: int) -> int:
        """The step that refutes what is active together with an alternative."""
        known = self._known(alternative)
        if known is not None:
            return known
        mark = self._relaxation.mark()
        self._active.add(alternative)
        case = self._hold(alternative)
        self._active.remove(alternative)
        self._relaxation.back(mark)
        return case

    def _known(self, alternative: int) -> int | None:
        """A step that excludes the alternative, together with active ones at most."""
        for step in self._about[alternative]:
            if self._excluded[step] <= self._active | {alternative}:
                return step
        return None

    def _open(self) -> int:
        """A choice of which the solution satisfies no alternative: one with the fewest left."""
        found = [
            (self._left(number), -number)
            for alternative in self._active
            for number in self._within[alternative]
            if not self._satisfied(number)
        ]
        if not found:
            raise LostError  # There is a solution, as far as can be seen.
        return -min(found)[1]

    def _left(self, choice: int) -> int:
        return sum(self._known(a) is None for a in self._choices[choice].alternatives)

    def _satisfied(self, choice: int) -> bool:
        return any(a in self._active or self._holds(a) for a in self._choices[choice].alternatives)

    def _holds(self, alternative: int) -> bool:
        return all(map(self._relaxation.holds, self._rows[alternative])) and all(
            map(self._satisfied, self._within[alternative])
        )

    def _learn(self, step: Step) -> int:
        number = len(self._steps)
        self._steps.append(step)
        self._leaves -= isinstance(step, Leaf)
        excluded = excluded_by(step, self._made, self._excluded)
        self._excluded.append(excluded)
        for alternative in excluded:
            self._about[alternative].append(number)
        return number

    def _needed(self, last: int) -> tuple[Step, ...]:
        """The steps that the last one rests on, renumbered."""
        used = {last}
        for number in range(last, -1, -1):  # cases are earlier steps
            step = self._steps[number]
            if number in used and isinstance(step, Split):
                used.update(step.cases)
        kept = sorted(used)
        place = {old: new for new, old in enumerate(kept)}
        steps = (self._steps[old] for old in kept)
        return tuple(
            Split(step.choice, tuple(place[case] for case in step.cases))
            if isinstance(step, Split)
            else step
            for step in steps
        )
