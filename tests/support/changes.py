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
    """Sets a field of a claim's (or a case's) first instance: "claim gap parts 0 domain"."""
    sort, name, *path, last = where.split()

    def change(data: Json) -> None:
        at: Any = (case if sort == "case" else instance)(data, name)
        for key in path:
            at = at[int(key) if key.isdigit() else key]
        at[int(last) if last.isdigit() else last] = value

    return change


def drop(where: str) -> Change:
    """Takes away a field of a claim's first instance."""
    _, name, *path, last = where.split()

    def change(data: Json) -> None:
        at: Any = instance(data, name)
        for key in path:
            at = at[int(key) if key.isdigit() else key]
        del at[last]

    return change
