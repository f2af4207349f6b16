"""The strongest true versions of what failed: proved before they are shown, and ready to paste.

For a claim: a tolerance, or bounds, as wide as they must be (``Instance.weaker``); the largest
natural domain (``natural_domains``); those of its instances, or of its steps, that hold
(``Instance.fewer``). For cases: the part of one in which its verdict is true; one without those
before it, with which it overlaps; and the case that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from algzoo_exact.deadline import check_seconds
from algzoo_exact.errors import FloatRangeError, InputError, demand
from algzoo_exact.explain.claims.answers import ANSWERS
from algzoo_exact.explain.claims.cases import (
    CaseResult,
    CheckedCase,
    apart,
    check_case,
    check_partition,
)
from algzoo_exact.explain.claims.claim import Claim, ClaimResult, Instance
from algzoo_exact.explain.claims.reading import ClaimReader
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, some
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.language.toml_tables import toml_of
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.prove.natural_domains import largest
from algzoo_exact.explain.story import reader_of
from algzoo_exact.explain.verify import Verification, bench_of
from algzoo_exact.progress import in_words, shows_progress
from algzoo_exact.shown import Shown

Table = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Suggestion(Shown):
    """A true version of a ``part`` (a claim's or case's name, or "the cases") that failed.

    ``change`` says in words how it differs; ``toml`` is to take its place, and was proved as it
    stands; it is empty where nothing is to. ``domain`` is the probability of where it speaks, where
    that was made smaller.
    """

    part: str
    change: str
    toml: str
    domain: Figure | None = None

    def __repr__(self) -> str:
        return f"<{self.part}: {self.change}>"


@shows_progress("suggesting", in_words)
def suggest(
    verification: Verification,
    *,
    seconds: float = 30.0,
    progress: Callable[[str], None] | None = None,
) -> tuple[Suggestion, ...]:
    """True versions of the claims and cases that were refuted or left open, each of them proved.

    Each proof gets at most so many ``seconds``. Natural domains are tried from the likeliest on;
    there may be larger ones. None for what nothing is found for.
    """
    demand(verification, Verification, "suggest takes what verify returns")
    check_seconds(seconds)
    finder, partition = _Finder(verification, seconds), verification.partition
    jobs: list[tuple[str, Iterator[Suggestion]]] = []
    for result in verification.claims:
        if result.status != "proved":
            jobs.append((f"claim {result.claim.name}", finder.of_claim(result)))
    for case in verification.cases:
        if case.case.verdict in ANSWERS and case.status != "proved":
            jobs.append((f"case {case.case.name}", finder.of_case(case)))
    if partition is not None and partition.disjoint.status == "refuted":
        jobs.append(("cases that overlap", finder.apart()))
    if partition is not None and partition.covers.status == "refuted":
        jobs.append(("the missing case", finder.missing_case()))
    found: list[Suggestion] = []
    for text, suggestions in jobs:
        if progress is not None:
            progress(text)
        found += suggestions
    return tuple(found)


class _Finder:
    def __init__(self, told: Verification, seconds: float) -> None:
        self.told, self.bench = told, bench_of(told, seconds)
        self.results = {result.claim.name: result for result in told.claims}

    def of_claim(self, result: ClaimResult) -> Iterator[Suggestion]:
        """One of each sort, at most."""
        kind = type(result.claim.instances[0])
        sorts: dict[str, Iterable[Table]] = {
            kind.weaker_by: kind.weaker(result, self.bench),
            kind.fewer_by: kind.fewer(result, self.bench),
            "a smaller domain": self._domains(result),
        }
        for change, tables in sorts.items():
            for table in tables:
                claim = self._proved(table)
                if claim is not None:
                    where = _where(claim.instances) if "domain" in change else None
                    figure = None if where is None else self.bench.measured(where)
                    yield Suggestion(result.claim.name, change, toml_of("claim", table), figure)
                    break

    def _reader(self, but: str = "") -> ClaimReader:
        """Reads more of the story, whose claims are known."""
        reader = reader_of(self.told.explanation)
        reader.claims = [r.claim for r in self.told.claims if r.claim.name != but]
        return reader

    def _proved(self, table: Table) -> Claim | None:
        """The claim of a table, if it is proved from those that it assumes."""
        reader = self._reader(table["name"])
        try:
            reader.add_claim(table)
        except InputError:  # such as a text that got too long
            return None
        claim = reader.claims[-1]
        known = [fact for name in claim.assume for fact in self.results[name].facts()]
        found = (instance.decided(self.bench, known) for instance in claim.instances)
        whole = all(outcome.status == "proved" and not outcome.vacuous for outcome in found)
        return claim if whole else None

    def _domains(self, result: ClaimResult) -> Iterator[Table]:
        """On the largest natural domains, where the kind has one."""
        table, instances = result.claim.table, result.claim.instances
        if "domain" in type(instances[0]).keys:
            own = table.get("domain")
            for text in self._natural(instances, _where(instances), result.instances):
                yield {**table, "domain": text if own is None else f"({own}) and {text}"}

    def _natural(
        self, instances: Iterable[Instance], within: Formula, outcomes: Iterable[Outcome]
    ) -> list[str]:
        """Conditions on which instances, with these outcomes, may all be true; none where they do
        not tell where they are false."""
        bench = self.bench
        said = [q for part in instances for q in part.says(bench.task, bench.ties, ())]
        known = [outcome.witness for outcome in outcomes if outcome.witness is not None]
        expander = self._reader().expander

        def read(text: str) -> Formula:
            return expander.expand_formula(parse(text), {})

        if not said:
            return []
        try:
            false = some([question.false for question in said])
            return list(largest(self.told.program, false, within, known, read))
        except FloatRangeError:
            return []

    def of_case(self, result: CaseResult) -> Iterator[Suggestion]:
        """The part of it in which the verdict is true, and the rest."""
        case, table = result.case, result.case.table
        failed = [c for c in result.instances if not c.holds]
        said = [ANSWERS[case.verdict]((), c.instance.when) for c in failed]
        outcomes = [c.checked for c in failed if c.checked is not None]
        for text in self._natural(said, _anywhere(failed), outcomes):
            part = {**table, "when": f"({table['when']}) and {text}"}
            rest = {
                "name": f"{case.name}_rest",
                "verdict": "unknown",
                **{key: table[key] for key in ("for",) if key in table},
                "when": f"({table['when']}) and not ({text})",
            }
            found = self._checked_cases(part)
            if found:
                toml = toml_of("case", part) + "\n" + toml_of("case", rest)
                figure = self.bench.measured(_anywhere(found))
                yield Suggestion(case.name, f"{case.verdict} in a part of it", toml, figure)
                return

    def _checked_cases(self, table: Table) -> list[CheckedCase]:
        """The instances of a case; none where it cannot be read, or something is not proved."""
        reader = self._reader()
        try:
            reader.add_case(table)
        except InputError:
            return []
        case = reader.cases[-1]
        found = [check_case(self.bench, case, i, self.results) for i in case.instances]
        return found if all(checked.holds for checked in found) else []

    def apart(self) -> Iterator[Suggestion]:
        """Each case without those before it with which it overlaps; all the cases stay what they
        are together. None where instances of one case overlap."""
        kept: list[CheckedCase] = []
        found: list[Suggestion] = []
        for k, result in enumerate(self.told.cases):
            name, instances = result.case.name, list(result.instances)
            others = [o for o in self.told.cases[:k] if self._overlap(o, result)]
            if others:
                table = result.case.table
                beside = f"{table.get('for')} {table['when']}"
                parts = [f"({table['when']})", *(_whole(other, beside) for other in others)]
                table = {**table, "when": " and not ".join(parts)}
                instances = self._checked_cases(table)
                if not instances:
                    return
                names = " and ".join(other.case.name for other in others)
                figure = self.bench.measured(_anywhere(instances))
                if figure.rational == 0:
                    found.append(Suggestion(name, f"nothing, as it lies in {names}", ""))
                    continue
                block = toml_of("case", table)
                found.append(Suggestion(name, f"without {names}", block, figure))
            kept += instances
        if found and check_partition(self.bench, kept).disjoint.status == "proved":
            yield from found

    def _overlap(self, one: CaseResult, other: CaseResult) -> bool:
        """Whether two cases are not known to be apart."""
        whens = [_anywhere(case.instances) for case in (one, other)]
        return self.bench.holds(apart(whens), almost=True).status != "proved"

    def missing_case(self) -> Iterator[Suggestion]:
        """What is left, with the verdict that is true of it."""
        names = [case.case.name for case in self.told.cases]
        name = next(n for k in range(len(names) + 1) if (n := f"rest{k or ''}") not in names)
        when = " and ".join(f"not {_whole(case)}" for case in self.told.cases)
        before = [checked for result in self.told.cases for checked in result.instances]
        for verdict in (*ANSWERS, "unknown"):
            table = {"name": name, "when": when, "verdict": verdict}
            found = self._checked_cases(table)
            if not found:
                continue
            if check_partition(self.bench, [*before, *found]).covers.status == "proved":
                figure = found[0].probability
                yield Suggestion("the cases", "the missing one", toml_of("case", table), figure)
            return


def _where(instances: Iterable[Instance]) -> Formula:
    """What some instances of a claim are about."""
    domains = [getattr(instance, "domain", EVERYWHERE) for instance in instances]
    return some(list(dict.fromkeys(domains)))


def _anywhere(cases: Iterable[CheckedCase]) -> Formula:
    return some([case.instance.when for case in cases])


def _whole(result: CaseResult, beside: str = "") -> str:
    """Where one of a case's instances holds, as a text; parameters with names that occur ``beside``
    it get others."""
    table = result.case.table
    if "for" not in table:
        return f"({table['when']})"
    text = f"any({table['for']}: {table['when']})"
    for name, _ in result.instances[0].instance.parameters:
        if re.search(rf"\b{name}\b", beside):
            words = set(re.findall(r"\w+", text + beside))
            other = next(n for k in count(1) if (n := f"{name}{k}") not in words)
            text = re.sub(rf"\b{name}\b", other, text)
    return text
