"""What ``status`` says: how far a run is."""

from __future__ import annotations

import re
from pathlib import Path

from algzoo_exact.names import printable
from algzoo_exact.present.document import Document, facts, untitled
from algzoo_exact.present.wording import duration
from algzoo_exact.state import Status

_LONGEST = 60  # characters of one thing that names the run


def status_document(path: Path, found: Status) -> Document:
    """Of the run whose state is in the file at ``path``."""
    known = [f"{key} {_short(value)}" for key, value in found.run.items() if value is not None]
    of_all = "" if found.total is None else f" of {found.total:,}"
    left = f"about {duration(found.left)}" if found.left else "none"
    said = facts(
        ("run", ", ".join(known) or "not named yet"),
        ("jobs", f"{found.done:,}{of_all} done"),
        ("time spent", duration(found.seconds)),
        ("time left", None if found.left is None else left),
        ("so far", None if found.enclosure is None else f"in {found.enclosure}"),
        ("last written", f"{duration(found.silent)} ago"),
    )
    data = {
        "state": path,
        "run": found.run,
        "jobs": {"done": found.done, "total": found.total},
        "seconds": {"spent": found.seconds, "left": found.left, "silent": found.silent},
        "enclosure": found.enclosure,
    }
    return untitled(said, data=data)


def _short(value: object) -> str:
    """Hashes by their first digits, as elsewhere."""
    text = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", printable(str(value)))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
