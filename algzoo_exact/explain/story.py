"""Explanation files: a person's claims about a model, read from TOML and written out.

Reading one evaluates nothing but integers, and loads no model. The format is described in
docs/notes/explanation-language.md and by story.schema.json, which schema.py makes.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from algzoo_exact.errors import InputError, demand, did_you_mean
from algzoo_exact.explain.claims import keys
from algzoo_exact.explain.claims.cases import Case
from algzoo_exact.explain.claims.claim import Claim
from algzoo_exact.explain.claims.keys import LARGEST_SIZE, Json, Keys, Source
from algzoo_exact.explain.claims.price import MOST_BITS
from algzoo_exact.explain.claims.reading import ClaimReader, case_schema
from algzoo_exact.explain.claims.registry import KINDS
from algzoo_exact.explain.language.expand import Definition, Expander, read_definitions
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.toml_tables import (
    IDENTIFIER,
    LARGEST_FILE,
    Table,
    read_toml,
    shown,
    within,
)
from algzoo_exact.program.task import PROBLEMS, Task
from algzoo_exact.shown import Shown

_HASH = keys.text("^([0-9a-f]{64})?$")
SURPRISE: Keys = {"bits_of_optimization": keys.exact(), "note": keys.text()}
_NAMED = keys.plain(
    dict,
    {
        "type": "object",
        "propertyNames": {"pattern": rf"^\s*{IDENTIFIER.pattern}\s*(\(.*\))?\s*$"},
        "additionalProperties": {"$ref": "#/$defs/expression"},
    },
    default={},
)


def model_keys() -> Keys:
    """The keys of the table [model]: a task of programs, by its name, and sizes."""
    return {
        "task": keys.choice(
            [problem.name for problem in PROBLEMS.values() if not problem.is_discrete]
        ),
        "seq_len": keys.whole(2, LARGEST_SIZE, required=True),
        "hidden_size": keys.whole(1, LARGEST_SIZE, required=True),
        "sha256": _HASH,
        "weights_sha256": _HASH,
        "standard": keys.TRUTH,
        "name": keys.text(r"\S"),
    }


def story_keys() -> Keys:
    """The keys of a file, with all kinds of claims that are registered."""
    claims: Json = {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in KINDS]}
    return {
        "title": keys.text(required=True),
        "prose": keys.text(),
        "model": keys.plain(dict, keys.table_schema(model_keys()), required=True),
        "definitions": _NAMED,
        "domains": _NAMED,
        "claim": keys.listed(dict, {"type": "array", "items": claims}),
        "case": keys.listed(dict, {"type": "array", "items": case_schema()}),
        "surprise": keys.plain(dict, keys.table_schema(SURPRISE)),
    }


@dataclass(frozen=True)
class Subject:
    """The model that an explanation is about.

    Where the explanation is about one model alone, ``weights_sha256`` is that of its weights in
    whatever file (see ``program.fingerprint``), or ``sha256`` that of one file. Where
    ``standard`` is set, all claims speak of the standardised program (see ``standardize``).
    ``name`` is the model to check where nobody names another: what ``load`` takes, or a path
    from the explanation's folder.
    """

    task: Task
    hidden_size: int
    sha256: str | None
    standard: bool
    name: str | None = None
    weights_sha256: str | None = None

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.task.seq_len, self.hidden_size, self.task.outputs)


@dataclass(frozen=True)
class Optimization:
    """Bits of optimization that selected the model, on the author's word."""

    bits: Fraction
    note: str


@dataclass(frozen=True)
class Explanation(Shown):
    """A whole explanation, its claims and cases written out for the subject's sizes.

    ``definitions`` and ``domains`` are as written: headings and expressions.
    """

    title: str
    prose: str
    subject: Subject
    definitions: tuple[tuple[str, str], ...]
    domains: tuple[tuple[str, str], ...]
    claims: tuple[Claim, ...]
    cases: tuple[Case, ...]
    optimization: Optimization | None

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.claims)} claims, {len(self.cases)} cases>"

    def claim(self, name: str) -> Claim:
        """The claim of that name; InputError where there is none."""
        for claim in self.claims:
            if claim.name == name:
                return claim
        known = ", ".join(claim.name for claim in self.claims) or "none"
        like = did_you_mean(name, [claim.name for claim in self.claims])
        raise InputError(f"There is no claim {name!r}{like}; the claims are {known}.")


