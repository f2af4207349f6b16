"""Many models at once: files, folders of files, and names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from algzoo_exact.errors import InputError
from algzoo_exact.zoo.loading import SUFFIXES, suffix_of


def models_in(folder: Path) -> list[Path]:
    """The files of weights in a folder, by name, numbers in their order; hidden ones are left out.

    InputError if it is missing, cannot be read, or holds none.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")
    try:
        found = [path for path in folder.iterdir() if suffix_of(path.name) and not path.is_dir()]
    except OSError as error:
        raise InputError(f"Cannot read {folder}: {error.strerror}.") from error
    found = [path for path in found if not path.name.startswith(".")]
    if not found:
        raise InputError(
            f"There are no models in the folder {folder}: no {', '.join(SUFFIXES)} files."
        )
    return sorted(found, key=_by_numbers)


def every_model(given: Iterable[str]) -> list[str]:
    """Names and files as given, once each, and in place of a folder all files of weights in it."""
    found: dict[str, None] = {}
    for name in given:
        paths = models_in(Path(name)) if os.path.isdir(name) else [name]
        found |= dict.fromkeys(map(str, paths))
    return [*found]


def _by_numbers(path: Path) -> list[tuple[int, str]]:
    """So that seed2 comes before seed10."""
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), "") if k % 2 else (0, part) for k, part in enumerate(parts)]
