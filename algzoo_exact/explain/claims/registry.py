"""The kinds of claims, by the names that explanation files have for them."""

from __future__ import annotations

from typing import TypeVar

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.always import Always
from algzoo_exact.explain.claims.answers import Right, Share, Wrong
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.close import Close
from algzoo_exact.explain.claims.equivalent import Equivalent
from algzoo_exact.explain.claims.inductive import Inductive
from algzoo_exact.explain.claims.measure import Measure
from algzoo_exact.explain.claims.weights import Weights

T = TypeVar("T", bound=type[Instance])

_SHIPPED = (Always, Measure, Close, Weights, Equivalent, Inductive, Right, Wrong, Share)
KINDS: dict[str, type[Instance]] = {kind.kind: kind for kind in _SHIPPED}


def register(kind: T) -> T:
    """Let explanations have claims of one more kind; as a decorator, of the class below.

    InputError where another has the name.
    """
    if KINDS.setdefault(kind.kind, kind) is not kind:
        raise InputError(f"There is a kind of claim {kind.kind!r} already; choose another name.")
    return kind
