"""Files that appear whole or not at all, and those that keep what a long run has found so far."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from algzoo_exact.errors import InputError, demand


def path_of(name: str | os.PathLike[str]) -> Path:
    """The path of a file or a folder; InputError for what is none."""
    demand(name, str | os.PathLike, "A file is given by its name or its path")
    return Path(name)


def read_limited(path: Path, most: int) -> bytes | None:
    """The bytes of a file; None where there are more than ``most``. InputError where it cannot be
    read."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    return content if len(content) <= most else None


def make_folder(path: Path) -> None:
    """Make a folder where there is none; InputError where there can be none."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {path}: {error.strerror}.") from error


def check_place(target: Path) -> None:
    """InputError where there can be no file: a folder, or in one that is missing."""
    if target.is_dir():
        raise InputError(f"Cannot write {target}: it is a folder.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} to write {target.name} to.")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside ``path``, which takes its place when the block ends well. Those that
    killed processes left there go.

    InputError where the folder is missing or cannot be written to.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} to write {target.name} to.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        for old in target.parent.glob(f".{escape(target.name)}.*.part"):
            if not _is_running(old.suffixes[-2][1:]):
                old.unlink(missing_ok=True)
        part.touch()
        yield part
        os.replace(part, target)
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _is_running(process: str) -> bool:
    """Whether a process of this number may be running here; also if it is no number."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError, ValueError):
        return True
    return True


@contextmanager
def staged(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path of the same name in a hidden folder beside ``path``; what is there when the block ends
    well, if anything, takes its place. So a block can leave several files, or none. Folders that
    killed processes left there go.

    InputError as for ``replacing``.
    """
    target = Path(path)
    check_place(target)
    try:
        for old in target.parent.glob(".writing.*.*"):
            if not _is_running(old.name.split(".")[2]):
                rmtree(old, ignore_errors=True)
        folder = TemporaryDirectory(dir=target.parent, prefix=f".writing.{os.getpid()}.")
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror or error}.") from error
    with folder as name:
        part = Path(name, target.name)
        try:
            yield part
        except InputError as error:
            if str(part) not in str(error):
                raise
            raise InputError(str(error).replace(str(part), str(target))) from error
        try:
            if part.exists():
                os.replace(part, target)
        except OSError as error:
            raise InputError(f"Cannot write {target}: {error.strerror or error}.") from error


@contextmanager
def staged_all(files: Mapping[str, Path | None]) -> Iterator[dict[str, Path]]:
    """``staged`` for each of the files that has a path, by its name: they appear together."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(staged(path)) for name, path in files.items() if path}


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file; it appears whole or not at all."""
    with replacing(path) as part:
        part.write_bytes(content)


@dataclass(frozen=True, eq=False)
class Journal:
    """What a long run has found so far: a line of JSON for each piece of work, written when that is
    done. After a kill the last line may be cut short: it is dropped, and its work is done again.

    ``lines`` are those that an earlier run left.
    """

    lines: list[Any]
    file: TextIO

    def append(self, line: Mapping[str, Any]) -> None:
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def open_journal(path: Path, sort: str, settings: Mapping[str, Any]) -> Journal:
    """The journal of a run of that sort, such as a race, with these settings.

    InputError if the file is that of another run, is damaged, or cannot be written to.
    """
    head = {sort: dict(settings)}
    try:
        found = _whole_lines(path) if path.exists() else []
    except OSError as error:
        raise InputError(f"Cannot use {path}: {error.strerror or error}.") from error
    if found and found[0] != head:
        raise InputError(
            f"{path} is of another {sort} ({_difference(found[0], sort, settings)}); give another "
            "name, or remove it."
        )
    text = "".join(json.dumps(line) + "\n" for line in (found or [head]))
    write_whole(path, text.encode())  # without a line that a kill cut short
    return Journal(found[1:], path.open("a", encoding="utf-8"))


def damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged; remove it to start anew.")


def _whole_lines(path: Path) -> list[Any]:
    """The lines of the file that are whole, as JSON; InputError if any but the last is not."""
    *whole, _ = path.read_bytes().split(b"\n")
    try:
        return [json.loads(line) for line in whole]
    except ValueError as error:
        raise damaged(path) from error


def _difference(found: Any, sort: str, settings: Mapping[str, Any]) -> str:
    other = found.get(sort) if isinstance(found, dict) else None
    if not isinstance(other, dict):
        return f"its first line is no {sort}'s"
    names = [name for name in settings if other.get(name) != settings[name]]
    return ", ".join(f"{name} is {other.get(name)!r}, not {settings[name]!r}" for name in names)


@dataclass(frozen=True)
class Kept:
    """Rows that are done, by a key that says all they depend on beside the settings of the run."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: Journal | None = None

    def add(self, key: str, row: dict[str, Any]) -> None:
        self.rows[key] = row
        if self.journal is not None:
            self.journal.append({"key": key, "row": row})


@contextmanager
def kept_beside(target: Path | None, sort: str, settings: Mapping[str, Any]) -> Iterator[Kept]:
    """The rows that an earlier run with the same settings left in ``TARGET.partial``, and those of
    this one, for which it is; nowhere without a target. InputError as in ``open_journal``."""
    if target is None:
        yield Kept()
        return
    path = journal_of(target)
    journal = open_journal(path, sort, settings)
    with journal.file:
        try:
            rows = {str(line["key"]): dict(line["row"]) for line in journal.lines}
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path) from error
        yield Kept(rows, journal)


def journal_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")
