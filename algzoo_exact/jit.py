"""How compiled functions are compiled: cached on disk, without the interpreter's lock.

numba's disk cache watches a function's own file only. After a change to a compiled function,
clear the ``__pycache__`` folders so that its callers in other files are compiled again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, typeof
from numba.types import unliteral

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """The function compiled; division by zero gives infinity or NaN, as in numpy."""
    return _compiled(function)


def compiled_any_order(function: _F) -> _F:
    """The same, and sums may be reordered and products fused, so that they use SIMD registers."""
    return _compiled(function, fastmath={"reassoc", "contract"})


def has_code(function: Callable[..., Any]) -> bool:
    """Whether a compiled function has been stored, or compiled in this process.

    Numba says so nowhere in public; where its cache has another form, code counts as missing,
    and is asked for once more than needed.
    """
    dispatcher: Any = function
    if dispatcher.signatures:
        return True
    cache = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    return cache is not None and bool(cache._load_index())


def compile_for(function: Callable[..., Any], *values: Any) -> None:
    """Compiles a function for the types of these values, without calling it."""
    dispatcher: Any = function
    dispatcher.compile(tuple(typeof(value) for value in values))


def _compiled(function: _F, **options: Any) -> _F:
    # Compiled code calls compiled code directly, and nothing else calls it but Python.
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        dispatcher = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder can be written to: each process compiles anew
        dispatcher = njit(**options)(function)
    # Numba would compile one version more for each constant that is passed.
    template = dispatcher.get_call_template
    dispatcher.get_call_template = lambda args, kws: template(
        tuple(unliteral(a) for a in args), {key: unliteral(a) for key, a in kws.items()}
    )
    return cast(_F, dispatcher)
