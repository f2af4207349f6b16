"""Tables as a page holds them, column by column, and sums of cells by region."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.analysis.cells import CellTable
from algzoo_exact.analysis.regions import RegionTable
from algzoo_exact.arrays import I64
from algzoo_exact.program.floats import rounded
from algzoo_exact.program.ir import Program
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.zoo.loading import Model

MOST_REGIONS, MOST_CELLS = 100_000, 20_000  # that a page lists, the first ones

Data = dict[str, Any]
Columns = Mapping[str, "NDArray[Any] | Sequence[str]"]


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


def weights(network: Program | Transformer) -> Data:
    """A network's weights, rounded."""
    if isinstance(network, Transformer):
        names = ("embed", "pos_embed", "unembed")
        of_layer = ("query", "key", "value", "output")
        layers = [_rounded(layer, of_layer) for layer in network.layers]
        return {**_rounded(network, names), "layers": layers, "heads": network.heads}
    layers = [_rounded(layer, ("state", "input")) for layer in network.layers]
    return {"layers": layers, **_rounded(network, ("readout",))}


def _rounded(part: object, names: Sequence[str]) -> Data:
    return {name: rounded(getattr(part, name)).tolist() for name in names}


def other(model: Model | None) -> Data | None:
    """A model that is compared with."""
    return None if model is None else {"name": model.name, **weights(model.network)}


def patterns(table: CellTable) -> list[str]:
    """Of the first cells."""
    return [str(table.pattern(i)) for i in range(min(len(table), MOST_CELLS))]


def region_columns(regions: RegionTable, order: I64) -> dict[str, NDArray[Any] | Sequence[str]]:
    """What all pages say of regions, in an order."""
    measure, radius = regions.measure
    return {
        "pattern": [str(regions.pattern(i)) for i in order[:MOST_REGIONS].tolist()],
        "measure": measure[order],
        "radius": radius[order],
        "inside": regions.table.inside[regions.first[order]],
    }
