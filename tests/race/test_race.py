"""Points, entries and the race itself, on small models; its oracle is the exact accuracy."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import permutations
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.present.documents.race import race_document
from algzoo_exact.present.writers import markdown
from algzoo_exact.race.entries.designs import (
    by_order,
    order_dimensions,
    random_chunk,
    sobol_order_chunk,
    sobol_points,
)
from algzoo_exact.race.estimator import LearnedConstant
from algzoo_exact.race.plot import plot_race
from algzoo_exact.race.registry import estimator, names
from algzoo_exact.race.run import Race, answers_of, compare
from algzoo_exact.race.statistics import CONFIDENCE
from algzoo_exact.race.store import FILE
from algzoo_exact.race.summary import COLUMNS, to_csv

MODEL = az.load("2nd_argmax_4_3")
PROGRAM, TASK = MODEL.program, az.tasks.second_argmax(3)


# Points


@pytest.mark.parametrize("n", [2, 3, 5])
def test_order_coordinates_give_independent_normals(n: int) -> None:
    """Against the normal law: each input's distribution, products, and the order's uniformity.

    2^14 independent uniform points; thresholds are 5 standard errors.
    """
    count = 1 << 14
    u = np.random.default_rng(n).uniform(size=(order_dimensions(n), count))
    x = by_order(u, n)
    assert min(kstest(row, "norm").pvalue for row in x) > 1e-5
    products = x @ x.T / count - np.eye(n)
    assert np.abs(products).max() < 5 * sqrt(2 / count)
    orders = np.argsort(x, axis=0).T
    share = 1 / len(list(permutations(range(n))))
    for order in permutations(range(n)):
        found = np.mean((orders == order).all(1))
        assert abs(found - share) < 5 * sqrt(share / count)


def test_order_coordinates_mean_what_they_say() -> None:
    """The first coordinate alone decides where the two largest inputs are; the order holds."""
    n, count = 6, 4096
    u = np.random.default_rng(0).uniform(size=(order_dimensions(n), count))
    changed = u.copy()
    changed[1:] = np.random.default_rng(1).uniform(size=(n + 1, count))
    top, other = (np.argsort(by_order(v, n), axis=0)[-2:] for v in (u, changed))
    np.testing.assert_array_equal(top, other)
    x = by_order(u, n)
    third_changed = u.copy()
    third_changed[5:] = changed[5:]
    y = by_order(third_changed, n)
    np.testing.assert_array_equal(np.sort(x, axis=0)[-3:], np.sort(y, axis=0)[-3:])


def test_sobol_points_are_balanced() -> None:
    """Each of the 2^k equal parts of each axis holds one of 2^k points, chunk after chunk."""
    parts = [sobol_points(4, 64, 3, number) for number in range(4)]
    u = np.concatenate(parts, axis=1)
    for row in u:
        assert sorted((row * 256).astype(int)) == list(range(256))
    assert u.min() > 0
    assert u.max() < 1
    np.testing.assert_array_equal(u, sobol_points(4, 256, 3, 0))
    assert not np.array_equal(u, sobol_points(4, 256, 4, 0))


def test_points_of_a_chunk_depend_on_seed_and_number_only() -> None:
    x, labels = random_chunk(TASK, 64, 1, 2)
    again, _ = random_chunk.__wrapped__(TASK, 64, 1, 2)
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, random_chunk(TASK, 64, 1, 3)[0])
    assert not np.array_equal(x, random_chunk(TASK, 64, 2, 2)[0])
    assert [TASK.label(list(map(float, column))) for column in x.T] == labels.tolist()
    x, labels = sobol_order_chunk(TASK, 64, 1, 0)
    assert [TASK.label(list(map(float, column))) for column in x.T] == labels.tolist()


# The race


def race(folder: Path | None = None, **changes: object) -> Race:
    options = {
        "variants": 4,
        "budgets": [2e3, 2e5],
        "estimators": ["sampling", "sobol-order", "bounds-midpoint", "enumeration"],
        "seeds": 8,
        "folder": folder,
    }
    return compare(MODEL, 0.05, **(options | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Race, Path]:
    folder = tmp_path_factory.mktemp("race")
    return race(folder), folder


def stored(folder: Path) -> list[tuple[Any, Any]]:
    """What a race has kept: each job's key and what it came to."""
    with closing(sqlite3.connect(folder / FILE)) as base:
        rows = base.execute("SELECT key, value FROM jobs ORDER BY key").fetchall()
    return [(json.loads(key), json.loads(value)) for key, value in rows]


