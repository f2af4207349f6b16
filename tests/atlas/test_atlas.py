"""An atlas of a small zoo: built here, in threads, on a cluster, and in pieces, it is the same.

Oracle: ``accuracy`` and ``squared_error`` of each model by itself; for what goes on after a stop,
an atlas that was not stopped.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from support.browser import CHROMIUM, browser
from support.command_line import json_of, refused, run
from support.reports import check_page
from support.small_zoo import CHECKPOINTS, SEEDS, TWELVE, small_zoo, weights
from support.web_server import Answer, Server

import algzoo_exact as az
from algzoo_exact.atlas import build, scoring
from algzoo_exact.atlas.entries import Chosen, Entry, entries_of
from algzoo_exact.atlas.table import COLUMNS
from algzoo_exact.score.compute import decided, metric_for
from algzoo_exact.score.question import Question

FOUR = ("2nd_argmax_2_2", "argmedian_2_3", "median_2_2", "longest_cycle_3_3")
TWO: dict[str, Any] = {"sizes": FOUR, "seeds": (0, 1), "checkpoints": (0, 1 << 20)}
ONE = TWO | {"sizes": ("median_2_2",)}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Four sizes, one of each family, with two seeds and checkpoints."""
    monkeypatch.setattr(build, "_PAUSES", (0.0,))
    with small_zoo(tmp_path, monkeypatch, FOUR, (0, 1), (0, 1 << 20)) as found:
        yield found


def files(folder: Path) -> dict[str, bytes]:
    """All that an atlas wrote, but for its state."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != build.STATE)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


# --- which models ---


def test_all_of_algzoo() -> None:
    every = entries_of(None, Chosen())
    assert len(every) == 116 * 5 * 12 == len({entry.key() for entry in every})
    assert {entry.size for entry in every if entry.sequences == 0} == {
        (entry.task, entry.hidden_size, entry.seq_len)
        for entry in az.catalogue()
        if entry.source == "AlgZoo"
    }


def test_choices() -> None:
    found = entries_of(None, Chosen(("median_*_5", "2nd_argmax_2_2"), (3,), (0, 1 << 30)))
    assert len(found) == 6 * 2
    assert Entry("algzoo:median_4_5_0_3", ("median", 4, 5), 0, 3) in found
    assert {entry.sequences for entry in found} == {0, 1 << 30}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Say which models"),
        (("--sizes", "2nd_argmx_2_2"), "did you mean '2nd_argmax_2_2'?"),
        (("--sizes", "median_2_2,"), "--sizes takes words with commas between"),
        (("--sizes", "median_2_2", "--seeds", "7"), "seeds 0, 1, 2, 3 and 4, not 7"),
        (("--seeds", "a"), "--seeds takes whole numbers"),
        (("--seeds", "3-1"), "There is no seed in '3-1'"),
        (("--checkpoints", "2^19"), "checkpoints 0 (untrained) and 2^20, 2^21, .., 2^30, not 5242"),
        (("--checkpoints", "1x"), "--checkpoints: '1x' is not a whole number"),
        (("--all-algzoo", "models"), "not both"),
        (("--all-algzoo", "--method", "exat"), "did you mean 'exact'?"),
        (("--all-algzoo", "--ties", "lowset"), "did you mean 'lowest'?"),
    ],
)
def test_bad_choices(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in refused("atlas", *options, "-o", tmp_path / "atlas")
    assert not (tmp_path / "atlas").exists()


# --- what is written ---


def test_a_small_zoo(server: Server, tmp_path: Path) -> None:
    made = az.build_atlas(tmp_path / "one", **TWO)
    assert (len(made.rows), made.known, made.left, made.trouble) == (16, 0, (), "")
    assert {row["kind"] for row in made.rows} == {"exact"}
    for row in made.rows:
        name = f"{row['size']}_{row['sequences']}_{row['seed']}"
        model = az.load(f"algzoo:{name}")
        assert (row["file"], row["sha256"]) == (f"algzoo:{name}", model.sha256)
        assert model.task is not None
        numeric = model.task.is_numeric
        score = az.squared_error(model).root if numeric else az.accuracy(model).enclosure
        assert Fraction(row["score_lower"]) <= score.lower <= score.upper
        assert score.upper <= Fraction(row["score_upper"])
    # Both tables hold these rows, in an order that tells which is which.
    table = pyarrow.parquet.read_table(tmp_path / "one" / "scores.parquet")
    assert table.to_pylist() == list(made.rows)
    assert "null" not in map(str, table.schema.types)
    with (tmp_path / "one" / "scores.csv").open(newline="", encoding="utf-8") as file:
        text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in made.rows]
        assert [*csv.DictReader(file)] == text
    numbers = [tuple(row[k] for k in ("seq_len", "hidden_size", "seed", "sequences"))
               for row in made.rows if row["task"] == "2nd_argmax"]  # fmt: skip
    assert numbers == sorted(numbers)

    with ThreadPoolExecutor(2) as pool:
        az.build_atlas(tmp_path / "two", **TWO, workers=pool)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(server.asked) == 16
    assert az.build_atlas(tmp_path / "two", **ONE).known == 4


def test_pages(server: Server, tmp_path: Path) -> None:
    """Each link leads to a file; what failed says why."""
    sizes = FOUR[::2]
    del server.answers["/zoo/median_2_2_0_1.pth"]
    made = az.build_atlas(tmp_path, **TWO | {"sizes": sizes})
    page = check_page(made.index.read_text(encoding="utf-8"))
    assert {link for link in page.links if link[0] not in "#d"} == {
        *(f"sizes/{size}.html" for size in sizes), "scores.parquet", "scores.csv"
    }  # fmt: skip
    assert "8 models of 2 sizes: 7 exact, 1 without a score" in made.index.read_text("utf-8")
    for size in sizes:
        text = (tmp_path / "sizes" / f"{size}.html").read_text(encoding="utf-8")
        server_less = text.replace(server.address, "")  # in what is said of a failure
        assert {"../index.html", f"{size}.svg"} <= set(check_page(server_less).links)
        assert all(f"algzoo:{size}_{s}_{k}" in text for s in (0, 1 << 20) for k in (0, 1))
        assert (tmp_path / "sizes" / f"{size}.svg").read_bytes().startswith(b"<?xml")
        assert ("The server has no file" in text) == (size == "median_2_2")


def test_a_folder(server: Server, tmp_path: Path) -> None:
    """Files named like AlgZoo's have a seed and a place on a curve; others a row all the same."""
    source, target = tmp_path / "runs", tmp_path / "atlas"
    source.mkdir()
    for sequences in (1 << 20, 3 << 20):
        name = f"argmax_3_2_{sequences}_11.pth"
        (source / name).write_bytes(weights("argmax_3_2", sequences, 11))
    (source / "argmax_3_2.pth").write_bytes(weights("argmax_3_2", 1 << 21, 12))
    (source / "unknown.pth").write_bytes(b"no weights")
    told = run("atlas", source, "-o", target, "--json")
    assert told.exit_code == 2
    found = json.loads(told.stdout)
    rows = {Path(row["file"]).name: row for row in found["models"]}
    assert [(row["size"], row["seed"], row["sequences"]) for row in rows.values()] == [
        ("argmax_3_2", 11, 1 << 20), ("argmax_3_2", 11, 3 << 20), ("argmax_3_2", None, None),
        (None, None, None),
    ]  # fmt: skip
    assert found["failed"] == 1
    assert json_of("status", target / build.STATE)["jobs"] == {"done": 3, "total": 4}
    assert rows["unknown.pth"]["error"].startswith("torch cannot read")
    assert "unknown.pth: torch cannot read" in (target / "index.html").read_text("utf-8")
    told = run("atlas", source, "--seeds", "11", "-o", target)
    assert told.exit_code == 0
    assert "kept         2 scores of an earlier run" in told.stdout
    told = run("atlas", source, "--seeds", "4", "-o", target)
    assert "None of the 4 models is chosen" in told.stderr
    (source / "argmax_3_2.pth").write_bytes(weights("argmax_3_2", 1 << 22, 13))
    assert run("atlas", source, "-o", target).stdout.startswith("argmax_3_2.pth")


