"""What ``status`` says: how far a run is."""

from __future__ import annotations

import re
from pathlib import Path

from algzoo_exact.names import printable
from algzoo_exact.present.document import Document, Text, facts, untitled
from algzoo_exact.present.wording import duration
from algzoo_exact.state import Status

_LONGEST = 60  # characters of one thing that names the run


def status_document(path: Path, found: Status) -> Document:
    """Of the run whose state is in the file at ``path``."""
    known = [f"{key} {_short(value)}" for key, value in found.run.items() if value is not None]
    rows: list[tuple[str, str | Text]] = [("run", ", ".join(known) or "not named yet")]
    of_all = "" if found.total is None else f" of {found.total:,}"
    rows.append(("jobs", f"{found.done:,}{of_all} done"))
    rows.append(("time spent", duration(found.seconds)))
    if found.left is not None:
        rows.append(("time left", f"about {duration(found.left)}" if found.left else "none"))
    if found.enclosure is not None:
        rows.append(("so far", f"in {found.enclosure}"))
    rows.append(("last written", f"{duration(found.silent)} ago"))
    data = {
        "state": path,
        "run": found.run,
        "jobs": {"done": found.done, "total": found.total},
        "seconds": {"spent": found.seconds, "left": found.left, "silent": found.silent},
        "enclosure": found.enclosure,
    }
    return untitled(facts(*rows), data=data)


def _short(value: object) -> str:
    """Hashes by their first digits, as elsewhere."""
    text = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", printable(str(value)))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