def without(folder: Path, target: Path, keep: int, rng: random.Random) -> None:
    """The same race as if a kill had left so many of its jobs."""
    target.mkdir()
    (target / FILE).write_bytes((folder / FILE).read_bytes())
    keys = [json.dumps(key) for key, _ in stored(folder)]
    with closing(sqlite3.connect(target / FILE)) as base, base:
        gone = rng.sample(keys, len(keys) - keep)
        base.executemany("DELETE FROM jobs WHERE key = ?", [(key,) for key in gone])


def test_figures_are_those_of_the_answers(finished: tuple[Race, Path]) -> None:
    """Recomputed from the stored answers in plain Python, and the truth by the exact engine."""
    found, folder = finished
    kept = {tuple(key) if isinstance(key, list) else key: value for key, value in stored(folder)}
    truths = []
    for variant in range(4):
        noisy = az.perturb(PROGRAM, 0.05, variant)
        exact = float(az.accuracy(noisy, TASK).enclosure.midpoint)
        assert kept[variant]["value"] == pytest.approx(exact, abs=1e-12)
        truths.append(exact)
    assert found.accuracy == pytest.approx(sum(truths) / 4)
    for point in found.points:
        rows = [
            answers["values"]
            for key, answers in kept.items()
            if isinstance(key, tuple) and key[:2] == (point.estimator, point.budget)
        ]
        assert len(rows) == (point.seeds or 1)
        squares = [
            (value - truth) ** 2 for row in rows for value, truth in zip(row, truths, strict=True)
        ]
        mean = sum(squares) / len(squares)
        assert point.outcome.mse.value == pytest.approx(mean, rel=1e-6, abs=1e-20)
        if point.outcome.ratio is None:
            continue
        k = point.outcome.flops / 144  # type: ignore[operator]
        expected = sum(p * (1 - p) for p in truths) / 4 / k
        assert point.outcome.ratio.value == pytest.approx(mean / expected, rel=1e-6)


def test_every_point_has_its_interval(finished: tuple[Race, Path]) -> None:
    found, _ = finished
    assert {point.estimator for point in found.points} == {
        "sampling",
        "sobol-order",
        "bounds-midpoint",
    }
    for point in found.points:
        for measured in (point.outcome.mse, point.outcome.bias, point.outcome.ratio):
            if measured is not None:
                assert measured.low <= measured.value <= measured.high
                assert measured.wide_low <= measured.wide_high
    assert CONFIDENCE == 0.95
    assert "own figure" in found.left_out["enumeration"]


def test_a_killed_race_goes_on_to_the_same_results(
    finished: tuple[Race, Path], tmp_path: Path
) -> None:
    """Whichever of its jobs were done."""
    whole, folder = finished
    rng = random.Random(0)
    for keep in (0, 1, 3, 10, len(stored(folder)) - 1):
        target = tmp_path / f"{keep}"
        without(folder, target, keep, rng)
        assert len(stored(target)) == keep
        assert to_csv(race(target)) == to_csv(whole)
        assert [key for key, _ in stored(target)] == [key for key, _ in stored(folder)]


@pytest.mark.slow
def test_processes_give_the_same_results(finished: tuple[Race, Path]) -> None:
    assert to_csv(race(workers=2)) == to_csv(finished[0])


def test_more_budgets_and_seeds_go_on(finished: tuple[Race, Path], tmp_path: Path) -> None:
    _, folder = finished
    (tmp_path / FILE).write_bytes((folder / FILE).read_bytes())
    race(tmp_path, budgets=[2e3], seeds=9)
    before = stored(tmp_path)
    assert len(before) == len(stored(folder)) + 2  # the ninth seed of two entries
    race(tmp_path, budgets=[2e3], seeds=9)
    assert stored(tmp_path) == before


@pytest.mark.parametrize(
    "change", [{"variants": 5}, {"relative": True}, {"noise_seed": 1}], ids=str
)
def test_another_race_is_refused(finished: tuple[Race, Path], change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="is the state of another run"):
        race(finished[1], **change)


@pytest.mark.parametrize("damage", [b'{"race": 3}\n', b"SQLite format 3\0" + bytes(100)])
def test_damaged_files_are_refused(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(InputError, match="is damaged"):
        race(tmp_path)


@pytest.mark.parametrize("value", ["no json", "[1]", '[["a"], null, []]', '{"fraction": "1/0"}'])
def test_damaged_values_are_refused(
    finished: tuple[Race, Path], tmp_path: Path, value: str
) -> None:
    (tmp_path / FILE).write_bytes((finished[1] / FILE).read_bytes())
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        base.execute("UPDATE jobs SET value = ? WHERE key LIKE '%sampling%'", (value,))
    with pytest.raises(InputError, match="is damaged"):
        race(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variants": 1}, "at least 2 variants"),
        ({"seeds": 1}, "at least 2 seeds"),
        ({"budgets": []}, "FLOPs"),
        ({"budgets": [float("nan")]}, "FLOPs"),
        ({"estimators": ["magic"]}, "Unknown estimator 'magic'"),
        ({"estimators": []}, "No estimator"),
        ({"workers": 0}, "at least 1"),
    ],
    ids=str,
)
def test_races_without_intervals_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        race(**change)  # type: ignore[arg-type]


