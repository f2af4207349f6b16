"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

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


def check_suffix(target: Path, what: str, suffixes: Collection[str]) -> None:
    """InputError for a file whose suffix is none of these; ``what`` is to be written."""
    if target.suffix not in suffixes:
        raise InputError(
            f"{what} are written as {', '.join(suffixes)}, chosen by the file's suffix, not as "
            f"{target.name!r}."
        )


def check_place(target: Path) -> None:
    """InputError where there can be no file: a folder, or in one that is missing."""
    if target.is_dir():
        raise InputError(f"Cannot write {target}: it is a folder.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} to write {target.name} to.")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """``staged``, for a block that does nothing but write: whatever the system refuses in it is an
    InputError."""
    target = Path(path)
    with _writing(target), staged(target) as part:
        yield part


@contextmanager
def staged(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path of the same name in a hidden folder beside ``path``; what is there when the block ends
    well, if anything, takes its place. So a block can leave several files, or none. Folders that
    killed processes left there go.

    InputError where there can be no such file, or its folder cannot be written to.
    """
    target = Path(path)
    check_place(target)
    with _writing(target):
        for old in target.parent.glob(".writing.*.*"):
            if not _is_running(old.name.split(".")[2]):
                rmtree(old, ignore_errors=True)
        folder = TemporaryDirectory(dir=target.parent, prefix=f".writing.{os.getpid()}.")
    with folder as name:
        part = Path(name, target.name)
        try:
            yield part
        except InputError as error:
            if str(part) not in str(error):
                raise
            raise InputError(str(error).replace(str(part), str(target))) from error
        if part.exists():
            with _writing(target):
                os.replace(part, target)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """InputError where the system refuses to write a file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror or error}.") from error


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
def staged_all(files: Mapping[str, Path | None]) -> Iterator[dict[str, Path]]:
    """``staged`` for each of the files that has a path, by its name: they appear together."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(staged(path)) for name, path in files.items() if path}


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file; it appears whole or not at all."""
    with replacing(path) as part:
        part.write_bytes(content)
