"""A section: a model on a linear subspace x = E y of its inputs, as a model of its own in y.

Where several labels qualify for all inputs of a cone, as between inputs that are 0 on the whole
section, nothing is right or wrong unless a rule says so. The mass of such inputs is known apart:
with A the mass of right answers, W that of wrong ones, A + W + unlabelled = 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import lcm
from pathlib import Path
from typing import Any

from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import share
from algzoo_exact.files import path_of, read_limited
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.program.ir import Matrix, Number, Program, check_basis
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import SharedLabels, Task, TaskOnSubspace, check_fit, on_subspace
from algzoo_exact.regions.starts import NO_LABEL, covering_cones, rank
from algzoo_exact.score.compute import accuracy
from algzoo_exact.score.result import Score
from algzoo_exact.shown import Shown

_DIGITS, _FEW_DIGITS, _CHEAP_UP_TO = 20, 10, 5
_LONGEST_FORM = 4  # coefficients of an input that are shown
_LARGEST_FILE = 1 << 20
_NUMBER = re.compile(
    r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,2})?|-?\d{1,400}/\d{1,400}", re.ASCII
)


@dataclass(frozen=True, eq=False)
class Section(Shown):
    """A model at x = E y for standard Gaussian y, m of them: ``program`` and ``task`` are those in
    y, so that whatever takes a model takes a section.

    ``basis`` is E (n, m).
    """

    program: Program
    task: Task
    basis: Matrix

    @property
    def names(self) -> tuple[str, ...]:
        """What each y is: the inputs that are equal to it, as ``x[0] = x[1]``, or ``y[0]``."""
        found = []
        for c, column in enumerate(zip(*self.basis, strict=True)):
            equal = [i for i, entry in enumerate(column) if entry]
            alone = all(sum(map(bool, self.basis[i])) == 1 for i in equal)
            plain = alone and all(column[i] == 1 for i in equal)
            found.append(" = ".join(f"x[{i}]" for i in equal) if plain else f"y[{c}]")
        return tuple(found)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What holds of the inputs on the section, in words: as ``x[0] = x[1]``, ``x[2] = 0``."""
        names = self.names
        found = [name for name in names if " = " in name]
        zeros = [f"x[{i}]" for i, row in enumerate(self.basis) if not any(row)]
        found += [f"{' = '.join(zeros)} = 0"] if zeros else []
        for i, row in enumerate(self.basis):
            if any(entry and names[c].startswith("y") for c, entry in enumerate(row)):
                found.append(f"x[{i}] = {_form(row, names)}")
        return tuple(found)

    @cached_property
    def unlabelled(self) -> Enclosure:
        """The mass of the inputs with no single label."""
        shared = [start for start in covering_cones(self.task) if start.label == NO_LABEL]
        if len(shared) == len(covering_cones(self.task)):
            return Enclosure.exactly(1)
        digits = _DIGITS if self.task.seq_len <= _CHEAP_UP_TO else _FEW_DIGITS
        return total(cone_measure(start.cone.irredundant(), digits=digits) for start in shared)

    def accuracy(self, **options: Any) -> Score:
        """``accuracy`` on the section, with its options: the probability that there is one label,
        and it is given. ``share`` is that of inputs with one label."""
        if self.unlabelled.lower == 1:
            ties, known = options.get("ties", "lowest"), Enclosure.exactly(0)
            check_fit(self.program, self.task, ties)
            return Score("accuracy", "exact", known, self.task, ties, "no label is unique", 0.0)
        found = accuracy(self.program, self.task, **options)
        within = Enclosure(Fraction(0), 1 - self.unlabelled.lower)
        return replace(found, enclosure=found.enclosure.intersect(within))

    def share(self, score: Score) -> Enclosure | None:
        """Of the inputs with one label, the part on which the answer is right; None if there are
        none."""
        if self.unlabelled.lower == 1:
            return None
        return share(score.enclosure, self.unlabelled.complement)


