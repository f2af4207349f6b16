"""A simpler network in the model's place: where it leads by enough, the model is right.

The surrogate is what the neurons hold by their formulas, or the model with rounded weights. For
each label a margin is found beyond which its lead tells whether the model is right or wrong; what
lies within the margins is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.proposal import Block, Proposal, case, claim, number
from algzoo_exact.drafting.specimen import Floats, Specimen
from algzoo_exact.program.task import Task

_ROUNDS = 12  # margins that are tried, one after the other
_DRAWN = 100_000
_LARGER = Fraction(11, 10)


@dataclass(frozen=True)
class Surrogate:
    """Terms ``told(k)``, by ``definitions``, in the place of the logits, or of these less the
    first; ``claims`` say what is known of them, and ``value`` takes inputs (N, n) to their values
    in floats. Margins are multiples of ``unit``, of the largest input."""

    finder: str
    found: str
    claims: tuple[Block, ...]
    definitions: Mapping[str, str]
    value: Callable[[Floats], Floats]
    unit: Fraction


def offer(desk: Desk, surrogate: Surrogate) -> None:
    """Propose the account that follows from a surrogate, once its margins are wide enough."""
    margins = _seen_margins(desk.specimen, surrogate)
    for _ in range(_ROUNDS):
        proposal = _proposal(desk.specimen, surrogate, margins)
        found = desk.offer_account(proposal, final=False)
        if found is None or found.status == "proved":
            return
        wider = dict(margins)
        for result in found.cases:
            for instance in result.instances:
                outcome = instance.checked
                if outcome is not None and outcome.witness is not None:
                    b = dict(instance.instance.parameters)["b"]
                    key = (result.case.verdict, b)
                    wider[key] = _beyond(surrogate, margins[key], outcome.witness, b)
        if wider == margins:
            break
        margins = wider
    desk.settle(proposal, "not proved", 0.0)


Margins = dict[tuple[str, int], Fraction]
"""By what the model is in a case, right or wrong, and the label: parts of the largest input."""


def _seen_margins(specimen: Specimen, surrogate: Surrogate) -> Margins:
    x = specimen.draw(_DRAWN)
    x /= abs(x).max(1, keepdims=True)
    labels, right = specimen.labels(x), specimen.right(x)
    margins: Margins = {}
    for b in range(specimen.program.outputs):
        at = labels == b
        leads = _leads(surrogate, x[at], b)
        margins["right", b] = _up(leads[~right[at]].max(initial=0.0), surrogate.unit)
        margins["wrong", b] = _up((-leads[right[at]]).max(initial=0.0), surrogate.unit)
    return margins


def _leads(surrogate: Surrogate, x: Floats, b: int) -> Floats:
    told = surrogate.value(x)
    lead: Floats = told[:, b] - np.delete(told, b, axis=1).max(1)
    return lead


def _up(value: float, unit: Fraction) -> Fraction:
    return max(0, ceil(Fraction(value) / unit)) * unit


def _beyond(
    surrogate: Surrogate, margin: Fraction, witness: Sequence[Fraction], b: int
) -> Fraction:
    """A margin that a counterexample does not reach."""
    x = np.array([[float(c) for c in witness]])
    lead = abs(float(_leads(surrogate, x / abs(x).max(), b)[0]))
    return max(_up(float(_LARGER) * lead, surrogate.unit), margin + surrogate.unit)


def _proposal(specimen: Specimen, surrogate: Surrogate, margins: Margins) -> Proposal:
    outputs, n = specimen.program.outputs, specimen.n
    domains = {
        "label(b)": _label(specimen.task),
        "ahead(b)": "label(b) and lead(b) > size*enough(b)",
        "behind(b)": "label(b) and lead(b) < -size*too_little(b)",
    }
    definitions = {
        **surrogate.definitions,
        "lead(b)": f"min(k in 0..{outputs - 1} if k != b: told(b) - told(k))",
        "size": f"max({', '.join(f'abs(x[{t}])' for t in range(n))})",
        "enough(b)": _picked([margins["right", b] for b in range(outputs)]),
        "too_little(b)": _picked([margins["wrong", b] for b in range(outputs)]),
    }
    every = f"b in 0..{outputs - 1}"
    cases = (
        case(
            "ahead_enough", "The right label leads by more than the margin.", for_=every,
            when="ahead(b)", verdict="right",
        ),
        case(
            "behind_enough", "It trails by more than the margin.", for_=every, when="behind(b)",
            verdict="wrong",
        ),
        case(
            "within_the_margins", when=f"not any({every}: ahead(b) or behind(b))",
            verdict="unknown",
        ),
    )  # fmt: skip
    return Proposal(
        surrogate.finder, surrogate.found, (*surrogate.claims, *cases), definitions, domains
    )


def _picked(values: Sequence[Fraction]) -> str:
    """The one of the values that b numbers, as a term."""
    return " + ".join(f"sum(k in {b}..{b} if k == b: {number(v)})" for b, v in enumerate(values))


def _label(task: Task) -> str:
    """Where the right label is b."""
    cells: dict[int, list[str]] = {}
    for cell in task.cells():
        rows = [_positive(row) for row in cell.inequalities]
        cells.setdefault(cell.label, []).append(" and ".join(rows))
    return "\nor ".join(
        f"b == {label} and ({' or '.join(found)})" for label, found in sorted(cells.items())
    )


def _positive(row: Sequence[int]) -> str:
    above = [f"{c}*x[{t}]" if c > 1 else f"x[{t}]" for t, c in enumerate(row) if c > 0]
    below = [f"{-c}*x[{t}]" if c < -1 else f"x[{t}]" for t, c in enumerate(row) if c < 0]
    return f"{' + '.join(above) or '0'} > {' + '.join(below) or '0'}"
