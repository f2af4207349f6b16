"""Ctrl-C (SIGINT), redirected or held back for as long as a block runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_to(react: Callable[[Callable[[], None]], None]) -> Iterator[None]:
    """Ctrl-C calls ``react`` with what it would have called, which raises KeyboardInterrupt as a
    rule.

    Nothing changes where Ctrl-C is ignored, as in a shell's background jobs, nor outside the main
    thread, where it never comes.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        react(lambda: before(number, frame))

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupts_noted() -> Iterator[list[int]]:
    """A list that Ctrl-C adds to; it still does what it did."""
    seen: list[int] = []

    def note(go_on: Callable[[], None]) -> None:
        seen.append(signal.SIGINT)
        go_on()

    with interrupts_to(note):
        yield seen


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the block ends, and never reaches a process that starts in it.

    A process inherits what is held: while it imports, its own setting is not in force yet.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
