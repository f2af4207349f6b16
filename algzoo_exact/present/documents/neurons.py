"""What ``neurons`` says: how often each is on, and which belong together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from algzoo_exact.analysis.neurons import SHARES, Neuron, NeuronFacts
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import about, digits
from algzoo_exact.zoo.loading import Model

_PLACES = 10


def neurons_document(model: Model | None, found: NeuronFacts) -> d.Document:
    head, *tables = neuron_blocks(found)
    assert isinstance(head, d.Facts)
    said = d.facts(
        *about(model),
        ("cells", f"{len(found.table):,}, all with an interior"),
        *head.rows,
    )
    return d.untitled(said, *tables, data=_data(model, found))


def neuron_blocks(found: NeuronFacts) -> list[d.Block]:
    """Which are dead, belong together or never meet; how often each is on; how many patterns."""
    layers = range(len(found.program.layers))
    layer = "step" if found.program.is_rnn else "layer"
    rows = (
        (str(j), *(digits(found.on[t, j], _PLACES) if (t, j) in found.on else "" for t in layers))
        for j in range(found.program.hidden_size)
    )
    columns = ("neuron", *(f"#{layer} {t}" for t in layers))
    chances = d.table("How often each neuron is on.", columns, rows)
    shares = [f"{float(share):.0%}" for share in SHARES]
    counts = d.table(
        "How many patterns carry most of the inputs.",
        (layer, *(f"#{share}" for share in shares), "#all"),
        ((str(t), *(f"{k:,}" for k in found.patterns(t).values())) for t in layers),
    )
    head = d.facts(
        ("dead", _list(map(_name, found.dead))),
        ("always on", _list(map(_name, found.always))),
        ("never together", _pairs(found.never_together)),
        ("always together", _pairs(found.always_together)),
        ("parallel", _list(f"z of {_name(a)} = {float(c):.6g} z of {_name(b)}"
                           for a, b, c in found.parallel)),
    )  # fmt: skip
    return [head, chances, counts]


def _name(neuron: Neuron) -> str:
    return "{},{}".format(*neuron)


def _pairs(pairs: Iterable[tuple[Neuron, Neuron]]) -> str:
    return _list(f"{_name(a)} and {_name(b)}" for a, b in pairs)


def _list(names: Iterable[str]) -> str:
    return "; ".join(names) or "none"


def _data(model: Model | None, found: NeuronFacts) -> dict[str, Any]:
    return {
        "model": model,
        "cells": len(found.table),
        "on": [{"layer": t, "neuron": j, "probability": p} for (t, j), p in found.on.items()],
        "dead": found.dead,
        "always": found.always,
        "never_together": found.never_together,
        "always_together": found.always_together,
        "parallel": [{"neurons": (a, b), "factor": c} for a, b, c in found.parallel],
        "patterns": [
            {str(float(share)): count for share, count in found.patterns(t).items()}
            for t in range(len(found.program.layers))
        ],
    }
