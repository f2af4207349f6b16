"""Values as lists of their parts, which a state takes, and back by their types: so what a job comes
to is said once, as a type."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from algzoo_exact.exact.enclosure import Enclosure

ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What shows that a value is not of a type."""

_WHOLE = (bool, int, str, NoneType, Fraction, Enclosure)
"""These have no parts; a state gives them back as they were."""


def plain(value: Any) -> Any:
    """The parts of tuples and lists in order, those of dataclasses by their names, sets sorted, and
    dicts as such if texts are their keys, or as pairs."""
    if isinstance(value, (*_WHOLE, float, np.ndarray)):
        return value
    if is_dataclass(value):
        value = {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: plain(part) for key, part in value.items()}
        value = value.items()
    parts = [*map(plain, value)]
    return sorted(parts) if isinstance(value, set | frozenset) else parts


def typed(sort: Any, value: Any) -> Any:
    """The value of this type with these parts; one of ``ERRORS`` where there is none.

    A tuple without types is one of numbers and texts, and of such tuples.
    """
    origin, args = get_origin(sort) or sort, get_args(sort)
    if sort is Any:
        return value
    if origin in (Union, UnionType):
        for one in args:
            with suppress(*ERRORS):
                return typed(one, value)
    elif origin is Literal:
        return args[args.index(value)]
    elif origin is np.ndarray:
        if isinstance(value, np.ndarray) and value.dtype == get_args(args[1])[0]:
            return value
    elif origin in (float, *_WHOLE):
        if type(value) is origin or (origin, type(value)) == (float, int):
            return float(value) if origin is float else value
    elif origin in (Mapping, dict):
        key, part = args
        pairs = value.items() if isinstance(value, dict) else value
        return {typed(key, name): typed(part, one) for name, one in pairs}
    elif hasattr(origin, "__dataclass_fields__"):
        sorts = _sorts(origin)
        if value.keys() == sorts.keys():
            return origin(**{name: typed(part, value[name]) for name, part in sorts.items()})
    elif origin is tuple and not args:
        return tuple(typed(tuple, one) if isinstance(one, list) else one for one in value)
    elif origin in (list, set, frozenset) or args[1:] == (...,):
        return origin(typed(args[0], one) for one in value)
    else:
        parts = args or _sorts(origin).values()
        whole = tuple(typed(part, one) for part, one in zip(parts, value, strict=True))
        return whole if origin is tuple else origin(*whole)
    raise TypeError(f"{value!r} is not of the type {sort}")


@cache
def _sorts(sort: type) -> dict[str, Any]:
    """The types of the parts of a dataclass, or of a tuple with names."""
    return get_type_hints(sort)
