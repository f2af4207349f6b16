"""One statement by the prover."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.language.expression import Entry, Formula, Truth
from algzoo_exact.explain.logic.farkas import Abstraction
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove import prover
from algzoo_exact.program.ir import Program

_EVERYWHERE = Truth(True)


def prove(
    program: Program,
    statement: Formula,
    *,
    domain: Formula = _EVERYWHERE,
    assumptions: Sequence[Formula] = (),
    seconds: float = 30.0,
    progress: Callable[[str], None] | None = None,
) -> Outcome:
    """Does the statement hold at every real input in the domain? See ``prover.prove``."""
    use, deadline = Abstraction(facts=tuple(assumptions)), Deadline.after(seconds)
    return prover.prove(program, statement, deadline, domain=domain, use=use, progress=progress)


def prove_free(
    program: Program, statement: Formula, *, free: Iterable[Entry], facts: Sequence[Formula]
) -> Outcome:
    """Does the statement follow from ``facts`` alone, whatever the ``free`` entries are?

    For induction: with h[t-1] free and facts about it, a statement about step t is proved for all
    programs' inputs that satisfy the facts. A statement that does not follow is not refuted: the
    verdict is unknown, with the ``state`` that the facts allow.
    """
    use = Abstraction(facts=tuple(facts), free=tuple(free))
    return prover.prove(program, statement, Deadline.after(30.0), use=use)
