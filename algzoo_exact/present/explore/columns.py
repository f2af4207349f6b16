"""Tables as a page holds them, column by column, and sums of cells by region."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.analysis.cells import CellTable
from algzoo_exact.program.floats import rounded
from algzoo_exact.program.ir import Program

MOST_REGIONS, MOST_CELLS = 100_000, 20_000  # that a page lists, the first ones

Data = dict[str, Any]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Columns = Mapping[str, "NDArray[Any] | Sequence[str]"]
_ULP = 2.0**-52


def listed(columns: Columns, most: int) -> Data:
    """The first rows: texts as they are, numbers as float64 in base64, in little-endian order."""
    shown: Data = {"count": len(next(iter(columns.values())))}
    for name, column in columns.items():
        if isinstance(column, np.ndarray):
            content = np.ascontiguousarray(column[:most], "<f8").tobytes()
            shown[name] = base64.b64encode(content).decode()
        else:
            shown[name] = list(column[:most])
    return shown


def weights(program: Program) -> Data:
    """A network's weights, rounded."""
    layers = [
        {"state": rounded(layer.state).tolist(), "input": rounded(layer.input).tolist()}
        for layer in program.layers
    ]
    return {"layers": layers, "readout": rounded(program.readout).tolist()}


def patterns(table: CellTable, most: int = MOST_CELLS) -> list[str]:
    """Of the first cells."""
    return [str(table.pattern(i)) for i in range(min(len(table), most))]


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a table's cells: ``first`` is a cell of each, ``at`` the region of each
    cell."""

    table: CellTable
    first: NDArray[np.int64]
    at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def total(self, values: F64) -> F64:
        """Sums over the cells of each."""
        return np.bincount(self.at, values, len(self)).astype(np.float64)

    def known(self, values: F64, radius: F64) -> tuple[F64, F64]:
        """Sums of values >= 0, and what they are off by: a sum of k terms in floats is off by less
        than k ulps of the sum of their sizes."""
        found = self.total(values)
        count = np.bincount(self.at, minlength=len(self))
        return found, self.total(radius) + count * _ULP * found

    @cached_property
    def measure(self) -> tuple[F64, F64]:
        return self.known(self.table.measure, self.table.radius)

    def columns(self, order: I64) -> dict[str, NDArray[Any] | Sequence[str]]:
        """What all pages say of regions, in an order."""
        measure, radius = self.measure
        first = self.first[order]
        return {
            "pattern": [str(self.table.pattern(i)) for i in first[:MOST_REGIONS].tolist()],
            "measure": measure[order],
            "radius": radius[order],
            "inside": self.table.inside[first],
        }


def regions_of(table: CellTable) -> Regions:
    """The regions that a table has cells of."""
    _, first, at = np.unique(table.bits, axis=0, return_index=True, return_inverse=True)
    return Regions(table, first, at.reshape(-1))
