"""What the jobs of a long run came to, in one SQLite file: a run that was killed, machine and all,
goes on from it, also elsewhere.

A job's key says all that its value depends on, beside what names the run; so a value counts once,
whoever finds it. Values are text: numbers, fractions, enclosures, arrays, and lists and dicts of
them. Nothing in the file is ever run; but its figures are taken as they stand.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import monotonic, time
from typing import Any, TypeAlias

import numpy as np

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.files import path_of

_APPLICATION = 0x617A6F6F  # "azoo", in the file's header
_TABLES = {
    "run": "CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "jobs": "CREATE TABLE jobs (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
}
_FORMAT = 2
"""Of the values, in the file's header (``user_version``); to be counted up where what jobs keep
changes, as the package's version may stay the same."""
WRITE_SECONDS = 0.5  # between two writes, each of which waits for the disk; a kill costs as much
_BUSY_SECONDS = 60.0  # to wait for another process that writes
_FRACTION = re.compile(r"-?\d+(/[1-9]\d*)?", re.ASCII)
_ARRAYS = ("float32", "float64", "int64", "uint64", "bool")


class State:
    """The state of one run, in the file of this name, which is made if it is not there.

    A context manager: what is known is written now and then, and at its end. Rollback journals and
    full synchronisation are slower than a log, but hold on network file systems too.

    InputError for a file that is no such state, and one that cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path_of(path)
        self._base = _opened(self.path, create=True)
        self._jobs: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self.command: str | None = None
        """Of the run, once it is claimed."""
        with _usable(self.path):
            self.done: int = self._base.execute("SELECT count(*) FROM jobs").fetchone()[0]
            """Jobs that are kept."""
        self._spent = 0.0
        self._began = self._written = monotonic()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            if self.command is not None or self.pending:
                self.write()
        finally:
            self._base.close()

    def claim(self, run: Mapping[str, Any]) -> None:
        """Say which run this is: its ``command``, and all else that its results depend on, as JSON
        has it. The first to say so counts: what that run asks for on the way is a part of it.

        InputError if the file holds another run.
        """
        if self.command is not None:
            return
        mine, other = json.loads(json.dumps(dict(run))), self._note("run")
        if other is not None and other != mine:
            raise InputError(
                f"{self.path} is the state of another run ({_difference(other, mine)}); give "
                "another file, or remove this one."
            )
        self._spent = float(self._note("seconds") or 0.0)
        self.command = str(mine["command"])
        self._notes["run"] = json.dumps(mine)
        self.write()

    def value(self, key: str) -> Any | None:
        """What the job of this key came to; None if it is not done."""
        return self._read(self._jobs, "SELECT value FROM jobs WHERE key = ?", key)

    def put(self, key: str, value: Any) -> None:
        """Keep what a job came to, which is not kept yet; None is no value."""
        self.done += 1
        self._jobs[key] = json.dumps(value, default=_encoded)
        self.write_now_and_then()

    def settled(self, name: str, find: Callable[[], Any]) -> Any:
        """What was settled once for the whole run, such as how it is cut into jobs; what ``find``
        says if nothing was, unless that is None."""
        if self._note(name) is None and (found := find()) is not None:
            self._notes[name] = json.dumps(found, default=_encoded)
            self.write()
        return self._note(name)

    def expect(self, jobs: int) -> None:
        """So many jobs are there in all, as far as is known."""
        self._notes["total"] = json.dumps(jobs)

    def tell(self, enclosure: Enclosure) -> None:
        """What is known of the result so far."""
        self._notes["enclosure"] = json.dumps(enclosure, default=_encoded)
        self.write_now_and_then()

    @property
    def pending(self) -> bool:
        """Whether jobs are not written yet."""
        return bool(self._jobs)

    def write_now_and_then(self) -> None:
        if monotonic() > self._written + WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what is known to the disk."""
        now = monotonic()
        notes = self._notes | {"heard": json.dumps(time())}
        if self.command is not None:
            notes["seconds"] = json.dumps(round(self._spent + now - self._began, 3))
        with _usable(self.path):
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("INSERT OR IGNORE INTO jobs VALUES (?, ?)", self._jobs.items())
            self._base.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", notes.items())
            self._base.execute("COMMIT")
        self._jobs, self._notes, self._written = {}, {}, now

    def _note(self, name: str) -> Any | None:
        return self._read(self._notes, "SELECT value FROM run WHERE name = ?", name)

    def _read(self, unwritten: Mapping[str, str], query: str, name: str) -> Any | None:
        with _usable(self.path):
            found = (unwritten.get(name),)
            if name not in unwritten:
                found = self._base.execute(query, (name,)).fetchone() or found
            return None if found[0] is None else json.loads(found[0], object_hook=_decoded)


Place: TypeAlias = str | os.PathLike[str] | State | None
"""Where the state of a run is: its file, or one that is open already; None: nowhere."""


