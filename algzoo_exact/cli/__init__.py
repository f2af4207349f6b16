"""The command ``algzoo-exact``; see docs/cli.md.

Nothing that takes long to import (numba, torch, sympy, ...) is imported before a command runs.
"""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from algzoo_exact.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)  # no command has begun
    finally:
        # All is said; the interpreter's own end takes half a second where torch was loaded.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
