"""Products whose sums stay in registers, against numpy in twice the precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algzoo_exact.runtime.tiles import BLOCK, LANES, add_outer, gated_product, product

sizes = st.integers(1, 9)
compiling = settings(deadline=None)
dtypes = st.sampled_from([np.float32, np.float64])


def normals(seed: int, dtype: Any, *shape: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def close(found: Any, wanted: Any) -> bool:
    """Up to rounding: a sum of up to 64 products of normals."""
    return bool(np.allclose(found, wanted, rtol=0, atol=2000 * np.finfo(found.dtype).eps))


@compiling
@given(sizes, sizes, dtypes, st.integers(0, 99))
def test_a_product(rows: int, columns: int, dtype: Any, seed: int) -> None:
    w = normals(seed, dtype, rows, columns + 1)[:, 1:]  # rows that do not lie side by side
    x = normals(seed + 1, dtype, columns, BLOCK)
    out = np.full((rows + 1, BLOCK), 7, dtype)
    product(out, w, x, dtype(-0.5))
    assert close(out[:rows], np.maximum(w.astype(float) @ x, -0.5))
    assert (out[rows] == 7).all()  # nothing beyond


@compiling
@given(sizes, sizes, dtypes, st.integers(0, 99))
def test_a_gated_product(rows: int, columns: int, dtype: Any, seed: int) -> None:
    w, x = normals(seed, dtype, rows, columns), normals(seed + 1, dtype, columns, BLOCK)
    gate = normals(seed + 2, dtype, rows, BLOCK)
    gate[0, :9] = 0  # closed
    out = np.empty((rows, BLOCK), dtype)
    gated_product(out, w, x, gate)
    assert close(out, np.where(gate > 0, w.astype(float) @ x, 0))


@compiling
@given(sizes, sizes, dtypes, st.integers(0, 99))
def test_an_outer_product_is_added(rows: int, columns: int, dtype: Any, seed: int) -> None:
    g, x = normals(seed, dtype, rows, BLOCK), normals(seed + 1, dtype, columns, BLOCK)
    before = normals(seed + 2, dtype, rows, columns * LANES)
    out = before.copy()
    add_outer(out, g, x)
    added = (out.astype(float) - before).reshape(rows, columns, LANES).sum(2)
    assert close(added.astype(dtype), g.astype(float) @ x.T)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_a_number_stays_visible(bad: float) -> None:
    """Overflow is reported by who finds it in the outputs; a maximum must not hide it."""
    out = np.empty((1, BLOCK), np.float32)
    x = np.full((2, BLOCK), bad, np.float32)
    product(out, np.array([[1, -1]], np.float32), x, np.float32(0))
    assert np.isnan(out).all()
