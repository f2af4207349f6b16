"""The state of a run: what is put is there, what is not its own is refused, kills lose little."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple
from unittest.mock import ANY

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cones import CONES
from algzoo_exact.score.question import Question
from algzoo_exact.score.result import Score
from algzoo_exact.state import State, opened, status
from algzoo_exact.typed import ERRORS, plain, typed

RUN = {"command": "test", "digits": None, "sizes": (1, 2)}

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.fractions(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(PLAIN.filter(lambda value: value is not None))
def test_what_is_put_is_there(value: object) -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder, "run.db")
        with State(place) as state:
            state.claim(RUN)
            assert state.value("job") is None
            state.put("job", value)
            assert state.value("job") == value
        with State(place) as state:
            state.claim(RUN)
            assert (state.value("job"), state.value("other"), state.done) == (value, None, 1)


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "uint64", "bool"])
def test_arrays(kind: str, tmp_path: Path) -> None:
    array = np.arange(6).reshape(2, 3).astype(kind)
    with State(tmp_path / "run.db") as state:
        state.put("job", [array, array[:0]])
        back, empty = state.value("job")
        assert (back.dtype, empty.shape) == (array.dtype, (0, 3))
        np.testing.assert_array_equal(back, array)
        with pytest.raises(TypeError, match="keeps no"):
            state.put("other", {1, 2})


def test_what_is_settled_stays(tmp_path: Path) -> None:
    for found in (None, [1, None], "later"):
        with opened(tmp_path / "run.db", lambda: RUN) as state:
            assert state is not None
            assert state.settled("plan", lambda found=found: found) == (found and [1, None])


def test_another_run_is_refused(tmp_path: Path) -> None:
    with State(tmp_path / "run.db") as state:
        state.claim(RUN)
        state.claim({"command": "a part of it"})
    before = status(tmp_path / "run.db")
    with State(tmp_path / "run.db") as state, pytest.raises(InputError, match="another run") as e:
        state.claim(RUN | {"digits": 3})
    assert "digits is None, not 3" in str(e.value)
    assert status(tmp_path / "run.db") == replace(before, silent=ANY)
    az.accuracy(az.load("2nd_argmax_4_3"), max_cells=4, state=tmp_path / "score.db")
    for change in ({"ties": "uniform"}, {"digits": 3}, {"max_cells": 5}):
        with pytest.raises(InputError, match=f"another run \\({next(iter(change))} is"):
            az.accuracy(
                az.load("2nd_argmax_4_3"), **({"max_cells": 4} | change),  # type: ignore[arg-type]
                state=tmp_path / "score.db",
            )  # fmt: skip


def test_what_is_no_state(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as base, base:
        base.execute("CREATE TABLE jobs (key TEXT, value TEXT)")
    (tmp_path / "text").write_text("no database" * 100)
    for place in (other, tmp_path / "text", tmp_path, tmp_path / "missing" / "run.db"):
        with pytest.raises(InputError, match=r"is not the state|can be no file"):
            State(place)
    for place in (other, tmp_path / "none.db"):
        with pytest.raises(InputError, match=r"is not the state|no file"):
            status(place)
    assert other.read_bytes()
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    "text",
    [
        "no JSON", '{"fraction": "1e999999999"}', '{"fraction": "1/0"}', '{"fraction": 1}',
        '{"array": "object", "shape": [1], "data": ""}',
        '{"array": "float64", "shape": [9], "data": "AAAA"}', '{"between": [0, 1]}',
        '{"between": [{"fraction": "1"}, {"fraction": "0"}]}',
    ],
)  # fmt: skip
def test_damaged_values_are_refused(text: str, tmp_path: Path) -> None:
    with State(tmp_path / "run.db") as state:
        state.put("job", 1)
    with closing(sqlite3.connect(tmp_path / "run.db")) as base, base:
        base.execute("UPDATE jobs SET value = ?", (text,))
    with State(tmp_path / "run.db") as state, pytest.raises(InputError, match="is damaged"):
        state.value("job")


def test_another_version_is_told(tmp_path: Path) -> None:
    place = tmp_path / "run.db"
    with State(place) as state:
        state.claim(RUN)
    with closing(sqlite3.connect(place)) as base, base:
        base.execute("PRAGMA user_version = 0")  # as the first version left it
    for use in (State, status):
        with pytest.raises(InputError, match="of another version of this program"):
            use(place)


class Named(NamedTuple):
    sizes: dict[str, int]
    pairs: Mapping[tuple[int, int], Fraction]


@dataclass(frozen=True)
class Found:
    named: Named
    value: float | None
    sort: Literal["a", "b"]
    chosen: frozenset[int]
    some: tuple[tuple[bool, str], ...]
    nested: tuple[Any, ...] = ()


@given(
    st.dictionaries(st.text(), st.integers()),
    st.dictionaries(st.tuples(st.integers(), st.integers()), st.fractions()),
    st.none() | st.floats(allow_nan=False),
    st.sampled_from(["a", "b"]),
    st.frozensets(st.integers()),
    st.lists(st.tuples(st.booleans(), st.text())),
)
def test_values_come_back_by_their_types(
    sizes: dict[str, int],
    pairs: dict[tuple[int, int], Fraction],
    value: float | None,
    sort: Literal["a", "b"],
    chosen: frozenset[int],
    some: list[tuple[bool, str]],
) -> None:
    found = Found(Named(sizes, pairs), value, sort, chosen, tuple(some))
    parts = plain([found])
    assert not any(isinstance(part, tuple | Found) for part in [*parts, *parts[0]])
    assert typed(list[Found], parts) == [found]


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        (int, 1.0), (int, True), (float, "1"), (bool, 0), (Fraction, 1), (int | None, "1"),
        (Literal["a"], "b"), (tuple[int, int], [1]), (tuple[int, ...], ["1"]), (list[int], 1),
        (Named, [{}]), (dict[str, int], [[1, 1]]), (NDArray[np.int64], np.zeros(1)),
        (NDArray[np.float64], [0.0]), (Enclosure, [0, 1]),
    ],
    ids=str,
)  # fmt: skip
def test_values_of_other_types_are_refused(sort: Any, value: object) -> None:
    with pytest.raises(ERRORS):
        typed(sort, value)


def test_status(tmp_path: Path) -> None:
    place = tmp_path / "run.db"
    with State(place) as state:
        assert status(place).total is status(place).left is status(place).enclosure is None
        state.claim(RUN)
        state.put("a", 1)
        state.expect(4)
        state.tell(Enclosure(Fraction(1, 3), Fraction(1, 2)))
        state.write()
        found = status(place)  # while another process has it open
    assert (found.run["command"], found.done, found.total) == ("test", 1, 4)
    assert found.left == pytest.approx(3 * found.seconds)
    assert found.enclosure is not None
    assert found.enclosure.lower == Fraction(1, 3)
    assert found.silent < 60


def test_status_of_a_run_that_only_begins(tmp_path: Path) -> None:
    """Between its file and its tables there is a moment at which others may look."""
    place = tmp_path / "run.db"
    place.touch()
    assert (status(place).done, status(place).total) == (0, None)
    with State(place) as state:
        state.claim(RUN)
    assert status(place).run["command"] == "test"


WRITER = """
import sys
from algzoo_exact.state import State
with State(sys.argv[1]) as state:
    for k in range(10**9):
        if state.value(str(k)) is None:
            state.put(str(k), [k, k * k])
