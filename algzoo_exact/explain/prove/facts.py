"""What earlier claims have proved, and which of it a new statement can use.

A proof that uses them puts them in the place of what the program computes: an entry is the term
that an equation says it is, or else a free variable. So ten steps cost no more than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import NamedTuple

from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Term,
    conjuncts,
    entries,
)
from algzoo_exact.explain.logic.farkas import Abstraction
from algzoo_exact.program.ir import Program


@dataclass(frozen=True)
class Fact:
    """``statement`` holds wherever ``domain`` does."""

    statement: Formula
    domain: Formula = EVERYWHERE

    @cached_property
    def about(self) -> frozenset[Entry]:
        """Its entries but for the inputs and weights."""
        return frozenset(filter(is_computed, entries(self.statement) | entries(self.domain)))


class Question(NamedTuple):
    """Does ``statement`` hold wherever ``domain`` and the ``facts`` do?"""

    statement: Formula
    domain: Formula = EVERYWHERE
    facts: Sequence[Fact] = ()

    @property
    def false(self) -> Formula:
        """Where it does not."""
        return Logic("and", (self.domain, Logic("not", (self.statement,))))


def abstractions(program: Program, question: Question) -> Iterator[Abstraction]:
    """Ways to use the facts, the coarsest first.

    At first they stand for every entry that they speak of; then not for those of the last step that
    the statement itself speaks of; then for none that it speaks of, about which they may say too
    little.
    """
    statement, domain, facts = question
    asked = entries(statement) | entries(domain)
    given = set(conjuncts(domain))
    seen: set[Abstraction] = set()
    latest = max((step_of(program, entry) for entry in asked), default=0)
    last = frozenset(entry for entry in asked if step_of(program, entry) == latest)
    for spared in (frozenset[Entry](), last, asked):
        free, used = _reached(program, asked, facts, spared)
        if not free:
            continue
        known = [_said(facts[number], given) for number in used]
        found = _with_definitions(known, free)
        if found not in seen:
            seen.add(found)
            yield found


def _reached(
    program: Program, asked: Iterable[Entry], facts: Sequence[Fact], spared: frozenset[Entry]
) -> tuple[set[Entry], list[int]]:
    """Entries that facts may stand for, starting from those asked about; and the facts' numbers.

    Where no fact speaks of an entry, or it is spared, the program's own computation is followed.
    """
    speaking: dict[Entry, list[int]] = {}
    for number, known in enumerate(facts):
        for entry in known.about:
            speaking.setdefault(entry, []).append(number)
    free: set[Entry] = set()
    used: set[int] = set()
    waiting, seen = list(asked), set(asked)
    while waiting:
        entry = waiting.pop()
        if not is_computed(entry):
            continue
        reached: set[Entry] = set()
        for number in speaking.get(entry, ()):
            if number not in used:
                used.add(number)
                reached |= facts[number].about
        if entry in speaking and entry not in spared:
            free.add(entry)
        else:
            reached |= _sources(program, entry)
        waiting += reached - seen
        seen |= reached
    return free, sorted(used)


def _with_definitions(known: Iterable[Formula], free: set[Entry]) -> Abstraction:
    """Equations that give a free entry as a term in what is defined already become definitions."""
    defined: dict[Entry, Term] = {}
    rest = [part for formula in known for part in conjuncts(formula)]
    while True:
        left: list[Formula] = []
        for part in rest:
            found = _definition(part, free, defined)
            if found is None:
                left.append(part)
            else:
                defined[found[0]] = found[1]
        if len(left) == len(rest):
            others = tuple(sorted(free - defined.keys(), key=str))
            return Abstraction(tuple(defined.items()), tuple(rest), others)
        rest = left


def _definition(
    formula: Formula, free: set[Entry], defined: Mapping[Entry, Term]
) -> tuple[Entry, Term] | None:
    """entry = term, if the formula says so, or says that a sum of entries is a term."""
    for entry, term in solutions(formula):
        computed = {part for part in entries(term) if is_computed(part)}
        if entry in free and entry not in defined and computed <= defined.keys():
            return entry, term
    return None


def solutions(formula: Formula) -> Iterator[tuple[Entry, Term]]:
    """What an equation says that each entry is which is one side, or a summand of one side: the
    other side, less the other summands."""
    if not isinstance(formula, Compare) or formula.op != "==":
        return
    for one, other in ((formula.left, formula.right), (formula.right, formula.left)):
        summands = one.args if isinstance(one, Apply) and one.op == "add" else (one,)
        for k, entry in enumerate(summands):
            if isinstance(entry, Entry) and summands.count(entry) == 1:
                rest = (*summands[:k], *summands[k + 1 :])
                yield entry, reduce(lambda term, part: Apply("sub", (term, part)), rest, other)


def _said(known: Fact, given: set[Formula]) -> Formula:
    """The fact, on a domain that has the ``given`` parts."""
    plain = known.domain == EVERYWHERE or all(part in given for part in conjuncts(known.domain))
    return known.statement if plain else Logic("implies", (known.domain, known.statement))


def _sources(program: Program, entry: Entry) -> set[Entry]:
    """What the program computes an entry from; none outside the program."""
    n, d, outputs = program.seq_len, program.hidden_size, program.outputs
    first, *rest = entry.indices
    if entry.array == "h" and first < n:
        return {Entry("z", (first, rest[0]))}
    if entry.array == "z" and first > 0 and rest[0] < d:
        weights = program.recurrent[rest[0]]
        return {Entry("h", (first - 1, j)) for j, weight in enumerate(weights) if weight}
    if entry.array == "logit" and first < outputs:
        return {Entry("h", (n - 1, j)) for j, weight in enumerate(program.readout[first]) if weight}
    return set()


def is_computed(entry: Entry) -> bool:
    """Neither an input, nor a weight, nor the state before the first step."""
    return entry.array in ("z", "h", "logit") and entry.indices[0] >= 0


def step_of(program: Program, entry: Entry) -> int:
    """The step at which an entry is computed; inputs and weights are there from the start."""
    if entry.array == "logit":
        return program.seq_len
    return entry.indices[0] if is_computed(entry) else 0
