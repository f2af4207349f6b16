"""Models without one of their parts, and what each part is worth: exact scores of ablations.

A neuron is taken out at one layer (for an RNN: one step) or at all of them: set to 0, or frozen on,
so that it passes z as it is, negative or not. So is a weight, or a transformer's head. What is left
is a network of the same sort, and its score is as exact as that of any other. (A neuron set to its
mean would be a constant, which no network without biases computes.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any, Literal

from algzoo_exact.analysis.effort import Effort
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Layer, Matrix, Program
from algzoo_exact.program.lift import HasNetwork, HasProgram, network_of, task_of
from algzoo_exact.program.perturb import matrices_of, rebuilt
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.score.compute import answer, metric_for
from algzoo_exact.score.question import Question, Told
from algzoo_exact.score.result import Score
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened

Network = Program | Transformer
Model = Program | Transformer | HasNetwork | HasProgram
Frozen = Literal["off", "on"]
Sort = Literal["neurons", "steps", "weights", "heads"]

_NEURON = re.compile(r"(?:(\d+),)?(\d+)", re.ASCII)
_MATRICES = ("W_hi", "W_hh", "W_oh")
_WEIGHT = re.compile(rf"({'|'.join(_MATRICES)})\[(\d+)\](?:\[(\d+)\])?", re.ASCII)
_ZERO = Fraction(0)


@dataclass(frozen=True)
class Ablated(Shown):
    """The ``score`` without a part, that ``before``, and what the part is worth: how much lower an
    accuracy is, or how much larger a mean squared error. Negative where the model gains."""

    part: str
    before: Score
    score: Score
    drop: Enclosure


@dataclass(frozen=True)
class Importance(Shown):
    """A model's score, and those without each part, the largest drops first. ``left_out`` are the
    parts that there was no time for."""

    score: Score
    parts: tuple[Ablated, ...]
    left_out: tuple[str, ...] = ()


def without(model: Model, part: str, *, frozen: Frozen = "off") -> Network:
    """The network of a model without a part.

    ``part``: a neuron ``3``, which is neuron 3 of all layers, or ``1,3``, that of layer 1 (of an
    RNN: at step 1); an RNN's weight, as ``W_hh[1][2]``, ``W_hi[1]`` or ``W_oh[1][2]``; or
    ``layer,head`` of a transformer. Several are joined by ``+``. ``frozen`` is for neurons: "off"
    sets them to 0, "on" lets them pass negative values too.

    InputError for a part that the network has not.
    """
    network = network_of(model)
    demand(part, str, "A part of a network is named by a text, such as '0,3'")
    for one in part.split("+"):
        network = _without_one(network, one.strip(), frozen)
    return network


def _without_one(network: Network, part: str, frozen: Frozen) -> Network:
    if isinstance(network, Transformer):
        return _without_head(network, part)
    if match := _WEIGHT.fullmatch(part):
        return _without_weight(network, part, match)
    match = _NEURON.fullmatch(part)
    if match is None:
        raise InputError(
            f"{part!r} is no part of a model; write a neuron as 3 (in all layers) or 1,3 (in layer "
            "1), or a weight as W_hh[1][2]."
        )
    j = int(match[2])
    places = {(t, j) for t, width in enumerate(network.widths) if j < width}
    if match[1] is not None:
        places &= {(int(match[1]), j)}
    if not places:
        raise InputError(
            f"There is no neuron {part}; there are {len(network.widths)} layers of "
            f"{network.hidden_size} neurons, both counted from 0."
        )
    return _cut(network, places) if frozen == "off" else _linear(network, places)


def _cut(program: Program, places: Iterable[tuple[int, int]]) -> Program:
    """With neurons whose z is 0."""
    layers = list(program.layers)
    for t, j in places:
        layer = layers[t]
        layers[t] = Layer(_zero_row(layer.state, j), _zero_row(layer.input, j))
    return Program(tuple(layers), program.readout)


def _zero_row(matrix: Matrix, j: int) -> Matrix:
    return tuple((_ZERO,) * len(row) if i == j else row for i, row in enumerate(matrix))


def _linear(program: Program, places: Iterable[tuple[int, int]]) -> Program:
    """With neurons that pass z: z = relu(z) - relu(-z), by a twin of each."""
    layers, readout = list(program.layers), program.readout
    for t, j in places:
        layer = layers[t]
        layers[t] = Layer(_with_twin(layer.state, j), _with_twin(layer.input, j))
        if t + 1 < len(layers):
            above = layers[t + 1]
            layers[t + 1] = Layer(_read_twin(above.state, j), above.input)
        else:
            readout = _read_twin(readout, j)
    return Program(tuple(layers), readout)


def _with_twin(matrix: Matrix, j: int) -> Matrix:
    return (*matrix, tuple(-w for w in matrix[j]))


def _read_twin(matrix: Matrix, j: int) -> Matrix:
    return tuple((*row, -row[j]) for row in matrix)


def _without_weight(program: Program, part: str, match: re.Match[str]) -> Program:
    program.check_rnn()
    matrices = [[list(row) for row in rows] for rows in matrices_of(program)]
    rows, i, k = matrices[_MATRICES.index(match[1])], int(match[2]), int(match[3] or 0)
    if i >= len(rows) or k >= len(rows[0]) or (match[3] is None) != (match[1] == "W_hi"):
        raise InputError(f"There is no weight {part}; {match[1]} has shape {_shape(rows)}.")
    rows[i][k] = _ZERO
    return rebuilt(program, matrices)


def _shape(rows: Sequence[Sequence[Fraction]]) -> str:
    return f"({len(rows)}, {len(rows[0])})" if len(rows[0]) > 1 else f"({len(rows)},)"


def _without_head(network: Transformer, part: str) -> Transformer:
    """A head's block of the columns of W_o set to 0."""
    match = re.fullmatch(r"(\d+),(\d+)", part, re.ASCII)
    if not match or int(match[1]) >= network.depth or int(match[2]) >= network.heads:
        raise InputError(
            f"There is no head {part!r}; write layer,head, with {network.depth} layers of "
            f"{network.heads} heads, both counted from 0."
        )
    t, head = int(match[1]), int(match[2])
    size = network.hidden_size // network.heads
    block = range(head * size, (head + 1) * size)
    layer = network.layers[t]
    output = tuple(
        tuple(_ZERO if c in block else w for c, w in enumerate(row)) for row in layer.output
    )
    layers = (*network.layers[:t], replace(layer, output=output), *network.layers[t + 1 :])
    return replace(network, layers=layers)


