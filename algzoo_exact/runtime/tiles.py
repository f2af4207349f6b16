"""Products of matrices with blocks of a batch, their sums held in SIMD registers. Compiled.

A compiler vectorises the innermost loop and nothing more, so that it loads and stores a sum for
every few products. Here the code for a tile is written down in LLVM's language: up to 4 rows of
sums stay in registers until they are complete, which is two to three times as fast. Products and
sums are fused, in one order, so that the results do not depend on the processor.

Arrays are rows with unit stride along the last axis. In blocks it has BLOCK entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from algzoo_exact.jit import compiled

Floats = NDArray[Any]
"""float32 or float64, all of one call the same."""

BLOCK = 64
LANES = 8
_STRIP = 2 * LANES  # the width of a tile of ``product``
_INT = ir.IntType(64)


class _Code:
    """Instructions for the arrays of one call: ``rows`` of them, and vectors of their entries."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.builder = builder
        self.arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, args, strict=True)
            if isinstance(kind, types.Array)
        ]
        self.element = context.get_value_type(signature.args[0].dtype)
        self.size = 4 if self.element == ir.FloatType() else 8
        self.vector = ir.VectorType(self.element, LANES)
        self.zero = ir.Constant(self.vector, [0.0] * LANES)
        fused = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fma.v{LANES}f{8 * self.size}"
        self.fused = cgutils.get_or_insert_function(builder.module, fused, name)

    def length(self, array: int) -> Any:
        """Of an array's last axis."""
        return self.builder.extract_value(self.arrays[array].shape, 1)

    def row(self, array: int, index: Any, offset: int = 0) -> Any:
        """Where row ``index + offset`` of an array begins."""
        stride = self.builder.extract_value(self.arrays[array].strides, 0)
        skip = self.builder.mul(self.plus(index, offset), stride)
        start = self.builder.add(self.builder.ptrtoint(self.arrays[array].data, _INT), skip)
        return self.builder.inttoptr(start, self.element.as_pointer())

    def plus(self, index: Any, offset: int) -> Any:
        return self.builder.add(index, ir.Constant(_INT, offset))

    def load(self, row: Any, at: Any) -> Any:
        return self.builder.load(self._vector(row, at), align=self.size)

    def store(self, value: Any, row: Any, at: Any) -> None:
        self.builder.store(value, self._vector(row, at), align=self.size)

    def _vector(self, row: Any, at: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(row, [at]), self.vector.as_pointer())

    def entry(self, row: Any, at: Any) -> Any:
        return self.builder.load(self.builder.gep(row, [at]))

    def spread(self, number: Any) -> Any:
        """One number in all lanes."""
        anything = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(anything, number, ir.Constant(ir.IntType(32), 0))
        first = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, anything, first)

    def variable(self, value: Any) -> Any:
        """A vector that changes; LLVM keeps it in a register."""
        return cgutils.alloca_once_value(self.builder, value)

    def add_product(self, total: Any, a: Any, b: Any) -> None:
        now = self.builder.load(total)
        self.builder.store(self.builder.call(self.fused, [a, b, now]), total)

    def left(self, array: int, index: Any, sizes: tuple[int, ...]) -> Iterator[int]:
        """Code for each of some descending ``sizes``, to run where it is the largest one that an
        array has left from row ``index`` on."""
        rows = self.builder.extract_value(self.arrays[array].shape, 0)
        left = self.builder.sub(rows, index)
        for size, larger in zip(sizes, (None, *sizes), strict=False):
            enough = self.builder.icmp_signed(">=", left, ir.Constant(_INT, size))
            if larger is not None:
                below = self.builder.icmp_signed("<", left, ir.Constant(_INT, larger))
                enough = self.builder.and_(enough, below)
            with self.builder.if_then(enough):
                yield size


