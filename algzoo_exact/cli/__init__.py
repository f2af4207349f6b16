"""The command ``algzoo-exact``; see docs/cli.md.

Nothing that takes long to import (numba, torch, sympy, ...) is imported before a command runs.
"""

from __future__ import annotations

from algzoo_exact.cli.app import app


def main() -> None:
    """Run the command line and exit with its code."""
    app()
