"""What became of a statement: proved, refuted by a witness, or undecided, and by what evidence.

One type from the prover to the terminal: the prover's answer about a formula, a cell search's, and
what became of a claim's instance are all an ``Outcome``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.language.expression import Entry, Formula, point_text
from algzoo_exact.explain.logic.farkas import Abstraction, Refutation
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.shown import Shown

Status = Literal["proved", "refuted", "unknown"]
Point: TypeAlias = tuple[Fraction, ...]

Parameters: TypeAlias = tuple[tuple[str, int], ...]
"""The integer parameters of an instance and their values, in the order of ``for``."""


def choice_text(parameters: Parameters) -> str:
    """As in ``t = 1, i = 0``."""
    return ", ".join(f"{name} = {value}" for name, value in parameters)


@dataclass(frozen=True, eq=False)
class Figure:
    """A number that a claim or a case is about: a probability, or an error.

    ``kind`` exact: ``enclosure`` contains it and is narrow; where ``rational`` is there, it is
    that. certified: the enclosure contains it, but is no narrower than what could be proved.
    sampled: ``estimate`` with its standard ``error`` from ``samples`` inputs; proves nothing. There
    is none where no input is in the domain, or (then ``samples`` is None) beyond floats' range.
    ``witness`` is an input where a supremum is attained, where one is known. ``by_order``: it was
    counted by the orders of the inputs.
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
    by_order: bool = False

    @classmethod
    def of(
        cls, what: str, value: Fraction, witness: Point | None = None, *, by_order: bool = False
    ) -> Figure:
        """A number that is known: a rational."""
        enclosure = Enclosure.exactly(value)
        return cls(what, "exact", enclosure, value, witness=witness, by_order=by_order)

    @property
    def method(self) -> str:
        """What it was found by, as ``Outcome.method`` has it."""
        return "sampling" if self.kind == "sampled" else "order" if self.by_order else "regions"

    @property
    def unseen(self) -> str:
        """Why there is no estimate."""
        return "beyond the range of floats" if self.samples is None else "not seen in the sample"


Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Leaf(Generic[Answer]):
    """A cone on which a question has this answer; None where a limit struck first."""

    cone: Cone
    answer: Answer | None


@dataclass(frozen=True, eq=False)
class Cut(Generic[Answer]):
    """A hyperplane, and what became of its two sides (below: ``normal`` . x <= 0)."""

    normal: IntVector
    below: Tree[Answer]
    above: Tree[Answer]


Tree: TypeAlias = Leaf[Answer] | Cut[Answer]


def leaves(tree: Tree[Answer]) -> Iterator[Leaf[Answer]]:
    """From left to right."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Leaf):
            yield part
        else:
            waiting += (part.above, part.below)


@dataclass(frozen=True, eq=False)
class Cells:
    """Evidence: space cut into cones, on each of which the statement was decided.

    Coordinates are the ``inputs`` that occur in it. A cone is what the cuts leave. On each face
    (within each cone, where null sets do not count) every sign that the statement needs is one of
    <, = and >.
    """

    inputs: tuple[int, ...]
    tree: Tree[bool]


Evidence: TypeAlias = Cells | Refutation


@dataclass(frozen=True, eq=False)
class Argument:
    """One step of a proof: ``statement`` holds wherever ``domain`` and the facts in ``use`` do.

    The facts are claims proved earlier. So are the equations of its defined entries and terms,
    which take the place of what the program computes. Its free entries may have any value that
    satisfies the facts (h none below 0). ``evidence`` is what an independent checker needs; None
    where the ``method`` alone is to be believed, or repeated.
    """

    domain: Formula
    statement: Formula
    use: Abstraction
    method: str
    evidence: Evidence | None = None


class HasParameters(Protocol):
    """What an outcome may be of: an instance of a claim or of a case."""

    @property
    def parameters(self) -> Parameters: ...


_LONGEST_REASON = 300  # characters in a line


@dataclass(frozen=True, eq=False)
class Outcome(Shown):
    """What became of a statement, of several together, or of an ``instance`` of a claim or case.

    ``method`` names what decided: exact arithmetic, exact bounds, regions, order, z3; ``details``
    say what was tried. Where it is proved, ``arguments`` are the steps of the proof, ``trusted``
    names what has to be believed beside this program (z3, where it alone decided), and ``vacuous``
    says that nothing satisfies the domain and what was assumed.

    Where it is refuted, ``witness`` is an input (n) in the domain at which it fails: floats where
    possible, and always checked exactly. ``failing`` is the (statement, domain) that it refutes;
    ``confirmed`` says whether torch, in float64, sees the same (None: not tried). ``fails`` is the
    probability of the inputs at which the whole claim fails, if it is about inputs.

    Where it is unknown, the verdict's reason says why. ``state`` holds values of free entries that
    satisfy what was assumed but not the statement: it does not follow, and may be true all the
    same. ``figures`` are the numbers that a claim is about.
    """

    verdict: Verdict
    method: str = "none"
    seconds: float = 0.0
    details: tuple[str, ...] = ()
    witness: Point | None = None
    failing: tuple[Formula, Formula] | None = None
    confirmed: bool | None = None
    fails: Figure | None = None
    state: tuple[tuple[Entry, Fraction], ...] | None = None
    figures: tuple[Figure, ...] = ()
    arguments: tuple[Argument, ...] = ()
    trusted: tuple[str, ...] = ()
    vacuous: bool = False
    instance: HasParameters | None = None

    def __post_init__(self) -> None:
        if self.witness is not None and self.status != "refuted":
            raise ValueError(f"A witness refutes, and this is {self.status}.")

    @classmethod
    def unknown(cls, reason: str, method: str = "none", details: tuple[str, ...] = ()) -> Outcome:
        return cls(Verdict("unknown", reason), method, details=details)

    @classmethod
    def proved(cls, method: str, *details: str) -> Outcome:
        return cls(Verdict("proved"), method, details=details)

    @classmethod
    def refuted(
        cls, point: Point, statement: Formula, domain: Formula, method: str, *details: str
    ) -> Outcome:
        """By an input in the domain at which the statement fails."""
        verdict = Verdict("refuted", f"it fails at {point_text(point)}")
        failing = statement, domain
        return cls(verdict, method, details=details, witness=point, failing=failing)

    def __repr__(self) -> str:
        reason = f": {self.verdict.reason}" if self.verdict.reason else ""
        return f"<{self.verdict.status} by {self.method}{reason[:_LONGEST_REASON]}>"

    @property
    def status(self) -> Status:
        return self.verdict.status

    @property
    def parameters(self) -> Parameters:
        """Those of the instance that it is of."""
        return () if self.instance is None else self.instance.parameters

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What an independent checker needs, of all steps that have it."""
        return tuple(a.evidence for a in self.arguments if a.evidence is not None)


def joined(statuses: Iterable[Status]) -> Status:
    """refuted if one is, proved if all are and there are some, else unknown."""
    found = set(statuses)
    if "refuted" in found:
        return "refuted"
    return "proved" if found == {"proved"} else "unknown"