def test_models_of_other_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="above 0"):
        compare(MODEL, 0.0)
    for name in ("median_4_3", "longest_cycle_4_4"):
        with pytest.raises(InputError, match="label for each Gaussian input"):
            compare(az.load(name), 0.1)
    with pytest.raises(InputError, match=r"diff\(\) tells where two models differ"):
        compare(MODEL, MODEL)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="which task"):
        compare(replace(MODEL, task=None), 0.1)


def test_sampled_truths_are_subtracted(tmp_path: Path) -> None:
    """Six inputs: the truth is sampled, and its error is p (1 - p) / samples."""
    model = az.load("2nd_argmax_16_10")
    found = compare(
        model, 0.01, relative=True, variants=2, budgets=[1e4, 1e5], estimators=["sampling"],
        seeds=2, truth_samples=20_000, folder=tmp_path,
    )  # fmt: skip
    assert found.truth_method == "20,000 samples"
    assert found.truth_error == pytest.approx(sqrt(found.sampling_variance / 20_000), rel=0.05)
    assert "subtracted" in to_markdown(found)


def test_an_entry_that_cannot_start_is_listed() -> None:
    found = race(budgets=[50.0], estimators=["sampling"], seeds=2)
    assert not found.points
    assert found.left_out == {"sampling": "sampling cannot start within 50 FLOPs."}
    with pytest.raises(InputError, match="No entry"):
        plot_race(found, "race.svg")


def test_answers_without_counts() -> None:
    answers = answers_of(("enumeration", None, 0), [PROGRAM, PROGRAM], TASK, {})
    assert answers.flops is None
    assert len(answers.values) == 2


# Results


def to_markdown(race: Race) -> str:
    return markdown.to_markdown(race_document(race), {})


def test_csv(finished: tuple[Race, Path]) -> None:
    rows = [line.split(",") for line in to_csv(finished[0]).splitlines()]
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 1 + len(finished[0].points)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    by_name = dict(zip(COLUMNS, rows[1], strict=True))
    assert by_name["estimator"] == "sampling"
    assert float(by_name["flops"]) == 144 * (2000 // 144)


def test_summary_names_its_conditions(finished: tuple[Race, Path]) -> None:
    text = to_markdown(finished[0])
    for part in ("0.05", "noise seeds 0 to 3", "exact enumeration", "95%", "can't be attributed"):
        assert part in text
    assert text.count("\n| sampling |") == 2


def test_learned_constants_are_shown(finished: tuple[Race, Path], tmp_path: Path) -> None:
    """Beside the kind in the table, the csv and the plot; below the table with their cost."""
    constant = LearnedConstant("a width", 0.25, "other models", 5e10)
    points = (replace(p, learned=(constant,) * (p.seeds > 0)) for p in finished[0].points)
    found = replace(finished[0], points=tuple(points))
    text = to_markdown(found)
    assert "| sampling | sampled, 1 learned constant |" in text
    assert "- sampling: a width, 0.25, from other models, for 5.00e+10 FLOPs, once" in text
    counts = {row.split(",")[0]: row.split(",")[2] for row in to_csv(found).splitlines()}
    assert (counts["sampling"], counts["bounds-midpoint"]) == ("1", "0")
    plot_race(found, tmp_path / "a.svg")
    assert "(sampled, 1 learned constant)" in (tmp_path / "a.svg").read_text()
    assert "learned" not in to_markdown(finished[0])
    assert [name for name in names() if estimator(name).learned] == ["mean-field-calibrated"]


def test_plot(finished: tuple[Race, Path], tmp_path: Path) -> None:
    """The same bytes twice; every entry with counted operations is in the legend."""
    for name in ("a.svg", "b.svg", "c.png"):
        plot_race(finished[0], tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"not as 'x\.gif'"):
        plot_race(finished[0], tmp_path / "x.gif")
    with pytest.raises(InputError, match="no folder"):
        plot_race(finished[0], tmp_path / "missing" / "x.svg")


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(InputError, match="Cannot use"):
        race(blocked)


def test_the_ratio_of_sampling_is_one() -> None:
    """A known law: in expectation it is 1. 100 seeds."""
    found = race(estimators=["sampling"], budgets=[3e4], seeds=100, variants=8)
    ratio = found.points[0].outcome.ratio
    assert ratio is not None
    # Shared points: chi-square with few degrees of freedom, at worst sqrt(2 / 100) = 14%.
    assert ratio.value == pytest.approx(1, abs=5 * 0.142)
