"""Region graphs against the theory of hyperplane arrangements, and against exact evaluation.

Oracles. Whitney's and Zaslavsky's count of the regions of a central arrangement (T. Zaslavsky,
1975, *Facing up to arrangements*, Memoirs AMS 154, theorem A), and its value for generic planes
(R. O. Winder, 1966). Euler's formula on the sphere. ``Program.evaluate`` on both sides of every
facet. ``brute_force.accuracy``.
"""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from itertools import combinations
from math import comb
from pathlib import Path

import flint
import mpmath
import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import brute_force
from oracles.conventions import ALL_TIES
from support.programs import (
    Rng,
    dead_mass_program,
    degenerate_programs,
    exact_program,
    handcrafted_4_3,
    programs,
    random_program,
)
from typer.testing import CliRunner

from algzoo_exact.analysis.graph import RegionGraph, region_graph
from algzoo_exact.analysis.sections import section
from algzoo_exact.analysis.table import write_table
from algzoo_exact.cli.app import app
from algzoo_exact.errors import InputError
from algzoo_exact.geometry.cone import primitive
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import second_argmax
from algzoo_exact.regions.enumerate import cells
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.score.compute import accuracy
from algzoo_exact.zoo.loading import load

Plane = tuple[int, ...]


def whitney_count(planes: list[Plane]) -> int:
    """Regions of hyperplanes through 0: sum over subsets B of (-1)^(|B| - rank B)."""
    distinct = {max(primitive(p), primitive(tuple(-c for c in p))) for p in planes if any(p)}
    total = 0
    for size in range(len(distinct) + 1):
        for chosen in combinations(sorted(distinct), size):
            rank = flint.fmpz_mat([list(p) for p in chosen]).rank() if chosen else 0
            total += (-1) ** (size - rank)
    return total


def winder_count(n: int, m: int) -> int:
    return 2 * sum(comb(m - 1, i) for i in range(n))


@pytest.mark.parametrize(("n", "m"), [(2, 5), (3, 4), (3, 6), (4, 6)])
def test_the_two_counts_agree_on_generic_planes(n: int, m: int) -> None:
    """Vectors (1, t, t^2, ..) are in general position (Vandermonde)."""
    planes = [tuple(t**k for k in range(n)) for t in range(1, m + 1)]
    assert whitney_count(planes) == winder_count(n, m)


def carrying_program(n: int, readers: list[Plane]) -> tuple[Program, list[Plane]]:
    """A program whose walls are true hyperplanes, and these hyperplanes.

    Neurons come in pairs relu(x), relu(-x) that hold x[t], x[t-1], .., x[t-n+1]; the difference
    of a pair passes a value on exactly. A reader c sees sum_k c[k] x[t-k], with x before step 0
    counting as 0. Its wall at step t is c cut off after t + 1 terms.
    """
    d = 2 * n + len(readers)
    w_hi = [0.0] * d
    w_hh = [[0.0] * d for _ in range(d)]
    w_hi[0], w_hi[1] = 1.0, -1.0
    for k in range(1, n):
        for sign in (0, 1):
            w_hh[2 * k + sign][2 * k - 2 + sign] = 1.0
            w_hh[2 * k + sign][2 * k - 1 - sign] = -1.0
    for j, c in enumerate(readers, 2 * n):
        w_hi[j] = float(c[0])
        for k in range(1, n):
            w_hh[j][2 * k - 2], w_hh[j][2 * k - 1] = float(c[k]), -float(c[k])
    planes = [tuple(int(k == t) for k in range(n)) for t in range(n)]
    for c in readers:
        planes += [tuple(c[t - s] if s <= t else 0 for s in range(n)) for t in range(n)]
    return exact_program(w_hi, w_hh, [[1.0] * d] * n, n), planes


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_without_memory_there_are_orthants(n: int) -> None:
    program = exact_program([1, -2, 3], [[0] * 3] * 3, [[1] * 3] * n, n)
    graph = region_graph(program)
    assert len(graph) == 2**n
    assert networkx.is_isomorphic(graph.graph, networkx.hypercube_graph(n))


