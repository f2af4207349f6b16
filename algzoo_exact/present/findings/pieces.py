"""Where a median model errs: the pieces on which its error is linear, by what they add.

A piece is a region with one middle input (two for even n). Where a certificate lists all of them,
all of it is exact. Else those that random inputs found to add most are measured one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from algzoo_exact.certificate.draft import CertifiedPiece
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import share
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task
from algzoo_exact.regions.enumerate import region_of
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.score.bends import Errors

if TYPE_CHECKING:
    from algzoo_exact.runtime.sampled import Observed

LARGEST = 5
"""Inputs; the second moment of one piece of six takes many seconds."""
_LISTED = 12
_MEASURED = 8  # one by one; each takes a quarter of a second for n = 5
_DIGITS = 14  # of a piece's measure and of its part of the error

_Sum = tuple[Enclosure, Enclosure]
"""A measure, and what is added to the mean squared error."""


@dataclass(frozen=True, eq=False)
class ErrorPiece:
    """``error`` (n) are the rational coefficients of f - median on the piece; ``square`` is the
    mean of its square, counted as 0 elsewhere. ``share`` of the mean squared error: all that is
    known of it, or the share on random inputs."""

    pattern: str
    middle: tuple[int, ...]
    error: tuple[Fraction, ...]
    measure: Enclosure
    square: Enclosure
    share: Enclosure


@dataclass(frozen=True, eq=False)
class ErrorPieces:
    """The pieces that add most to the mean squared error, the heaviest first.

    ``count`` is the number of all pieces with an error, None where it is not known.
    ``by_middle``: the sums of ``square`` by middle inputs. If ``samples`` is None, these and the
    shares are exact; else they are those on so many random inputs, and chose the pieces. ``whole``
    is the sum of all.
    """

    count: int | None
    listed: tuple[ErrorPiece, ...]
    by_middle: tuple[tuple[tuple[int, ...], Enclosure], ...]
    whole: Enclosure
    samples: int | None


class PieceTally:
    """All pieces of a median model, as they are found; those that differ in what lies above the
    middle alone are one."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, tuple[int, ...], tuple[Fraction, ...]], _Sum] = {}

    def add(self, piece: CertifiedPiece) -> None:
        """Count one of them."""
        if any(piece.error):
            key, found = (piece.pattern, piece.middle, piece.error), (piece.measure, piece.square)
            before = self._sums.get(key)
            self._sums[key] = found if before is None else _plus(before, found)

    def pieces(self, most: int = _LISTED) -> ErrorPieces:
        """Those that add most, and the sums."""
        squares = ((middle, square) for (_, middle, _), (_, square) in self._sums.items())
        whole, by_middle = _totals(squares)
        pieces = [
            ErrorPiece(pattern, middle, error, measure, square, share(square, whole))
            for (pattern, middle, error), (measure, square) in self._sums.items()
        ]
        pieces.sort(key=lambda piece: (-piece.square.midpoint, piece.pattern, piece.middle))
        return ErrorPieces(len(pieces), tuple(pieces[:most]), by_middle, whole, None)


def observed_pieces(
    program: Program, task: Task, observed: Observed, most: int = _MEASURED
) -> ErrorPieces:
    """The pieces that add most on random inputs, each measured exactly; at most ``LARGEST``
    inputs."""
    means = {
        key: Enclosure.exactly(Fraction(square) / observed.samples)
        for key, square in observed.squares.items()
    }
    whole, by_middle = _totals((_indices(mask), mean) for (_, mask), mean in means.items())
    errors, specializer = Errors(program, task), Specializer(program)
    pieces = []
    heaviest = sorted(observed.squares, key=lambda key: (-observed.squares[key], key))
    for bits, mask in heaviest[:most]:
        signs = region_of(program, specializer, bits).cone.inequalities
        error, found = _measured(errors, task, signs, bits, _indices(mask))
        if any(error):
            pattern = str(ActivationPattern(program.widths, bits))
            part = share(means[bits, mask], whole)
            pieces.append(ErrorPiece(pattern, _indices(mask), error, *found, part))
    return ErrorPieces(None, tuple(pieces), by_middle, whole, observed.samples)


def _totals(
    squares: Iterable[tuple[tuple[int, ...], Enclosure]],
) -> tuple[Enclosure, tuple[tuple[tuple[int, ...], Enclosure], ...]]:
    """The sum of all squares, and those by middle inputs."""
    sums: dict[tuple[int, ...], Enclosure] = {}
    for middle, square in squares:
        sums[middle] = sums[middle].plus(square) if middle in sums else square
    return total(sums.values()), tuple(sorted(sums.items()))


def _measured(
    errors: Errors, task: Task, signs: Sequence[IntVector], bits: int, middle: tuple[int, ...]
) -> tuple[tuple[Fraction, ...], _Sum]:
    """The error on a piece, and what it adds: a sum over what can lie above the middle."""
    added = Enclosure.exactly(0), Enclosure.exactly(0)
    error: IntVector = ()
    for label, cell in enumerate(task.value_cells()):
        if tuple(k for k, part in enumerate(cell.value) if part) == middle:
            error = errors.error(bits, label)
            cone = Cone.from_inequalities((*signs, *cell.inequalities))
            if cone is not None:
                slim = cone.irredundant()
                square = _square(slim, error, errors.unit)
                added = _plus(added, (cone_measure(slim, digits=_DIGITS), square))
    return tuple(Fraction(c, errors.unit) for c in error), added


def _square(cone: Cone, error: IntVector, unit: int) -> Enclosure:
    """E[(error.x / unit)^2; cone]."""
    shared = gcd(*error)
    if not shared:
        return Enclosure.exactly(0)
    slim = tuple(c // shared for c in error)
    factor = Fraction(shared, unit) ** 2
    # Relative to |slim|^2, which may have a hundred digits.
    digits = max(1, _DIGITS - len(str(sum(c * c for c in slim))))
    moment = second_moment(cone, slim, digits=digits)
    return Enclosure(max(Fraction(0), moment.lower) * factor, moment.upper * factor)


def _plus(a: _Sum, b: _Sum) -> _Sum:
    return a[0].plus(b[0]), a[1].plus(b[1])


def _indices(mask: int) -> tuple[int, ...]:
    return tuple(k for k in range(mask.bit_length()) if mask >> k & 1)
