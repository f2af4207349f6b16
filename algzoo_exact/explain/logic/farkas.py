"""Refutations that anyone can check: why linear conditions over atoms cannot hold together.

A system has variables, maxima of linear forms, and conditions. Its rows are linear: each form of a
maximum is at most that maximum, and the conditions. Its choices say that one alternative of several
holds: some form of a maximum is at least it, or some part of an ``or``; an alternative brings rows
and choices of its own. A refutation is a list of steps, each of which shows that some alternatives
cannot all hold:

* a ``Leaf`` adds up rows with multipliers, as in Farkas's lemma, and the sum is a contradiction,
  such as 0 > 0. It excludes the alternatives that its rows belong to;
* a ``Split`` has one earlier step for each alternative of one choice. It excludes what those steps
  exclude beside these alternatives, and the alternative that the choice belongs to, if any.

The last step excludes nothing but the system itself. This file checks, with rational arithmetic
alone; logic/farkas_search.py searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any, TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import EVERYWHERE, Entry, Formula, Term
from algzoo_exact.explain.logic.conditions import Condition, Form, Junction, Sign, negation
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.system import Maximum, System
from algzoo_exact.program.ir import Program


@dataclass(frozen=True)
class Abstraction:
    """Facts that bear on a statement: what they define, what else they say, and the entries that
    are then free."""

    defined: tuple[tuple[Entry, Term], ...] = ()
    facts: tuple[Formula, ...] = ()
    free: tuple[Entry, ...] = ()


NO_FACTS = Abstraction()


@dataclass(frozen=True)
class Leaf:
    """Rows and their multipliers: integers without a common divisor, positive but for equations."""

    multipliers: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Split:
    """A choice, and the number of an earlier step for each of its alternatives, in order."""

    choice: int
    cases: tuple[int, ...]


Step: TypeAlias = Leaf | Split


@dataclass(frozen=True)
class Refutation:
    """Evidence that no real numbers satisfy the system; see ``check_refutation``."""

    system: System
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Row:
    """A sign that holds where ``alternative`` does (None: wherever the system does)."""

    sign: Sign
    alternative: int | None


@dataclass(frozen=True)
class Choice:
    """One of ``alternatives`` holds, where ``alternative`` does (None: where the system does)."""

    alternatives: tuple[int, ...]
    alternative: int | None


@dataclass
class Rows:
    """A system's rows, choices and alternatives, numbered in the order of the system."""

    rows: list[Row] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    alternatives: int = 0

    @classmethod
    def of(cls, system: System) -> Rows:
        """Atoms come first; then the conditions, each with its parts from left to right."""
        made = cls()
        for number, atom in enumerate(system.atoms):
            itself = Form(((number, Fraction(1)),))
            if isinstance(atom, Maximum):
                for form in atom.forms:
                    made._row(Sign(itself.plus(form, -1), ">="), None)
                made._choose(None, [Sign(f.plus(itself, -1), ">=") for f in atom.forms])
            elif atom.array == "h":
                made._row(Sign(itself, ">="), None)
        for condition in system.conditions:
            made._add(condition, None)
        return made

    def _add(self, condition: Condition, alternative: int | None) -> None:
        match condition:
            case True:
                pass
            case False:
                self._row(Sign(Form((), Fraction(-1)), ">="), alternative)
            case Sign():
                self._row(condition, alternative)
            case Junction("and", parts):
                for part in parts:
                    self._add(part, alternative)
            case Junction("or", parts):
                self._choose(alternative, parts)
            case Junction("not", (Sign(form, "=="),)):
                self._choose(alternative, (Sign(form, ">"), Sign(form.times(-1), ">")))
            case _:
                raise InputError("A system may have 'not' only in front of an equation.")

    def _row(self, sign: Sign, alternative: int | None) -> None:
        self.rows.append(Row(sign, alternative))

    def _choose(self, inside: int | None, parts: Sequence[Condition]) -> None:
        first = self.alternatives
        self.alternatives += len(parts)
        numbers = tuple(range(first, self.alternatives))
        self.choices.append(Choice(numbers, inside))
        for number, part in zip(numbers, parts, strict=True):
            self._add(part, number)


def system_about(
    program: Program,
    statement: Formula,
    *,
    domain: Formula = EVERYWHERE,
    use: Abstraction = NO_FACTS,
    deadline: Deadline = NEVER,
) -> System:
    """What must have no solution for the statement to hold wherever the domain and the facts do.

    The conditions are the domain, the facts in order, and the statement's negation. It follows
    from the formulas by rewriting alone (see linear_forms.py): atoms are numbered as they come up
    from left to right, and no bounds are used. Free entries are variables, and defined ones their
    terms, instead of what the program computes. TimeIsUpError if the deadline passes.
    """
    linear = Linear(program, use.free, dict(use.defined), bounded=False, deadline=deadline)
    given = [linear.condition(formula) for formula in (domain, *use.facts)]
    return linear.system([*given, negation(linear.condition(statement))])


