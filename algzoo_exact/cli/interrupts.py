"""Ctrl-C: wherever it strikes, a command ends with what it has, or with one line."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from algzoo_exact.signals import interrupts_noted

_LATER = 0.05  # seconds, in which a callback from C returns


@contextmanager
def noticing_interrupts() -> Iterator[list[int]]:
    """A list that Ctrl-C adds to. It still raises, and bounds answer with what they have.

    Where it strikes inside a compiler or a pool of processes, those raise errors of their own:
    they become a KeyboardInterrupt.
    """
    with interrupts_noted() as seen:
        try:
            yield seen
        except Exception:
            if seen:
                raise KeyboardInterrupt from None
            raise


@contextmanager
def interrupts_kept() -> Iterator[list[int]]:
    """A list that Ctrl-C adds to, and what Python cannot raise ends or continues as it should.

    Where Ctrl-C strikes in a callback from C, as compilers make them, Python drops it: it comes
    again. Where it strikes in a constructor, Python prints what the destructor of the half-made
    object says: that is no news.
    """
    before = sys.unraisablehook

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            main = threading.main_thread().ident or 0
            again = threading.Timer(_LATER, signal.pthread_kill, (main, signal.SIGINT))
            again.daemon = True
            again.start()
        elif not seen:
            before(dropped)

    with interrupts_noted() as seen:
        sys.unraisablehook = hook
        try:
            yield seen
        finally:
            sys.unraisablehook = before