@pytest.mark.parametrize(
    ("n", "readers", "size"),
    [(2, 0, 1), (2, 3, 5), (3, 1, 4), (3, 2, 4), (4, 1, 2)],
)
def test_true_arrangements(n: int, readers: int, size: int) -> None:
    rng = np.random.default_rng(100 * n + readers)
    rows = [tuple(int(c) for c in rng.integers(1, size + 1, n)) for _ in range(readers)]
    program, planes = carrying_program(
        n, [tuple(c * (-1) ** i for c in r) for i, r in enumerate(rows)]
    )
    graph = region_graph(program)
    assert len(graph) == whitney_count(planes)
    check_graph(graph)


def test_lines_in_the_plane() -> None:
    """n = 2: x[0] = 0, x[1] = 0 and one line for each of 5 readers of different slope."""
    program, _ = carrying_program(2, [(1, k) for k in range(1, 6)])
    graph = region_graph(program)
    assert len(graph) == winder_count(2, 7) == 14
    assert networkx.is_isomorphic(graph.graph, networkx.cycle_graph(14))


def check_graph(graph: RegionGraph) -> None:
    """Every facet has one partner, neighbours agree on it, and the graph is in one piece."""
    assert networkx.is_connected(graph.graph)
    facets = sum(len(region.facets) for region in graph.regions())
    assert facets == 2 * graph.graph.number_of_edges()
    for a, b, edge in graph.graph.edges(data=True):
        flipped = a
        for t, j in edge["flips"]:
            flipped = flipped.flip(t, j)
        assert flipped == b
        assert edge["flips"]
        for ray in edge["rays"]:  # the logits are continuous
            values = [
                [
                    sum(c * x for c, x in zip(row, ray, strict=True))
                    for row in graph.region(p).linear_map
                ]
                for p in (a, b)
            ]
            assert values[0] == values[1]
        check_both_sides(graph, edge, b if edge["normal_into"] == a else a)


def check_both_sides(graph: RegionGraph, edge: dict[str, object], other: ActivationPattern) -> None:
    """Two points near the middle of the facet: exact evaluation finds the two patterns."""
    rays, normal, into = edge["rays"], edge["normal"], edge["normal_into"]
    assert isinstance(rays, tuple)
    assert isinstance(normal, tuple)
    units = [tuple(Fraction(c, max(map(abs, ray))) for c in ray) for ray in rays]
    middle = [sum(column, Fraction(0)) for column in zip(*units, strict=True)]
    middle = middle or [Fraction(0)] * graph.program.seq_len  # n = 1: the facet is the origin
    size = max(map(abs, normal))
    for k in range(4, 2000, 12):
        step = [Fraction(c, size << k) for c in normal]
        sides = []
        for sign in (1, -1):
            point = [m + sign * s for m, s in zip(middle, step, strict=True)]
            z = graph.program.evaluate(point).z
            d = graph.program.hidden_size
            bits = sum(
                1 << (t * d + j) for t, row in enumerate(z) for j, v in enumerate(row) if v > 0
            )
            sides.append(ActivationPattern(graph.program.widths, bits))
        if sides == [into, other]:
            return
    raise AssertionError(f"no points of {into} and {other} beside their facet")


def euler(graph: RegionGraph) -> int:
    corners = {ray for region in graph.regions() for ray in region.cone.rays}
    return len(corners) - graph.graph.number_of_edges() + len(graph)


@given(programs(d=(1, 4), n=(1, 3)))
@settings(max_examples=50, deadline=None)
def test_graphs_of_all_kinds(program: Program) -> None:
    graph = region_graph(program)
    check_graph(graph)
    if any(program.input_weights) and program.seq_len > 1:
        # On a circle corners and edges are the same points; n = 3: Euler's formula.
        assert euler(graph) == (2 if program.seq_len == 3 else len(graph))


