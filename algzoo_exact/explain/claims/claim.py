"""Claims: what is said of a model, and at what price; and what a kind of claim is.

A kind of claim is a subclass of ``Instance`` in a file of its own: its keys in explanation files,
its statements or its check, what its proof lets other proofs assume, and its words. ``registry``
has a line for each.

A claim with ``for`` stands for one instance for each choice of its parameters; all expressions in
instances are ground. Steps, neurons and outputs count from 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from time import monotonic
from typing import Any, ClassVar, Self

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.equalities import stated
from algzoo_exact.explain.claims.keys import LARGEST_SIZE, Json, Keys, Source, Values
from algzoo_exact.explain.claims.price import Price
from algzoo_exact.explain.claims.tolerances import greatest_ratio, largest_input, with_tolerance
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Compare,
    Entry,
    Formula,
    If,
    Logic,
    Number,
    Term,
    Truth,
    some,
)
from algzoo_exact.explain.language.toml_tables import within
from algzoo_exact.explain.outcome import Figure, Outcome, Parameters, Status, choice_text, joined
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.setting import Inside, Setting
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.shown import Shown

FAILING_PART = 0.2
"""Of the time for a statement: for the probability of the inputs at which a claim fails."""


@dataclass(frozen=True)
class Ground:
    """What a [[claim]] or [[case]] says for one choice of its parameters."""

    parameters: Parameters

    keys: ClassVar[Keys] = {}

    def __post_init__(self) -> None:
        check_piecewise_linear(*self.expressions())

    def expressions(self) -> Iterator[Term | Formula]:
        """All that it says, which must be piecewise linear in the inputs."""
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Term | Formula):
                yield value

    @classmethod
    def said(cls, source: Source) -> Json:
        """The values of its fields, from a table; by default, there is a key for each."""
        return source.all(cls.keys)

    @classmethod
    def read(cls, source: Source, choices: Sequence[Values]) -> tuple[Self, ...]:
        """One for each choice of parameters."""
        found = []
        for values in choices:
            at = source.at(values)
            with within(at.place):
                found.append(cls(at.parameters, **cls.said(at)))
        return tuple(found)


@dataclass(frozen=True)
class Instance(Ground):
    """One instance of a claim; each kind of claim is a subclass.

    ``kind`` is its name in files. ``heading`` is what a report calls it, and ``sentence`` what it
    says in words, with ``{key}`` for what the author wrote under a key. ``schema_rules`` are what
    the schema says of its keys together. A claim may name earlier ones under ``assume`` if it
    ``assumes``; those are of kinds that are ``assumable``: facts about all inputs of a domain.
    ``weaker_by`` and ``fewer_by`` say in words what is different about the claims of ``weaker`` and
    of ``fewer``. Kinds with ``needs_labels`` say nothing of tasks that ask for a number.

    Kinds with the ``SETTING_KEYS`` may be about the model on a section of its inputs (``where``),
    or with something else computed (``instead``); ``check`` and ``says`` are then asked of an
    instance that is ``inside``, which has neither.
    """

    where: Formula = field(default=EVERYWHERE, kw_only=True)
    instead: Formula = field(default=EVERYWHERE, kw_only=True)

    kind: ClassVar[str]
    heading: ClassVar[str] = "Lemma"
    sentence: ClassVar[str] = ""
    schema_rules: ClassVar[Json] = {}
    assumes: ClassVar[bool] = True
    assumable: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = False
    weaker_by: ClassVar[str] = "the smallest tolerance"
    fewer_by: ClassVar[str] = "those choices for which it holds"

    def __post_init__(self) -> None:
        super().__post_init__()
        Setting.of(LARGEST_SIZE, self.where, self.instead)  # refuses what is none

    @property
    def is_plain(self) -> bool:
        """Whether it is about the model as it is, on all of its inputs."""
        return self.where == self.instead == EVERYWHERE

    def inside(self, inside: Inside) -> Self:
        """The same about the program of a setting."""
        said: dict[str, Any] = {"where": EVERYWHERE, "instead": EVERYWHERE}
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name not in said and isinstance(value, Truth | Compare | Logic):
                said[part.name] = inside.formula(value)
            elif part.name not in said and isinstance(value, Term):
                said[part.name] = inside.term(value)
        return replace(self, **said)

    def outcome(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        """What becomes of it, in its setting, with the time that it took."""
        start = monotonic()
        return bench.about(self, self.decided(bench, facts), start)

    def decided(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        """What becomes of it, in its setting."""
        if self.is_plain:
            found = self.check(bench, facts)
            refuted = found.status == "refuted"
            return replace(found, fails=self.fails(bench)) if refuted else found
        setting = Setting.of(bench.program.seq_len, self.where, self.instead)
        inside = Inside(bench.program, setting)
        plain, there = self.inside(inside), bench.of(inside)
        found = plain.decided(there, ())
        if found.witness is None:
            return found
        failing = found.failing if self.instead == EVERYWHERE else None
        return replace(found, witness=setting.point(found.witness), failing=failing)

    def in_words(self) -> str:
        """The ``sentence``, where it is not the same for all of its kind."""
        return self.sentence

    @property
    def almost(self) -> bool:
        """Whether null sets do not count."""
        return False

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> Sequence[Question]:
        """The statements that it consists of, each with the facts that its proof may use; none,
        where it says something else. They are what is checked, and what a certificate has."""
        return ()

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        """What becomes of it, with the help of facts that were proved before."""
        return bench.holds(self.says(bench.task, bench.ties, facts), almost=self.almost)

    def fails(self, bench: Bench) -> Figure | None:
        """The probability of the inputs at which it is false; None where that has no meaning, or
        is not told by ``says``."""
        said = self.says(bench.task, bench.ties, ())
        if not said:
            return None
        return bench.measured(some([q.false for q in bench.asked(said)]), part=FAILING_PART)

    def facts(self) -> list[Fact]:
        """What other proofs may assume once it is proved."""
        return []

    def models(self) -> tuple[str, ...]:
        """The names of other models that it speaks of."""
        return ()

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """Tables of weaker claims than one that failed, the strongest first, by other keys than its
        domain: the first that is proved is suggested. By default a ``statement`` gets a tolerance:
        equal sides are close, or a right side is as large as it must be."""
        if "statement" in cls.keys:
            facts = [fact for part in result.claim.instances for fact in part.facts()]
            unit = f"*{largest_input(bench.program.seq_len)}"
            ratio = partial(greatest_ratio, bench)
            yield from with_tolerance(result.claim.table, facts, ratio, unit)

    @classmethod
    def fewer(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """Tables of the claim for fewer choices of its parameters, likewise: by default without
        those for which it was not proved."""
        failed = [o.parameters for o in result.instances if o.status != "proved"]
        if "for" in result.claim.table and len(failed) < len(result.instances) and all(failed):
            choices = (" and ".join(f"{name} == {value}" for name, value in p) for p in failed)
            excluded = " and ".join(f"not ({choice})" for choice in choices)
            yield chosen(result.claim.table, excluded)

    def equalities(self, program: Program) -> tuple[float, ...]:
        """For each equality that it states of the program, the k such that it is to one part in
        2^k, as far as its form tells: by default, that of its facts."""
        return stated([fact.statement for fact in self.facts()], program)


@dataclass(frozen=True)
class Claim(Shown):
    """A named claim: its instances, the earlier claims that its proof may assume, its prices.

    ``written`` holds the author's expressions by their keys, for display, and ``table`` all that
    stands in the file. The price is paid once for the whole claim, not for each instance.
    """

    name: str
    text: str
    instances: tuple[Instance, ...]
    assume: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()
    written: tuple[tuple[str, str], ...] = ()
    table: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def kind(self) -> str:
        return self.instances[0].kind


@dataclass(frozen=True, eq=False)
class ClaimResult(Shown):
    """A claim, with the outcome of each instance: proved if all are, refuted if one is."""

    claim: Claim
    instances: tuple[Outcome, ...]

    @property
    def status(self) -> Status:
        return joined(outcome.status for outcome in self.instances)

    def facts(self) -> list[Fact]:
        """What other proofs may assume: what is proved."""
        pairs = zip(self.claim.instances, self.instances, strict=True)
        return [
            fact
            for instance, outcome in pairs
            if outcome.status == "proved" and instance.is_plain
            for fact in instance.facts()
        ]


def titled(name: str, parameters: Parameters) -> str:
    """A claim's or case's name, with its parameters."""
    return f"{name} ({choice_text(parameters)})" if parameters else name


def chosen(table: Mapping[str, Any], condition: str) -> Mapping[str, Any]:
    """A claim's table, for those choices alone that also satisfy a condition."""
    joint = "and" if " if " in table["for"] else "if"
    return {**table, "for": f"{table['for']} {joint} {condition}"}


def check_piecewise_linear(*expressions: Term | Formula) -> None:
    """InputError where inputs are multiplied by inputs; weights count as constants."""
    # Definitions used in many places are one object: each is looked at once.
    linear: dict[int, bool] = {}
    for expression in expressions:
        _depends_on_inputs(expression, linear)


def _depends_on_inputs(expression: Term | Formula, known: dict[int, bool]) -> bool:
    match expression:
        case Number() | Truth():
            return False
        case Entry(array):
            return not array.startswith("W_")
        case Compare(_, left, right):
            parts: tuple[Term | Formula, ...] = (left, right)
        case If(condition, then, otherwise):
            parts = (condition, then, otherwise)
        case Apply(_, parts) | Logic(_, parts):
            pass
    if id(expression) not in known:
        told = [_depends_on_inputs(part, known) for part in parts]
        if isinstance(expression, Apply) and expression.op == "mul" and sum(told) > 1:
            raise InputError(
                "a product of two parts that both depend on the input is not piecewise "
                "linear; only weights claims may multiply freely."
            )
        # The condition of a case only chooses: what is constant in each case may be multiplied.
        known[id(expression)] = any(told[1:] if isinstance(expression, If) else told)
    return known[id(expression)]