def section(
    model: Program | HasProgram,
    basis: Sequence[Sequence[Number]] | None = None,
    task: Task | None = None,
    *,
    zero: Iterable[int] = (),
    equal: Iterable[Sequence[int]] = (),
    shared: SharedLabels = "none",
) -> Section:
    """The model on a subspace of its inputs: those in ``zero`` are 0, those of each group in
    ``equal`` are equal, or x = E y for a rational ``basis`` E (n, m) of independent columns.

    ``shared``: what the label is where several qualify for all inputs of a cone: "none", so that no
    answer counts there, or the "lowest" index.

    InputError for a section without inputs, a basis that is none, and tasks without an index.
    """
    program, chosen = lift(model), task_of(model, task)
    n = program.seq_len
    zeros, groups = _indices(zero, n, "zero"), [_indices(group, n, "equal") for group in equal]
    if basis is None:
        rows = _basis(n, zeros, groups)
    elif zeros or groups:
        raise InputError("A section has a basis, or inputs that are zero or equal, not both.")
    else:
        rows = check_basis(basis, n)
        _check_rank(rows)
    inside = on_subspace(chosen, rows)
    if isinstance(inside, TaskOnSubspace):
        inside = replace(inside, name=f"{chosen.name} on a section", shared=shared)
    return Section(on_subspace(program, rows), inside, rows)


def read_basis(path: str | Path) -> Matrix:
    """A basis from a JSON file: a list of rows of integers, decimals, or texts such as "1/3".

    InputError for what is none.
    """
    source = path_of(path)
    text = read_limited(source, _LARGEST_FILE)
    if text is None:
        raise InputError(f"{source} is no basis: it has more than {_LARGEST_FILE:,} bytes.")
    try:
        rows = json.loads(text, parse_int=_entry, parse_float=_entry, parse_constant=_entry)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source} is not JSON: {str(error)[:80]}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise InputError(f"{source} is no basis: it must be a list of rows, each a list.")
    return tuple(tuple(_entry(entry) for entry in row) for row in rows)


def _entry(value: object) -> Fraction:
    """A number of a basis; InputError for others, and for long ones, before they cost time."""
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise InputError(
            f'An entry of a basis is a number such as 2, 0.5 or "1/3", not {value!r:.60}.'
        )
    with suppress(ZeroDivisionError):
        return Fraction(value)
    raise InputError(f"An entry of a basis is {value!r:.60}, which divides by 0.")


def _indices(chosen: Iterable[int], n: int, name: str) -> list[int]:
    demand(chosen, Iterable, f"{name} takes positions of inputs")
    found = list(chosen)
    for i in found:
        demand(i, int, f"{name} takes positions of inputs, whole numbers")
        if not 0 <= i < n:
            raise InputError(f"There is no input x[{i}]; positions are from 0 to {n - 1}.")
    return found


def _basis(n: int, zeros: Sequence[int], groups: Sequence[Sequence[int]]) -> Matrix:
    """A column for each class of equal inputs that are not 0, in the order of their first."""
    of = list(range(n))
    for group in groups:
        joined = {of[i] for i in group}
        of = [min(joined) if k in joined else k for k in of]
    nothing = {of[i] for i in zeros}
    classes = sorted(set(of) - nothing)
    if not classes:
        raise InputError("All inputs are 0 on this section; leave at least one that is not.")
    return tuple(tuple(Fraction(k == c) for c in classes) for k in of)


def _check_rank(rows: Matrix) -> None:
    unit = lcm(*(entry.denominator for row in rows for entry in row))
    dimension = rank([tuple(int(entry * unit) for entry in row) for row in rows])
    if dimension < len(rows[0]):
        raise InputError(
            f"The columns of the basis are dependent: {len(rows[0])} of them span {dimension} "
            "dimensions."
        )


def _form(row: Sequence[Fraction], names: Sequence[str]) -> str:
    """A linear form of the y's, cut off where it is long."""
    parts = [(entry, names[c].split(" = ")[0]) for c, entry in enumerate(row) if entry]
    text = ""
    for entry, name in parts[:_LONGEST_FORM]:
        size = "" if abs(entry) == 1 else f"{abs(entry)} "
        sign = ("-" if entry < 0 else "") if not text else (" - " if entry < 0 else " + ")
        text += f"{sign}{size}{name}"
    return text + (" + .." if len(parts) > _LONGEST_FORM else "")
