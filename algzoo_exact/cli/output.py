"""What commands print: documents, as text or as JSON with stable keys; and progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from typing import TYPE_CHECKING

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.present.document import Document
from algzoo_exact.progress import Progress, bar

if TYPE_CHECKING:
    from algzoo_exact.tables import Row

WIDEST = 30  # characters of a name, after which the others stand in line
_BAR_AFTER = 1.0  # seconds; shorter runs show no progress bar
_LINE_AFTER = 10.0  # seconds, between lines where there is no terminal


def emit(document: Document, as_json: bool) -> None:
    """Print a document, as text or as JSON; verdicts have colours on a terminal that has some."""
    from rich.console import Console

    from algzoo_exact.present.writers.data import to_json
    from algzoo_exact.present.writers.terminal import to_terminal

    if as_json:
        print(to_json(document), end="")
    else:
        print(to_terminal(document, colours=Console().color_system is not None), end="")


def score_lines(names: Iterable[str], *, quiet: bool) -> Callable[[str, Row], None]:
    """Prints the row of each of the names in a line as it is done, unless that is to be quiet."""
    from algzoo_exact.present.documents.scores import score_line

    width = min(WIDEST, max(map(len, names)))

    def told(name: str, row: Row) -> None:
        if not quiet:
            print(score_line(name, width, row), end="", flush=True)

    return told


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
def progress_bar(label: str, deadline: Deadline = NEVER) -> Iterator[Progress]:
    """A bar on stderr with the time left, if that is a terminal and the block takes over a second;
    else a line now and then while code is compiled.

    There is no bar in processes that work for another one.
    Gives the function to call with the fraction done and a line of text.
    """
    if parent_process():
        yield lambda fraction, text: None
    elif sys.stderr.isatty():
        with bar(label, _BAR_AFTER, deadline) as tell:
            yield tell
    else:
        yield _Lines(label)
