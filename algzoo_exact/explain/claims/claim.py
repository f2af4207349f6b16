"""Claims as data: what is said, of what, and at what price. Nothing is proved here.

A claim with ``for`` stands for one instance for each choice of its parameters; all expressions in
instances are ground. Steps, neurons and outputs count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    Truth,
    entries,
)
from algzoo_exact.explain.language.toml_tables import shown

Kind = Literal["always", "measure", "close", "weights", "equivalent", "inductive", "right", "wrong"]
Rule = Literal["sign", "order", "equality", "index", "real", "declared"]
Error = Literal["supremum", "root_mean_square", "mean"]
Mode = Literal["function", "labels"]
CaseVerdict = Literal["right", "wrong", "claims", "unknown"]

KINDS: tuple[Kind, ...] = get_args(Kind)
CASE_VERDICTS: tuple[CaseVerdict, ...] = get_args(CaseVerdict)

# The numbers that each price rule needs, beside ``count``.
RULES: dict[Rule, tuple[str, ...]] = {
    "sign": (),
    "order": (),
    "equality": ("bits",),
    "index": ("among",),
    "real": ("precision", "range"),
    "declared": ("bits",),
}

MOST_COUNTED = 1_000_000  # of one price
MOST_BITS = 10**12

# Kinds that are facts about every input of their domain, so that other claims may assume them.
ASSUMABLE: tuple[Kind, ...] = ("always", "close", "inductive")

Parameters: TypeAlias = tuple[tuple[str, int], ...]
"""The integer parameters of an instance and their values, in the order of ``for``."""


@dataclass(frozen=True)
class Price:
    """What stating a claim costs, by a rule, ``count`` times.

    sign: 1 bit each. order (which of two is larger): 1 bit each. equality (to one part in 2^k):
    ``bits`` = k each. index: log2 ``among`` each. real: log2(``range`` / ``precision``) each.
    declared: ``bits`` each, on the author's word, which ``note`` explains.
    """

    rule: Rule
    count: int = 1
    bits: Fraction | None = None
    among: int | None = None
    precision: Fraction | None = None
    range: Fraction | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_COUNTED:
            raise InputError(
                f"a price's count is from 1 to {MOST_COUNTED}, not {shown(self.count)}."
            )
        for name in ("bits", "among", "precision", "range"):
            needed, given = name in RULES[self.rule], getattr(self, name) is not None
            if needed and not given:
                raise InputError(f"a price by the rule {self.rule!r} needs {name!r}.")
            if given and not needed:
                raise InputError(f"a price by the rule {self.rule!r} has no {name!r}.")
        if self.bits is not None and not 0 <= self.bits <= MOST_BITS:
            raise InputError(f"a price in bits is from 0 to {MOST_BITS}, not {shown(self.bits)}.")
        if self.among is not None and self.among < 1:
            raise InputError(f"an index is among at least 1, not {self.among}.")
        if self.rule == "real" and not 0 < (self.precision or 0) <= (self.range or 0):
            raise InputError("a price by the rule 'real' needs 0 < precision <= range.")
        if self.rule == "declared" and not self.note:
            raise InputError("a declared price needs a note that says what it pays for.")


@dataclass(frozen=True)
class Bounds:
    """What a number is claimed to be: at least, at most, or equal to a rational."""

    at_least: Fraction | None = None
    at_most: Fraction | None = None
    equals: Fraction | None = None

    def __post_init__(self) -> None:
        low, high = self.at_least, self.at_most
        if self.equals is not None:
            if low is not None or high is not None:
                raise InputError("give equals alone, or at_least and at_most without it.")
        elif low is None and high is None:
            raise InputError("give at_least, at_most or equals.")
        elif low is not None and high is not None and low > high:
            raise InputError(f"at_least, {low}, is greater than at_most, {high}.")

    def given(self) -> tuple[Fraction, ...]:
        values = (getattr(self, part.name) for part in fields(self))
        return tuple(value for value in values if value is not None)


@dataclass(frozen=True)
class Always:
    """``statement`` holds for all inputs in ``domain``."""

    parameters: Parameters
    statement: Formula
    domain: Formula

    def __post_init__(self) -> None:
        _check_piecewise_linear(self.statement, self.domain)


@dataclass(frozen=True)
class Measure:
    """The probability of ``condition`` for standard Gaussian inputs is within ``bounds``."""

    parameters: Parameters
    condition: Formula
    bounds: Bounds

    def __post_init__(self) -> None:
        _check_piecewise_linear(self.condition)
        for value in self.bounds.given():
            if not 0 <= value <= 1:
                raise InputError(f"a probability is from 0 to 1, not {value}.")


@dataclass(frozen=True)
class Close:
    """How far ``left`` and ``right`` are apart is within ``bounds``.

    ``error`` supremum: the supremum over ``domain`` of |left - right| / ``scale`` (where the
    scale is 0, both are equal); it says |left - right| <= at_most * scale. root_mean_square and
    mean: sqrt(E[(left - right)^2]) and E|left - right| for standard Gaussian inputs, given that
    they are in ``domain``; these have no scale (None).
    """

    parameters: Parameters
    left: Term
    right: Term
    domain: Formula
    error: Error
    scale: Term | None
    bounds: Bounds

    def __post_init__(self) -> None:
        assert (self.scale is not None) == (self.error == "supremum")
        _check_piecewise_linear(self.left, self.right, self.domain)
        if self.scale is not None:
            _check_piecewise_linear(self.scale)
        if any(value < 0 for value in self.bounds.given()):
            raise InputError("an error is not negative, so its bounds are not either.")


@dataclass(frozen=True)
class Weights:
    """``statement``, which is about weights and constants alone, holds."""

    parameters: Parameters
    statement: Formula

    def __post_init__(self) -> None:
        for entry in sorted(entries(self.statement), key=str):
            if not entry.array.startswith("W_"):
                raise InputError(f"a claim about weights has no {entry.array} in it.")


@dataclass(frozen=True)
class Equivalent:
    """The model and the ``other`` one (a model's name) agree for all inputs in ``domain``: their
    logits (mode function), or the labels they predict (mode labels)."""

    parameters: Parameters
    other: str
    mode: Mode
    domain: Formula

    def __post_init__(self) -> None:
        _check_piecewise_linear(self.domain)


@dataclass(frozen=True)
class Step:
    """All that an inductive claim says at one step; a base case is proved outright."""

    step: int
    base: bool
    statements: tuple[tuple[Parameters, Formula], ...]


@dataclass(frozen=True)
class Inductive:
    """Statements about consecutive steps, each proved from all statements of the step before.

    Steps with ``base`` are proved without the step before.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        assert self.steps
        assert self.steps[0].base
        assert all(b.step == a.step + 1 for a, b in zip(self.steps, self.steps[1:], strict=False))
        _check_piecewise_linear(*(f for step in self.steps for _, f in step.statements))

    @property
    def parameters(self) -> Parameters:
        return ()


@dataclass(frozen=True)
class Right:
    """The model gives the task's label for almost all inputs in ``domain``."""

    parameters: Parameters
    domain: Formula

    def __post_init__(self) -> None:
        _check_piecewise_linear(self.domain)


@dataclass(frozen=True)
class Wrong:
    """The model does not give the task's label for almost any input in ``domain``."""

    parameters: Parameters
    domain: Formula

    def __post_init__(self) -> None:
        _check_piecewise_linear(self.domain)


Instance: TypeAlias = Always | Measure | Close | Weights | Equivalent | Inductive | Right | Wrong


@dataclass(frozen=True)
class Claim:
    """A named claim: its instances, the earlier claims that its proof may assume, its prices.

    ``written`` holds the author's expressions by their keys, for display. The price is paid once
    for the whole claim, not for each instance.
    """

    name: str
    kind: Kind
    text: str
    instances: tuple[Instance, ...]
    assume: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()
    written: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CaseInstance:
    """One case: the inputs where ``when`` holds."""

    parameters: Parameters
    when: Formula

    def __post_init__(self) -> None:
        _check_piecewise_linear(self.when)


@dataclass(frozen=True)
class Case:
    """Cases that are meant to partition the input space, with what is said of the model there.

    right, wrong: to be proved, assuming the named ``claims``. claims: it follows from the named
    claims of the kinds right and wrong. unknown: nothing is claimed.
    """

    name: str
    text: str
    instances: tuple[CaseInstance, ...]
    verdict: CaseVerdict
    claims: tuple[str, ...] = ()
    written: tuple[tuple[str, str], ...] = ()


def _check_piecewise_linear(*expressions: Term | Formula) -> None:
    """InputError where inputs are multiplied by inputs; weights count as constants."""
    # Definitions used in many places are one object: each is looked at once.
    linear: dict[int, bool] = {}
    for expression in expressions:
        _depends_on_inputs(expression, linear)


def _depends_on_inputs(expression: Term | Formula, known: dict[int, bool]) -> bool:
    found = known.get(id(expression))
    if found is not None:
        return found
    match expression:
        case Number() | Truth():
            result = False
        case Entry(array):
            result = not array.startswith("W_")
        case Compare(_, left, right):
            # Both sides are looked at, whatever the first one says.
            sides = [_depends_on_inputs(part, known) for part in (left, right)]
            result = any(sides)
        case Apply(op, args) | Logic(op, args):
            parts = [_depends_on_inputs(part, known) for part in args]
            if op == "mul" and sum(parts) > 1:
                raise InputError(
                    "a product of two parts that both depend on the input is not piecewise "
                    "linear; only weights claims may multiply freely."
                )
            result = any(parts)
    known[id(expression)] = result
    return result
