"""The command ``algzoo-exact``; see docs/cli.md.

Nothing that takes long to import (numba, torch, sympy, ...) is imported before a command runs.
"""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from algzoo_exact.cli.app import app

        if isinstance(sys.stdout, TextIOWrapper):  # ASCII, say, has no "≤"
            sys.stdout.reconfigure(errors="backslashreplace")
        app()
    except KeyboardInterrupt:  # no command has begun
        print("interrupted: there is no result yet", file=sys.stderr)
        sys.exit(130)
    finally:
        # All is said; the interpreter's own end takes half a second where torch was loaded.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