def check_refutation(refutation: Refutation) -> str | None:
    """Why the steps do not refute the system; None if they do.

    Idle steps and idle cases, multipliers with a common divisor, and maxima over later atoms are
    faults too, so that there is nothing in a refutation that could be changed unnoticed.
    """
    system, steps = refutation.system, refutation.steps
    for number, atom in enumerate(system.atoms):
        forms = atom.forms if isinstance(atom, Maximum) else None
        if forms == () or any(a >= number for f in forms or () for a, _ in f.terms):
            return f"atom {number} is no maximum over earlier atoms"
    if not steps:
        return "there are no steps"
    made = Rows.of(system)
    excluded: list[frozenset[int]] = []
    used: set[int] = set()
    for number, step in enumerate(steps):
        wrong = _leaf(made, step) if isinstance(step, Leaf) else _split(made, step, excluded)
        if wrong is not None:
            return f"step {number}: {wrong}"
        excluded.append(excluded_by(step, made, excluded))
        used |= set(step.cases) if isinstance(step, Split) else set()
    if used != set(range(len(steps) - 1)):
        return "there are steps that no later one uses"
    return "the last step depends on a case" if excluded[-1] else None


def excluded_by(step: Step, made: Rows, excluded: Sequence[frozenset[int]]) -> frozenset[int]:
    """The alternatives that a step excludes, by those that the steps before it do."""
    if isinstance(step, Leaf):
        found = {made.rows[row].alternative for row, _ in step.multipliers}
    else:
        choice = made.choices[step.choice]
        found = {choice.alternative}
        for alternative, case in zip(choice.alternatives, step.cases, strict=True):
            found |= excluded[case] - {alternative}
    return frozenset(alternative for alternative in found if alternative is not None)


def _leaf(made: Rows, leaf: Leaf) -> str | None:
    """What is wrong with a leaf."""
    numbers = [row for row, _ in leaf.multipliers]
    if not numbers or numbers != sorted(set(numbers)):
        return "rows are not in increasing order"
    if not 0 <= numbers[0] <= numbers[-1] < len(made.rows):
        return "there is no such row"
    if gcd(*(multiplier for _, multiplier in leaf.multipliers)) != 1:
        return "the multipliers have a common divisor"
    if not contradicts([(made.rows[row].sign, m) for row, m in leaf.multipliers]):
        return "the sum of its rows is no contradiction"
    return None


def _split(made: Rows, split: Split, excluded: Sequence[frozenset[int]]) -> str | None:
    """What is wrong with a split."""
    if not 0 <= split.choice < len(made.choices):
        return "there is no such choice"
    choice = made.choices[split.choice]
    if len(split.cases) != len(choice.alternatives):
        return "a split has one case for each alternative"
    if not all(0 <= case < len(excluded) for case in split.cases):
        return "a case is no earlier step"
    pairs = zip(choice.alternatives, split.cases, strict=True)
    if not all(alternative in excluded[case] for alternative, case in pairs):
        return "a case does not use its alternative"
    return None


def contradicts(parts: Sequence[tuple[Sign, int | Fraction]]) -> bool:
    """Whether the signs times these factors add up to 0 > 0, or to c > 0 or c >= 0 with c < 0.

    Factors must be positive, but for equations.
    """
    if any(not factor or (factor < 0 and sign.op != "==") for sign, factor in parts):
        return False
    sums: dict[int, Fraction] = {}
    for sign, factor in parts:
        for atom, c in sign.form.terms:
            term = factor * c
            sums[atom] = sums[atom] + term if atom in sums else term
    constant = sum((factor * sign.form.constant for sign, factor in parts), Fraction(0))
    strict = any(sign.op == ">" for sign, _ in parts)
    return not any(sums.values()) and (constant < 0 or (strict and constant == 0))


def steps_json(refutation: Refutation) -> list[dict[str, Any]]:
    """The steps as a certificate has them: ``{"rows": [[ROW, "MULTIPLIER"], ..]}``, or
    ``{"choice": CHOICE, "cases": [STEP, ..]}``."""
    return [
        {"rows": [[row, str(multiplier)] for row, multiplier in step.multipliers]}
        if isinstance(step, Leaf)
        else {"choice": step.choice, "cases": list(step.cases)}
        for step in refutation.steps
    ]
