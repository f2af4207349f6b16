"""Which models an atlas is of: AlgZoo's, by size, seed and checkpoint, or files named like them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.names import printable
from algzoo_exact.program.task import PROBLEMS
from algzoo_exact.zoo.algzoo import FAMILIES, SEEDS, SEQUENCES
from algzoo_exact.zoo.fetching import PREFIX, find_remote
from algzoo_exact.zoo.folders import every_model
from algzoo_exact.zoo.loading import load, suffix_of

_NAME = re.compile(rf"({'|'.join(PROBLEMS)})_(\d+)_(\d+)(?:_(\d+)_(\d+))?", re.ASCII)
_SIZE = "{}_{}_{}"

Size = tuple[str, int, int]
"""Task, hidden size and number of inputs."""


@dataclass(frozen=True)
class Entry:
    """A model by its name for ``load``; its size, and the seed and the number of sequences that it
    was trained with, are None where its name tells none."""

    name: str
    size: Size | None = None
    sequences: int | None = None
    seed: int | None = None

    def key(self) -> str:
        """What tells it from all others: the file of one of AlgZoo's, wherever that is fetched; an
        address; a file's hash beside what it is called; or the name of a model that comes with the
        package. InputError for what cannot be read."""
        if remote := find_remote(self.name):
            return remote.url if remote.size is None else remote.file_name
        if not os.path.isfile(self.name):
            return self.name
        try:
            digest = sha256(Path(self.name).read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"Cannot read {self.name}: {error.strerror}.") from error
        return f"{digest} {printable(os.path.basename(self.name))}"


@dataclass(frozen=True)
class Chosen:
    """Which of them: patterns of sizes, such as ``2nd_argmax_*_3``, seeds, and numbers of sequences
    of training; None is all."""

    sizes: Sequence[str] | None = None
    seeds: Sequence[int] | None = None
    checkpoints: Sequence[int] | None = None

    def has(self, entry: Entry) -> bool:
        size = entry.size and _SIZE.format(*entry.size)
        fits = size and any(fnmatchcase(size, pattern) for pattern in self.sizes or ())
        return (
            (self.sizes is None or bool(fits))
            and (self.seeds is None or entry.seed in self.seeds)
            and (self.checkpoints is None or entry.sequences in self.checkpoints)
        )


def entries_of(models: Iterable[str] | None, chosen: Chosen) -> list[Entry]:
    """Those that are chosen of the files and folders, or of AlgZoo's models where none are given.

    InputError where nothing is left, for names of nothing, and for sizes, seeds and checkpoints
    that AlgZoo has not.
    """
    if models is None:
        return _algzoo(chosen)
    named = every_model(models)
    for name in named:
        if not os.path.exists(name) and find_remote(name) is None:
            load(name)  # one that comes with the package, or nothing
    given = [_file(name) for name in named]
    found = [entry for entry in given if chosen.has(entry)]
    if not found:
        raise InputError(
            f"None of the {len(given)} models is chosen; sizes, seeds and checkpoints are read off "
            "names such as 2nd_argmax_4_3_1048576_0.pth: task, neurons, inputs, sequences, seed."
        )
    return found


def _algzoo(chosen: Chosen) -> list[Entry]:
    sizes = [(f.task, d, n) for f in FAMILIES.values() for d, n in f.published]
    sizes.sort(key=lambda size: (size[2], size[1]))  # the quick ones first
    names = [_SIZE.format(*size) for size in sizes]
    for pattern in chosen.sizes or ():
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(
                f"AlgZoo has no size {pattern!r}{did_you_mean(pattern, names)}; sizes are task, "
                "neurons and inputs, as 2nd_argmax_4_3 or 'median_*_5' (see algzoo-exact zoo list)."
            )
    _known(chosen.seeds, SEEDS, "seeds 0, 1, 2, 3 and 4")
    _known(chosen.checkpoints, SEQUENCES, "checkpoints 0 (untrained) and 2^20, 2^21, .., 2^30")
    every = (
        Entry(f"{PREFIX}{_SIZE.format(*size)}_{sequences}_{seed}", size, sequences, seed)
        for size in sizes
        for seed in SEEDS
        for sequences in SEQUENCES
    )
    return [entry for entry in every if chosen.has(entry)]


def _known(chosen: Sequence[int] | None, known: tuple[int, ...], words: str) -> None:
    for value in chosen or ():
        if value not in known:
            raise InputError(f"AlgZoo's files have {words}, not {value}.")


def _file(name: str) -> Entry:
    """What its name tells, where that is like those of AlgZoo's files."""
    file = os.path.basename(name)
    match = _NAME.fullmatch(file.removesuffix(suffix_of(file)).removeprefix(PREFIX))
    if match is None:
        return Entry(name)
    task, d, n, sequences, seed = match.groups()
    trained = None if sequences is None else int(sequences)
    return Entry(name, (task, int(d), int(n)), trained, None if seed is None else int(seed))
