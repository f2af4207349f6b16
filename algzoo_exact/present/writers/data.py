"""A document's data as JSON: one object; exact numbers in it are texts."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.exact.enclosure import Enclosure, places_for
from algzoo_exact.present.document import Document
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.version import __version__
from algzoo_exact.zoo.loading import Model

DIGITS = 30  # of a rational number, unless others are asked for


def to_json(document: Document) -> str:
    """One object, with the version of this program."""
    data = dict(document.data) | {"version": __version__}
    return json.dumps(data, indent=2, default=_plain) + "\n"


def attributes(value: object, names: str) -> dict[str, Any]:
    """Those of its attributes, by their names."""
    return {name: getattr(value, name) for name in names.split()}


def enclosure_data(enclosure: Enclosure, digits: int | None = None) -> dict[str, str]:
    """End points rounded outward, by so little that the width stays visible.

    Two digits more than the width shows, so that rounding adds at most a fiftieth of it.
    """
    width = enclosure.width
    places = (places_for(width) if width else digits or DIGITS) + 2
    lower, upper = enclosure.decimal(places)
    return {"lower": lower, "upper": upper}


def model_data(model: Model) -> dict[str, Any]:
    network = model.network
    found = attributes(model, "name sha256 weights_sha256")
    found |= attributes(network, "hidden_size seq_len parameters")
    heads = network.heads if isinstance(network, Transformer) else None
    assumed = heads and model.heads_assumed
    return found | {"heads": heads, "heads_assumed": assumed, "taken": model.taken}


def _plain(value: object) -> Any:
    match value:
        case Enclosure():
            return enclosure_data(value)
        case Model():
            return model_data(value)
        case Fraction() | Decimal() | Path() | ActivationPattern():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no form as JSON")
