"""The certificate of a median model: all cones on which model and median are linear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import gcd
from typing import Any

from algzoo_exact.certificate.check import KINDS, exponent_of, root_of
from algzoo_exact.certificate.draft import CertifiedPiece, Json, Kind, Wanted
from algzoo_exact.certificate.kinds import FINER, ConeDraft
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.progress import Progress
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.bends import Errors

LARGEST_PIECES = KINDS["pieces"][1]
"""Inputs. The checker measures no cones of six, so that nothing would follow for the whole."""
_DECIMALS = 30
"""As for ``squared_error``: what a good model leaves is small."""


class PieceDraft(ConeDraft):
    """The certificate of a program with one output that should be the median."""

    kind: Kind = "pieces"

    def __init__(self, wanted: Wanted) -> None:
        task, program, n = wanted.task, wanted.program, wanted.task.seq_len
        if n > LARGEST_PIECES:
            raise InputError(
                "Certificates of median models list all pieces on which they are linear, which is "
                f"possible for n <= {LARGEST_PIECES}, not for n = {n}."
            )
        if (program.seq_len, program.outputs) != (n, 1):
            raise InputError(
                f"{task.name} on {n} inputs needs a program with as many inputs and one output, "
                f"not {program.seq_len} inputs and {program.outputs} outputs."
            )
        decimals = _DECIMALS if wanted.decimals is None else wanted.decimals
        super().__init__(replace(wanted, decimals=decimals))
        self._errors = Errors(program, task)
        self._middles = [
            [k for k, share in enumerate(piece.value) if share] for piece in task.value_cells()
        ]
        self._lower = self._upper = Fraction(0)

    def _lists(self, progress: Progress | None) -> Iterator[tuple[str, Iterable[Any]]]:
        yield "pieces", self._pieces(progress)
        yield "rays", self._ray_texts()

    def _pieces(self, progress: Progress | None) -> Iterator[Json]:
        search = ExactSearch(self.program, None)
        starts = starting_cones(self.task)
        for done, start in enumerate(starts):
            for leaf in search.exact_cells(start):
                assert leaf is not None, "whole leaves were asked for"
                yield self._entry(start, leaf.bits, leaf.cone.irredundant())
            if progress is not None:
                progress((done + 1) / len(starts), f"{self.count:,} pieces")

    def _entry(self, start: Start, bits: int, cone: Cone) -> Json:
        program = self.program
        measure, least, most = self._stated(self._measures.measure(cone).midpoint)
        self.count += 1
        error = self._errors.error(bits, start.label)
        square, known = "0", Enclosure.exactly(0)
        if any(error):
            square, known = self._square(cone, error)
        pattern = str(ActivationPattern(program.widths, bits))
        middle = self._middles[start.label]
        coefficients = tuple(Fraction(w, self._errors.unit) for w in error)
        if self.seen is not None:
            stated = Enclosure(least, most)
            self.seen(CertifiedPiece(pattern, tuple(middle), coefficients, stated, known))
        return {
            "pattern": pattern,
            "rays": self._corners(cone.rays),
            "middle": middle,
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
        text, least, most = self._stated(moment * factor / scale)
        self._lower += least * scale
        self._upper += most * scale
        return f"{text}e{power}", Enclosure(least * scale, most * scale)

    def _results(self) -> Json:
        places = self.decimals + FINER
        found = self.squared_error()
        lower, upper = found.decimal(places)
        return {
            "mean_squared_error": {"lower": lower, "upper": upper},
            "root_mean_squared_error": {
                "lower": root_of(lower, places, up=False),
                "upper": root_of(upper, places, up=True),
            },
        }

    def accuracy(self) -> None:
        """None; nothing is undecided: the checker demands that a facet belongs to two pieces."""

    def squared_error(self) -> Enclosure:
        return Enclosure(self._lower, self._upper)
