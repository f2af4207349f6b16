"""``algzoo-exact status``: how far a run is that keeps its state in a file."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said


@o.options
class Run:
    state: Path = o.argument(o.REQUIRED, "FILE", "What a command was given as --state.")


def status(run: Run) -> Said:
    """Say how far a run with --state is: its jobs, the time left, and what is known so far.

    The run may be at work meanwhile, also on another machine, or have been killed. The time left
    is what the other jobs would take if they were like those that are done.

    Examples:
    algzoo-exact status run.db
    algzoo-exact status run.db --json
    """
    from algzoo_exact.present.documents.status import status_document
    from algzoo_exact.state import status

    return Said(status_document(run.state, status(run.state)))
