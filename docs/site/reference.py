"""Fills in the parts of the reference pages that the package itself knows.

``python docs/site/reference.py`` rewrites PAGES. A part begins with a line such as one of these and
ends with ``<!-- end -->``; what stands between is replaced:

* ``<!-- python: load, explain.outcome.Figure -->``: signatures and docstrings of public names, and
  of others by their module;
* ``<!-- commands -->``: all commands with the first sentence of their help;
* ``<!-- shared options -->``: the options that several commands have in common;
* ``<!-- options: accuracy -->``: what a command is for, and its options;
* ``<!-- estimators -->``: the entries of the race.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from typer.main import get_command

import algzoo_exact
from algzoo_exact.cli.app import app
from algzoo_exact.race.registry import estimator, names

DOCS = Path(__file__).parents[1]
PAGES = ("api.md", "cli.md", "notes/estimators.md")
PART = re.compile(r"^<!-- ([a-z ]+)(?:: (.*?))? -->\n(.*?)^<!-- end -->$", re.M | re.S)
LONG = 40  # a default that is not shown
SHARED = 3  # commands that have an option in common before it stands in the shared table


def filled(text: str) -> str:
    """The text of a page with its parts made anew."""

    def fill(match: re.Match[str]) -> str:
        sort, names = match[1], match[2] or ""
        body = "\n\n".join(_PARTS[sort](name) for name in names.split(", "))
        mark = f"{sort}: {names}" if names else sort
        return f"<!-- {mark} -->\n\n{body}\n\n<!-- end -->"

    return PART.sub(fill, text)


def _markdown(docstring: str) -> str:
    """Names between double backticks become code; public classes and functions become links."""

    def code(match: re.Match[str]) -> str:
        name = match[1].removesuffix("()")
        thing = getattr(algzoo_exact, name, None) if name in algzoo_exact.__all__ else None
        links = isinstance(thing, type) or (thing and match[1].endswith("()"))
        return f"[`{match[1]}`](#{_anchor(name)})" if links else f"`{match[1]}`"

    return re.sub(r"``(.+?)``", code, docstring, flags=re.S)


def _anchor(name: str) -> str:
    is_class = isinstance(getattr(algzoo_exact, name), type)
    return f"class-{name.lower()}" if is_class else name


def _signature(name: str, function: Any) -> str:
    """As one calls it: names and defaults (long ones as ...), and what comes back."""
    signature = inspect.signature(function)
    words = []
    starred = False
    for key, parameter in signature.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            words.append("*")
            starred = True
        value = repr(parameter.default).replace("'", '"')
        shown = "..." if len(value) > LONG else value
        if key != "self":
            words.append(key if parameter.default is parameter.empty else f"{key}={shown}")
    result = str(signature.return_annotation).replace("'", "").replace('"', "")
    back = "" if signature.return_annotation in (signature.empty, "None") else f" -> {result}"
    return f"`{name}({', '.join(words)}){back}`"


def _entry(place: str) -> str:
    room, _, name = place.rpartition(".")
    home = (
        algzoo_exact.tasks if room == "tasks" else import_module(f"algzoo_exact.{room}".strip("."))
    )
    thing = getattr(home, name)
    text = _markdown(inspect.getdoc(thing) or "")
    if not isinstance(thing, type):
        return f"### {place}\n\n{_signature(place, thing)}\n\n{text}"
    lines = [f"### class {name}", text]
    fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    shown = [f"`{f.name}: {f.type}`".replace('"', "'") for f in fields if f.name[0] != "_"]
    if shown:
        lines.append(f"Fields: {', '.join(shown)}.")
    members = "\n".join(_members(thing))
    return "\n\n".join([*lines, members] if members else lines)


def _members(thing: type) -> Iterator[str]:
    """Properties and methods with the first sentence of what is said of them."""
    ours = [part for part in thing.__mro__ if part.__module__.startswith("algzoo_exact")]
    known: dict[str, Any] = {}
    for part in ours:
        known = vars(part) | known
    for name, member in known.items():
        inner = getattr(member, "__func__", member)  # of class methods
        told = inspect.getdoc(inner)
        shown_here = isinstance(member, property) or inspect.isfunction(inner)
        if name.startswith("_") or not told or not shown_here:
            continue
        shown = f"`{name}`" if isinstance(member, property) else _signature(name, inner)
        first = " ".join(told.partition("\n\n")[0].split())
        yield f"- {shown}: {_markdown(first)}"


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """All commands by the words that call them, ``zoo list`` among them."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def _plain(text: str) -> str:
    """Help in one line, without the colours."""
    return " ".join(re.sub(r"\[/?(?:bold|dim|italic|cyan|/)*\]", "", text or "").split())


def _row(option: Any) -> str:
    ways = ", ".join(f"`{way}`" for way in option.opts)
    value = "" if option.is_flag else f" `{option.metavar or option.name.upper()}`"
    default = option.default
    given = not any(default is nothing for nothing in (None, False, ()))
    told = given and not callable(default) and option.show_default
    known = f" Default: `{getattr(default, 'value', default)}`." if told else ""
    return f"| {ways}{value} | {_plain(option.help)}{known} |".replace("\\|", "|")


def _rows(command: Any) -> list[str]:
    options = [p for p in command.params if p.opts[0].startswith("-") and p.name != "help"]
    return [_row(option) for option in options]


ALL = dict(_commands(get_command(app)))
_COUNTS = Counter(row for command in ALL.values() for row in _rows(command))


def _is_shared(row: str) -> bool:
    return _COUNTS[row] >= SHARED


def _table(heads: str, rows: list[str]) -> str:
    return "\n".join([f"| {heads} | |", "| --- | --- |", *rows])


def _command_table(_: str) -> str:
    def row(name: str, command: Any) -> str:
        values = (p.metavar or p.name.upper() for p in command.params if p.opts[0][0] != "-")
        call = " ".join([name, *(value.strip("{}[]") for value in values)])
        first = _plain(command.help.partition("\n\n")[0]).partition(". ")[0].rstrip(".") + "."
        return f"| [`{call}`](#{name.split()[0]}) | {first} |"

    return _table("command", [row(name, command) for name, command in ALL.items()])


def _shared_table(_: str) -> str:
    return _table("option", [row for row in _COUNTS if _is_shared(row)])


def _options(name: str) -> str:
    command = ALL[name]
    rows = _rows(command)
    shared = [row.split("`")[1] for row in rows if _is_shared(row)]
    paragraphs = [_plain(part) for part in (command.help or "").split("\n\n")]
    own = [row for row in rows if not _is_shared(row)]
    if own:
        paragraphs.append(_table("option", own))
    if shared:
        paragraphs.append(f"[Shared](#shared-options): {', '.join(f'`{s}`' for s in shared)}.")
    return "\n\n".join(paragraphs)


def _estimators(_: str) -> str:
    entries = [estimator(name) for name in names()]
    rows = [f"| `{entry.name}` | {entry.kind} | {entry.summary} |" for entry in entries]
    return "\n".join(["| entry | kind | what it does |", "| --- | --- | --- |", *rows])


_PARTS = {
    "python": _entry,
    "commands": _command_table,
    "shared options": _shared_table,
    "options": _options,
    "estimators": _estimators,
}


if __name__ == "__main__":
    for page in (DOCS / name for name in PAGES):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
