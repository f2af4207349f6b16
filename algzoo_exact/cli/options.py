"""Options that several commands share, and how numbers on the command line are read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError, did_you_mean

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


def deadline_after(context: typer.Context, seconds: float | None) -> Deadline:
    """So many seconds after the process started, if it serves this command alone; else from now."""
    if seconds is None:
        return NEVER
    return Deadline((monotonic() if context.obj is None else context.obj) + seconds)


ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="A .safetensors, .pth or .pt file, its https:// address, the name of a shipped "
        "model, handcrafted:2nd_argmax_{2,3,10}, or one of AlgZoo's, such as "
        "algzoo:2nd_argmax_16_10 ([bold]algzoo-exact zoo list[/bold]).",
    ),
]
TaskOption = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help="2nd_argmax, argmax, argmedian, argoutlier, median or longest_cycle, where the file "
        "does not tell.",
        show_default=False,
    ),
]
TeacherOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Another model, whose answers are the labels.",
        show_default=False,
    ),
]
SeqLenOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default=False,
        help="The number of inputs. A median model's weights do not tell it; for others, a "
        "number that is not theirs is an error.",
    ),
]
HeadsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default=False,
        help="A transformer's attention heads, where the file does not tell; else 1.",
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
NoiseOption = Annotated[
    float | None,
    typer.Option(
        metavar="STD",
        show_default=False,
        help="First add Gaussian noise of this standard deviation to every weight.",
    ),
]
NoiseSeedOption = Annotated[
    int | None,
    typer.Option(metavar="N", show_default=False, help="Seed of the noise; 0 unless given."),
]
NoiseRelativeOption = Annotated[
    bool,
    typer.Option(
        "--noise-relative",
        help="STD is a share of the root mean square of each weight matrix.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def load_model(name: str, task: str | None, seq_len: int | None, heads: int | None = None) -> Model:
    import algzoo_exact as az
    from algzoo_exact.cli.output import progress_bar

    with progress_bar("loading") as advance:
        return az.load(name, task=task, seq_len=seq_len, heads=heads, progress=advance)


def with_noise(model: Model, noise: float | None, seed: int | None, relative: bool) -> Model:
    """The model with noise on its weights, if that is asked for."""
    import algzoo_exact as az

    if noise is None:
        if seed is not None or relative:
            raise InputError("--noise-seed and --noise-relative need --noise STD.")
        return model
    return az.perturb(model, noise, seed or 0, relative=relative)


def task_of(model: Model, teacher: str | None = None) -> Task:
    """The model's task, or that of answering like a teacher; InputError if nothing says which."""
    from algzoo_exact.program.task import tasks_for
    from algzoo_exact.program.task import teacher as answers_of

    if teacher is not None:
        other = load_model(teacher, None, None)
        name = f"answers of {other.name} (weights {other.weights_sha256[:12]})"
        return answers_of(other.program, name)
    if model.task is None:
        *others, last = tasks_for(model.network)
        names = f"{', '.join(others)} or {last}" if others else last
        raise InputError(f"Nothing says which task {model.name} is for; add --task with {names}.")
    return model.task


def tie_rule(name: str) -> TieRule:
    from algzoo_exact.program.task import TIE_RULES

    if name not in TIE_RULES:
        raise InputError(
            f"Unknown tie rule {name!r}{did_you_mean(name, TIE_RULES)}; choose from "
            f"{', '.join(TIE_RULES)}."
        )
    return name