def load_explanation(path: str | os.PathLike[str]) -> Explanation:
    """Read an explanation file (TOML).

    InputError, naming the file and the place in it, where it cannot be read; it is a ParseError,
    with line, column and text, where an expression is at fault.
    """
    demand(path, str | os.PathLike, "an explanation is read from a path")
    source = Path(path)
    try:
        with source.open("rb") as file:
            content = file.read(4 * LARGEST_FILE + 1)  # a character has up to four bytes
        text = content.decode("utf-8-sig")  # Windows editors begin with a byte-order mark
    except OSError as error:
        raise InputError(f"Cannot read {source}: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InputError(f"{source} is UTF-16 text; save it as UTF-8.") from None
        raise InputError(
            f"{source} is not UTF-8 text (at byte {error.start}); save it as UTF-8."
        ) from None
    with within(str(source)):
        return parse_explanation(text)


def parse_explanation(toml: str) -> Explanation:
    """The explanation in a TOML text; errors as in ``load_explanation``, without the file."""
    source = Source(Table(read_toml(toml.removeprefix("\ufeff").replace("\r\n", "\n"))))
    given = source.all(story_keys())
    with within("model"):
        subject = _subject(source.inside(given["model"]))
    definitions, domains = given["definitions"], given["domains"]
    for key in ("definitions", "domains"):
        for heading, body in given[key].items():
            if not isinstance(body, str):
                raise InputError(f"{key}: {heading} must be a text in quotes, not {shown(body)}.")
    for twice in sorted(definitions.keys() & domains.keys()):
        raise InputError(f"{twice} is in [definitions] and in [domains]; choose two names.")
    expander, known = _expander(definitions, domains, subject)
    _check_definitions(expander, known, {name.partition("(")[0].strip() for name in domains})
    reader = ClaimReader(expander, subject.task)
    for data in given["claim"]:
        reader.add_claim(data)
    for data in given["case"]:
        reader.add_case(data)
    optimization = None
    if given["surprise"] is not None:
        with within("surprise"):
            optimization = _optimization(Source(Table(given["surprise"]), expander))
    source.table.finish()
    return Explanation(
        given["title"],
        given["prose"],
        subject,
        tuple(definitions.items()),
        tuple(domains.items()),
        tuple(reader.claims),
        tuple(reader.cases),
        optimization,
    )


def _expander(
    definitions: Mapping[str, str], domains: Mapping[str, str], subject: Subject
) -> tuple[Expander, Mapping[str, Definition]]:
    known = read_definitions({**definitions, **domains}, domains.keys())
    return Expander(known, subject.sizes), known


def reader_of(explanation: Explanation) -> ClaimReader:
    """Reads more claims and cases with its definitions."""
    definitions, domains = dict(explanation.definitions), dict(explanation.domains)
    expander, _ = _expander(definitions, domains, explanation.subject)
    return ClaimReader(expander, explanation.subject.task)


def _subject(source: Source) -> Subject:
    given = source.all(model_keys())
    for key in ("seq_len", "hidden_size"):
        if not 1 <= given[key] <= LARGEST_SIZE:
            raise InputError(f"{key} is from 1 to {LARGEST_SIZE}, not {shown(given[key])}.")
    task = Task(given.pop("task"), given.pop("seq_len"))
    for key in ("sha256", "weights_sha256"):
        digits = given[key]
        if digits and (len(digits) != 64 or digits.strip("0123456789abcdef")):
            raise InputError(f"{key} must be 64 hexadecimal digits, not {shown(digits)}.")
        given[key] = digits or None
    if source.table.has("name") and not given["name"].strip():
        raise InputError("name must be the name of a model or a path to one, not an empty text.")
    source.table.finish()
    return Subject(task, **given | {"name": given["name"] or None})


def _check_definitions(
    expander: Expander, definitions: Mapping[str, Definition], formulas: set[str]
) -> None:
    """Those without parameters are expanded at once, so that mistakes are seen even if unused."""
    for name, definition in definitions.items():
        if definition.parameters:
            continue
        with within(definition.place):
            if name in formulas:
                expander.expand_formula(definition.body, {})
            else:
                expander.expand(definition.body, {})


def _optimization(source: Source) -> Optimization:
    given = source.all(SURPRISE)
    source.table.finish()
    bits = given["bits_of_optimization"]
    if not 0 <= bits <= MOST_BITS:
        raise InputError(f"bits_of_optimization is from 0 to {MOST_BITS}, not {shown(bits)}.")
    return Optimization(bits, given["note"])
