"""What else can be given for a model, such as torch's modules: this room knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable

READERS: list[Callable[[object], object | None]] = []
"""Each gives a model, or None for what it does not know. The package itself adds one for torch."""


def as_model(given: object) -> object:
    """The model that the first reader makes of it, or what was given."""
    found = (read(given) for read in READERS)
    return next((model for model in found if model is not None), given)
