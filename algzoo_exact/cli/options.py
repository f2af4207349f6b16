"""Options as fields of values, those that several commands share, and how numbers are read.

A parameter of a command may be such a value: see ``command``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import MISSING, asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import monotonic
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    TypeAlias,
    TypedDict,
    TypeVar,
    dataclass_transform,
)

import typer

import algzoo_exact as az
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError, one_of
from algzoo_exact.files import check_place
from algzoo_exact.names import printable
from algzoo_exact.progress import Progress

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from algzoo_exact.program.task import TieRule

_Options = TypeVar("_Options")
_Usual = TypeVar("_Usual", int, None)
Bar: TypeAlias = Callable[[str, Deadline], AbstractContextManager[Progress]]
"""What shows the progress of a piece of work, by its name, until a deadline."""

LARGEST_COUNT = 10**15

_POWER = re.compile(r"(\d{1,4})(?:\^|\*\*)(\d{1,4})", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|min|m|h|)", re.ASCII)
_POSITION = re.compile(r"\d{1,4}", re.ASCII)
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


def parse_rename(text: str | dict[str, str]) -> dict[str, str]:
    """Our name and the file's: ``linear.weight=head.w,rnn.weight_hh_l0=W.T``."""
    if isinstance(text, dict):
        return text
    pairs = [part.partition("=") for part in text.split(",")]
    found = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    if len(found) < len(pairs) or not all(ours and theirs for ours, theirs in found.items()):
        raise typer.BadParameter(
            f"{text!r} does not say which matrix is which; write OURS=THEIRS, such as "
            "linear.weight=head.w, with commas between several."
        )
    return found


def check_target(path: Path | None, suffixes: tuple[str, ...]) -> None:
    """InputError for a file that could not be written, before the work rather than after it."""
    if path is not None:
        if path.suffix not in suffixes:
            raise InputError(f"Cannot write {path}: its name must end in {' or '.join(suffixes)}.")
        check_place(path)


def deadline_after(context: typer.Context, seconds: float | None) -> Deadline:
    """So many seconds after the process started, if it serves this command alone; else from now."""
    if seconds is None:
        return NEVER
    return Deadline((monotonic() if context.obj is None else context.obj) + seconds)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options(made: type[_Options]) -> type[_Options]:
    """A value whose fields are options of commands."""
    return dataclass(frozen=True, kw_only=True)(made)


REQUIRED = MISSING
INFO = "typer"
"""The key of a field's metadata with what typer is told of its option."""


def option(default: object, value: str, help: str, *names: str, **more: Any) -> Any:
    """A field for an option.

    ``value`` stands for its value in the help. It is called by the field's name, unless there are
    other ``names``. ``more`` is typer's.
    """
    return _field(default, typer.Option, *names, metavar=value, help=help, **more)


def count(default: object, help: str, *names: str) -> Any:
    """A field for a whole number that may be large, such as 1e6 or 2^20."""
    return option(default, "N", help, *names, parser=parse_count)


def duration(default: object, help: str, *names: str, **more: Any) -> Any:
    """A field for a time in seconds, given as 30s or 2m."""
    return option(default, "TIME", help, *names, parser=parse_seconds, **more)


def output(value: str, help: str) -> Any:
    """A field for where the command writes to."""
    return option(REQUIRED, value, help, "--output", "-o")


def flag(name: str, help: str) -> Any:
    """A field for an option without a value."""
    return _field(False, typer.Option, name, help=help)


def argument(default: object, value: str, help: str) -> Any:
    """A field for a word without a name."""
    return _field(default, typer.Argument, metavar=value, help=help, show_default=False)


def _field(default: Any, make: Callable[..., object], *names: str, **more: Any) -> Any:
    info = make(... if default is REQUIRED else default, *names, **more)
    return field(default=default, metadata={INFO: info})


_MODEL = (
    "A .safetensors, .pth, .pt or .npz file, its https:// address, the name of a shipped "
    "model, handcrafted:2nd_argmax_{2,3,10}, or one of AlgZoo's, such as "
    "algzoo:2nd_argmax_16_10 ([bold]algzoo-exact zoo list[/bold])"
)
ModelsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL..", show_default=False, help=f"{_MODEL}; several, or a folder of files."
    ),
]


JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class Watched(TypedDict):
    """What functions are told that may take long."""

    time_limit: float | None
    progress: Progress


