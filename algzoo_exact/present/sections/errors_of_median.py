"""The section about a median model's errors: which pieces add most to the mean squared error."""

from __future__ import annotations

from collections.abc import Container, Iterator
from fractions import Fraction
from math import comb

from algzoo_exact.exact.shares import as_decimal, percent, share
from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.documents.regions import region_link
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.findings.partition import rest_of
from algzoo_exact.present.findings.pieces import LARGEST, ErrorPiece, ErrorPieces
from algzoo_exact.present.formula import indexed
from algzoo_exact.present.wording import small_digits

_PLACES = 8
_ERROR = f.row(f.Name("f"), "−", f.Words("median"))


def squares(found: Findings) -> Iterator[d.Block]:
    """Pieces and middle inputs by their share of the mean squared error."""
    n, pieces = found.task.seq_len, found.pieces
    if pieces is None:
        why = f"up to {LARGEST} inputs, and this model has {n}"
        if found.check.failure and n <= LARGEST:
            why = "those of many that random inputs find, and none was run"
        yield d.paragraph(
            "Which inputs add most to the mean squared error takes the measures of its pieces. "
            f"They can be computed within seconds for {why}: none is listed here."
        )
        return
    if not pieces.listed:
        yield d.paragraph("Nowhere: f is the median of every input. ", d.Kind("exact"))
        return
    middles = "one middle input" if n % 2 else "one pair of middle inputs"
    how: tuple[d.Inline, ...] = (
        "Digits are cut off where … follows; shares and coefficients of the error are rounded. ",
        d.Kind("exact"),
    )
    if pieces.samples is not None:
        how = (
            f"The pieces below are those that add most on {pieces.samples:,} random inputs; their "
            "measures and parts are exact, shares of the whole are those on these inputs, "
            "coefficients are rounded. ", d.Kind("exact"), " ", d.Kind("sampled"),
        )  # fmt: skip
    yield d.paragraph(
        "On a region, and with ", middles, ", the error ", d.Math(_ERROR),
        " is one linear form: call that a piece. Its part of ", d.Math(f.Name("E")), " is the mean "
        "of the squared error, counted as 0 elsewhere, so that the parts of all pieces add up to ",
        d.Math(f.Name("E")), ". ", *how,
    )  # fmt: skip
    listed = found.regions.listed if found.regions else ()
    yield _table(pieces, {region.pattern for region in listed})
    if len(pieces.by_middle) > 1:
        yield _by_middle(n, pieces)


def _table(pieces: ErrorPieces, regions: Container[str]) -> d.Table:
    shown = len(pieces.listed)
    caption, others = "The pieces that add most to the mean squared error.", ""
    if pieces.count is None:
        others = "all others"
    elif pieces.count > shown:
        others = f"{pieces.count - shown:,} others"
        caption = f"The {shown} of {pieces.count:,} pieces that add most to the mean squared error."
    share_of_others = percent(rest_of(piece.share for piece in pieces.listed))
    foot = [(others, (), (), (), share_of_others, ())] if others else ()
    columns = ("region", "middle", "#measure", "#part of E", "#share", "f − median on it")
    return d.table(caption, columns, (_row(piece, regions) for piece in pieces.listed), foot=foot)


def _row(piece: ErrorPiece, regions: Container[str]) -> tuple[str | d.Text, ...]:
    shown = [Fraction(f"{as_decimal(c):.3g}") for c in piece.error]
    terms = [(c, indexed("x", k)) for k, c in enumerate(shown)]
    return (
        (region_link(piece.pattern, regions),),
        (_inputs(piece.middle),),
        small_digits(piece.measure, _PLACES),
        small_digits(piece.square, 5),
        percent(piece.share),
        (d.Math(f.linear(terms)),),
    )


def _inputs(middle: tuple[int, ...]) -> d.Math:
    return d.Math(f.joined([indexed("x", k) for k in middle], ","))


def _by_middle(n: int, pieces: ErrorPieces) -> d.Table:
    """The same by order: which input is the middle one."""
    count = comb(n, len(pieces.by_middle[0][0]))
    rows = (
        (
            (_inputs(middle),),
            percent(share(square, pieces.whole)),
            f"{as_decimal(count * square.midpoint).sqrt():.4g}",
        )
        for middle, square in pieces.by_middle
    )
    kind = "rounded" if pieces.samples is None else "sampled"
    which = "middle input" if n % 2 else "middle inputs"
    caption = f"The error by {which}, each with probability 1/{count} ({kind})."
    return d.table(caption, (which, "#share of E", "#root mean square"), rows)