@contextmanager
def opened(place: Place, run: Callable[[], Mapping[str, Any]]) -> Iterator[State | None]:
    """The state of this run, closed at the end unless it was open before.

    InputError if it is that of another run, or no state.
    """
    if place is None:
        yield None
    elif isinstance(place, State):
        place.claim(run())
        yield place
    else:
        with State(place) as state:
            state.claim(run())
            yield state


def beside(target: Path) -> Path:
    """Where the state of a run is until what it makes, at ``target``, is whole."""
    return target.with_name(f"{target.name}.partial")


@dataclass(frozen=True)
class Status:
    """How far a run is: ``done`` of ``total`` jobs (None before it is known), ``seconds`` of work
    so far, ``silent`` seconds since it last wrote, and what is known of the result."""

    run: dict[str, Any]
    done: int
    total: int | None
    seconds: float
    silent: float
    enclosure: Enclosure | None

    @property
    def left(self) -> float | None:
        """Seconds, at the pace so far; None if nothing tells."""
        if not self.done or self.total is None:
            return None
        return self.seconds * (self.total / self.done - 1)


def status(path: str | os.PathLike[str]) -> Status:
    """How far the run is whose state is in this file. InputError if there is none."""
    place = path_of(path)
    with closing(_opened(place, create=False)) as base, _usable(place):
        if not _tables(base):  # at this moment another process makes them
            return Status({}, 0, None, 0.0, 0.0, None)
        texts = dict(base.execute("SELECT name, value FROM run"))
        done = base.execute("SELECT count(*) FROM jobs").fetchone()[0]
        known = {k: json.loads(text, object_hook=_decoded) for k, text in texts.items()}
        total = known.get("total")
        return Status(
            dict(known.get("run", {})),
            done,
            None if total is None else max(int(total), done),
            float(known.get("seconds", 0.0)),
            max(0.0, time() - float(known.get("heard", time()))),
            known.get("enclosure"),
        )


def _opened(path: Path, *, create: bool) -> sqlite3.Connection:
    if not create and not path.is_file():
        raise InputError(f"There is no file {path}; give the state of a run, from its --state.")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"There can be no file {path}: check its folder.")
    with _usable(path):
        base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            for setting in ("trusted_schema = OFF", "synchronous = FULL"):
                base.execute(f"PRAGMA {setting}")
            _check(base, path, create)
        except BaseException:
            base.close()
            raise
    return base


def _tables(base: sqlite3.Connection) -> dict[str, str]:
    return dict(base.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def _check(base: sqlite3.Connection, path: Path, create: bool) -> None:
    """InputError unless it is a state, or empty; an empty file becomes one if ``create``."""
    if create:
        base.execute("BEGIN IMMEDIATE")
    found = _tables(base)
    if create and not found:
        base.execute(f"PRAGMA application_id = {_APPLICATION}")
        base.execute(f"PRAGMA user_version = {_FORMAT}")
        for made in _TABLES.values():
            base.execute(made)
    elif found not in ({}, _TABLES):
        raise InputError(f"{path} is not the state of a run; give another name.")
    elif found and base.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
        raise InputError(
            f"{path} is the state of a run of another version of this program; go on with that "
            "version, or give another name."
        )
    if create:
        base.execute("COMMIT")


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """InputError where SQLite, or what is in the file, fails."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InputError(f"Cannot use {path}: {error}.") from error
    except InputError:
        raise
    except (sqlite3.Error, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise damaged(path) from error


def damaged(path: Path) -> InputError:
    return InputError(f"{path} is not the state of a run, or is damaged; give another name.")


def _encoded(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, Enclosure):
        return {"between": [value.lower, value.upper]}
    if isinstance(value, np.ndarray) and value.dtype.name in _ARRAYS:
        data = b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": value.dtype.name, "shape": list(value.shape), "data": data}
    raise TypeError(f"A state keeps no {type(value).__name__}.")


def _decoded(found: dict[str, Any]) -> Any:
    if found.keys() == {"fraction"}:
        if not _FRACTION.fullmatch(found["fraction"]):  # such as 1e999999999
            raise ValueError(found["fraction"])
        return Fraction(found["fraction"])
    if found.keys() == {"between"}:
        lower, upper = found["between"]
        if not (isinstance(lower, Fraction) and isinstance(upper, Fraction)):
            raise ValueError(found["between"])
        return Enclosure(lower, upper)
    if found.keys() == {"array", "shape", "data"}:
        if found["array"] not in _ARRAYS:
            raise ValueError(found["array"])
        flat = np.frombuffer(b64decode(found["data"]), found["array"])
        return flat.reshape(found["shape"]).copy()
    return found


def _difference(other: Any, mine: Mapping[str, Any]) -> str:
    if not isinstance(other, dict):
        return "of which it does not say anything"
    names = [name for name in mine if other.get(name) != mine[name]]
    parts = [f"{name} is {other.get(name)!r}, not {mine[name]!r}" for name in names]
    return ", ".join(parts) or "one with more to its name"