class Running(Watched):
    """The same of those that share their work, and go on after a kill."""

    workers: int | Executor
    state: Path | None


@contextmanager
def watched(label: str, deadline: Deadline = NEVER) -> Iterator[Watched]:
    """What a function is told beside a bar of that label."""
    with progress_bar(label, deadline) as advance:
        yield {"time_limit": deadline.timeout, "progress": advance}


@options
class TimeLimit:
    deadline: Deadline = duration(
        None, "Stop after 30s, 2m, ... with what is known by then.", "--time-limit",
        callback=deadline_after,
    )  # fmt: skip


@options
class Sharing:
    """Who shares the work."""

    workers: int | None = option(
        None, "N", "Processes; by default two if the run is expected to be long.", min=1
    )
    scheduler: str | None = option(
        None, "ADDRESS", "Let the workers of a Dask cluster do it: its scheduler's address.",
        hidden=True,
    )  # fmt: skip

    @contextmanager
    def shared(self, usual: _Usual) -> Iterator[int | Executor | _Usual]:
        """So many processes, ``usual`` where nothing is said, or the cluster's executor."""
        if self.scheduler is None:
            yield self.workers or usual
            return
        if self.workers is not None:
            raise InputError("--workers are of this machine; with --scheduler leave them out.")
        from algzoo_exact.cluster import dask_workers

        with dask_workers(self.scheduler) as executor:
            yield executor


@options
class Lasting(Sharing):
    """The same, of work that a kill does not end."""

    state: Path | None = option(
        None, "FILE", "Keep what is done in this file: the same command goes on from it, whatever "
        "ended it, and [bold]algzoo-exact status[/bold] says how far it is.",
    )  # fmt: skip

    @contextmanager
    def running(self, label: str, deadline: Deadline = NEVER) -> Iterator[Running]:
        """What a function is told beside a bar of that label; by default two processes share its
        work."""
        with watched(label, deadline) as told, self.shared(2) as workers:
            yield {**told, "workers": workers, "state": self.state}

    def refuse_state(self, why: str) -> None:
        """InputError if there is a state, though there is none ``why``."""
        if self.state is not None:
            raise InputError(f"There is no --state {why}; leave it out.")


@options
class Facts:
    """The task and the number of inputs, where a model's file does not tell."""

    task: str | None = option(
        None, "TASK", "2nd_argmax, argmax, argmedian, argoutlier, median or longest_cycle, where "
        "the file does not tell.",
    )  # fmt: skip
    seq_len: int | None = option(
        None, "N", "The number of inputs. A median model's weights do not tell it; for others, a "
        "number that is not theirs is an error.",
    )  # fmt: skip


@options
class Heads:
    """The same of a transformer."""

    heads: int | None = option(
        None, "N", "A transformer's attention heads, where the file does not tell; else 1."
    )


_OF_LOAD = ("task", "seq_len", "architecture", "rename", "heads")


@options
class Sizes(Facts):
    """How a model's file is to be read."""

    architecture: str | None = option(
        None, "NAME", "mlp: the matrices are a perceptron's, with ReLU between them."
    )
    rename: Any = option(
        None, "OURS=THEIRS,..", "Which matrix is which, where the file has other names: "
        "linear.weight=head.w, for instance; .T after its name transposes one.",
        parser=parse_rename,
    )  # fmt: skip

    def given(self) -> dict[str, Any]:
        """As arguments of ``load``."""
        return {name: value for name, value in asdict(self).items() if name in _OF_LOAD}

    def load(self, name: str) -> az.Model:
        """The model of that name, with a progress bar; what was taken for what is said."""
        model = load_model(name, self)
        if model.taken:
            pairs = ", ".join(f"{ours} = {theirs}" for ours, theirs in model.taken.items())
            note = f"note: by names and shapes: {printable(pairs)}; --rename says otherwise"
            print(note, file=sys.stderr)
        return model


@options
class AllSizes(Heads, Sizes):
    """The same, where it may be a transformer's."""


@options
class Subject(Sizes):
    """The model that a command is about, and how its file is to be read."""

    model: str = argument(REQUIRED, "MODEL", f"{_MODEL}.")

    def loaded(self) -> az.Model:
        return self.load(self.model)


@options
class AnySubject(Heads, Subject):
    """The same, where it may be a transformer."""


