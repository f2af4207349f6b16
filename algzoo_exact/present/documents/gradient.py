"""What ``gradient`` and ``polish`` say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algzoo_exact.analysis.gradient import Gradient
from algzoo_exact.analysis.polish import Polished
from algzoo_exact.analysis.weights import Arrays
from algzoo_exact.present import document as d
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import several, value_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.score.compute import METRICS
from algzoo_exact.score.result import Score
from algzoo_exact.zoo.loading import Model

_ENDINGS = {
    "no step gains": "no further step was proved to gain",
    "time": "the time limit",
    "interrupted": "interrupted",
}


def gradient_document(
    model: Model | None, score: Score | None, found: Gradient, top: int
) -> d.Document:
    """The ``top`` weights are listed whose relative noise the score feels most."""
    words = METRICS[found.metric].words
    off = max(float(np.max(r[np.isfinite(r)], initial=0.0)) for r in found.radii)
    noise = 0.01 * found.sensitivity().length
    rows: list[d.Fact] = [
        (words, None if score is None else value_text(score.enclosure, score.kind)),
        ("gradient", (f"length {found.norm:.6g}, each entry ± {off:.0e} ", d.Kind("exact"))),
        ("noise of 1%", f"in all weights: ± {noise:.2g}, to first order (standard deviation)"),
        ("check", _check_text(found)),
        ("no derivative by", ", ".join(found.undefined) or None),
    ]
    listed = sorted(_lines(found), key=lambda line: -line[3])
    caption = f"Derivatives of the {words}, where relative noise is felt most first."
    if len(listed) > top:
        caption += f" The first {top} of {len(listed):,}."
    table = d.table(
        caption,
        ("weight", "#value", "#derivative", "#noise of 1%"),
        ((name, f"{w:.6f}", f"{g:.9f}", f"{0.01 * felt:.2e}") for name, w, g, felt in listed[:top]),
    )
    data = {
        "metric": found.metric,
        "kind": "exact",
        "score": None if score is None else score.enclosure,
        "gradient": _arrays(found.slopes),
        "radii": _arrays(found.radii),
        "sensitivity": _arrays(found.sensitivity()),
        "undefined": found.undefined,
        "identities": [attributes(i, "name value radius holds") for i in found.identities()],
    }
    return Subject(model, found.task, found.ties).document(rows, table, data=data)


def _check_text(found: Gradient) -> str:
    """What became of the identities."""
    identities = [i for i in found.identities() if math.isfinite(i.value)]
    failed = [i.name for i in identities if not i.holds]
    if failed:
        return f"FAILED: {', '.join(failed)} should vanish; please report the weights"
    largest = max((abs(i.value) for i in identities), default=0.0)
    return (
        f"scaling neurons changes nothing: {several(len(identities), 'sum')} vanish, to "
        f"{largest:.0e}"
    )


def _lines(found: Gradient) -> list[tuple[str, float, float, float]]:
    """Names of weights with a derivative, values, derivatives, and their product's size."""
    columns = zip(found.weights.flat, found.slopes.flat, found.sensitivity().flat, strict=True)
    return [
        (found.weights.name(place), float(w), float(g), float(size))
        for place, (w, g, size) in enumerate(columns)
        if math.isfinite(g)
    ]


def _arrays(arrays: Arrays) -> dict[str, Any]:
    """Nested lists by name, without what JSON has no number for."""
    return {name: _plain(part.tolist()) for name, part in zip(arrays.names, arrays, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if math.isfinite(value) else None


def polish_document(model: Model | None, found: Polished, written: Model | None) -> d.Document:
    """What was reached, and in how many steps."""
    score = found.score
    words = METRICS[score.metric].words
    rows: list[d.Fact] = [
        ("before", value_text(found.before.enclosure, found.before.kind)),
        (words, value_text(score.enclosure, score.kind)),
        ("steps", f"{len(found.steps):,}, each proved to gain, of {found.scores:,} exact scores"),
        ("ended by", _ENDINGS[found.ended]),
        ("written", f"{written.name} (sha256 {written.sha256[:12]})" if written else None),
    ]
    data = {
        "metric": score.metric,
        "kind": score.kind,
        "before": found.before.enclosure,
        "score": score.enclosure,
        **attributes(found, "steps scores ended"),
        "written": written,
    }
    return Subject(model, score.task, score.ties).document(rows, data=data)
