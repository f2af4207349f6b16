"""The [[claim]] and [[case]] tables of an explanation file, turned into claims and cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.explain.claims.cases import CASE_VERDICTS, Case, CaseInstance
from algzoo_exact.explain.claims.claim import Claim, Ground
from algzoo_exact.explain.claims.keys import (
    NAME,
    NAMES,
    RANGES,
    Keys,
    Source,
    Values,
    choice,
    table_schema,
    text,
)
from algzoo_exact.explain.claims.price import PRICES
from algzoo_exact.explain.claims.registry import KINDS
from algzoo_exact.explain.language.expand import Expander
from algzoo_exact.explain.language.parser import parse_ranges
from algzoo_exact.explain.language.toml_tables import IDENTIFIER, Table, shown, within
from algzoo_exact.program.task import Task

MOST_INSTANCES = 10_000  # of one claim or case

T = TypeVar("T", Claim, Case)

_NAMED: Keys = {"name": NAME, "text": text(), "for": RANGES}


class ClaimReader:
    """Reads the claims of one explanation in order, then its cases."""

    def __init__(self, expander: Expander, task: Task) -> None:
        self.expander, self._task = expander, task
        self.claims: list[Claim] = []
        self.cases: list[Case] = []

    def add_claim(self, data: Mapping[str, Any]) -> None:
        """Read one [[claim]] table."""
        self._add("claim", data, self.claims, self._claim)

    def add_case(self, data: Mapping[str, Any]) -> None:
        """Read one [[case]] table."""
        self._add("case", data, self.cases, self._case)

    def _add(
        self, sort: str, data: Mapping[str, Any], earlier: list[T], read: Callable[[Source, str], T]
    ) -> None:
        title = data.get("name")
        title = shown(title) if isinstance(title, str) else f"number {len(earlier) + 1}"
        with within(f"{sort} {title}"):
            source = Source(Table(data), self.expander)
            name = _name(source, [one.name for one in earlier])
            earlier.append(replace(read(source, name), table=data))

    def _claim(self, source: Source, name: str) -> Claim:
        kind = KINDS[source.table.choice("kind", tuple(KINDS))]
        said = _NAMED["text"].value(source, "text")
        prices = PRICES.value(source, "price")
        assume: tuple[str, ...] = ()
        if kind.assumes:
            assume = self._earlier(source, "assume", _assumable())
        if kind.needs_labels and self._task.is_numeric:
            raise InputError(
                f"{self._task.name} has no labels for a model to be right or wrong about."
            )
        instances = kind.read(source, self._choices(source))
        source.table.finish()
        if assume and not all(instance.is_plain for instance in instances):
            raise InputError("a claim with where or instead assumes no others.")
        return Claim(name, said, instances, assume, prices, _written(source, kind))

    def _case(self, source: Source, name: str) -> Case:
        verdict = source.table.choice("verdict", CASE_VERDICTS)
        said = _NAMED["text"].value(source, "text")
        if self._task.is_numeric:
            raise InputError(
                f"{self._task.name} has no labels, so that an explanation of it has no cases."
            )
        claims: tuple[str, ...] = ()
        if verdict == "claims":
            claims = self._earlier(source, "claims", ("right", "wrong"))
            if not claims:
                raise InputError("the verdict 'claims' needs a list of right or wrong claims.")
        elif verdict != "unknown":
            claims = self._earlier(source, "claims", _assumable())
        instances = CaseInstance.read(source, self._choices(source))
        source.table.finish()
        return Case(name, said, instances, verdict, claims, _written(source, CaseInstance))

    def _earlier(self, source: Source, key: str, kinds: Sequence[str]) -> tuple[str, ...]:
        """Names of claims further up, of certain kinds."""
        known = {claim.name: claim.kind for claim in self.claims}
        names: tuple[str, ...] = NAMES.value(source, key)
        for name in names:
            if name not in known:
                raise InputError(
                    f"{key} names {shown(name)}, which is no earlier claim"
                    f"{did_you_mean(name, known)}; "
                    f"earlier are {', '.join(known) or 'none'}."
                )
            if known[name] not in kinds:
                raise InputError(
                    f"{key} names {name}, which is of the kind {known[name]}; "
                    f"it takes {', '.join(kinds)}."
                )
        return names

    def _choices(self, source: Source) -> list[Values]:
        """The values of the parameters in ``for``."""
        if not source.table.has("for"):
            return [{}]
        found: list[Values] = []
        with within("for"):
            for values in self.expander.values(parse_ranges(RANGES.value(source, "for"))):
                if len(found) == MOST_INSTANCES:
                    raise InputError(f"there are over {MOST_INSTANCES} choices.")
                found.append(values)
            if not found:
                raise InputError("no integers satisfy this.")
        return found


def _name(source: Source, earlier: Sequence[str]) -> str:
    name: str = NAME.value(source, "name")
    if not IDENTIFIER.fullmatch(name):
        raise InputError("a name is made of letters, digits and _, and begins with no digit.")
    if name in earlier:
        raise InputError("an earlier one has the same name.")
    return name


def _written(source: Source, kind: type[Ground]) -> tuple[tuple[str, str], ...]:
    """The expressions as the author wrote them."""
    keys = ["for", *(name for name, key in kind.keys.items() if key.is_expression)]
    return tuple((k, source.table.value(k, str)) for k in keys if source.table.has(k))


def _assumable() -> tuple[str, ...]:
    return tuple(name for name, kind in KINDS.items() if kind.assumable)


def claim_schemas() -> dict[str, Any]:
    """The schema of each kind's table, by its name."""
    return {
        name: table_schema(
            {"name": NAME, "kind": choice((name,)), **_NAMED, "price": PRICES}
            | ({"assume": NAMES} if kind.assumes else {})
            | dict(kind.keys),
            **kind.schema_rules,
        )
        for name, kind in KINDS.items()
    }


def case_schema() -> dict[str, Any]:
    """The schema of a case's table."""

    def one(verdicts: Sequence[str], claims: Keys, **more: Any) -> dict[str, Any]:
        verdict = {"verdict": choice(verdicts)}
        return table_schema({**_NAMED, **CaseInstance.keys, **verdict, **claims}, **more)

    some = {"allOf": [{"required": ["claims"]}, {"properties": {"claims": {"minItems": 1}}}]}
    claims = {"claims": NAMES}
    return {"oneOf": [one(["right", "wrong"], claims), one(["claims"], claims, **some),
                      one(["unknown"], {})]}  # fmt: skip
