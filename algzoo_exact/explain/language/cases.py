"""Terms with cases, ``if .. then .. else``: the conditions of each, and comparisons without any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    If,
    Logic,
    Relation,
    Term,
    every,
    parts_of,
    some,
)


def cases_of_all(
    terms: tuple[Term, ...],
) -> Iterator[tuple[tuple[Formula, ...], tuple[Term, ...]]]:
    """The conditions of the cases of some terms together, which exclude each other, each with terms
    without any."""
    return _cases_of_all(terms, {})


def _cases(term: Term, known: Mapping[Formula, bool]) -> Iterator[tuple[tuple[Formula, ...], Term]]:
    """Those that agree with what is ``known`` of conditions."""
    if isinstance(term, If):
        for holds, part in ((True, term.then), (False, term.otherwise)):
            if known.get(term.condition, holds) is not holds:
                continue
            told = term.condition if holds else Logic("not", (term.condition,))
            here = () if term.condition in known else (told,)
            for conditions, found in _cases(part, {**known, term.condition: holds}):
                yield here + conditions, found
    elif isinstance(term, Apply):
        for conditions, args in _cases_of_all(term.args, known):
            yield conditions, Apply(term.op, args)
    else:
        yield (), term


def _cases_of_all(
    terms: tuple[Term, ...], known: Mapping[Formula, bool]
) -> Iterator[tuple[tuple[Formula, ...], tuple[Term, ...]]]:
    if not terms:
        yield (), ()
        return
    for conditions, first in _cases(terms[0], known):
        told = dict(known)
        for part in conditions:
            match part:
                case Logic("not", (opposite,)):
                    told[opposite] = False
                case _:
                    told[part] = True
        for others, rest in _cases_of_all(terms[1:], told):
            yield conditions + others, (first, *rest)


def comparison(op: Relation, left: Term, right: Term) -> Formula:
    """How two terms compare, case by case where they have cases."""
    if not any(isinstance(part, If) for side in (left, right) for part in parts_of(side)):
        return Compare(op, left, right)
    return some([every([*case, Compare(op, *both)]) for case, both in cases_of_all((left, right))])