# --- what does not depend on the clock, and what goes on ---


@pytest.mark.parametrize(
    "name", ["2nd_argmax_3_3", "median_4_3", pytest.param("2nd_argmax_4_4", marks=pytest.mark.slow)]
)
def test_decided(name: str) -> None:
    model = az.load(name)
    assert model.task is not None
    question = Question(metric_for(model.task), model.program, model.task, "lowest")
    one, other = decided(question), decided(question)
    assert one.kind == "exact"
    assert (one.enclosure.lower, one.enclosure.upper) == (
        other.enclosure.lower, other.enclosure.upper
    )  # fmt: skip
    whole = az.squared_error(model) if model.task.is_numeric else az.accuracy(model)
    assert one.enclosure.intersect(whole.enclosure).width >= 0


def test_what_no_method_decides_is_left_to_random_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "SAMPLES", 1 << 16)
    wide, exact = az.build_atlas(tmp_path, ["2nd_argmax_16_10", "2nd_argmax_2_2"],
                                 method="exact").rows[::-1]  # fmt: skip
    assert (wide["kind"], wide["score"], exact["kind"]) == ("certified", None, "exact")
    assert (float(wide["score_lower"]), float(wide["score_upper"])) == (0, 1)
    assert wide["sampled_lower"] < 0.947 < wide["sampled_upper"]


