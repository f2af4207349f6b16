"""How compiled functions are compiled: cached on disk, without the interpreter's lock.

Numba optimises each function, and makes machine code of it, with all that it calls: what is deep
down once for each caller above. Here only what Python calls is compiled so, and the rest as parts
of it. That takes half the time, and gives code that is a little faster.

numba's disk cache watches a function's own file only. After a change to a compiled function,
clear the ``__pycache__`` folders so that its callers in other files are compiled again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, version_info
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.types import unliteral

_F = TypeVar("_F", bound=Callable[..., Any])

_PARTS = version_info.short == (0, 68)
"""Whether it is the numba whose internals the parts are made by; another one makes machine code of
each function."""

_ANY_ORDER = {"reassoc", "contract"}


def compiled(function: _F) -> _F:
    """The function compiled; division by zero gives infinity or NaN, as in numpy."""
    return _compiled(function, _nrt=True)


def compiled_in_place(function: _F) -> _F:
    """The same for a function that makes no arrays, and neither calls one that returns some: it
    counts no references to those that it is given."""
    return _compiled(function, _nrt=False)


def compiled_any_order(function: _F) -> _F:
    """The same, and sums may be reordered and products fused, so that they use SIMD registers."""
    return _compiled(function, _nrt=True, fastmath=_ANY_ORDER)


def compiled_in_place_any_order(function: _F) -> _F:
    """Both."""
    return _compiled(function, _nrt=False, fastmath=_ANY_ORDER)


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


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """The code of a function for its callers alone: they link it in, optimise it and make machine
    code of it, so nothing of that is done here."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0  # none

    @property
    def codegen(self) -> _PartLibrary:
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Where numba keeps a function's Python globals, which compiled code does not use."""


class _PartCompiler(Compiler):  # type: ignore[misc]
    def define_pipelines(self) -> Any:
        codegen, name = self.state.targetctx.codegen(), self.state.func_id.func_qualname
        self.state.library = _PartLibrary(codegen, name)
        return super().define_pipelines()


def _compiled(function: _F, **options: Any) -> _F:
    # Nothing calls compiled code by C's conventions.
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        dispatcher = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder can be written to: each process compiles anew
        dispatcher = njit(**options)(function)
    part = dispatcher
    if _PARTS:
        part = njit(pipeline_class=_PartCompiler, no_cpython_wrapper=True, **options)(function)
    call = part.get_call_template

    def template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        # Numba would compile one version more for each constant that is passed.
        plain = {key: unliteral(a) for key, a in kws.items()}
        return call(tuple(unliteral(a) for a in args), plain)

    dispatcher.get_call_template, dispatcher.get_overload = template, part.get_overload
    return cast(_F, dispatcher)
