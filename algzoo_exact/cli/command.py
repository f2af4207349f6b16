"""Commands as typer takes them: options come as values, and what a command says is printed."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from time import monotonic
from typing import Any, get_type_hints

import typer

from algzoo_exact.cli.options import INFO, JsonOption
from algzoo_exact.cli.output import emit
from algzoo_exact.present.document import Document, timed


@dataclass(frozen=True)
class Said:
    """What a command has to say, and its exit code."""

    document: Document
    code: int = 0


@dataclass(frozen=True)
class Timed(Said):
    """The same, and beside its first facts how long the command took."""


BAD_INPUT, INTERRUPTED = 2, 130  # the second as shells count


def stopped(line: str) -> typer.Exit:
    """The end of a command after Ctrl-C, of which ``line`` says what to do next."""
    print(line, file=sys.stderr)
    return typer.Exit(INTERRUPTED)


def command(function: Callable[..., Said | None]) -> Callable[..., None]:
    """The function as typer takes it.

    A parameter whose type is a dataclass stands for the options that are its fields (``option``
    makes them). There is ``--json``, unless the function returns None only, as it printed itself
    what it has to say; a function with a parameter ``as_json`` is told of it.
    """
    signature = inspect.signature(function, eval_str=True)
    parameters = dict(signature.parameters)
    groups: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in parameters.items()
        if is_dataclass(parameter.annotation)
    }
    told = "as_json" in parameters
    if signature.return_annotation is not None and not told:
        parameters["as_json"] = _parameter("as_json", JsonOption, False)

    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        as_json = given.get("as_json", False) if told else given.pop("as_json", False)
        began = monotonic()
        if said := function(**given):
            document = said.document
            if isinstance(said, Timed):
                document = timed(document, monotonic() - began)
            emit(document, as_json)
            raise typer.Exit(said.code)

    expanded = [part for parameter in parameters.values() for part in _expanded(parameter)]
    run.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    run.__name__ = function.__name__
    return run


def _expanded(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    group = parameter.annotation
    if not is_dataclass(group):
        yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        return
    hints = get_type_hints(group)
    for field in fields(group):
        yield _parameter(field.name, hints[field.name], field.metadata[INFO])


def _parameter(name: str, kind: Any, default: object) -> inspect.Parameter:
    only = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, only, default=default, annotation=kind)
