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

from algzoo_exact.errors import FloatRangeError, InputError, demand
from algzoo_exact.explain.claims.answers import ANSWERS
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.cases import (
    CaseResult,
    CheckedCase,
    check_case,
    check_partition,
)
from algzoo_exact.explain.claims.claim import Claim, ClaimResult, Instance
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, Logic, some
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.language.toml_tables import toml_of
from algzoo_exact.explain.outcome import Figure, Point, joined
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.natural_domains import largest
from algzoo_exact.explain.story import reader_of
from algzoo_exact.explain.verify import Verification
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
    if not 0 < seconds < float("inf"):
        raise InputError(f"The time limit must be a positive number, not {seconds}.")
    finder = _Finder(verification, seconds)
    found: list[Suggestion] = []
    for result in verification.claims:
        if result.status != "proved":
            if progress is not None:
                progress(f"claim {result.claim.name}")
            found += finder.of_claim(result)
    for case in verification.cases:
        if case.case.verdict in ANSWERS and case.status != "proved":
            if progress is not None:
                progress(f"case {case.case.name}")
            found += finder.of_case(case)
    partition = verification.partition
    if partition is not None and partition.disjoint.status == "refuted":
        if progress is not None:
            progress("cases that overlap")
        found += finder.apart()
    if partition is not None and partition.covers.status == "refuted":
        if progress is not None:
            progress("the missing case")
        found += finder.missing_case()
    return tuple(found)


class _Finder:
    def __init__(self, verification: Verification, seconds: float) -> None:
        told = verification
        self.told = told
        self.task = told.explanation.subject.task
        self.bench = Bench(told.program, self.task, told.ties, seconds, told.others)
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
                    yield Suggestion(
                        result.claim.name, change, toml_of("claim", table),
                        self._speaks_where(claim) if "domain" in change else None,
                    )  # fmt: skip
                    break

    def _proved(self, table: Table) -> Claim | None:
        """The claim of a table, if it is proved from those that it assumes."""
        reader = reader_of(self.told.explanation)
        reader.claims = [r.claim for r in self.told.claims if r.claim.name != table["name"]]
        try:
            reader.add_claim(table)
        except InputError:  # such as a text that got too long
            return None
        claim = reader.claims[-1]
        known = self._known(claim.assume)
        found = (instance.check(self.bench, known) for instance in claim.instances)
        whole = all(outcome.status == "proved" and not outcome.vacuous for outcome in found)
        return claim if whole else None

    def _known(self, names: Iterable[str]) -> list[Fact]:
        return [fact for name in names for fact in self.results[name].facts()]

    def _speaks_where(self, claim: Claim) -> Figure:
        domains = [getattr(instance, "domain", EVERYWHERE) for instance in claim.instances]
        return self.bench.measured(some(list(dict.fromkeys(domains))))

    def _domains(self, result: ClaimResult) -> Iterator[Table]:
        """On the largest natural domains, where the kind has one."""
        table, instances = result.claim.table, result.claim.instances
        if "domain" not in type(instances[0]).keys:
            return
        false = _false(instances, self.bench)
        within = some([getattr(instance, "domain", EVERYWHERE) for instance in instances])
        known = [o.witness for o in result.instances if o.witness is not None]
        own = table.get("domain")
        for text in self._natural(false, within, known):
            yield {**table, "domain": text if own is None else f"({own}) and {text}"}

    def _natural(self, false: Formula | None, within: Formula, known: list[Point]) -> list[str]:
        if false is None:
            return []
        expander = reader_of(self.told.explanation).expander

        def read(text: str) -> Formula:
            return expander.expand_formula(parse(text), {})

        try:
            return list(largest(self.told.program, false, within, known, read))
        except FloatRangeError:
            return []

    def of_case(self, result: CaseResult) -> Iterator[Suggestion]:
        """The part of it in which the verdict is true, and the rest."""
        case, table = result.case, result.case.table
        failed = [c for c in result.instances if c.checked and c.checked.status != "proved"]
        said = [ANSWERS[case.verdict]((), c.instance.when) for c in failed]
        false, within = _false(said, self.bench), some([c.instance.when for c in failed])
        known = [c.checked.witness for c in failed if c.checked and c.checked.witness is not None]
        for text in self._natural(false, within, known):
            part = {**table, "when": f"({table['when']}) and {text}"}
            rest = {
                "name": f"{case.name}_rest",
                "verdict": "unknown",
                **{key: table[key] for key in ("for",) if key in table},
                "when": f"({table['when']}) and not ({text})",
            }
            found = self._checked_cases(part)
            if found and joined(c.checked.status for c in found if c.checked) == "proved":
                toml = toml_of("case", part) + "\n" + toml_of("case", rest)
                figure = self.bench.measured(some([c.instance.when for c in found]))
                yield Suggestion(case.name, f"{case.verdict} in a part of it", toml, figure)
                return

    def _checked_cases(self, table: Table) -> list[CheckedCase]:
        """The instances of a case; none where it cannot be read."""
        reader = reader_of(self.told.explanation)
        reader.claims = [result.claim for result in self.told.claims]
        try:
            reader.add_case(table)
        except InputError:
            return []
        case = reader.cases[-1]
        known = self._known(case.claims)
        return [check_case(self.bench, case, i, known, self.results) for i in case.instances]

    def apart(self) -> Iterator[Suggestion]:
        """Each case without those before it with which it overlaps; all the cases stay what they
        are together. None where instances of one case overlap."""
        kept: list[tuple[str, CheckedCase]] = []
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
                if not instances or any(
                    c.checked and c.checked.status != "proved" for c in instances
                ):
                    return
                names = " and ".join(other.case.name for other in others)
                figure = self.bench.measured(some([c.instance.when for c in instances]))
                if figure.rational == 0:
                    found.append(Suggestion(name, f"nothing, as it lies in {names}", ""))
                    continue
                block = toml_of("case", table)
                found.append(Suggestion(name, f"without {names}", block, figure))
            kept += ((name, instance) for instance in instances)
        if found and check_partition(self.bench, kept).disjoint.status == "proved":
            yield from found

    def _overlap(self, one: CaseResult, other: CaseResult) -> bool:
        """Whether two cases are not known to be apart."""
        first, second = (some([c.instance.when for c in case.instances]) for case in (one, other))
        apart = self.bench.holds([Question(Logic("not", (second,)), first)], almost=True)
        return apart.status != "proved"

    def missing_case(self) -> Iterator[Suggestion]:
        """What is left, with the verdict that is true of it."""
        names = [case.case.name for case in self.told.cases]
        name = next(n for k in range(len(names) + 1) if (n := f"rest{k or ''}") not in names)
        when = " and ".join(f"not {_whole(case)}" for case in self.told.cases)
        before = [(r.case.name, c) for r in self.told.cases for c in r.instances]
        for verdict in (*ANSWERS, "unknown"):
            table = {"name": name, "when": when, "verdict": verdict}
            found = self._checked_cases(table)
            if not found or any(c.checked and c.checked.status != "proved" for c in found):
                continue
            partition = check_partition(self.bench, [*before, *((name, c) for c in found)])
            if partition.covers.status == "proved":
                figure = found[0].probability
                yield Suggestion("the cases", "the missing one", toml_of("case", table), figure)
            return


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


def _false(instances: Iterable[Instance], bench: Bench) -> Formula | None:
    """Where one of them is false; None where they do not tell."""
    said: list[Question] = []
    for instance in instances:
        said += instance.says(bench.task, bench.ties, ())
    false: list[Formula] = [Logic("and", (q.domain, Logic("not", (q.statement,)))) for q in said]
    return some(false) if false else None
