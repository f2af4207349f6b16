"""Options that several commands share, and how numbers on the command line are read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.program.task import Task, TieRule
    from algzoo_exact.zoo.loading import Model

LARGEST_COUNT = 10**15

_POWER = re.compile(r"(\d{1,4})(?:\^|\*\*)(\d{1,4})", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|min|m|h|)", re.ASCII)
_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_count(text: str | int) -> int:
    """A whole number from 1 to 10^15: ``1000``, ``10_000``, ``10,000``, ``1e7``, ``2^20``."""
    plain = str(text).strip().replace("_", "").replace(",", "")
    value = Decimal(0)
    if match := _POWER.fullmatch(plain):
        base, exponent = map(int, match.groups())
        if base < 2 or exponent < 64:  # else it is over the limit
            value = Decimal(base**exponent)
    else:
        try:
            value = Decimal(plain)
        except InvalidOperation:
            value = Decimal(0)
    if not (value.is_finite() and 1 <= value <= LARGEST_COUNT and value == int(value)):
        raise typer.BadParameter(
            f"{text!r} is not a whole number from 1 to 10^15, such as 5000, 1e7 or 2^20."
        )
    return int(value)


def parse_seconds(text: str | float) -> float:
    """A duration: ``30s``, ``2m``, ``1.5h``, ``500ms``, or a plain number of seconds."""
    match = _DURATION.fullmatch(str(text).strip().lower())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds < 1e9:
        raise typer.BadParameter(f"{text!r} is not a time such as 30s, 2m or 1.5h.")
    return seconds


ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="A .safetensors, .pth or .pt file, the name of a shipped model, "
        "or handcrafted:2nd_argmax_{2,3,10}.",
    ),
]
TaskOption = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help="2nd_argmax, argmax, argmedian or argoutlier, where the file does not tell.",
        show_default=False,
    ),
]
SeqLenOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default=False,
        help="The number of inputs that you expect; anything else is an error.",
    ),
]
TiesOption = Annotated[
    str,
    typer.Option(
        metavar="RULE",
        help="Where several logits share the maximum: the [bold]lowest[/bold] index wins, it "
        "counts as [bold]incorrect[/bold], or [bold]uniform[/bold] credit 1/(number tied).",
    ),
]
SeedOption = Annotated[int, typer.Option(metavar="N", help="Seed of the random inputs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def load_model(name: str, task: str | None, seq_len: int | None) -> Model:
    import algzoo_exact as az

    return az.load(name, task=task, seq_len=seq_len)


def task_of(model: Model) -> Task:
    """The model's task; InputError if nothing says which it is."""
    from algzoo_exact.program.task import TASK_NAMES

    if model.task is None:
        *first, last = TASK_NAMES
        raise InputError(
            f"Nothing says which task {model.name} is for; "
            f"add --task with {', '.join(first)} or {last}."
        )
    return model.task


def tie_rule(name: str) -> TieRule:
    from algzoo_exact.program.task import TIE_RULES

    if name not in TIE_RULES:
        raise InputError(f"Unknown tie rule {name!r}; choose from {', '.join(TIE_RULES)}.")
    return name
