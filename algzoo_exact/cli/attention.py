"""``algzoo-exact attention``: what a transformer attends to."""

from __future__ import annotations

import re
from pathlib import Path

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.errors import InputError

_INPUT = re.compile(r"\d{1,4}(,\d{1,4})*", re.ASCII)


@o.options
class Watched:
    input: str | None = o.argument(None, "[INPUT]", "The tokens f(0),f(1),.. as in 1,2,0,3.")
    out: Path | None = o.option(
        None, "FILE", "Write a table of all n^n inputs (n <= 6): .parquet or .json."
    )


def attention(subject: o.Subject, watched: Watched) -> Said:
    """Print a transformer's logits and the attention of each head on one input.

    Numbers are float64 with a proved bound. A table of all inputs has a row for each.

    Examples:
    algzoo-exact attention longest_cycle_4_4 1,2,0,3
    algzoo-exact attention longest_cycle_4_4 --out attention.parquet
    """
    from algzoo_exact.present.documents.attention import attention_document, attention_out_document
    from algzoo_exact.tables import write_rows

    if (watched.input is None) == (watched.out is None):
        raise InputError("Give an input, as in 1,2,0,3, or --out FILE for all of them.")
    loaded = subject.loaded()
    if watched.out is not None:
        if watched.out.suffix not in (".parquet", ".json"):
            raise InputError("Attention is nested; --out takes .parquet or .json.")
        rows = az.attention(loaded).to_pylist()
        write_rows(rows, watched.out)
        return Said(attention_out_document(loaded, len(rows), watched.out))
    if not _INPUT.fullmatch(str(watched.input)):
        raise InputError(f"{watched.input!r} is no input; write tokens as in 1,2,0,3.")
    tokens = [int(token) for token in str(watched.input).split(",")]
    (row,) = az.attention(loaded, [tokens]).to_pylist()
    return Said(attention_document(loaded, row))
