"""Exact accuracies, activation regions and proofs for tiny ReLU networks.

Public names are imported when first used, so that ``import algzoo_exact`` stays quick. Which they
are, and where they are from, stands in ``__init__.pyi``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from algzoo_exact.program.readers import READERS

_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_EXPORT = re.compile(r"from algzoo_exact\.(\S+) import \(?\s*(\w+) as \2\b")
_HOMES = {name: home for home, name in _EXPORT.findall(_STUB)}

__all__ = ["tasks", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "tasks":
        value: Any = import_module("algzoo_exact.program.task")
    elif name in _HOMES:
        value = getattr(import_module(f"algzoo_exact.{_HOMES[name]}"), name)
    else:
        from algzoo_exact.errors import did_you_mean

        # Python and pytest look for many __names__, and rightly find none: these are like nothing.
        like = "" if name.startswith("__") else did_you_mean(name, __all__)
        raise AttributeError(f"module 'algzoo_exact' has no attribute {name!r}{like}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _of_torch(given: object) -> object | None:
    """The model in a torch module or its state dict, so that every function takes these too."""
    parts = given.values() if isinstance(given, Mapping) else (given,)
    if not any(hasattr(part, "state_dict") or hasattr(part, "detach") for part in parts):
        return None
    model: object = import_module("algzoo_exact.zoo.loading").load(given)
    return model


READERS.append(_of_torch)