def parts_of(network: Network, sort: Sort) -> tuple[str, ...]:
    """The names of all parts of a sort."""
    if isinstance(network, Transformer):
        heads = [f"{t},{m}" for t in range(network.depth) for m in range(network.heads)]
        return tuple(heads) if sort == "heads" else ()
    if sort == "neurons":
        return tuple(map(str, range(network.hidden_size)))
    if sort == "steps":
        return tuple(f"{t},{j}" for t, width in enumerate(network.widths) for j in range(width))
    if sort == "weights" and network.is_rnn:
        d, k = network.hidden_size, network.outputs
        names = [f"W_hi[{i}]" for i in range(d)]
        names += [f"W_hh[{i}][{j}]" for i in range(d) for j in range(d)]
        return (*names, *(f"W_oh[{i}][{j}]" for i in range(k) for j in range(d)))
    return ()


def ablate(
    model: Model,
    part: str,
    task: Task | None = None,
    *,
    frozen: Frozen = "off",
    ties: TieRule = "lowest",
    time_limit: float | None = None,
) -> Ablated:
    """The score of a model without a part, and how much lower it is; parts as in ``without``.

    InputError for a part that the model has not, and as for ``accuracy``.
    """
    effort = Effort(Deadline.after(time_limit))
    return _scored(model, (part,), task, frozen, ties, effort).parts[0]


@shows_progress("importance")
def importance(
    model: Model,
    task: Task | None = None,
    *,
    sorts: Sequence[Sort] | None = None,
    pairs: bool = False,
    frozen: Frozen = "off",
    ties: TieRule = "lowest",
    workers: Workers = 2,
    time_limit: float | None = None,
    state: Place = None,
    progress: Progress | None = None,
) -> Importance:
    """The score without each part of some ``sorts``, by default neurons and heads; the largest
    drops first.

    "neurons" are taken out of all layers, "steps" of one layer each; "weights" are an RNN's, and
    "heads" a transformer's. ``pairs``: without each two of them, to find what is redundant. With a
    ``state``, the same call goes on after a kill.

    InputError as for ``accuracy``.
    """
    network = network_of(model)
    sorts = sorts or ("neurons", "heads")
    names = [name for sort in sorts for name in parts_of(network, sort)]
    if pairs:
        names = ["+".join(two) for two in combinations(names, 2)]
    if not names:
        raise InputError("The model has no parts of that sort.")
    deadline = Deadline.after(time_limit)

    def name() -> dict[str, Any]:
        named = identity("importance", (network,), task_of(model, task), ties)
        return named | {"parts": ", ".join(sorts), "pairs": pairs, "frozen": frozen}

    with opened(state, name) as kept:
        effort = Effort(deadline, workers, kept, progress)
        return _scored(model, names, task, frozen, ties, effort)


def _scored(
    model: Model, names: Sequence[str], task: Task | None, frozen: Frozen, ties: TieRule,
    effort: Effort,
) -> Importance:  # fmt: skip
    network, chosen = network_of(model), task_of(model, task)
    metric = metric_for(chosen)
    whole = Question(
        metric, network, chosen, ties if metric.of_labels else None, deadline=effort.deadline,
        workers=1,
    )  # fmt: skip
    questions = {
        name: replace(whole, program=without(network, name, frozen=frozen)) for name in names
    }
    # What is left of a limit, half of it at least, is for the parts.
    score = answer(replace(whole, deadline=effort.deadline.part(0.5)), effort.state)
    found: dict[str, Ablated] = {}
    jobs, work, workers = list(names)[::-1], _Answer(questions), effort.workers
    shared = min(workers, len(names)) if isinstance(workers, int) else workers
    kept = Kept(effort.state, "without {}".format, Told, whole.told, work.answered)
    for name, other in outcomes(jobs, work, effort.deadline, shared, kept):
        drop = _drop(score, other, better_is_more=metric.of_labels)
        found[name] = Ablated(name, score, other, drop)
        if effort.progress is not None:
            effort.progress(len(found) / len(names), f"{len(found)} of {len(names)}")
    ranked = sorted((found[n] for n in names if n in found), key=lambda a: -a.drop.midpoint)
    return Importance(score, tuple(ranked), tuple(n for n in names if n not in found))


@dataclass(frozen=True)
class _Answer:
    """The score without the part of that name."""

    questions: dict[str, Question]

    def __call__(self, name: str) -> Score:
        return answer(self.questions[name])

    def answered(self, name: str, told: Any) -> Score:
        return self.questions[name].answered(told)


def _drop(before: Score, after: Score, *, better_is_more: bool) -> Enclosure:
    more, less = (before, after) if better_is_more else (after, before)
    return Enclosure(
        more.enclosure.lower - less.enclosure.upper, more.enclosure.upper - less.enclosure.lower
    )
