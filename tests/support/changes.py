"""Changes of an explanation in a certificate, and why the checker rejects them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from algzoo_exact.certificate import check
from support.certificates import Json
from support.every_claim import checked_story, told

Change = Callable[[Json], None]


def reason(name: str, change: Change) -> str:
    """Why the checker rejects a part with a change."""
    verification, data = told(name)
    broken = copy.deepcopy(data)
    change(broken)
    assert json.dumps(broken) != json.dumps(data)
    with pytest.raises(check.RejectedError) as error:
        checked_story(verification, broken)
    return str(error.value)


def instance(data: Json, claim: str, number: int = 0) -> Json:
    (found,) = (part for part in data["claims"] if part["name"] == claim)
    return found["instances"][number]  # type: ignore[no-any-return]


def case(data: Json, name: str, number: int = 0) -> Json:
    (found,) = (part for part in data["cases"] if part["name"] == name)
    return found["instances"][number]  # type: ignore[no-any-return]


def put(where: str, value: Any) -> Change:
    """Sets a field, at such a path as "accuracy upper", or of the first instance of a claim or a
    case: "claim gap parts 0 domain"."""

    def change(data: Json) -> None:
        at, last = _field(data, where)
        at[last] = value

    return change


def drop(where: str) -> Change:
    """Takes away a field, likewise."""

    def change(data: Json) -> None:
        at, last = _field(data, where)
        del at[last]

    return change


def _field(data: Json, where: str) -> tuple[Any, str | int]:
    """What holds a field, and its key there."""
    path = [int(key) if key.isdigit() else key for key in where.split()]
    at: Any = data
    if path[0] in ("claim", "case"):
        sort, name, *path = path
        at = (case if sort == "case" else instance)(data, str(name))
    *keys, last = path
    for key in keys:
        at = at[key]
    return at, last