def test_graphs_in_four_dimensions() -> None:
    rng = np.random.default_rng(8)
    check_graph(region_graph(random_program(rng, 2, 4)))
    for _, program in degenerate_programs(rng, 8, (1, 2), 4):
        check_graph(region_graph(program))


def test_dead_neurons_flip_with_the_neuron_that_wakes_them() -> None:
    """h1 = relu(h0) after one step: where h0 is off, z1 is identically 0 and counts as off."""
    graph = region_graph(exact_program([1, 0], [[0, 0], [1, 0]], [[1, 0], [0, 1]], 2))
    flips = {edge["flips"] for _, _, edge in graph.graph.edges(data=True)}
    assert flips == {((0, 0), (1, 1)), ((1, 0),)}


@pytest.mark.parametrize(
    "ties", [pytest.param(t, marks=() if t == "lowest" else pytest.mark.slow) for t in ALL_TIES]
)
def test_accuracy_by_region(ties: str) -> None:
    task = second_argmax(3)
    for program in (dead_mass_program(), handcrafted_4_3(), *small(np.random.default_rng(3))):
        graph = region_graph(program, task, ties=ties, digits=25)  # type: ignore[arg-type]
        right = [graph.right_measure(pattern) for pattern in graph.graph]
        accuracy = sum(part.midpoint for part in right)
        expected = brute_force.accuracy(program, task, ties)  # type: ignore[arg-type]
        # At most 1,000 cells of width 1e-25, and the oracle's 50 digits, cut to 40.
        assert abs(accuracy - Fraction(mpmath.nstr(expected, 40))) < Fraction(1, 10**22)
        for pattern, part in zip(graph.graph, right, strict=True):
            assert part.lower <= graph.measure(pattern).upper


def small(rng: Rng) -> list[Program]:
    return [program for _, program in degenerate_programs(rng, 6, (1, 2), 3)]


def test_graphs_without_a_task() -> None:
    graph = region_graph(handcrafted_4_3())
    with pytest.raises(ValueError, match="without a task"):
        graph.right_measure(next(iter(graph.graph)))
    with pytest.raises(InputError, match="2nd_argmax on 4 inputs"):
        region_graph(handcrafted_4_3(), second_argmax(4))
    with pytest.raises(KeyError):
        graph.region(ActivationPattern((4, 4, 4), 2**12 - 1))


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_files(tmp_path: Path, suffix: str) -> None:
    """networkx, which wrote it, reads it back; numbers are held against exact evaluation."""
    graph = region_graph(dead_mass_program(), second_argmax(3))
    path = tmp_path / f"regions{suffix}"
    graph.write(path)
    read = networkx.read_graphml(path) if suffix == ".graphml" else networkx.read_gexf(path)
    assert networkx.is_isomorphic(read, graph.graph)
    assert set(read) == {str(pattern) for pattern in graph.graph}
    measures = networkx.get_node_attributes(read, "measure")
    assert abs(sum(measures.values()) - 1) < 1e-13  # some 20 doubles below 1
    for name, node in read.nodes(data=True):
        assert node["label"] == name
        assert Fraction(node["measure_lower"]) <= Fraction(node["measure_upper"])
        assert Fraction(node["right_lower"]) <= Fraction(node["measure_upper"])
        rows = [[Fraction(c) for c in row.split()] for row in node["linear_map"].split(";")]
        floats = [[float(c) for c in row.split()] for row in node["linear_map_float"].split(";")]
        assert floats == [[float(c) for c in row] for row in rows]
        for column in ("inside", "interior_point"):
            point = [Fraction(c) for c in node[column].split()]
            logits = tuple(sum(c * x for c, x in zip(row, point, strict=True)) for row in rows)
            assert logits == graph.program.evaluate(point).logit
        assert node["answer"] == logits.index(max(logits))  # at the last of these points
    for a, b, edge in read.edges(data=True):
        flips = sum(p != q for p, q in zip(a, b, strict=True))
        assert edge["neurons"] == len(edge["flips"].split()) == flips
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(InputError, match="no folder"):
        graph.write(tmp_path / "nowhere" / path.name)
    with pytest.raises(InputError, match=r"\.graphml or \.gexf"):
        graph.write(tmp_path / "a.dot")


