"""A certificate in the making: what all kinds of certificates have in common."""

from __future__ import annotations

import hashlib
import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from algzoo_exact.certificate.check import FORMAT, VERSION, dump
from algzoo_exact.certificate.nodes import Json, bounds, weight_texts
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.fingerprint import weights_sha256
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import Task, TieRule, check_scored
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress
from algzoo_exact.version import __version__

if TYPE_CHECKING:
    from algzoo_exact.certificate.story import StoryPart

Kind = Literal["cells", "pieces", "functions", "claims"]


@dataclass(frozen=True)
class CertifiedPiece:
    """A cone on which a program and the median are linear: the ``middle`` inputs, the coefficients
    (n) of the ``error`` f - median, and all that a certificate says of its measure and of the mean
    square of the error, counted as 0 elsewhere."""

    pattern: str
    middle: tuple[int, ...]
    error: tuple[Fraction, ...]
    measure: Enclosure
    square: Enclosure


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


@dataclass(frozen=True)
class Wanted:
    """What a certificate is asked for: the model as it was stored, if it was, its network, the
    task, the tie rule (idle for numbers), and decimals (None: as many as usual)."""

    stored: Stored | None
    network: Program | Transformer
    task: Task
    ties: TieRule
    decimals: int | None

    @property
    def program(self) -> Program:
        assert isinstance(self.network, Program)
        return self.network


class Draft(ABC):
    """A certificate in the making: head, then long lists, then what is known at the end.

    ``seen`` is called with each ``CertifiedPiece``; ``story`` is the part of an explanation.
    """

    kind: Kind
    seen: Callable[[Any], None] | None = None

    def __init__(self, wanted: Wanted) -> None:
        if not wanted.task.is_numeric:
            check_scored(wanted.network, wanted.task, wanted.ties)
        if isinstance(wanted.network, Program):
            wanted.network.check_rnn()
        self.wanted, self.task = wanted, wanted.task
        self.story: StoryPart | None = None
        self.count = 0
        self._hash = hashlib.sha256()

    def head(self) -> Json:
        """What is known before any cell."""
        stored, network = self.wanted.stored, self.wanted.network
        found = {
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
                "sha256": stored.sha256 if stored else weights_sha256(network),
                "dtype": stored.dtype if stored else "rational",
                "weights": weight_texts(named_weights(network)),
            },
            "task": {"name": self.task.name, "seq_len": self.task.seq_len},
        }
        return found if self.task.is_numeric else found | {"ties": self.wanted.ties}

    def document(self, progress: Progress | None = None) -> Json:
        """All of it."""
        found = self.head()
        for key, items in self.lists(progress):
            found[key] = list(items)
        return found | self.tail()

    def finish(self, progress: Progress | None) -> None:
        """Go through all lists, for what is ``seen`` on the way."""
        for _, items in self.lists(progress):
            for _ in items:
                pass

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
        found = self._results() | {"explanation": self.story and self.story.data}
        self._hash.update(dump(self.head() | found))
        return found | {"digest": self._hash.hexdigest()}

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        """None, by default."""
        yield from ()

    def _results(self) -> Json:
        found = self.score()
        return {
            "accuracy": bounds(found.lower, found.upper), "undecided": str(self.undecided())
        }  # fmt: skip

    @abstractmethod
    def score(self) -> Enclosure:
        """What the certificate proves, after the last item: an accuracy, or a mean squared
        error."""

    def undecided(self) -> Fraction:
        """The mass that it leaves open, after the last item."""
        return self.score().width
