"""The [[claim]] and [[case]] tables of an explanation file, turned into claims and cases."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, get_args

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.explain.claims.claim import (
    ASSUMABLE,
    CASE_VERDICTS,
    KINDS,
    RULES,
    Always,
    Bounds,
    Case,
    CaseInstance,
    Claim,
    Close,
    Equivalent,
    Error,
    Inductive,
    Instance,
    Measure,
    Mode,
    Parameters,
    Price,
    Right,
    Step,
    Weights,
    Wrong,
)
from algzoo_exact.explain.language.expand import Expander
from algzoo_exact.explain.language.expression import (
    Apply,
    Entry,
    Formula,
    Term,
    Truth,
    entries,
    evaluate_term,
)
from algzoo_exact.explain.language.parser import parse, parse_ranges
from algzoo_exact.explain.language.syntax import Surface
from algzoo_exact.explain.language.toml_tables import IDENTIFIER, Table, shown, within
from algzoo_exact.program.task import Task

MOST_INSTANCES = 10_000  # of one claim or case

Values = Mapping[str, int]


class ClaimReader:
    """Reads the claims of one explanation in order, then its cases."""

    def __init__(self, expander: Expander, task: Task) -> None:
        self._expander = expander
        self._task = task
        self.claims: list[Claim] = []
        self.cases: list[Case] = []

    def add_claim(self, data: Mapping[str, Any]) -> None:
        """Read one [[claim]] table."""
        table = Table(data)
        names = [claim.name for claim in self.claims]
        with within(f"claim {self._title(data, len(names))}"):
            self.claims.append(self._claim(table, self._name(table, names)))

    def add_case(self, data: Mapping[str, Any]) -> None:
        """Read one [[case]] table."""
        table = Table(data)
        names = [case.name for case in self.cases]
        with within(f"case {self._title(data, len(names))}"):
            self.cases.append(self._case(table, self._name(table, names)))

    def rational(self, table: Table, key: str, values: Values) -> Fraction | None:
        """An exact number: in figures, or as a constant expression in quotes."""
        text = table.exact(key)
        if text is None:
            return None
        with within(key):
            term = self._expander.expand_term(_parsed(text), values)
            if entries(term):
                raise InputError(f"expected a constant, found {shown(text)}.")
        return evaluate_term(term, _no_entries)

    # --- claims ---

    def _claim(self, table: Table, name: str) -> Claim:
        kind = table.choice("kind", KINDS)
        text = table.optional("text", str, "")
        prices = self._prices(table)
        assume: tuple[str, ...] = ()
        if kind not in ("measure", "weights", "equivalent"):
            assume = self._earlier(table, "assume", ASSUMABLE)
        if kind in ("right", "wrong") and self._task.name == "median":
            raise InputError("median has no labels for a model to be right or wrong about.")
        choices = self._choices(table)
        instances: tuple[Instance, ...]
        if kind == "inductive":
            instances = (self._inductive(table, choices),)
        else:
            instances = tuple(self._instance(table, kind, values) for values in choices)
        table.finish()
        return Claim(name, kind, text, instances, assume, prices, _written(table))

    def _instance(self, table: Table, kind: str, values: Values) -> Instance:
        parameters = tuple(values.items())
        with within(_valued(parameters)):
            match kind:
                case "always":
                    statement = self._formula(table, "statement", values)
                    return Always(parameters, statement, self._domain(table, values))
                case "measure":
                    condition = self._formula(table, "condition", values)
                    return Measure(parameters, condition, self._bounds(table, values))
                case "close":
                    return self._close(table, values)
                case "weights":
                    return Weights(parameters, self._formula(table, "statement", values))
                case "equivalent":
                    other = table.required("with", str)
                    if not other.strip():
                        raise InputError("with must be the name of a model, not an empty text.")
                    mode = table.choice("mode", get_args(Mode))
                    return Equivalent(parameters, other, mode, self._domain(table, values))
                case "right":
                    return Right(parameters, self._domain(table, values))
                case _:
                    return Wrong(parameters, self._domain(table, values))

    def _close(self, table: Table, values: Values) -> Close:
        left, right = self._term(table, "left", values), self._term(table, "right", values)
        error: Error = table.choice("error", get_args(Error), "supremum")
        scale: Term | None = None
        if error == "supremum":
            inputs = (Entry("x", (t,)) for t in range(self._task.seq_len))
            scale = Apply("max", tuple(Apply("abs", (entry,)) for entry in inputs))
            table.optional("scale", str, "")
            if table.has("scale"):
                scale = self._term(table, "scale", values)
        bounds, domain = self._bounds(table, values), self._domain(table, values)
        return Close(tuple(values.items()), left, right, domain, error, scale, bounds)

    def _inductive(self, table: Table, choices: list[dict[str, int]]) -> Inductive:
        variable = table.required("step", str)
        if variable not in choices[0]:
            raise InputError(
                f"step must be one of the names in for ({', '.join(choices[0]) or 'none'}), "
                f"not {shown(variable)}."
            )
        steps = sorted({values[variable] for values in choices})
        if steps != list(range(steps[0], steps[-1] + 1)):
            raise InputError(f"the steps must follow each other, but are {shown(steps)}.")
        first = table.optional("from", int, steps[0] + 1)
        if not steps[0] < first <= steps[-1] + 1:
            raise InputError(
                f"from is the first step that is proved from the step before, so it lies in "
                f"{steps[0] + 1}..{steps[-1] + 1}, not at {first}."
            )
        said: dict[int, list[tuple[Parameters, Formula]]] = {step: [] for step in steps}
        for values in choices:
            parameters = tuple(values.items())
            with within(_valued(parameters)):
                statement = self._formula(table, "statement", values)
            said[values[variable]].append((parameters, statement))
        return Inductive(tuple(Step(step, step < first, tuple(said[step])) for step in steps))

    # --- cases ---

    def _case(self, table: Table, name: str) -> Case:
        verdict = table.choice("verdict", CASE_VERDICTS)
        text = table.optional("text", str, "")
        if self._task.name == "median":
            raise InputError("median has no labels, so that an explanation of it has no cases.")
        claims: tuple[str, ...] = ()
        if verdict == "claims":
            claims = self._earlier(table, "claims", ("right", "wrong"))
            if not claims:
                raise InputError("the verdict 'claims' needs a list of right or wrong claims.")
        elif verdict != "unknown":
            claims = self._earlier(table, "claims", ASSUMABLE)
        instances = []
        for values in self._choices(table):
            with within(_valued(tuple(values.items()))):
                when = self._formula(table, "when", values)
                instances.append(CaseInstance(tuple(values.items()), when))
        table.finish()
        return Case(name, text, tuple(instances), verdict, claims, _written(table))

    # --- parts of both ---

    @staticmethod
    def _title(data: Mapping[str, Any], before: int) -> str:
        name = data.get("name")
        return shown(name) if isinstance(name, str) else f"number {before + 1}"

    @staticmethod
    def _name(table: Table, names: list[str]) -> str:
        name = table.required("name", str)
        if not IDENTIFIER.fullmatch(name):
            raise InputError("a name is made of letters, digits and _, and begins with no digit.")
        if name in names:
            raise InputError("an earlier one has the same name.")
        return name

    def _earlier(self, table: Table, key: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
        """Names of claims further up, of certain kinds."""
        known = {claim.name: claim.kind for claim in self.claims}
        names = table.texts(key)
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

    def _choices(self, table: Table) -> list[dict[str, int]]:
        """The values of the parameters in ``for``."""
        text = table.optional("for", str, "")
        if not table.has("for"):
            return [{}]
        found: list[dict[str, int]] = []
        with within("for"):
            for values in self._expander.values(parse_ranges(text)):
                if len(found) == MOST_INSTANCES:
                    raise InputError(f"there are over {MOST_INSTANCES} choices.")
                found.append(values)
            if not found:
                raise InputError("no integers satisfy this.")
        return found

    def _prices(self, table: Table) -> tuple[Price, ...]:
        prices = []
        for position, data in enumerate(table.tables("price")):
            with within(f"price {position + 1}"):
                prices.append(self._price(Table(data)))
        return tuple(prices)

    def _price(self, table: Table) -> Price:
        rule = table.choice("rule", tuple(RULES))
        price = Price(
            rule,
            count=table.optional("count", int, 1),
            bits=self.rational(table, "bits", {}),
            among=table.required("among", int) if table.has("among") else None,
            precision=self.rational(table, "precision", {}),
            range=self.rational(table, "range", {}),
            note=table.optional("note", str, ""),
        )
        table.finish()
        return price

    def _bounds(self, table: Table, values: Values) -> Bounds:
        keys = ("at_least", "at_most", "equals")
        return Bounds(*(self.rational(table, key, values) for key in keys))

    def _domain(self, table: Table, values: Values) -> Formula:
        table.optional("domain", str, "")
        return self._formula(table, "domain", values) if table.has("domain") else Truth(True)

    def _formula(self, table: Table, key: str, values: Values) -> Formula:
        text = table.required(key, str)
        with within(key):
            return self._expander.expand_formula(_parsed(text), values)

    def _term(self, table: Table, key: str, values: Values) -> Term:
        text = table.required(key, str)
        with within(key):
            return self._expander.expand_term(_parsed(text), values)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Surface:
    """Parsed once for all instances of a claim."""
    return parse(text)


def _written(table: Table) -> tuple[tuple[str, str], ...]:
    """The expressions as the author wrote them."""
    keys = ("for", "statement", "left", "right", "scale", "condition", "when", "domain")
    return tuple((key, table.required(key, str)) for key in keys if table.has(key))


def _valued(parameters: Parameters) -> str:
    return "with " + ", ".join(f"{k} = {v}" for k, v in parameters) if parameters else ""


def _no_entries(entry: Entry) -> Fraction:
    raise AssertionError(entry)