"""


def written(place: Path) -> int:
    """Jobs; -1 before there is a file."""
    with suppress(InputError):
        return status(place).done
    return -1


@pytest.mark.slow
def test_kills_lose_what_was_not_written_yet_and_no_more(tmp_path: Path) -> None:
    place, known = tmp_path / "run.db", 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", WRITER, place])
        while not written(place) > known:
            time.sleep(0.01)
        known = status(place).done
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with State(place) as state:
            assert state.done >= known
            assert all(state.value(str(k)) == [k, k * k] for k in range(state.done))


# --- runs that go on ---


def ends(found: Enclosure) -> tuple[Fraction, Fraction]:
    return found.lower, found.upper


def stored(place: Path) -> dict[str, Any]:
    """But for what a score took."""
    with closing(sqlite3.connect(place)) as base:
        rows = base.execute("SELECT key, value FROM jobs").fetchall()
    return {k: json.loads(v, object_hook=lambda d: d | {"seconds": 0}) for k, v in rows}


def forget(place: Path, share: float, rng: random.Random) -> None:
    """As if a kill had come before some of the jobs were done."""
    gone = [key for key in stored(place) if rng.random() < share]
    with closing(sqlite3.connect(place)) as base, base:
        base.executemany("DELETE FROM jobs WHERE key = ?", [(key,) for key in gone])


def check_goes_on(run: Callable[[Path, int | Executor], Any], place: Path, jobs: int) -> Any:
    """The same result, and the same jobs, whichever of them were done before, and by whom."""
    rng = random.Random(1)
    expected = run(place, 1)
    whole = stored(place)
    assert len(whole) >= jobs
    with ThreadPoolExecutor(3) as pool:
        for share in (0.3, 0.9, 0.0):
            forget(place, share, rng)
            assert run(place, pool) == expected
            assert stored(place) == whole
            found = status(place)
            assert found.done == found.total == len(whole)
    return expected


def test_an_exact_score_goes_on(tmp_path: Path) -> None:
    model = az.load("2nd_argmax_4_3")

    def run(place: Path, workers: int | Executor) -> Any:
        return ends(az.accuracy(model, method="exact", workers=workers, state=place).enclosure)

    # Few cells are counted in this process: no job is kept of what has a closed form.
    assert run(tmp_path / "run.db", 1) == ends(az.accuracy(model, method="exact").enclosure)


def test_a_score_in_parts_goes_on(tmp_path: Path) -> None:
    """Cones are cut alike, whatever is known of others."""
    program, task = random_program(np.random.default_rng(5), 3, 3), az.tasks.argmax(3)
    question = Question(
        ACCURACY, program, task, "lowest", 12, "exact", most_leaves=3, leaves=20.0,
        compiled=False,
    )  # fmt: skip

    def run(place: Path, workers: int | Executor) -> Any:
        with opened(place, question.identity) as state:
            steps = list(CONES.steps(replace(question, state=state, workers=workers)))
            last: Score = steps[-1]
            assert last.kind == "exact"
            return *ends(last.enclosure), last.cells

    lower, upper, _ = check_goes_on(run, tmp_path / "run.db", 8)
    assert "too large" in stored(tmp_path / "run.db").values()
    whole = az.accuracy(program, task, digits=12).enclosure
    assert max(lower, whole.lower) <= min(upper, whole.upper)


def test_every_input_of_a_transformer_goes_on(tmp_path: Path) -> None:
    model = az.load("longest_cycle_6_5")
    check_goes_on(
        lambda place, workers: az.accuracy(model, workers=workers, state=place).counts,
        tmp_path / "run.db", 4,
    )  # fmt: skip


def test_wrong_cells_and_differences_go_on(tmp_path: Path) -> None:
    one, other = az.load("2nd_argmax_3_3"), az.load("2nd_argmax_4_3")

    def errors(place: Path, workers: int | Executor) -> Any:
        found = az.find_errors(one, workers=workers, state=place)
        return ends(found.total), found.table.measure.tobytes(), found.table.bits.tobytes()

    def differences(place: Path, workers: int | Executor) -> Any:
        found = az.diff(one, other, workers=workers, state=place)
        return ends(found.probability), found.measure.tobytes(), found.inside.tobytes()

    assert check_goes_on(errors, tmp_path / "errors.db", 6)[0] == ends(az.find_errors(one).total)
    check_goes_on(differences, tmp_path / "differences.db", 6)


def told(score: Score) -> Any:
    """All of it but the clock; seconds of what is kept are those of the first run."""
    by_label = score.by_label and {k: ends(value) for k, value in score.by_label.items()}
    known = score.kind, ends(score.enclosure), score.method, score.undecided, by_label
    return *known, score.regions, score.cells, score.counts, str(score.form)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("2nd_argmax_2_2", {"sorts": ("steps", "weights")}),  # scores have closed forms,
        ("longest_cycle_4_4", {}),  # or are counted,
        ("", {}),  # or are neither
        ("median_2_2", {"pairs": True, "frozen": "on"}),
    ],
)
def test_importance_goes_on(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    program, task = random_program(np.random.default_rng(2), 2, 4), az.tasks.argmax(4)
    given = (az.load(name),) if name else (program, task)

    def run(place: Path | None, workers: int | Executor) -> Any:
        found = az.importance(*given, workers=workers, state=place, **options)
        return told(found.score), [(p.part, told(p.score), ends(p.drop)) for p in found.parts]

    jobs = sum(key.startswith("without ") for key in kept_by(run, tmp_path / "a.db"))
    expected = check_goes_on(run, tmp_path / "run.db", jobs)
    assert jobs == len(expected[1]) > 0
    assert expected == run(None, 1)


def kept_by(run: Callable[[Path, int], Any], place: Path) -> list[str]:
    run(place, 1)
    return [*stored(place)]


def test_neurons_and_sections_go_on(tmp_path: Path) -> None:
    model = az.load("2nd_argmax_3_3")

    def neurons(place: Path | None, workers: int | Executor) -> Any:
        found = az.neuron_facts(model, workers=workers, state=place)
        return {k: ends(on) for k, on in found.on.items()}, found.table.inside.tobytes()

    def positive(place: Path | None, workers: int | Executor) -> Any:
        found = az.positive_inputs(model, 2, workers=workers, state=place).cases
        return [(replace(c, share=None), c.share is None or ends(c.share)) for c in found]

    for number, (run, jobs) in enumerate([(neurons, 12), (positive, 3)]):
        assert check_goes_on(run, tmp_path / f"{number}.db", jobs) == run(None, 1)


def test_a_section_goes_on(tmp_path: Path) -> None:
    part = az.section(az.load("2nd_argmax_8_5"), zero=(2, 3))
    first = part.accuracy(method="bounds", state=tmp_path / "run.db")
    assert told(first) == told(part.accuracy(method="bounds", state=tmp_path / "run.db"))
    with pytest.raises(InputError, match="another run"):
        az.accuracy(az.load("2nd_argmax_8_5"), method="bounds", state=tmp_path / "run.db")


def test_what_is_asked_goes_on(tmp_path: Path) -> None:
    model = az.load("2nd_argmax_4_4")

    def run(place: Path | None, workers: int | Executor) -> Any:
        found = az.ask(
            model, "h[1][0] > logit[0]", given="x[0] > x[3]", cells=3, workers=workers, state=place
        )
        assert found.cells is not None
        assert found.probability.enclosure is not None
        cells = [(ends(c.probability), c.walls, c.inside) for c in found.cells.heaviest]
        return found.outcome.status, ends(found.probability.enclosure), found.cells.count, cells

    assert check_goes_on(run, tmp_path / "run.db", 10) == run(None, 1)
    with pytest.raises(InputError, match="another run"):
        az.ask(model, "h[1][0] > logit[0]", state=tmp_path / "run.db")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("2nd_argmax_3_3", {"against": "2nd_argmax_4_3"}),
        ("2nd_argmax_4_4", {"section": "*,*,0,1/2"}),
        ("median_4_3", {}),
    ],
)
def test_pages_go_on(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    model = az.load(name)
    other = az.load(options["against"]) if "against" in options else None
    given = options | {"against": other}
    check_goes_on(
        lambda place, workers: az.explore(model, workers=workers, state=place, **given).html,
        tmp_path / "run.db", 2,
    )  # fmt: skip
    with pytest.raises(InputError, match="another run"):
        az.explore(az.load("2nd_argmax_2_2"), state=tmp_path / "run.db")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2nd_argmax_2_2", "longest_cycle_6_5"])
def test_reports_go_on(name: str, tmp_path: Path) -> None:
    """The whole document, but for how long the score took."""

    def run(place: Path, workers: int | Executor) -> Any:
        made = az.make_report(
            az.load(name), samples=1000, workers=workers, inside=True, state=place
        )
        return re.sub(r"\d+(\.\d+)? (ms|s)\b", "", made.markdown())

    check_goes_on(run, tmp_path / "run.db", 4)


@pytest.mark.parametrize("name", ["2nd_argmax_3_3", "median_4_3"])
def test_samples_go_on(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("algzoo_exact.runtime.sampling._SPAN", 2)
    model, many = az.load(name), 5 * 2**16 + 5
    sample = az.sample_squared_error if model.task.is_numeric else az.sample  # type: ignore[union-attr]

    def run(place: Path | None, workers: int | Executor) -> Any:
        return replace(sample(model, None, many, workers=workers, state=place), seconds=0)  # type: ignore[operator]

    assert check_goes_on(run, tmp_path / "run.db", 3) == run(None, 1)


@pytest.mark.slow
def test_bounds_go_on(tmp_path: Path) -> None:
    model = az.load("2nd_argmax_16_10")

    def run(place: Path, workers: int | Executor) -> Any:
        found = az.accuracy(model, method="bounds", max_cells=6000, workers=workers, state=place)
        assert found.cells == 6000
        return ends(found.enclosure)

    lower, upper = check_goes_on(run, tmp_path / "run.db", 40)
    assert 0 < lower < 0.97 < upper
