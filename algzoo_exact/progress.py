"""Progress of long calls: a bar with the time left, in a terminal or a notebook.

Functions that take a ``progress`` of their caller show one unasked, where somebody looks on, from
the second second; none within another one, or in processes that work for another.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from html import escape
from multiprocessing import parent_process
from typing import Any, ParamSpec, TypeAlias, TypeVar

from algzoo_exact.deadline import NEVER, Deadline

Progress: TypeAlias = Callable[[float, str], None]
"""Called with the fraction done (0 to 1) and one line about what is known so far."""

_P = ParamSpec("_P")
_R = TypeVar("_R")

_AFTER = 2.0  # seconds; shorter calls show no bar
_EVERY = 0.5  # seconds between two looks of a notebook's bar
_shown: ContextVar[bool] = ContextVar("a bar is shown", default=False)


def shows_progress(
    label: str, told: Callable[[Progress], Callable[..., None]] = lambda tell: tell
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """For functions with a keyword ``progress``: where it is not given, a bar. ``told`` makes what
    the function calls of what a bar is told."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        run: Any = function

        @wraps(function)
        def called(*args: _P.args, **given: _P.kwargs) -> _R:
            if given.get("progress") is not None or not is_watched():
                return function(*args, **given)
            with bar(label, _AFTER) as tell:
                found: _R = run(*args, **{**given, "progress": told(tell)})
            return found

        return called

    return decorate


def counted(tell: Progress) -> Callable[[int, int], None]:
    """Progress as two numbers: done, of all."""
    return lambda done, total: tell(done / total, f"{done:,} of {total:,}")


def in_words(tell: Progress) -> Callable[[str], None]:
    """Progress as a line of text, without a fraction."""
    return lambda text: tell(0.0, text)


def is_watched() -> bool:
    """Whether a bar would be seen, and there is none."""
    return not (_shown.get() or parent_process()) and (
        _notebook() is not None or sys.stderr.isatty()
    )


@contextmanager
def bar(label: str, after: float, deadline: Deadline = NEVER) -> Iterator[Progress]:
    """A bar in the notebook's cell, else on stderr, if the block takes longer than ``after``
    seconds. The time left is that until the ``deadline``, or else a guess from the progress."""
    token = _shown.set(True)
    try:
        notebook = _notebook()
        made = (
            _in_terminal(label, after, deadline)
            if notebook is None
            else _InCell(notebook, label, after)
        )
        with made as tell:
            yield tell
    finally:
        _shown.reset(token)


def _notebook() -> Any:
    """IPython's displays, in a kernel."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return sys.modules["IPython.display"] if hasattr(shell, "kernel") else None


class _InCell:
    """A bar in HTML, which goes when the work is done. (rich's needs a package of widgets.)"""

    def __init__(self, displays: Any, label: str, after: float) -> None:
        self.displays, self.label = displays, label
        self.begin = time.monotonic()
        self.next, self.handle = self.begin + after, None

    def __enter__(self) -> Progress:
        return self

    def __call__(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + _EVERY
        left = ""
        if fraction > 0:
            left = f"; about {(now - self.begin) * (1 / fraction - 1):.0f} s left"
        self._show(
            f'<progress max="1" value="{fraction:.4f}"></progress> '
            f"{escape(f'{self.label}: {text}{left}')}"
        )

    def _show(self, html: str) -> None:
        shown = self.displays.HTML(html)
        if self.handle is None:
            self.handle = self.displays.display(shown, display_id=True)
        else:
            self.handle.update(shown)

    def __exit__(self, *failure: object) -> None:
        if self.handle is not None:
            self._show("")


@contextmanager
def _in_terminal(label: str, after: float, deadline: Deadline) -> Iterator[Progress]:
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

    shown = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        Countdown() if deadline.limited else TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else lines for a pipe would come out on stderr
    )  # fmt: skip
    row = shown.add_task(label, total=None)
    timer = threading.Timer(after, shown.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda fraction, text: shown.update(
            row, total=1.0, completed=fraction, description=f"{label}: {text}"
        )
    finally:
        timer.cancel()
        shown.stop()
