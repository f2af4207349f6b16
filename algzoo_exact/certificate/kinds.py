"""The kinds of certificates: of all cells, all pieces, all answers, or an explanation's claims
alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import gcd
from typing import Any

from algzoo_exact.certificate.check import KINDS, SLACK, exponent_of, root_of
from algzoo_exact.certificate.draft import CertifiedPiece, Draft, Kind, Wanted
from algzoo_exact.certificate.nodes import Json, bounds
from algzoo_exact.certificate.shared_facets import SharedFacets
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.problems.longest_cycle import functions, longest_cycles
from algzoo_exact.program.task import credit_for
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress
from algzoo_exact.regions.enumerate import Cell, cells
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.bends import Errors
from algzoo_exact.score.enumeration import BLOCK, Judge

DECIMALS = 20
_MOST_DECIMALS = 40
_MOST_DECIMALS_6 = 8
"""With six inputs, whose measures the checker does not check."""
_PIECE_DECIMALS = 30
"""As for ``squared_error``: what a good model leaves is small."""
LARGEST_PIECES = KINDS["pieces"][1]
"""Inputs. The checker measures no cones of six, so that nothing would follow for the whole."""
LARGEST_FUNCTIONS = KINDS["functions"][1]
"""The checker takes a quarter of a millisecond or more for each of n^n inputs."""
FINER = 6
"""Measures are computed to so many decimals more than they are stated with, so that rounding to
nearest is off by at most 1/2 + 10^-6 units of the last place; the checker allows 1/2 + 10^-5."""


class ConeDraft(Draft):
    """Cones with their measures, by the rays that they share; their list is called as the kind."""

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

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        """Cones name rays by their position, in the order of first use."""
        yield self.kind, self._entries(progress)
        yield "rays", (" ".join(map(str, ray)) for ray in self._rays)

    @abstractmethod
    def _entries(self, progress: Progress | None) -> Iterator[Json]: ...

    def _corners(self, rays: Iterable[tuple[int, ...]]) -> list[int]:
        return sorted(self._rays.setdefault(ray, len(self._rays)) for ray in rays)

    def _stated(self, value: Fraction) -> tuple[str, Enclosure]:
        """A number from 0 to 1, rounded to nearest: as text, and what that says.

        ``value`` must be known to ``FINER`` decimals more.
        """
        stated = round(value / self.unit)
        least = max(Fraction(0), (stated - SLACK) * self.unit)
        known = Enclosure(least, (stated + SLACK) * self.unit)
        return f"0.{stated:0{self.decimals}d}", known


class CellDraft(ConeDraft):
    """The certificate of an RNN with a logit for each label."""

    kind: Kind = "cells"

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.right = Fraction(0)

    def _entries(self, progress: Progress | None) -> Iterator[Json]:
        def heard(done: int, of: int) -> None:
            if progress is not None:
                progress(done / of, f"{self.count:,} cells")

        for cell in cells(self.program, self.task, ties=self.wanted.ties, progress=heard):
            yield self._entry(cell)

    def _entry(self, cell: Cell) -> Json:
        measure, stated = self._stated(self._measures.measure(cell.cone).midpoint)
        self.right += cell.credit * stated.lower
        self.total += stated.lower
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
        undecided = Enclosure.exactly(self.undecided()).decimal(places)[1]
        return {"accuracy": bounds(*self.score().decimal(places)), "undecided": undecided}

    def score(self) -> Enclosure:
        return Enclosure(self.right, 1 - (self.total - self.right))


class PieceDraft(ConeDraft):
    """The certificate of a program with one output that should be the median."""

    kind: Kind = "pieces"

    def __init__(self, wanted: Wanted) -> None:
        task, program, n = wanted.task, wanted.program, wanted.task.seq_len
        if (program.seq_len, program.outputs) != (n, 1):
            raise InputError(
                f"{task.name} on {n} inputs needs a program with as many inputs and one output, "
                f"not {program.seq_len} inputs and {program.outputs} outputs."
            )
        decimals = _PIECE_DECIMALS if wanted.decimals is None else wanted.decimals
        super().__init__(replace(wanted, decimals=decimals))
        self._errors = Errors(program, task)
        self._middles = [piece.middle for piece in task.value_cells()]
        self._lower = self._upper = Fraction(0)

    def _entries(self, progress: Progress | None) -> Iterator[Json]:
        search = ExactSearch(self.program, None)
        starts = starting_cones(self.task)
        for done, start in enumerate(starts):
            for leaf in search.leaves_below(start):
                yield self._entry(start, leaf.bits, leaf.cone.irredundant())
            if progress is not None:
                progress((done + 1) / len(starts), f"{self.count:,} pieces")

    def _entry(self, start: Start, bits: int, cone: Cone) -> Json:
        program = self.program
        measure, stated = self._stated(self._measures.measure(cone).midpoint)
        self.count += 1
        error = self._errors.error(bits, start.label)
        square, known = "0", Enclosure.exactly(0)
        if any(error):
            square, known = self._square(cone, error)
        pattern = str(ActivationPattern(program.widths, bits))
        middle = self._middles[start.label]
        coefficients = tuple(Fraction(w, self._errors.unit) for w in error)
        if self.seen is not None:
            self.seen(CertifiedPiece(pattern, middle, coefficients, stated, known))
        return {
            "pattern": pattern,
            "rays": self._corners(cone.rays),
            "middle": list(middle),
            "error": list(map(str, coefficients)),
            "measure": measure,
            "square": square,
        }

    def _square(self, cone: Cone, error: IntVector) -> tuple[str, Enclosure]:
        """The mean square of the error, in units of a power of ten that its norm's square does
        not exceed; and what that says."""
        shared = gcd(*error)
        slim = tuple(w // shared for w in error)
        factor, norm = Fraction(shared, self._errors.unit) ** 2, dot(slim, slim)
        power = exponent_of(factor * norm)
        scale = Fraction(10) ** power
        # scale >= factor * norm, so that the digits of norm may be lost.
        digits = max(1, self.decimals + FINER + 1 - len(str(norm)))
        moment = second_moment(cone, slim, digits=digits).midpoint
        text, stated = self._stated(moment * factor / scale)
        square = stated.times(scale)
        self._lower += square.lower
        self._upper += square.upper
        return f"{text}e{power}", square

    def _results(self) -> Json:
        places = self.decimals + FINER
        lower, upper = self.score().decimal(places)
        roots = root_of(lower, places, up=False), root_of(upper, places, up=True)
        return {
            "mean_squared_error": bounds(lower, upper), "root_mean_squared_error": bounds(*roots)
        }  # fmt: skip

    def score(self) -> Enclosure:
        return Enclosure(self._lower, self._upper)

    def undecided(self) -> Fraction:
        """Nothing: the checker demands that a facet belongs to two pieces."""
        return Fraction(0)


class FunctionDraft(Draft):
    """The certificate of a transformer."""

    kind: Kind = "functions"

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        assert isinstance(wanted.network, Transformer)
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
                    self.right += credit_for(int(label), winners, self.wanted.ties)
                    self._answers.append("".join(map(str, sorted(winners))))
                self.count += 1
            if progress is not None:
                progress(self.count / n**n, f"{self.count:,} inputs")
        yield from ()

    def _results(self) -> Json:
        return super()._results() | {"answers": " ".join(self._answers)}

    def score(self) -> Enclosure:
        return Enclosure(self.right / self.count, (self.right + self.open) / self.count)


class ClaimDraft(Draft):
    """The certificate of an explanation of an RNN whose cells are too many."""

    kind: Kind = "claims"

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        if wanted.decimals is not None:
            raise InputError("Without cells there are no measures of them; leave decimals out.")

    def _results(self) -> Json:
        assert self.story is not None
        self.count = self.story.count
        return super()._results()

    def score(self) -> Enclosure:
        derived = self.story and self.story.accuracy
        return Enclosure(*(derived or (Fraction(0), Fraction(1))))