@options
class Ties:
    ties: str = option(
        "lowest", "RULE", "Where several logits share the maximum: the [bold]lowest[/bold] index "
        "wins, it counts as [bold]incorrect[/bold], or [bold]uniform[/bold] credit 1/(number "
        "tied).",
    )  # fmt: skip

    @property
    def rule(self) -> TieRule:
        """The rule of that name; InputError if there is none."""
        return tie_rule(self.ties)


@options
class Rules(Ties):
    """What a model should answer, and what counts as its answer."""

    teacher: str | None = option(None, "MODEL", "Another model, whose answers are the labels.")

    def task_of(self, model: az.Model) -> az.Task:
        """Its task, or that of answering like the teacher."""
        if self.teacher is None:
            return task_of(model)
        from algzoo_exact.program.task import teacher

        other = load_model(self.teacher)
        return teacher(
            other.program, f"answers of {other.name} (weights {other.weights_sha256[:12]})"
        )


@options
class Subspace:
    """A linear subspace of the inputs."""

    zero: str | None = option(None, "I,J,..", "On the section where these inputs are 0, as 2,3.")
    equal: list[str] = option(
        (), "I,J,..", "On the section where these inputs are equal, as 0,1; may be repeated."
    )
    basis: Path | None = option(
        None, "FILE", "On the section x = E y: E as .json, a list of n rows of m numbers or texts "
        'such as "1/3".',
    )  # fmt: skip
    shared: str = option(
        "none", "RULE", "The label on a section where several qualify: [bold]none[/bold], so that "
        "nothing is right or wrong there, or the [bold]lowest[/bold].",
    )  # fmt: skip

    @property
    def chosen(self) -> bool:
        """Whether a section is asked for."""
        return self.zero is not None or bool(self.equal) or self.basis is not None

    def of(self, model: az.Model, task: az.Task) -> az.Section | None:
        """The section that is asked for; InputError where it is none, and for a rule alone."""
        from algzoo_exact.analysis.sections import read_basis, section

        if not self.chosen:
            if self.shared != "none":
                raise InputError("--shared is for sections; give --zero, --equal or --basis too.")
            return None
        basis = None if self.basis is None else read_basis(self.basis)
        zero = () if self.zero is None else _positions("--zero", self.zero)
        equal = [_positions("--equal", group) for group in self.equal]
        shared: Any = self.shared
        return section(model, basis, task, zero=zero, equal=equal, shared=shared)


def _positions(option: str, text: str) -> list[int]:
    """Positions of inputs, as ``2,3``."""
    words = text.replace(" ", "").split(",")
    if not all(_POSITION.fullmatch(word) for word in words):
        raise InputError(f"{option} takes positions of inputs such as 2,3, not {text!r:.60}.")
    return [int(word) for word in words]


@options
class Noise:
    noise: float | None = option(
        None, "STD", "First add Gaussian noise of this standard deviation to every weight."
    )
    noise_seed: int | None = option(None, "N", "Seed of the noise; 0 unless given.")
    noise_relative: bool = flag(
        "--noise-relative", "STD is a share of the root mean square of each weight matrix."
    )

    def on(self, model: az.Model) -> az.Model:
        """The model with noise on its weights, if that is asked for."""
        if self.noise is None:
            if self.noise_seed is not None or self.noise_relative:
                raise InputError("--noise-seed and --noise-relative need --noise STD.")
            return model
        return az.perturb(model, self.noise, self.noise_seed or 0, relative=self.noise_relative)


@options
class Seed:
    seed: int = option(0, "N", "Seed of the random inputs.")


def load_model(name: str, sizes: Sizes | None = None, bar: Bar | None = None) -> az.Model:
    with (bar or progress_bar)("loading", NEVER) as advance:
        return az.load(name, **(sizes or Sizes()).given(), progress=advance)


def task_of(model: az.Model) -> az.Task:
    """InputError if nothing says which it is."""
    from algzoo_exact.program.task import tasks_for

    if model.task is None:
        *others, last = tasks_for(model.network)
        names = f"{', '.join(others)} or {last}" if others else last
        raise InputError(f"Nothing says which task {model.name} is for; add --task with {names}.")
    return model.task


def tie_rule(name: str) -> TieRule:
    """InputError if there is none of that name."""
    from algzoo_exact.program.task import TIE_RULES

    return one_of("tie rule", name, TIE_RULES)
