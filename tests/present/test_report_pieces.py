"""Where median models err: pieces against the whole error, against samples, and known values."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import pi, sqrt

import numpy as np
import pytest
from support.medians import median_of_three, medians, one_output, silent
from support.programs import dead_mass_program, random_program
from support.reports import check_page, report_of

import algzoo_exact as az
from algzoo_exact.certificate.build import drafted
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.document import Table
from algzoo_exact.present.findings.pieces import ErrorPieces, PieceTally, observed_pieces
from algzoo_exact.program.ir import Program
from algzoo_exact.runtime.observed import observe

ALL = 10**6


def certified(program: Program) -> ErrorPieces:
    tally = PieceTally()
    draft = drafted(program, az.tasks.median(program.seq_len), None, "lowest", None, None)
    draft.seen = tally.add
    draft.finish(None)
    return tally.pieces(ALL)


def total(pieces: ErrorPieces) -> Enclosure:
    return total_of(piece.square for piece in pieces.listed)


def total_of(parts: Iterable[Enclosure]) -> Enclosure:
    found = Enclosure.exactly(0)
    for part in parts:
        found = found.plus(part)
    return found


def shares_by_middle(pieces: ErrorPieces) -> dict[tuple[int, ...], float]:
    whole = pieces.whole.midpoint
    return {middle: float(square.midpoint / whole) for middle, square in pieces.by_middle}


def meets(a: Enclosure, b: Enclosure) -> bool:
    return max(a.lower, b.lower) <= min(a.upper, b.upper)


@pytest.mark.parametrize("n", [2, 3])
def test_parts_add_up_to_the_error(n: int) -> None:
    """Oracle: the closed form, from the walls across which the error bends."""
    for name, program in medians(5, 8, (1, 2), n):
        pieces = certified(program)
        found, whole = total(pieces), az.squared_error(program).enclosure
        assert meets(found, whole), name
        assert found.width < Fraction(1, 10**15), name
        assert pieces.count == len(pieces.listed)
        shares = [piece.share for piece in pieces.listed]
        assert all(0 <= part.lower <= part.upper <= 1 for part in shares)
        if shares:
            assert sum(part.lower for part in shares) <= 1 <= sum(part.upper for part in shares)
        assert meets(total_of(square for _, square in pieces.by_middle), whole)


def test_errors_are_those_of_the_program() -> None:
    """Oracle: the program in fractions, at points that fall into a listed piece."""
    program = random_program(np.random.default_rng(11), 2, 3, 1)
    task = az.tasks.median(3)
    by_piece = {(p.pattern, p.middle): p.error for p in certified(program).listed}
    rng = np.random.default_rng(0)
    for _ in range(50):
        x = [Fraction(int(v), 1000) for v in rng.integers(-999, 1000, 3)]
        h, pattern = [Fraction(0)] * 2, []
        for entry in x:
            z = [
                sum((w * v for w, v in zip(row, h, strict=True)), a * entry)
                for row, a in zip(program.recurrent, program.input_weights, strict=True)
            ]
            h = [max(Fraction(0), v) for v in z]
            pattern.append("".join(str(int(v > 0)) for v in z))
        output = sum(w * v for w, v in zip(program.readout[0], h, strict=True))
        middle = sorted(range(3), key=lambda k: x[k])[1]
        error = by_piece["|".join(pattern), (middle,)]
        assert sum(c * v for c, v in zip(error, x, strict=True)) == output - task.value(x)


@pytest.mark.parametrize(
    ("n", "seed"), [(2, 1), (3, 2), pytest.param(4, 3, marks=pytest.mark.slow)]
)
def test_observed_pieces_are_those_of_all(n: int, seed: int) -> None:
    """Two ways to the same pieces; and shares on 2^18 inputs against exact ones.

    The fourth moments of these errors are some ten times the squares of their second ones, so that
    shares are within 5 sqrt(10 / 2^18) = 0.03.
    """
    program = random_program(np.random.default_rng(seed), 1, n, 1)
    task = az.tasks.median(n)
    seen = observed_pieces(program, task, observe(program, task, 0), ALL)
    exact = {(p.pattern, p.middle): p for p in certified(program).listed}
    assert len(seen.listed) == len(exact)
    for piece in seen.listed:
        other = exact[piece.pattern, piece.middle]
        assert piece.error == other.error
        assert meets(piece.measure, other.measure)
        assert meets(piece.square, other.square)
        assert piece.square.width < Fraction(1, 10**12)
        assert abs(piece.share.midpoint - other.share.midpoint) < 0.03
    whole = az.squared_error(program, method="exact", digits=20).enclosure
    found = total(seen)
    assert meets(found, whole)
    shares = shares_by_middle(certified(program))
    observed = shares_by_middle(seen)
    assert observed.keys() == shares.keys()
    assert all(abs(share - shares[middle]) < 0.03 for middle, share in observed.items())


def test_the_silent_model() -> None:
    """By symmetry each input is the middle one in a third of E, which is 1 - sqrt(3)/pi; its root
    mean square is then that of the median itself."""
    pieces = certified(silent(3))
    shares = shares_by_middle(pieces)
    assert [*shares] == [(0,), (1,), (2,)]
    assert all(part == pytest.approx(1 / 3) for part in shares.values())
    assert float(total(pieces).midpoint) == pytest.approx(1 - sqrt(3) / pi, abs=1e-14)
    report = report_of(silent(3), az.tasks.median(3))
    (section,) = (s for s in report.document.sections if s.name == "errors")
    _, table = (block for block in section.blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == [("33.3%",)] * 3
    assert {row[2] for row in table.rows} == {(f"{sqrt(1 - sqrt(3) / pi):.4g}",)}
    check_page(report.html())


def test_a_perfect_model_errs_nowhere() -> None:
    assert certified(median_of_three()).count == 0
    text = report_of(median_of_three(), az.tasks.median(3)).markdown()
    assert "f is the median of every input" in text


def test_what_is_sampled_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pieces are too many to list, their shares are sampled, and the report says so."""
    monkeypatch.setattr("algzoo_exact.present.findings.partition.AFFORDABLE", {3: 1})
    report = report_of(one_output(dead_mass_program()), az.tasks.median(3))
    pieces = report.findings.pieces
    assert pieces is not None
    assert pieces.samples == 4 * 2**16
    (section,) = (s for s in report.document.sections if s.name == "errors")
    assert "'sampled'" in repr(section.blocks[0])
    assert "(sampled)" in repr(section.blocks[-1])
    check_page(report.html())


def test_seven_inputs() -> None:
    report = report_of(silent(7), az.tasks.median(7), time_limit=0.2)
    assert report.findings.pieces is None
    assert "none is listed here" in report.markdown()
