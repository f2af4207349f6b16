"""The head of a story: what a person wrote so far, or a title and what it is about; and the text of
the whole with what is proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TypeAlias

from algzoo_exact.drafting.proposal import Proposal, Value, in_lines
from algzoo_exact.drafting.specimen import Specimen
from algzoo_exact.explain.language.toml_tables import toml_value
from algzoo_exact.explain.story import Explanation
from algzoo_exact.program.fingerprint import weights_sha256
from algzoo_exact.program.ir import HasProgram, Program

Model: TypeAlias = Program | HasProgram

_COMMENT = 98  # characters of a line


@dataclass(frozen=True)
class Head:
    """``text`` is TOML; ``names`` are those of its claims, cases and definitions, which are taken.

    ``model`` is what the story is about, and ``has_cases`` says whether it has cases already.
    """

    text: str
    model: Model
    names: frozenset[str] = frozenset()
    has_cases: bool = False

    def with_parts(self, parts: Sequence[Proposal], remarks: Iterable[str] = ()) -> str:
        """The whole story; remarks stand as comments at its end."""
        text = self.text.rstrip("\n") + "\n"
        for title in ("definitions", "domains"):
            tables: list[Mapping[str, str]] = [getattr(part, title) for part in parts]
            lines = {name: body for table in tables for name, body in table.items()}
            text = _with_table(text, title, lines)
        for part in parts:
            for heading, blocks in (
                (part.found, part.claims),
                ("What follows for the answers.", part.cases),
            ):
                if blocks:
                    said = [f"\n{comment(heading)}\n", *(block.toml() for block in blocks)]
                    text += "\n".join(said)
        for remark in remarks:
            text += "\n" + comment(remark) + "\n"
        return text


def new_head(specimen: Specimen, model: Model, name: str | None) -> Head:
    """For a story that begins here; ``name`` is what ``load`` takes to get the model."""
    title = f"A draft about {getattr(model, 'name', 'a model')}"
    keys: dict[str, Value] = {
        "task": specimen.task.name,
        "hidden_size": specimen.d,
        "seq_len": specimen.n,
        **({} if name is None else {"name": name}),
        "weights_sha256": weights_sha256(specimen.original),
        "standard": specimen.standard,
    }
    lines = [f"title = {toml_value(title)}", "", "[model]"]
    lines += (f"{key} = {toml_value(value)}" for key, value in keys.items())
    return Head("\n".join(lines), model)


def given_head(text: str, story: Explanation, model: Model) -> Head:
    """A person's story, to be completed."""
    parts = [claim.name for claim in story.claims] + [case.name for case in story.cases]
    headings = [heading for heading, _ in (*story.definitions, *story.domains)]
    names = frozenset([*parts, *(heading.partition("(")[0].strip() for heading in headings)])
    return Head(text, model, names, bool(story.cases))


def comment(text: str) -> str:
    """As lines that TOML skips."""
    return fill(
        text, _COMMENT, initial_indent="# ", subsequent_indent="# ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _with_table(text: str, title: str, entries: Mapping[str, str]) -> str:
    """The text with lines more in a table, which is there or begins at the end."""
    if not entries:
        return text
    lines = "".join(
        f"{toml_value(name)} = {toml_value(in_lines(body))}\n" for name, body in entries.items()
    )
    line = re.compile(rf"^\[{title}\][ \t]*(#.*)?$", re.M)
    found = line.search(text)
    if found is None:
        return f"{text}\n[{title}]\n{lines}"
    at = found.end() + 1
    return f"{text[:at]}{lines}{text[at:]}"
