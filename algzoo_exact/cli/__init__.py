"""The command ``algzoo-exact``; see docs/cli.md.

Nothing that takes long to import (numba, torch, sympy, ...) is imported before a command runs.
"""

from __future__ import annotations

import os
import signal
import sys
from io import TextIOWrapper
from time import monotonic, process_time

from algzoo_exact.signals import interrupts_held


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        _open_standard_files()
        with interrupts_held():  # in some places Python makes another error of it
            from algzoo_exact.cli.app import app

        if isinstance(sys.stdout, TextIOWrapper):  # ASCII, say, has no "≤"
            sys.stdout.reconfigure(errors="backslashreplace")
        app(obj=_process_start())
    except KeyboardInterrupt:  # no command has begun
        print("interrupted: there is no result yet", file=sys.stderr)
        sys.exit(130)
    finally:
        # All is said; the interpreter's own end takes half a second where torch was loaded.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _process_start() -> float:
    """By ``time.monotonic``: an interpreter that starts does little but use the processor."""
    return monotonic() - process_time()


def _open_standard_files() -> None:
    """Let what is closed of standard input, output and error be the null device, as after ``>&-``.

    The next file that is opened would get its number, and then what is printed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number
    # Python has none where it found the number closed.
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
