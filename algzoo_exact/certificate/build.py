"""Write certificates: what an accuracy rests on, so that another program can check it.

The format is that of docs/notes/certificate.md and ``certificate.schema.json``. ``check.py`` reads
it; of what it recomputes, nothing is shared with this package.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

from algzoo_exact import __version__
from algzoo_exact.certificate.check import FORMAT, SLACK, VERSION, dump
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.files import replacing
from algzoo_exact.measure.cone_measure import MOST_DIGITS_6
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import INPUT_KEY, READOUT_KEY, RECURRENT_KEY, named_weights
from algzoo_exact.program.task import Task, TieRule, check_scored, credit_for
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.enumerate import Cell, cells
from algzoo_exact.score.enumeration import BLOCK, Judge, functions, longest_cycles
from algzoo_exact.score.result import Progress

Json = dict[str, Any]

DECIMALS = 20
_MOST_DECIMALS = 40
_MOST_FUNCTIONS = 7
"""The checker takes a quarter of a millisecond or more for each of n^n inputs."""
_FINER = 6
"""Measures are computed to so many decimals more than they are stated with, so that rounding to
nearest is off by at most 1/2 + 10^-6 units of the last place; the checker allows 1/2 + 10^-5."""


@runtime_checkable
class Stored(Protocol):
    """A network as it was stored: what ``load`` returns."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def network(self) -> Program | Transformer: ...
    @property
    def task(self) -> Task | None: ...


@dataclass(frozen=True, eq=False)
class WrittenCertificate:
    """A certificate's file: its SHA-256, the accuracy that it proves, the mass that it leaves
    undecided, and its number of cells, or of inputs for a transformer."""

    path: Path
    sha256: str
    accuracy: Enclosure
    undecided: Fraction
    count: int


def certify(
    model: Program | Transformer | Stored,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    decimals: int | None = None,
    progress: Progress | None = None,
) -> Json:
    """A certificate of the accuracy, as JSON-ready data. ``write_certificate`` saves memory.

    For an RNN every cell is in it, with its measure to ``decimals`` places: from 4 to 40, 20 unless
    given; for n = 6 from 4 to 8. For a transformer, the answer to each of the n^n inputs.
    ``task`` may be left out where the model tells it.

    InputError for more than 6 inputs (7 for transformers), for median models, and for sizes that
    do not fit.
    """
    draft = _draft(model, task, ties, decimals)
    document = draft.head()
    for key, items in draft.lists(progress):
        document[key] = list(items)
    return document | draft.tail()


def write_certificate(
    path: str | Path,
    model: Program | Transformer | Stored,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    decimals: int | None = None,
    progress: Progress | None = None,
) -> WrittenCertificate:
    """Write the certificate of ``certify`` item by item, compressed if ``path`` ends in .gz.

    The file appears whole or not at all. The same certificate is the same bytes every time.
    InputError as for ``certify``, for a name that ends neither in .json nor in .json.gz, and where
    the file cannot be written.
    """
    target = Path(path)
    if not target.name.endswith((".json", ".json.gz")):
        raise InputError(f"A certificate's name ends in .json or .json.gz, unlike {target.name!r}.")
    draft = _draft(model, task, ties, decimals)
    with replacing(target) as part:
        with _open(part, compressed=target.suffix == ".gz") as file:
            file.write(b"{")
            for key, value in draft.head().items():
                file.write(b"%s: %s,\n" % (dump(key), dump(value)))
            for key, items in draft.lists(progress):
                file.write(b"%s: [" % dump(key))
                for k, item in enumerate(items):
                    file.write((b",\n" if k else b"\n") + dump(item))
                file.write(b"],\n")
            file.write(b",\n".join(b"%s: %s" % (dump(k), dump(v)) for k, v in draft.tail().items()))
            file.write(b"}\n")
        with part.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
    return WrittenCertificate(target, digest, draft.accuracy(), draft.undecided(), draft.count)


