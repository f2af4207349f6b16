"""What `accuracy` says of many models: a row for each, also as a line, and the whole table."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from statistics import stdev
from typing import Any

from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.findings.crosscheck import CrossCheck
from algzoo_exact.present.wording import RARE, count, several, value_text
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.present.writers.terminal import to_terminal
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.score.compute import METRICS
from algzoo_exact.score.result import Score
from algzoo_exact.tables import Row
from algzoo_exact.zoo.loading import Model

COLUMNS: dict[str, type] = {
    "file": str, "model": str, "task": str, "ties": str, "hidden_size": int, "seq_len": int,
    "parameters": int, "dtype": str, "noise_seed": int, "metric": str, "kind": str, "score": float,
    "score_lower": str, "score_upper": str, "sampled": float, "sampled_lower": float,
    "sampled_upper": float, "regions": int, "sha256": str, "weights_sha256": str, "taken": str,
    "error": str,
}  # fmt: skip
"""``score`` is the float nearest to the middle of the enclosure, whose ends are decimals; None
where that is wide, since no single number is known then."""

_NARROW = Fraction(1, 10**6)


def score_row(
    model: Model, score: Score, beside: CrossCheck | None, proved: Enclosure | None = None
) -> Row:
    """Of a model, of which more may be ``proved`` of its accuracy than was computed. A median
    model's score is the root of the mean squared error."""
    root = METRICS[score.metric].root
    enclosure = score.root if root else proved or score.enclosure
    ends = enclosure_data(enclosure)
    found: Row = {
        "model": model.name,
        "task": score.task.name,
        "ties": score.ties,
        **attributes(model.network, "hidden_size seq_len parameters"),
        "dtype": model.dtype,
        "metric": root or METRICS[score.metric].words,
        "kind": score.kind,
        "score": float(enclosure.midpoint) if _settled(score.kind, enclosure) else None,
        "score_lower": ends["lower"],
        "score_upper": ends["upper"],
        "regions": score.regions,
        **attributes(model, "sha256 weights_sha256"),
        "taken": ", ".join(f"{ours} = {theirs}" for ours, theirs in model.taken.items()) or None,
    }
    sample = beside and beside.estimate
    if isinstance(sample, SampleEstimate):
        found |= {"sampled": sample.accuracy}
        found |= {"sampled_lower": sample.lower, "sampled_upper": sample.upper}
    elif sample:
        found |= {"sampled": sample.root}
    return found


def _settled(kind: str, enclosure: Enclosure) -> bool:
    return kind == "exact" or enclosure.width <= _NARROW


def whole_row(row: Row) -> Row:
    """With a value, or None, in every column."""
    return {column: row.get(column) for column in COLUMNS}


def score_text(row: Row) -> d.Text:
    """The score of a row with its kind, and the sample where it tells more than wide bounds."""
    shown = value_text(_enclosure(row), row["kind"])
    if row["kind"] == "exact" or row["sampled"] is None:
        return shown
    return (*shown, f"; {row['sampled']:.5f} ", d.Kind("sampled"))


def errors_text(row: Row) -> str:
    """How often it is wrong, where that is known."""
    known = _enclosure(row)
    if row["metric"] != "accuracy" or row["kind"] != "exact" or known.upper == 1:
        return ""
    error = known.complement
    return percent(error) if error.lower > RARE else f"1 in {count(1 / error.upper)}"


def score_line(name: str, width: int, row: Row) -> str:
    """A row in one line: a name, the score with its kind, and how often it is wrong."""
    if row["error"]:
        cells: list[str | d.Text] = [f"error: {row['error']}"]
    else:
        other = row["metric"] if row["metric"] != "accuracy" else ""
        errors = errors_text(row)
        cells = [score_text(row), f"wrong {errors}" if errors else other]
    line = d.table("", [""] * (1 + len(cells)), [(name.ljust(width), *cells)])
    return to_terminal(d.untitled(line, data={}))


def scores_document(rows: Sequence[Row], asked: int, out: Path | None) -> d.Document:
    """Of all rows, of as many as were ``asked`` for."""
    failed = sum(bool(row["error"]) for row in rows)
    done = f"{several(len(rows) - failed, 'score')}"
    said = [("models", done + (f", and {several(failed, 'error')}" if failed else ""))]
    noise = _noise(rows)
    for file, found in noise.items():
        mean = Enclosure(Fraction(found["mean_lower"]), Fraction(found["mean_upper"]))
        text = to_terminal(d.untitled(d.paragraph(*value_text(mean, found["kind"], 6)), data={}))
        line = f"{Path(file).name}: mean {text.strip()}"
        if found["standard_deviation"] is not None:
            line += f", standard deviation {found['standard_deviation']:.3g}"
        said.append(("noise", line))
    if len(rows) < asked:
        goes_on = "; the same command goes on where it stopped" if out else ""
        said.append(("interrupted", f"{len(rows)} of {asked} are done{goes_on}"))
    if out:
        said.append(("table", str(out)))
    data = {"models": rows, "noise": noise, "asked": asked, "failed": failed, "table": out}
    return d.untitled(d.facts(*said), data=data)


def _enclosure(row: Row) -> Enclosure:
    return Enclosure(Fraction(row["score_lower"]), Fraction(row["score_upper"]))


def _noise(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """By file: the enclosure of the mean over its noise seeds, and the standard deviation between
    them, None where one is not settled."""
    files: dict[str, list[Row]] = {}
    for row in rows:
        if row["noise_seed"] is not None and not row["error"]:
            files.setdefault(row["file"], []).append(row)
    found: dict[str, dict[str, Any]] = {}
    for file, some in files.items():
        if len(some) > 1:
            ends = enclosure_data(total(map(_enclosure, some)).times(Fraction(1, len(some))))
            kinds, scores = {row["kind"] for row in some}, [row["score"] for row in some]
            found[file] = {
                "seeds": len(some),
                "kind": "exact" if kinds == {"exact"} else "certified",
                "mean_lower": ends["lower"],
                "mean_upper": ends["upper"],
                "standard_deviation": None if None in scores else stdev(scores),
            }
    return found
