"""What is said of neurons: how often each is on, and which belong together; by ``neurons``, and in
a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from algzoo_exact.analysis.neurons import SHARES, Neuron, NeuronFacts
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.importance import importance_table
from algzoo_exact.present.wording import about, digits, several
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings

_PLACES = 10
_RANKED = 20  # neurons


def neurons_document(model: Model | None, found: NeuronFacts) -> d.Document:
    cells = ("cells", f"{len(found.table):,}, all with an interior")
    data = {
        "model": model,
        "cells": len(found.table),
        "on": [{"layer": t, "neuron": j, "probability": p} for (t, j), p in found.on.items()],
        **attributes(found, "dead always never_together always_together"),
        "parallel": [{"neurons": (a, b), "factor": c} for a, b, c in found.parallel],
        "patterns": [
            {str(float(share)): count for share, count in found.patterns(t).items()}
            for t in range(len(found.program.layers))
        ],
    }
    said = d.facts(about(model), cells, *_kinship(found))
    return d.untitled(said, *_tables(found), data=data)


def neurons(found: Findings) -> Iterator[d.Block]:
    """The section of a report: how often each is on, and what is left without it."""
    inside = found.inside
    if inside.neurons is not None:
        yield d.paragraph(
            f"From all {several(len(inside.neurons.table), 'cell')}, each with an interior; a "
            "neuron is named by its step and number. ", d.Kind("exact"),
        )  # fmt: skip
        yield d.facts(*_kinship(inside.neurons))
        yield from _tables(inside.neurons)
    if inside.importance is not None:
        yield importance_table(inside.importance, None, _RANKED)


def _kinship(found: NeuronFacts) -> Iterator[d.Fact]:
    """Which are dead, belong together or never meet."""
    yield "dead", _list(map(_name, found.dead))
    yield "always on", _list(map(_name, found.always))
    yield "never together", _pairs(found.never_together)
    yield "always together", _pairs(found.always_together)
    parallel = (f"z of {_name(a)} = {float(c):.6g} z of {_name(b)}" for a, b, c in found.parallel)
    yield "parallel", _list(parallel)


def _tables(found: NeuronFacts) -> Iterator[d.Table]:
    """How often each is on; how many patterns there are."""
    layers = range(len(found.program.layers))
    layer = "step" if found.program.is_rnn else "layer"
    rows = (
        (str(j), *(digits(found.on[t, j], _PLACES) if (t, j) in found.on else "" for t in layers))
        for j in range(found.program.hidden_size)
    )
    columns = ("neuron", *(f"#{layer} {t}" for t in layers))
    yield d.table("How often each neuron is on.", columns, rows)
    yield d.table(
        "How many patterns carry most of the inputs.",
        (layer, *(f"#{float(share):.0%}" for share in SHARES), "#all"),
        ((str(t), *(f"{k:,}" for k in found.patterns(t).values())) for t in layers),
    )


def _name(neuron: Neuron) -> str:
    return "{},{}".format(*neuron)


def _pairs(pairs: Iterable[tuple[Neuron, Neuron]]) -> str:
    return _list(f"{_name(a)} and {_name(b)}" for a, b in pairs)


def _list(names: Iterable[str]) -> str:
    return "; ".join(names) or "none"