@contextmanager
def _open(path: Path, *, compressed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if not compressed:
            yield raw
            return
        # No name and no time, so that the bytes depend on the content alone.
        with (
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            io.BufferedWriter(packed, 1 << 20) as file,
        ):
            yield file


class _Draft(ABC):
    """A certificate in the making: head, then long lists, then what is known at the end."""

    kind: str

    def __init__(
        self,
        model: Program | Transformer | Stored,
        network: Program | Transformer,
        task: Task,
        ties: TieRule,
    ) -> None:
        check_scored(network, task, ties)
        self.task, self.ties = task, ties
        self.count = 0
        self._weights = named_weights(network)
        self._stored = model if isinstance(model, Stored) else None
        self._hash = hashlib.sha256()

    def head(self) -> Json:
        """What is known before any cell."""
        stored = self._stored
        return {
            "format": FORMAT,
            "version": VERSION,
            "kind": self.kind,
            "software": {
                "algzoo_exact": __version__,
                "python": platform.python_version(),
                "python-flint": version("python-flint"),
            },
            "model": {
                "name": stored.name if stored else "program",
                "sha256": stored.sha256 if stored else _digest_of(self._weights),
                "dtype": stored.dtype if stored else "rational",
                "weights": {
                    key: [[str(w) for w in row] for row in rows]
                    for key, rows in self._weights.items()
                },
            },
            "task": {"name": self.task.name, "seq_len": self.task.seq_len},
            "ties": self.ties,
        }

    def lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterator[Any]]]:
        """Names of the long lists and their items, to be used up in this order."""
        for key, items in self._lists(progress):
            yield key, self._hashed(items)

    def _hashed(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self._hash.update(dump(item) + b"\n")
            yield item

    def tail(self) -> Json:
        """What is known after the last item."""
        found = self._results() | {"claims": []}
        self._hash.update(dump(self.head() | found))
        return found | {"digest": self._hash.hexdigest()}

    @abstractmethod
    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]: ...

    @abstractmethod
    def _results(self) -> Json: ...

    @abstractmethod
    def accuracy(self) -> Enclosure:
        """What the certificate proves, after the last item."""

    @abstractmethod
    def undecided(self) -> Fraction:
        """The mass that it leaves open, after the last item."""


class _CellDraft(_Draft):
    """The certificate of an RNN."""

    kind = "cells"

    def __init__(
        self,
        model: Program | Transformer | Stored,
        program: Program,
        task: Task,
        ties: TieRule,
        decimals: int | None,
    ) -> None:
        super().__init__(model, program, task, ties)
        self.program = program
        n = task.seq_len
        if n > LARGEST_DIMENSION:
            raise InputError(
                f"Certificates list all cells, which is possible for n <= {LARGEST_DIMENSION}, "
                f"not for n = {n}."
            )
        most = MOST_DIGITS_6 - _FINER if n == LARGEST_DIMENSION else _MOST_DECIMALS
        self.decimals = min(DECIMALS, most) if decimals is None else decimals
        if not 4 <= self.decimals <= most:
            raise InputError(f"decimals must be from 4 to {most} for n = {n}, not {decimals}.")
        self.unit = Fraction(1, 10**self.decimals)
        self.right = self.total = Fraction(0)
        self._rays: dict[tuple[int, ...], int] = {}

    def head(self) -> Json:
        return super().head() | {"decimals": self.decimals}

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        yield "cells", self._cells(progress)
        # Cells name rays by their position, in the order of first use.
        yield "rays", (" ".join(map(str, ray)) for ray in self._rays)

    def _cells(self, progress: Progress | None) -> Iterator[Json]:
        def heard(done: int, of: int) -> None:
            if progress is not None:
                progress(done / of, f"{self.count:,} cells")

        for cell in cells(self.program, self.task, ties=self.ties, progress=heard):
            yield self._entry(cell)

    def _entry(self, cell: Cell) -> Json:
        measure = cell.measure(self.decimals + _FINER).midpoint
        stated = round(measure / self.unit)
        least = max(Fraction(0), (stated - SLACK) * self.unit)
        self.right += cell.credit * least
        self.total += least
        self.count += 1
        corners = [self._rays.setdefault(ray, len(self._rays)) for ray in cell.cone.rays]
        return {
            "pattern": str(cell.pattern),
            "rays": sorted(corners),
            "label": cell.label,
            "winners": sorted(cell.winners),
            "credit": str(cell.credit),
            "measure": f"0.{stated:0{self.decimals}d}",
        }

    def _results(self) -> Json:
        places = self.decimals + _FINER
        lower, upper = self.accuracy().decimal(places)
        return {
            "accuracy": {"lower": lower, "upper": upper},
            "undecided": Enclosure.exactly(self.undecided()).decimal(places)[1],
        }

    def accuracy(self) -> Enclosure:
        return Enclosure(self.right, 1 - (self.total - self.right))

    def undecided(self) -> Fraction:
        return 1 - self.total


