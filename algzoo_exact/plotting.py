"""matplotlib, alike wherever it is used: a figure and a file, no windows, no settings of others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.errors import InputError
from algzoo_exact.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")


def check_plot(path: Path) -> None:
    """InputError for a file whose suffix names no sort of picture."""
    if path.suffix not in SUFFIXES:
        raise InputError(f"Plots are written as {', '.join(SUFFIXES)}, not as {path.name!r}.")


def write_plot(make: Callable[[], Figure], path: str | Path) -> None:
    """Write a figure by the file's suffix; the same figure gives the same svg file, byte for byte.

    InputError for other suffixes, and folders that cannot be written to.
    """
    target = Path(path)
    check_plot(target)
    write_whole(target, drawn(make, target.suffix[1:], dpi=120))


def drawn(make: Callable[[], Figure], kind: str, dpi: int) -> bytes:
    """A figure as ``svg``, ``png`` or ``pdf``."""
    buffer = BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    with plain_matplotlib():
        make().savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


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