def test_tables_agree(tmp_path: Path) -> None:
    """``write_table`` and ``regions --out`` write the same, and all that the terminal prints."""
    model = load("2nd_argmax_3_3")
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    graph = region_graph(model, model.task)
    assert write_table(graph, one) == len(graph)
    said = CliRunner().invoke(app, ["regions", "2nd_argmax_3_3", "--top", "3", "--out", str(other)])
    assert said.exit_code == 0, said.output
    assert one.read_text() == other.read_text()
    with one.open() as file:
        rows = list(csv.DictReader(file))
    for row, line in zip(rows, said.output.splitlines()[-4:-1], strict=False):
        pattern, measure, *answers = line.split()
        assert row["pattern"] == pattern
        assert row["measure_lower"].startswith(measure.removesuffix("…"))
        assert f"{row['answers']} {100 * float(row['right_share']):.4f}%" == " ".join(answers)
    assert f"{len(graph) - 3} regions of" in said.output
    cells_file = tmp_path / "cells.json"
    write_table(cells(model), cells_file)
    table = json.loads(cells_file.read_text())
    by_answer = sum(row["measure"] for row in table if row["credit"] == "1")
    assert abs(by_answer - sum(float(row["right"]) for row in rows)) < 1e-12


def test_regions_are_chosen_and_sorted() -> None:
    model = load("2nd_argmax_3_3")
    graph = region_graph(model, model.task)
    by_errors = graph.select("errors", wrong=True)
    lost = [graph.wrong_measure(p).midpoint for p in by_errors]
    assert lost == sorted(lost, reverse=True)
    assert min(lost) > 0
    whole = sum(lost)
    assert abs(float(whole) - (1 - float(accuracy(model).enclosure.midpoint))) < 1e-15
    shares = [graph.right_share(p).midpoint for p in graph.select("share")]
    assert shares == sorted(shares)
    heavy = graph.select(at_least=0.01)
    assert heavy == graph.heaviest()[: len(heavy)]
    given = graph.select(answer=1)
    assert all(any(1 in top for top in graph.answers(p)) for p in given)
    assert 0 < len(given) < len(graph)
    assert [str(p) for p in graph.select("pattern")] == sorted(map(str, graph.graph))
    with pytest.raises(InputError, match="Unknown order"):
        graph.select("size")  # type: ignore[arg-type]


def test_a_section_has_regions() -> None:
    """Those of one input are its two sides; right, wrong and unlabelled mass are all of it."""
    line = section(load("2nd_argmax_3_3"), equal=[(0, 1, 2)])
    graph = region_graph(line, line.task)
    assert [graph.measure(p).midpoint for p in graph.graph] == [Fraction(1, 2)] * 2
    plane = section(load("2nd_argmax_4_4"), zero=[1, 3])
    graph = region_graph(plane, plane.task)
    right = sum(float(graph.right_measure(p).midpoint) for p in graph.graph)
    wrong = sum(float(graph.wrong_measure(p).midpoint) for p in graph.graph)
    assert abs(right - float(plane.accuracy().enclosure.midpoint)) < 1e-14
    assert abs(right + wrong + float(plane.unlabelled.midpoint) - 1) < 1e-14
    labelled = [graph.has_label(p) for p in graph.select("share")]
    assert labelled == sorted(labelled, reverse=True)
    assert False in labelled
    line = ["regions", "2nd_argmax_4_4", "--zero", "1,3", "--sort", "share", "--top", "99"]
    assert CliRunner().invoke(app, line).output.count("no label") == labelled.count(False)