class _FunctionDraft(_Draft):
    """The certificate of a transformer."""

    kind = "functions"

    def __init__(
        self,
        model: Program | Transformer | Stored,
        transformer: Transformer,
        task: Task,
        ties: TieRule,
        decimals: int | None,
    ) -> None:
        super().__init__(model, transformer, task, ties)
        if task.seq_len > _MOST_FUNCTIONS:
            raise InputError(
                f"Certificates list the answers to all n^n inputs, for n <= {_MOST_FUNCTIONS}, "
                f"not for n = {task.seq_len}."
            )
        if decimals is not None:
            raise InputError("A transformer's accuracy is a fraction of n^n; leave decimals out.")
        self.transformer = transformer
        self.right = Fraction(0)
        self.open = 0
        self._answers: list[str] = []

    def head(self) -> Json:
        found = super().head()
        return found | {"model": found["model"] | {"heads": self.transformer.heads}}

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        yield "tied", self._ties(progress)

    def _ties(self, progress: Progress | None) -> Iterator[Json]:
        """The inputs on which several logits share the maximum, while all answers are found."""
        judge, n = Judge(self.transformer), self.task.seq_len
        for first in range(0, n**n, BLOCK):
            tokens = functions(n, first, min(first + BLOCK, n**n))
            for label, answer in zip(longest_cycles(tokens), judge.answers(tokens), strict=True):
                winners = answer.indices
                if winners is None:
                    self.open += 1
                    self._answers.append("?")
                else:
                    self.right += credit_for(int(label), winners, self.ties)
                    self._answers.append(str(min(winners)))
                    if len(winners) > 1:
                        yield {"function": self.count, "winners": sorted(winners)}
                self.count += 1
            if progress is not None:
                progress(self.count / n**n, f"{self.count:,} inputs")

    def _results(self) -> Json:
        found = self.accuracy()
        return {
            "answers": "".join(self._answers),
            "accuracy": {"lower": str(found.lower), "upper": str(found.upper)},
            "undecided": str(self.undecided()),
        }

    def accuracy(self) -> Enclosure:
        least = self.right / self.count
        return Enclosure(least, least + self.undecided())

    def undecided(self) -> Fraction:
        return Fraction(self.open, self.count)


def _draft(
    model: Program | Transformer | Stored,
    task: Task | None,
    ties: TieRule,
    decimals: int | None,
) -> _Draft:
    network = model.network if isinstance(model, Stored) else model
    chosen = model.task if task is None and isinstance(model, Stored) else task
    if chosen is None:
        raise InputError("Nothing says which task the model is for; give the task.")
    if chosen.name == "median":
        raise InputError(
            "Certificates are of accuracies, and a median model has a mean squared error; "
            "squared_error() encloses it."
        )
    if isinstance(network, Transformer):
        return _FunctionDraft(model, network, chosen, ties, decimals)
    return _CellDraft(model, network, chosen, ties, decimals)


def _digest_of(weights: Mapping[str, Matrix]) -> str:
    """SHA-256 of the weights as fractions, row by row; an RNN's input weights are one row."""
    if INPUT_KEY in weights:
        column = tuple(row[0] for row in weights[INPUT_KEY])
        matrices: list[Matrix] = [(column,), weights[RECURRENT_KEY], weights[READOUT_KEY]]
    else:
        matrices = [weights[key] for key in sorted(weights)]
    lines = (" ".join(map(str, row)) for matrix in matrices for row in matrix)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