def test_a_lost_server(server: Server, tmp_path: Path) -> None:
    """What was fetched is kept, and the same call goes on."""
    az.build_atlas(tmp_path / "whole", **ONE)
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    answers = dict(server.answers)
    server.answers |= dict.fromkeys([*answers][9:], Answer(status=503))
    made = az.build_atlas(tmp_path / "part", **ONE)
    assert 0 < len(made.rows) < 4
    assert len(made.rows) + len(made.left) == 4
    assert made.trouble.startswith("The server answered 503")
    assert "Not yet" in made.index.read_text(encoding="utf-8")
    with pytest.raises(az.InputError, match="The server answered 503"):
        az.build_atlas(tmp_path / "none", sizes=["longest_cycle_3_3"], checkpoints=[1 << 20])
    server.answers |= answers
    again = az.build_atlas(tmp_path / "part", **ONE)
    assert again.known == len(made.rows)
    assert files(tmp_path / "part") == files(tmp_path / "whole")


def test_other_settings_are_refused(server: Server, tmp_path: Path) -> None:
    az.build_atlas(tmp_path, **ONE)
    with pytest.raises(az.InputError, match="ties is 'lowest', not 'uniform'"):
        az.build_atlas(tmp_path, **ONE, ties="uniform")


def test_ctrl_c(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it strikes inside a score, which then answers with what is known, that is no row."""
    scored, seen = build.scored, []

    def stopping(*arguments: Any) -> Any:
        seen.append(arguments)
        if len(seen) == 3:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        return scored(*arguments)

    monkeypatch.setattr(build, "scored", stopping)
    command = ("atlas", "--sizes", "median_2_2", "--seeds", "0,1", "--checkpoints", "0,2^20",
               "-o", tmp_path / "a", "--workers", "1")  # fmt: skip
    told = run(*command)
    assert told.exit_code == 130
    assert "left         2 models; the same command goes on" in told.stdout
    told = run(*command)
    assert (told.exit_code, "kept         2 scores" in told.stdout) == (0, True)


# --- the whole of a small zoo ---


def command(target: Path) -> list[str]:
    words = [sys.executable, "-m", "algzoo_exact", "atlas", "--sizes", ",".join(TWELVE)]
    words += ["--seeds", ",".join(map(str, SEEDS))]
    return [*words, "--checkpoints", ",".join(map(str, CHECKPOINTS)), "-o", str(target)]


def killed(target: Path, seconds: float, *more: str) -> None:
    """Begin, and end the whole group of processes without a warning."""
    process = subprocess.Popen(
        [*command(target), *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()  # something is done
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


@pytest.mark.slow
def test_killed_and_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """72 models: at once; killed at a random moment; and so by a cluster (for more kills:
    benchmarks/kills.py)."""
    distributed = pytest.importorskip("distributed")
    moments = random.Random(0)
    with small_zoo(tmp_path, monkeypatch) as server:
        subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True)
        assert len(server.asked) == 72
        killed(tmp_path / "pieces", moments.uniform(0, 2))
        done = subprocess.run(command(tmp_path / "pieces"), check=True, capture_output=True)
        assert b"of an earlier run" in done.stdout
        whole = files(tmp_path / "whole")
        assert len(whole) == 3 + 2 * len(TWELVE)
        assert files(tmp_path / "pieces") == whole
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster:
            more = ("--scheduler", cluster.scheduler_address)
            killed(tmp_path / "shared", moments.uniform(0, 1), *more)
            subprocess.run([*command(tmp_path / "shared"), *more], check=True)
        assert files(tmp_path / "shared") == whole


_NAMES = (
    "[...document.querySelectorAll('tbody tr')].filter(r => !r.hidden)"
    ".map(r => r.cells[6].textContent)"
)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_in_a_browser(server: Server, tmp_path: Path) -> None:
    """Nothing is fetched or complained about, nothing is wider than the page; tables sort, filter,
    and lead on."""
    made = az.build_atlas(tmp_path / "atlas", **TWO)
    rows = [row for row in made.rows if row["size"] == "argmedian_2_3"]
    names = [row["file"] for row in rows]
    with browser() as page:
        for width in (1280, 390):
            for dark in (False, True):
                for path in (made.index, tmp_path / "atlas" / "sizes" / "argmedian_2_3.html"):
                    page.open(path, width=width, dark=dark)
                    assert page.complaints() == []
                    assert page.evaluate("document.documentElement.scrollWidth") <= width
                    covers = "document.elementFromPoint(...(r => [r.left + 5, r.top + 5])"
                    covers += "(document.querySelector('h1').getBoundingClientRect())).tagName"
                    assert page.evaluate(covers) == "H1"
        assert page.evaluate(_NAMES) == names
        click = "[...document.querySelectorAll('thead button')][2].click()"  # the scores
        for reverse in (False, True):
            page.evaluate(click)
            scores = dict(zip(names, (row["score"] for row in rows), strict=True))
            assert page.evaluate(_NAMES) == sorted(names, key=scores.__getitem__, reverse=reverse)
        page.evaluate(
            "const f = document.querySelector('input'); f.value = '1,048,576';"
            "f.dispatchEvent(new Event('input'))"
        )
        assert sorted(page.evaluate(_NAMES)) == sorted(n for n in names if "_1048576_" in n)


def test_columns() -> None:
    assert [*COLUMNS][:4] == ["size", "seed", "sequences", "file"]
