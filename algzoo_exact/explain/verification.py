"""What became of an explanation's claims and cases, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.claim import Case, CaseInstance, Claim, Instance
from algzoo_exact.explain.language.expression import Entry, Formula, Term
from algzoo_exact.explain.logic.farkas import Refutation
from algzoo_exact.explain.story import Explanation
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TieRule

Status = Literal["proved", "refuted", "unknown"]
Point: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True, eq=False)
class Figure:
    """A number that a claim or a case is about: a probability, or an error.

    ``kind`` exact: ``enclosure`` contains it and is narrow; where ``rational`` is there, it is
    that. certified: the enclosure contains it, but is no narrower than what could be proved.
    sampled: ``estimate`` with its standard ``error`` from ``samples`` inputs; proves nothing. There
    is none where no input is in the domain, or (then ``samples`` is None) beyond floats' range.
    ``witness`` is an input where a supremum is attained, where one is known.
    """

    what: str
    kind: Literal["exact", "certified", "sampled"]
    enclosure: Enclosure | None = None
    rational: Fraction | None = None
    closed_form: str | None = None
    estimate: float | None = None
    error: float | None = None
    samples: int | None = None
    witness: Point | None = None

    @property
    def unseen(self) -> str:
        """Why there is no estimate."""
        return "beyond the range of floats" if self.samples is None else "not seen in the sample"


Rays: TypeAlias = tuple[tuple[int, ...], ...]
"""The extreme rays of a cone."""


@dataclass(frozen=True)
class Branch:
    """Space cut along ``normal``, and what became of its two sides (below: normal . x <= 0)."""

    normal: tuple[int, ...]
    below: Branch | Rays
    above: Branch | Rays


@dataclass(frozen=True)
class Cells:
    """Evidence: space cut into cones, on each of which the statement was decided.

    Coordinates are the ``inputs`` that occur in it. A cone is what the cuts leave; its rays are
    there for convenience. On each face (within each cone, where null sets do not count) every sign
    that the statement needs is one of <, = and >.
    """

    inputs: tuple[int, ...]
    tree: Branch | Rays

    @property
    def rays(self) -> tuple[Rays, ...]:
        """The rays of each cone."""
        found, waiting = [], [self.tree]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Branch):
                waiting += (part.above, part.below)
            else:
                found.append(part)
        return tuple(found)


Evidence: TypeAlias = Cells | Refutation


@dataclass(frozen=True, eq=False)
class Argument:
    """One step of a proof: ``statement`` holds wherever ``domain`` and the ``facts`` do.

    The facts are claims proved earlier. So are the equations of ``defined`` entries and terms,
    which take the place of what the program computes. ``free`` entries may have any value that
    satisfies the facts (h none below 0). ``evidence`` is what an independent checker needs; None
    where the ``method`` alone is to be believed, or repeated.
    """

    domain: Formula
    statement: Formula
    facts: tuple[Formula, ...]
    defined: tuple[tuple[Entry, Term], ...]
    free: tuple[Entry, ...]
    method: str
    evidence: Evidence | None = None


@dataclass(frozen=True, eq=False)
class Checked:
    """One instance of a claim, or of a case, and what became of it.

    ``method`` names what decided: exact arithmetic, bounds, regions, order, z3. ``witness`` is an
    input at which the claim fails; it was checked exactly, and ``confirmed`` says whether torch,
    in float64, sees the same (None: not tried). ``trusted`` names what has to be believed beside
    this program: z3, where it alone decided. ``vacuous``: nothing satisfies the domain.
    ``details`` says what was tried. ``arguments`` are the steps of a proof.
    """

    instance: Instance | CaseInstance
    verdict: Verdict
    method: str
    seconds: float
    details: tuple[str, ...] = ()
    witness: Point | None = None
    confirmed: bool | None = None
    figures: tuple[Figure, ...] = ()
    trusted: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    vacuous: bool = False

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What an independent checker needs, of all steps that have it."""
        return tuple(a.evidence for a in self.arguments if a.evidence is not None)


@dataclass(frozen=True, eq=False)
class ClaimResult:
    """A claim: proved if all instances are, refuted if one is."""

    claim: Claim
    instances: tuple[Checked, ...]

    @property
    def status(self) -> Status:
        return joined(checked.verdict.status for checked in self.instances)


@dataclass(frozen=True, eq=False)
class CheckedCase:
    """One case: its probability, and whether the model was proved right or wrong in it.

    ``answer`` is what was proved: right, wrong, or unknown. ``checked`` is about what the case
    says: a case that says "right" and is wrong somewhere is refuted, with a witness. It is None
    where the case says "unknown".
    """

    instance: CaseInstance
    answer: Literal["right", "wrong", "unknown"]
    probability: Figure
    checked: Checked | None


@dataclass(frozen=True, eq=False)
class CaseResult:
    """A case with all its instances; ``probability`` is of all of them together, None where they
    are not known to be disjoint."""

    case: Case
    instances: tuple[CheckedCase, ...]
    probability: Figure | None

    @property
    def status(self) -> Status:
        """Of what the case says; unknown where it says nothing, or was not reached."""
        return joined(c.checked.verdict.status for c in self.instances if c.checked is not None)


@dataclass(frozen=True, eq=False)
class Partition:
    """Whether the cases cover almost all inputs, and no two of them share more than a null set.

    A witness is an input in no case, or in two; ``details`` name those.
    """

    covers: Checked
    disjoint: Checked

    @property
    def status(self) -> Status:
        return joined(part.verdict.status for part in (self.covers, self.disjoint))


@dataclass(frozen=True, eq=False)
class Verification:
    """An explanation, checked against a model.

    ``accuracy`` is derived from the cases that were proved right and wrong: an enclosure, and one
    rational or a closed form where that is what follows. It is None without cases, or where they
    are not proved to be a partition. ``program`` is the one that the claims speak of
    (standardised, if they say so), ``others`` those that claims of equivalence name. ``stopped``:
    Ctrl-C came before all was checked.
    """

    explanation: Explanation
    model: str
    sha256: str | None
    program: Program
    others: Mapping[str, Program]
    ties: TieRule
    claims: tuple[ClaimResult, ...]
    cases: tuple[CaseResult, ...]
    partition: Partition | None
    accuracy: Figure | None
    seconds: float
    stopped: bool = False

    @property
    def status(self) -> Status:
        """proved: all claims are, and all cases of which something is said, and the cases are a
        partition."""
        parts: list[ClaimResult | CaseResult | Partition] = [*self.claims]
        parts += [case for case in self.cases if case.case.verdict != "unknown"]
        if self.partition is not None:
            parts.append(self.partition)
        found = joined(part.status for part in parts)
        return "unknown" if self.stopped and found == "proved" else found

    def claim(self, name: str) -> ClaimResult:
        """What became of the claim of that name; InputError where it was not checked."""
        for result in self.claims:
            if result.claim.name == name:
                return result
        known = ", ".join(result.claim.name for result in self.claims) or "none"
        raise InputError(f"No claim {name!r} was checked; checked were {known}.")


def joined(statuses: Iterable[Status]) -> Status:
    """refuted if one is, proved if all are and there are some, else unknown."""
    found = set(statuses)
    if "refuted" in found:
        return "refuted"
    return "proved" if found == {"proved"} else "unknown"
