"""Compiling where there can be no cache, as in a package and a home that nobody can write to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import pytest

from algzoo_exact.jit import compiled, compiled_any_order


@pytest.mark.parametrize("decorate", [compiled, compiled_any_order])
def test_without_a_cache_functions_are_compiled_all_the_same(
    decorate: Callable[[Any], Any],
) -> None:
    """numba keeps nothing of functions that are in no file, and refuses to be asked for it."""
    names: dict[str, Any] = {}
    exec("def half(x):\n    return x / 2\n", names)
    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit(cache=True)(names["half"])
    assert decorate(names["half"])(5) == 2.5
