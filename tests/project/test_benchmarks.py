"""The benchmarks run, and what they report is what the engine and its oracles say.

No test here looks at a duration or at memory: those depend on the machine.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles import brute_force as oracle
from support.paths import ROOT
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure

BENCHMARKS = ROOT / "benchmarks"

Result = dict[str, Any]


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The benchmark's files, which are scripts and not a package."""
    names = ("brute_force", "engines", "programs", "run", "tables")
    before = {name: sys.modules.pop(name, None) for name in names}
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield {name: __import__(name) for name in names}
    for name, module in before.items():
        sys.modules.pop(name)
        if module is not None:
            sys.modules[name] = module


@pytest.mark.slow
def test_a_cluster_is_held_against_local_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of smaller models; it says by itself that the results are the same, or ends."""
    pytest.importorskip("distributed")
    monkeypatch.syspath_prepend(BENCHMARKS)
    cluster = __import__("cluster")
    monkeypatch.setattr(cluster, "D", 3)
    monkeypatch.setattr(cluster, "N", 4)
    cluster.main(quick=True, out=tmp_path / "cluster.md")
    text = (tmp_path / "cluster.md").read_text()
    program, task = cluster.model()
    whole = az.accuracy(program, task, method="exact", digits=7)
    setup, jobs = cluster.setup_and_jobs(10**6)
    with ThreadPoolExecutor(1) as pool:
        found = cluster.solved(setup, jobs, pool).values()
    total = Enclosure(*(sum(end, Fraction(0)) for end in list(zip(*found, strict=True))[:2]))
    assert max(total.lower, whole.enclosure.lower) <= min(total.upper, whole.enclosure.upper)
    assert re.findall(r"^\| (\w+) \| \d", text, re.M) == ["local", "Dask"]


@pytest.mark.parametrize("masks_at_once", [1, 7, 64])
@pytest.mark.parametrize("d", [1, 2])
def test_brute_force_agrees_with_the_oracle(modules: Any, d: int, masks_at_once: int) -> None:
    """Against the same algorithm in exact integers. Some hundred cones, each angle off by the
    rounding (1e-16) over the sine of its sharpest corner, here above 1e-3: 1e-11 is generous."""
    rng = np.random.default_rng(d)
    for _ in range(3):
        program = random_program(rng, d, 3)
        weights = [
            np.array(w, np.float64)
            for w in (program.input_weights, program.recurrent, program.readout)
        ]
        found = modules["brute_force"].accuracy(*weights, masks_at_once=masks_at_once)
        expected = float(oracle.accuracy(program, az.Task("2nd_argmax", 3)))
        assert abs(found - expected) < 1e-11


def test_the_plan_names_each_measurement_once(modules: Any) -> None:
    full, quick = (modules["run"].plan(2, is_quick, False) for is_quick in (False, True))
    for specs in (full, quick):
        texts = [json.dumps(spec, sort_keys=True) for spec in specs]
        assert len(set(texts)) == len(texts)
        for spec in specs:
            program, task = modules["programs"].find(spec["model"])
            assert program.seq_len == task.seq_len == int(spec["model"].rsplit("_", 1)[1])
    assert {spec["cores"] for spec in modules["run"].plan(1, False, False)} == {1}


@pytest.mark.slow
def test_engines_are_compared_on_the_same_cells(modules: Any) -> None:
    """A row of the table; it is an error if the two contradict each other."""
    row = modules["engines"].compared("random_2_4", 8, 1)
    name, score, digits, cells, fast, slow, ratio = row.strip("| ").split(" | ")
    assert (name, score, digits) == ("random_2_4", "accuracy", "8")
    assert int(cells) > 1
    assert fast.endswith(" ms")
    assert slow.endswith(" s")
    assert int(ratio.replace(",", "")) > 0


@pytest.mark.slow
def test_a_failure_is_reported_in_its_place(modules: Any, tmp_path: Path) -> None:
    """No model of that name: the child says so, the cell says failed, the list says why."""
    spec = {"kind": "floats", "model": "no_such_model_2_2", "cores": 1}
    result = modules["run"].measure(spec)
    assert "no_such_model_2_2" in result["error"]
    counted = {"kind": "regions", "model": spec["model"], "cores": 1, "regions": 1, "leaves": 1}
    modules["tables"].write(tmp_path, {}, [counted, result])
    text = (tmp_path / "results.md").read_text()
    assert "failed" in text
    assert result["error"] in text


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    command = [sys.executable, f"{BENCHMARKS}/run.py", "--quick", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_quick_run_writes_all_its_tables(quick: Path) -> None:
    names = {"results.md", "results.json", "growth.csv", "growth.svg"}
    assert {path.name for path in quick.iterdir()} == names
    text = (quick / "results.md").read_text()
    assert "failed" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        widths = {line.count("|") for line in block.splitlines()}
        assert len(widths) == 1, block
    assert (quick / "growth.svg").read_text().rstrip().endswith("</svg>")


@pytest.mark.slow
def test_quick_figures_agree_with_the_engine(quick: Path) -> None:
    """Exact enclosures are the engine's own; float64 figures lie within 1e-12 of them, sampled ones
    within 6 standard errors (false alarm below 1e-8 for the 6 there are)."""
    results: list[Result] = json.loads((quick / "results.json").read_text())["results"]
    truth = {}
    for result in results:
        if result["kind"] == "exact":
            model = az.load(result["model"])
            assert model.task is not None
            found = az.accuracy(model.program, model.task, method="exact", digits=result["digits"])
            assert result["number"] == "exact"
            assert result["width"] <= 10.0 ** -result["digits"]
            assert float(result["lower"]) <= found.value <= float(result["upper"])
            truth[result["model"]] = found
    assert truth
    compared = set()
    for result in results:
        if "accuracy" in result and result["model"] in truth:
            found = truth[result["model"]]
            tolerance = 1e-12
            if result["kind"] == "sampling":
                # By the exact value: an estimate of 1 has no standard error of its own.
                chance = found.value * (1 - found.value)
                tolerance = 6 * (chance / result["samples"]) ** 0.5
            assert abs(result["accuracy"] - found.value) < tolerance, result
            compared.add(result["kind"])
        if result["kind"] == "regions":
            model = az.load(result["model"])
            *_, every = az.accuracy_bounds(model.program, model.task, digits=6)
            patterns = {region.pattern for region in az.activation_regions(model)}
            assert (len(patterns), every.cells) == (result["regions"], result["leaves"])
    assert compared == {"floats", "exact", "brute_force", "sampling"}


@pytest.mark.slow
def test_quick_growth_and_variants_agree_with_the_engine(quick: Path, modules: Any) -> None:
    """Exact values of the variants and of the random models, to 1e-12."""
    results: list[Result] = json.loads((quick / "results.json").read_text())["results"]
    with (quick / "growth.csv").open(newline="") as file:
        rows = {(int(row["d"]), int(row["n"])): int(row["leaves"]) for row in csv.DictReader(file)}
    checked = 0
    for result in results:
        if result["kind"] == "floats" and result["model"].startswith("random_"):
            program, task = modules["programs"].find(result["model"])
            expected = az.accuracy(program, task, method="exact").value
            assert abs(result["accuracy"] - expected) < 1e-12
            assert rows.pop((program.hidden_size, task.seq_len)) == result["leaves"]
            checked += 1
        if result["kind"] == "variants":
            program, task = modules["programs"].find(result["model"])
            variants = modules["programs"].noisy_variants(program, result["count"])
            for value, variant in zip(result["accuracies"], variants, strict=True):
                assert abs(value - az.accuracy(variant, task, method="exact").value) < 1e-12
    assert checked
    assert not rows
