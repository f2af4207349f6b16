"""What is compiled, and where there can be no cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import pytest

from algzoo_exact import jit
from algzoo_exact.jit import compiled, compiled_any_order


@compiled
def _half(x: float) -> float:
    return x / 2


@compiled
def _quarter(x: float) -> float:
    return _half(_half(x))


def test_what_only_compiled_code_calls_is_no_code_of_its_own() -> None:
    half: Any = _half
    assert _quarter(3.0) == 0.75
    assert not half.signatures
    assert _half(3.0) == 1.5
    assert half.signatures


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


def test_another_numba_compiles_each_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_PARTS", False)
    names: dict[str, Any] = {}
    exec("def half(x):\n    return x / 2\n", names)
    names["half"] = half = compiled(names["half"])
    exec("def quarter(x):\n    return half(half(x))\n", names)
    assert compiled(names["quarter"])(3.0) == 0.75
    assert half.signatures
