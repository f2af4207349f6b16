"""The kinds of certificates: of all cells, of all answers, or of an explanation's claims alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.check import KINDS, SLACK
from algzoo_exact.certificate.draft import Draft, Json, Kind, Wanted
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.measure.shared_facets import SharedFacets
from algzoo_exact.program.task import credit_for
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress
from algzoo_exact.regions.enumerate import Cell, cells
from algzoo_exact.score.enumeration import BLOCK, Judge, functions, longest_cycles

DECIMALS = 20
_MOST_DECIMALS = 40
_MOST_DECIMALS_6 = 8
"""With six inputs, whose measures the checker does not check."""
LARGEST_FUNCTIONS = KINDS["functions"][1]
"""The checker takes a quarter of a millisecond or more for each of n^n inputs."""
FINER = 6
"""Measures are computed to so many decimals more than they are stated with, so that rounding to
nearest is off by at most 1/2 + 10^-6 units of the last place; the checker allows 1/2 + 10^-5."""


class ConeDraft(Draft):
    """Cones with their measures, by the rays that they share."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.program = wanted.program
        n, decimals = wanted.task.seq_len, wanted.decimals
        most = _MOST_DECIMALS_6 if n == LARGEST_DIMENSION else _MOST_DECIMALS
        self.decimals = min(DECIMALS, most) if decimals is None else decimals
        if not 4 <= self.decimals <= most:
            raise InputError(f"decimals must be from 4 to {most} for n = {n}, not {decimals}.")
        self.unit = Fraction(1, 10**self.decimals)
        self.total = Fraction(0)
        self._measures = SharedFacets(n, self.decimals + FINER)
        self._rays: dict[tuple[int, ...], int] = {}

    def head(self) -> Json:
        return super().head() | {"decimals": self.decimals}

    def _ray_texts(self) -> Iterator[str]:
        """All rays: cones name them by their position, in the order of first use."""
        return (" ".join(map(str, ray)) for ray in self._rays)

    def _corners(self, rays: Iterable[tuple[int, ...]]) -> list[int]:
        return sorted(self._rays.setdefault(ray, len(self._rays)) for ray in rays)

    def _stated(self, value: Fraction) -> tuple[str, Fraction, Fraction]:
        """A number from 0 to 1, rounded to nearest: as text, the least and the most that it says.

        ``value`` must be known to ``FINER`` decimals more.
        """
        stated = round(value / self.unit)
        least = max(Fraction(0), (stated - SLACK) * self.unit)
        return f"0.{stated:0{self.decimals}d}", least, (stated + SLACK) * self.unit


class CellDraft(ConeDraft):
    """The certificate of an RNN with a logit for each label."""

    kind: Kind = "cells"

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.right = Fraction(0)

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        yield "cells", self._cells(progress)
        yield "rays", self._ray_texts()

    def _cells(self, progress: Progress | None) -> Iterator[Json]:
        def heard(done: int, of: int) -> None:
            if progress is not None:
                progress(done / of, f"{self.count:,} cells")

        for cell in cells(self.program, self.task, ties=self.rule, progress=heard):
            yield self._entry(cell)

    def _entry(self, cell: Cell) -> Json:
        measure, least, _ = self._stated(self._measures.measure(cell.cone).midpoint)
        self.right += cell.credit * least
        self.total += least
        self.count += 1
        return {
            "pattern": str(cell.pattern),
            "rays": self._corners(cell.cone.rays),
            "label": cell.label,
            "winners": sorted(cell.winners),
            "credit": str(cell.credit),
            "measure": measure,
        }

    def _results(self) -> Json:
        places = self.decimals + FINER
        lower, upper = self.accuracy().decimal(places)
        undecided = Enclosure.exactly(self.undecided()).decimal(places)[1]
        return {"accuracy": {"lower": lower, "upper": upper}, "undecided": undecided}

    def accuracy(self) -> Enclosure:
        return Enclosure(self.right, 1 - (self.total - self.right))


class FunctionDraft(Draft):
    """The certificate of a transformer."""

    kind: Kind = "functions"

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        assert isinstance(wanted.network, Transformer)
        n = wanted.task.seq_len
        if n > LARGEST_FUNCTIONS:
            raise InputError(
                f"Certificates list the answers to all n^n inputs, for n <= {LARGEST_FUNCTIONS}, "
                f"not for n = {n}."
            )
        if wanted.decimals is not None:
            raise InputError("A transformer's accuracy is a fraction of n^n; leave decimals out.")
        self.transformer = wanted.network
        self.right = Fraction(0)
        self.open = 0
        self._answers: list[str] = []

    def head(self) -> Json:
        found = super().head()
        return found | {"model": found["model"] | {"heads": self.transformer.heads}}

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        """None is long; all answers are found."""
        judge, n = Judge(self.transformer), self.task.seq_len
        for first in range(0, n**n, BLOCK):
            tokens = functions(n, first, min(first + BLOCK, n**n))
            for label, answer in zip(longest_cycles(tokens), judge.answers(tokens), strict=True):
                winners = answer.indices
                if winners is None:
                    self.open += 1
                    self._answers.append("?")
                else:
                    self.right += credit_for(int(label), winners, self.rule)
                    self._answers.append("".join(map(str, sorted(winners))))
                self.count += 1
            if progress is not None:
                progress(self.count / n**n, f"{self.count:,} inputs")
        yield from ()

    def _results(self) -> Json:
        return super()._results() | {"answers": " ".join(self._answers)}

    def accuracy(self) -> Enclosure:
        return Enclosure(self.right / self.count, (self.right + self.open) / self.count)


class ClaimDraft(Draft):
    """The certificate of an explanation of an RNN whose cells are too many."""

    kind: Kind = "claims"

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        if wanted.decimals is not None:
            raise InputError("Without cells there are no measures of them; leave decimals out.")

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        yield from ()

    def _results(self) -> Json:
        assert self.story is not None
        self.count = self.story.count
        return super()._results()

    def accuracy(self) -> Enclosure:
        derived = self.story and self.story.accuracy
        return Enclosure(*(derived or (Fraction(0), Fraction(1))))
