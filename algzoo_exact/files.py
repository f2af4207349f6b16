"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from algzoo_exact.errors import InputError, demand


def path_of(name: str | os.PathLike[str]) -> Path:
    """The path of a file or a folder; InputError for what is none."""
    demand(name, str | os.PathLike, "A file is given by its name or its path")
    return Path(name)


def check_place(target: Path) -> None:
    """InputError where there can be no file: a folder, or in one that is missing."""
    if target.is_dir():
        raise InputError(f"Cannot write {target}: it is a folder.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} to write {target.name} to.")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside ``path``, which takes its place when the block ends well.

    InputError where the folder is missing or cannot be written to.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} to write {target.name} to.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.touch()
        yield part
        os.replace(part, target)
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def staged(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path of the same name in a hidden folder beside ``path``; what is there when the block ends
    well, if anything, takes its place. So a block can leave several files, or none.

    InputError as for ``replacing``.
    """
    target = Path(path)
    check_place(target)
    try:
        folder = TemporaryDirectory(dir=target.parent, prefix=".writing-")
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
