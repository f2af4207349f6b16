"""matplotlib, alike wherever it is used: a figure and a file, no windows, no settings of others."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def plain_matplotlib() -> Iterator[None]:
    """A block in which figures are made and saved with matplotlib's own settings.

    The user's settings and the choice of a backend (``MPLBACKEND``, which notebooks set) are left
    as they are: only ``pyplot`` looks at a backend, and we use ``Figure`` and its ``savefig``.
    """
    _load()
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        # The same input gives the same svg file, byte for byte.
        matplotlib.rcParams.update({"svg.hashsalt": "algzoo-exact", "hatch.linewidth": 0.6})
        yield


def _load() -> None:
    """Import matplotlib, which refuses to start where ``MPLBACKEND`` names what is not installed
    here: a notebook's kernel sets it for all programs that it starts."""
    if "matplotlib" in sys.modules:
        return
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend  # as its import would have done
