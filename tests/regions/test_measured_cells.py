"""Cells that are cut and measured once.

Oracles: the split of the accuracy by label by the boundary flow; the whole space, of measure 1; a
count of the measures that are computed.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_line import run
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.regions import enumerate as module
from algzoo_exact.regions.enumerate import earned


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("ties", ["lowest", "uniform"])
def test_labels_have_their_share_of_the_accuracy(n: int, ties: az.tasks.TieRule) -> None:
    for seed in range(3):
        program = random_program(np.random.default_rng(seed), 2, n)
        task = az.tasks.second_argmax(n)
        cells = list(az.cells(program, task, ties=ties))
        flow = az.accuracy(program, task, ties=ties, by_label=True)
        labels = {cell.label for cell in cells}
        found = {k: earned((c for c in cells if c.label == k), 20) for k in labels}
        assert flow.by_label is not None
        assert set(found) == set(flow.by_label) == set(range(n))
        for label, part in found.items():
            part.intersect(flow.by_label[label])  # ValueError if they contradict each other
        earned(cells, 20).intersect(flow.enclosure)
        whole = sum((cell.measure(20).midpoint for cell in cells), Fraction(0))
        assert abs(whole - 1) < Fraction(len(cells), 10**20)


def test_no_region_is_measured_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for the list, nor for the table and the graph."""
    original, counts = module.cone_measure, Counter[Any]()

    def counted(cone: Any, **options: Any) -> az.Enclosure:
        counts[cone, options["digits"]] += 1
        return original(cone, **options)

    monkeypatch.setattr(module, "cone_measure", counted)
    table, graph = tmp_path / "regions.csv", tmp_path / "regions.graphml"
    found = run("regions", "2nd_argmax_2_2", "--out", str(table), "--graph", str(graph))
    assert found.exit_code == 0
    assert counts
    assert set(counts.values()) == {1}
