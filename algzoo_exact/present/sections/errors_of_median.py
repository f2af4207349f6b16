"""The section about a median model's errors: which pieces add most to the mean squared error."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import as_decimal, percent, share
from algzoo_exact.present import formula as f
from algzoo_exact.present.document import (
    Block,
    Column,
    Inline,
    Kind,
    Math,
    Mono,
    Section,
    Table,
    Text,
    paragraph,
)
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.findings.pieces import LARGEST, ErrorPiece, ErrorPieces
from algzoo_exact.present.formula import indexed
from algzoo_exact.present.wording import digits

_TITLE = "Where the errors are"
_PLACES = 8


def squares_section(found: Findings) -> Section | None:
    """Pieces and middle inputs by their share of the mean squared error; None for other tasks."""
    if not found.task.is_numeric:
        return None
    n, pieces = found.task.seq_len, found.pieces
    if pieces is None:
        why = f"up to {LARGEST} inputs, and this model has {n}"
        if found.check.failure and n <= LARGEST:
            why = "those of many that random inputs find, and no input could be run"
        said = paragraph(
            "Which inputs add most to the mean squared error takes the measures of its pieces. "
            f"They can be computed within seconds for {why}: none is listed here."
        )
        return Section("errors", _TITLE, (said,))
    if not pieces.listed:
        said = paragraph("Nowhere: f is the median of every input. ", Kind("exact"))
        return Section("errors", _TITLE, (said,))
    middles = "one middle input" if n % 2 else "one pair of middle inputs"
    intro: list[Inline] = [
        "On a region, and with ", middles, ", the error ", Math(_ERROR),
        " is one linear form: call that a piece. Its part of ", Math(f.Name("E")), " is the mean "
        "of the squared error, counted as 0 elsewhere, so that the parts of all pieces add up to ",
        Math(f.Name("E")), ". ",
    ]  # fmt: skip
    if pieces.samples is not None:
        intro.append(
            f"The pieces below are those that add most on {pieces.samples:,} random inputs; their "
            "measures and parts are exact, shares of the whole are those on these inputs, "
            "coefficients are rounded. "
        )
        intro += [Kind("exact"), " ", Kind("sampled")]
    else:
        intro.append(
            "Digits are cut off where … follows; shares and coefficients of the error are rounded. "
        )
        intro.append(Kind("exact"))
    blocks: list[Block] = [paragraph(*intro), _table(pieces)]
    if len(pieces.by_middle) > 1:
        blocks.append(_by_middle(n, pieces))
    return Section("errors", _TITLE, tuple(blocks))


_ERROR = f.row(f.Name("f"), "−", f.Words("median"))


def _table(pieces: ErrorPieces) -> Table:
    shown = len(pieces.listed)
    caption = "The pieces that add most to the mean squared error."
    foot: tuple[tuple[Text, ...], ...] = ()
    if pieces.count is not None and pieces.count > shown:
        foot = (
            ((f"{pieces.count - shown:,} others",), (), (), (), (_others(pieces),), ()),
        )  # fmt: skip
        caption = f"The {shown} of {pieces.count:,} pieces that add most to the mean squared error."
    elif pieces.count is None:
        foot = ((("all others",), (), (), (), (_others(pieces),), ()),)
    columns = (
        Column("region"), Column("middle"), Column("measure", True), Column("part of E", True),
        Column("share", True), Column("f − median on it"),
    )  # fmt: skip
    return Table(caption, columns, tuple(map(_row, pieces.listed)), foot)


def _others(pieces: ErrorPieces) -> str:
    """The share of the pieces that are not listed."""
    low = sum((piece.share.lower for piece in pieces.listed), Fraction(0))
    high = sum((piece.share.upper for piece in pieces.listed), Fraction(0))
    return percent(Enclosure(max(Fraction(0), 1 - high), max(Fraction(0), 1 - low)))


def _row(piece: ErrorPiece) -> tuple[Text, ...]:
    shown = [Fraction(f"{as_decimal(c):.3g}") for c in piece.error]
    terms = [(c, indexed("x", k)) for k, c in enumerate(shown)]
    return (
        (Mono(piece.pattern),),
        (_inputs(piece.middle),),
        (digits(piece.measure, _PLACES),),
        (_small(piece),),
        (percent(piece.share),),
        (Math(f.linear(terms)),),
    )


def _small(piece: ErrorPiece) -> str:
    """Its part of E, with as many places more as begin with zeros."""
    zeros = 0
    while piece.square.upper * 10 ** (zeros + 1) < 1:
        zeros += 1
    return digits(piece.square, zeros + 5)


def _inputs(middle: tuple[int, ...]) -> Math:
    return Math(f.joined([indexed("x", k) for k in middle], ","))


def _by_middle(n: int, pieces: ErrorPieces) -> Table:
    """The same by order: which input is the middle one."""
    count = comb(n, len(pieces.by_middle[0][0]))
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            (_inputs(middle),),
            (percent(share(square, pieces.whole)),),
            (f"{as_decimal(count * square.midpoint).sqrt():.4g}",),
        )
        for middle, square in pieces.by_middle
    )
    kind = "rounded" if pieces.samples is None else "sampled"
    which = "middle input" if n % 2 else "middle inputs"
    caption = f"The error by {which}, each with probability 1/{count} ({kind})."
    columns = (
        Column(which),
        Column("share of E", True),
        Column("root mean square", True),
    )
    return Table(caption, columns, rows)
