"""``algzoo-exact status``, and ``--state`` where there is one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.command_line import COUNT, NULL, NUMBER, TEXT, either, json_of, record, refused, run

from algzoo_exact.present.wording import duration

STATUS = record(
    state=TEXT,
    run={"type": "object"},
    jobs=record(done=COUNT, total=either(COUNT, NULL)),
    seconds=record(spent=NUMBER, left=either(NUMBER, NULL), silent=NUMBER),
    enclosure=either(record(lower=TEXT, upper=TEXT), NULL),
    version=TEXT,
)


def test_a_run_and_its_status(tmp_path: Path) -> None:
    place = tmp_path / "run.db"
    line = ("errors", "2nd_argmax_3_3", "--state", place)
    first = json_of(*line)
    assert json_of(*line)["total"] == first["total"]
    found: dict[str, Any] = json_of("status", place)
    jsonschema.validate(found, STATUS)
    assert found["run"]["command"] == "errors"
    assert found["jobs"]["done"] == found["jobs"]["total"] > 0
    said = run("status", place)
    assert f"{found['jobs']['done']} of {found['jobs']['done']} done" in said.output
    assert "time left     none" in said.output
    assert found["run"]["model"][:12] in said.output
    assert found["run"]["model"] not in said.output


@pytest.mark.parametrize(
    "line",
    [
        ("importance", "2nd_argmax_2_2"),
        ("neurons", "2nd_argmax_3_3"),
        pytest.param(("ask", "2nd_argmax_4_4", "h[1][0] > logit[0]"), marks=pytest.mark.slow),
        ("sections", "2nd_argmax_3_3"),
        ("explore", "2nd_argmax_3_3", "-o", "page.html"),
        pytest.param(("report", "2nd_argmax_2_2", "-o", "a.md"), marks=pytest.mark.slow),
    ],
)
def test_what_has_a_state(
    line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = (*line, "--workers", "1", "--state", "a.db")
    first = json_of(*line)
    with closing(sqlite3.connect("a.db")) as base, base:
        base.execute("DELETE FROM jobs WHERE rowid % 2")
    assert json_of(*line) | {"seconds": 0} == first | {"seconds": 0}
    found = json_of("status", "a.db")
    assert found["run"]["command"] == line[0]
    assert found["jobs"]["done"] == found["jobs"]["total"] > 1
    other = run(line[0], "2nd_argmax_4_3", *line[2:])
    assert other.exit_code == 2
    assert other.stderr.count("a.db is the state of another run") == 1


def test_bounds_so_far(tmp_path: Path) -> None:
    line = ("accuracy", "longest_cycle_4_4", "--max-regions", "100", "--state", tmp_path / "a.db")
    score, found = json_of(*line), json_of("status", tmp_path / "a.db")
    assert float(found["enclosure"]["lower"]) == pytest.approx(float(score["accuracy"]["lower"]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("status", "none.db"), "There is no file none.db"),
        (("accuracy", "2nd_argmax_2_2", "2nd_argmax_3_3", "--state", "a.db"), "no --state of"),
        (("errors", "longest_cycle_4_4", "--state", "a.db"), "no --state of"),
        (("diff", "longest_cycle_4_4", "longest_cycle_4_4", "--state", "a.db"), "no --state of"),
        (("explore", "longest_cycle_4_4", "-o", "a.html", "--state", "a.db"), "no --state of"),
        (("report", "--all", ".", "-o", "reports", "--state", "a.db"), "no --state of"),
        (("sample", "2nd_argmax_2_2", "--state", "missing/a.db"), "can be no file missing"),
    ],
)
def test_what_has_no_state(
    line: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(*line)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (61, "1 min 1 s"),
        (7260, "2 h 1 min"),
        (1e6, "11 d 13 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