def _product(gated: bool) -> Any:
    """Code for up to ``_ROWS`` rows of a product, ``_STRIP`` entries of each."""

    def tile(typing: Any, out: Any, w: Any, x: Any, bound: Any, i: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            code = _Code(context, builder, signature, args)
            bound, i, at = args[3:]
            places = [code.plus(at, LANES * k) for k in range(_STRIP // LANES)]
            for rows in code.left(1, i, (4, 3, 2, 1)):
                for place, r, value in _sums(code, i, rows, places):
                    if gated:
                        gate = code.load(code.row(3, i, r), place)
                        on = builder.fcmp_ordered(">", gate, code.zero)
                        value = builder.select(on, value, code.zero)
                    else:
                        least = code.spread(bound)
                        below = builder.fcmp_ordered(">", least, value)  # not so for NaN
                        value = builder.select(below, least, value)
                    code.store(value, code.row(0, i, r), place)
            return context.get_dummy_value()

        return types.void(out, w, x, bound, types.int64, types.int64), generate

    return intrinsic(tile)


def _sums(code: _Code, i: Any, rows: int, places: list[Any]) -> Iterator[tuple[Any, int, Any]]:
    """Sums of products of ``rows`` rows of w with x: each with its place and its row."""
    w_rows = [code.row(1, i, r) for r in range(rows)]
    sums = [[code.variable(code.zero) for _ in places] for _ in w_rows]
    with cgutils.for_range(code.builder, code.length(1), intp=_INT) as loop:
        x_row = code.row(2, loop.index)
        entries = [code.load(x_row, place) for place in places]
        for w_row, totals in zip(w_rows, sums, strict=True):
            factor = code.spread(code.entry(w_row, loop.index))
            for entry, total in zip(entries, totals, strict=True):
                code.add_product(total, factor, entry)
    for r, totals in enumerate(sums):
        for place, total in zip(places, totals, strict=True):
            yield place, r, code.builder.load(total)


def _outer(typing: Any, out: Any, g: Any, x: Any, i: Any, j: Any) -> Any:
    """Code for 4 rows, or one, times up to 3 columns of an outer product."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = _Code(context, builder, signature, args)
        i, j = args[3:]
        for rows in code.left(1, i, (4, 1)):
            for columns in code.left(2, j, (3, 2, 1)):
                _add_products(code, i, j, rows, columns)
        return context.get_dummy_value()

    return types.void(out, g, x, types.int64, types.int64), generate


def _add_products(code: _Code, i: Any, j: Any, rows: int, columns: int) -> None:
    builder = code.builder
    places = [builder.mul(code.plus(j, c), ir.Constant(_INT, LANES)) for c in range(columns)]
    outs = [code.row(0, i, r) for r in range(rows)]
    sums = [[code.variable(code.load(out, place)) for place in places] for out in outs]
    g_rows = [code.row(1, i, r) for r in range(rows)]
    x_rows = [code.row(2, j, c) for c in range(columns)]
    ends = ir.Constant(_INT, 0), code.length(1), ir.Constant(_INT, LANES)
    with cgutils.for_range_slice(builder, *ends, intp=_INT) as (at, _):
        entries = [code.load(x_row, at) for x_row in x_rows]
        for g_row, totals in zip(g_rows, sums, strict=True):
            factor = code.load(g_row, at)
            for entry, total in zip(entries, totals, strict=True):
                code.add_product(total, factor, entry)
    for out, totals in zip(outs, sums, strict=True):
        for place, total in zip(places, totals, strict=True):
            code.store(builder.load(total), out, place)


_rows_of_product, _rows_of_gated = _product(gated=False), _product(gated=True)
_add_tile = intrinsic(_outer)


@compiled
def product(out: Floats, w: Floats, x: Floats, least: Any) -> None:
    """out = max(least, W x), for the rows of ``w`` (I, J), with ``x`` (J or more, BLOCK)."""
    for at in range(0, x.shape[1], _STRIP):
        for i in range(0, len(w), 4):
            _rows_of_product(out, w, x, least, i, at)


@compiled
def gated_product(out: Floats, w: Floats, x: Floats, gate: Floats) -> None:
    """out = W x where ``gate`` (I, BLOCK) is positive, else 0."""
    for at in range(0, x.shape[1], _STRIP):
        for i in range(0, len(w), 4):
            _rows_of_gated(out, w, x, gate, i, at)


@compiled
def add_outer(out: Floats, g: Floats, x: Floats) -> None:
    """Adds g x^T to ``out`` (I, J LANES): each entry is the sum of its LANES parts."""
    i = 0
    while i < len(g):
        for j in range(0, len(x), 3):
            _add_tile(out, g, x, i, j)
        i += 4 if i + 4 <= len(g) else 1


@compiled
def add_lanes(out: Floats, lanes: Floats) -> None:
    """The sums of ``add_outer`` (rows, columns * LANES), added to ``out`` (rows, columns)."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for lane in range(LANES):
                out[i, j] += lanes[i, j * LANES + lane]
