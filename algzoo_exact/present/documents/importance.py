"""What ``ablate`` and ``importance`` say: scores without parts, and the drops."""

from __future__ import annotations

from algzoo_exact.analysis.ablation import Importance
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present import document as d
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import digits, value_text
from algzoo_exact.score.compute import METRICS
from algzoo_exact.zoo.loading import Model

_PLACES = 12


def importance_document(
    model: Model | None, found: Importance, frozen: str | None, top: int
) -> d.Document:
    """The ``top`` parts are listed; all are in the data."""
    score, left_out = found.score, found.left_out
    rows: list[d.Fact] = [
        (METRICS[score.metric].words, value_text(score.enclosure, score.kind)),
        ("left out", f"{len(left_out)} parts, for want of time" if left_out else None),
    ]
    data = {
        "metric": score.metric,
        "kind": score.kind,
        "score": score.enclosure,
        "frozen": frozen,
        "neurons": [
            {
                "neuron": part.part,
                "score": part.score.enclosure,
                "kind": part.score.kind,
                "drop": part.drop,
            }
            for part in found.parts
        ],
        "left_out": left_out,
    }
    table = importance_table(found, frozen, top)
    return Subject(model, score.task, score.ties).document(rows, table, data=data)


def importance_table(found: Importance, frozen: str | None, top: int) -> d.Table:
    """The ``top`` parts, by what is lost without each."""
    how = {None: "taken out", "off": "set to 0"}.get(frozen, "made linear")
    metric = METRICS[found.score.metric]
    change = "drop" if metric.of_labels else "rise"
    neurons = all(part.part.isdecimal() for part in found.parts)
    sort = "neuron" if neurons else "part"
    caption = f"Each {sort} {how}: what is left, the largest {change}s first."
    if len(found.parts) > top:
        caption += f" The first {top} of {len(found.parts):,}."
    lines = (
        (part.part, value_text(part.score.enclosure, part.score.kind), _signed(part.drop))
        for part in found.parts[:top]
    )
    return d.table(caption, (sort, f"#{metric.words}", f"#{change}"), lines)


def _signed(drop: Enclosure) -> str:
    if drop.upper < 0:
        return "-" + digits(Enclosure(-drop.upper, -drop.lower), _PLACES)
    return digits(drop, _PLACES)
