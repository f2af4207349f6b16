"""What commands print: JSON objects with stable keys, and aligned lines of text."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any

import algzoo_exact
from algzoo_exact.deadline import NEVER, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.zoo.loading import Model

Json = dict[str, Any]

TIE_TEXT = {
    "lowest": "lowest index wins",
    "incorrect": "count as incorrect",
    "uniform": "credit 1/(number tied)",
}
DIGITS = 30  # shown of a rational number, unless others are asked for
_BAR_AFTER = 1.0  # seconds; shorter runs show no progress bar
_LINE_AFTER = 10.0  # seconds, between lines where there is no terminal


def print_json(result: Json) -> None:
    print(json.dumps(result | {"version": algzoo_exact.__version__}, indent=2))


def print_fields(fields: Iterable[tuple[str, str]], width: int = 12) -> None:
    """One line for each name and text; further lines of a text are indented."""
    for name, text in fields:
        print(f"{name:<{width}} {text}".rstrip().replace("\n", "\n" + " " * (width + 1)))


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Rows of equally many texts, aligned to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        print(line.rstrip())


def model_json(model: Model) -> Json:
    from algzoo_exact.program.transformer import Transformer

    network = model.network
    heads = network.heads if isinstance(network, Transformer) else None
    return {
        "name": model.name,
        "sha256": model.sha256,
        "weights_sha256": model.weights_sha256,
        "hidden_size": network.hidden_size,
        "seq_len": network.seq_len,
        "parameters": network.parameters,
        "heads": heads,
        "heads_assumed": None if heads is None else model.heads_assumed,
    }


def model_text(model: Model) -> str:
    from algzoo_exact.program.transformer import Transformer

    network, shape = model.network, ""
    widths: tuple[int, ...] = (network.hidden_size,)
    if isinstance(network, Transformer):
        assumed = " (assumed: nothing states it)" if model.heads_assumed else ""
        heads = _several(network.heads, "head") + assumed
        shape = f"{_several(network.depth, 'layer')} of {heads}, "
    elif not network.is_rnn:
        widths = network.widths
    return (
        f"{model.name} (sha256 {model.sha256[:12]}): d = {', '.join(map(str, widths))}, "
        f"n = {network.seq_len}, {shape}{network.parameters} parameters, {model.dtype}"
    )


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def enclosure_json(enclosure: Enclosure, digits: int | None) -> Json:
    """End points rounded outward, by so little that the width stays visible.

    Two digits more than the width shows, so that rounding adds at most a fiftieth of it.
    """
    from algzoo_exact.exact.enclosure import places_for

    width = enclosure.width
    places = (places_for(width) if width else digits or DIGITS) + 2
    lower, upper = enclosure.decimal(places)
    return {"lower": lower, "upper": upper}


class _Lines:
    """A line on stderr now and then while code is compiled, which happens once and is a surprise;
    nothing else, since what is no terminal may be a log."""

    def __init__(self, label: str) -> None:
        self.label, self.next = label, 0.0

    def __call__(self, fraction: float, text: str) -> None:
        from algzoo_exact.score.compiling import COMPILING

        if COMPILING in text and time.monotonic() > self.next:
            self.next = time.monotonic() + _LINE_AFTER
            print(f"{self.label}: {text}", file=sys.stderr)


@contextmanager
def progress_bar(label: str, deadline: Deadline = NEVER) -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr with the time left, if that is a terminal and the block takes over a second;
    else a line now and then while code is compiled.

    The time left is that until the ``deadline``, or else what rich guesses from the progress.
    There is no bar in processes that work for another one.
    Gives the function to call with the fraction done and a line of text.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Countdown(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{deadline.left:.0f} s left")

    console = Console(stderr=True)
    if parent_process():
        yield lambda fraction, text: None
        return
    # FORCE_COLOR makes any file a terminal in rich's eyes, and a log would fill with bars.
    if not (console.is_terminal and console.file.isatty()):
        yield _Lines(label)
        return
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        Countdown() if deadline.limited else TimeRemainingColumn(), console=console, transient=True,
    )  # fmt: skip
    row = bar.add_task(label, total=None)
    timer = threading.Timer(_BAR_AFTER, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda fraction, text: bar.update(
            row, total=1.0, completed=fraction, description=f"{label}: {text}"
        )
    finally:
        timer.cancel()
        bar.stop()
