"""A simpler network in the model's place: where it leads by enough, the model is right.

The surrogate is what the neurons hold by their formulas, or the model with rounded weights. For
each label cell a margin is found beyond which its lead tells whether the model is right or wrong;
what lies within the margins is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TypeAlias

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.proposal import Block, Proposal, case, claim, number, sum_text
from algzoo_exact.drafting.specimen import Floats, Specimen


@dataclass(frozen=True)
class Surrogate:
    """Terms ``told(k)``, by ``definitions``, in the place of the logits, or of these less the
    first; ``claims`` say what is known of them, and ``value`` takes inputs (N, n) to their values
    in floats. Margins are multiples of ``unit``, of the largest input. The terms are those of
    earlier claims that it ``rests_on``."""

    finder: str
    found: str
    claims: tuple[Block, ...]
    definitions: Mapping[str, str]
    value: Callable[[Floats], Floats]
    unit: Fraction
    rests_on: tuple[str, ...] = ()


Margins: TypeAlias = dict[tuple[str, int], Fraction]
"""By what the model is in a case, right or wrong, and the label cell; of the largest input."""


def offer(desk: Desk, surrogate: Surrogate) -> None:
    """Propose the account that follows from a surrogate."""
    margins = _exact_margins(desk, surrogate)
    if margins is not None:
        desk.offer_account(_proposal(desk.specimen, surrogate, margins))


def _exact_margins(desk: Desk, surrogate: Surrogate) -> Margins | None:
    """How far the surrogate leads at most where the model is not right, and trails where it is not
    wrong: suprema, rounded up; None where they are not found."""
    specimen = desk.specimen
    last = specimen.program.outputs - 1
    definitions, domains, every = _words(specimen, surrogate)
    tied = ">=" if specimen.ties == "lowest" else ">"
    domains["is_right(b)"] = (
        f"all(k in 0..b-1: logit[b] > logit[k]) and all(k in b+1..{last}: logit[b] {tied} logit[k])"
    )
    domains["is_wrong(b)"] = "not is_right(b)"
    if specimen.ties == "uniform":
        domains["is_wrong(b)"] = f"any(k in 0..{last}: logit[b] < logit[k])"
    where = {
        "right": "cell(c) and not is_right(b) and lead(b) > 0",
        "wrong": "cell(c) and not is_wrong(b) and lead(b) < 0",
    }
    asked = tuple(
        claim(name, "close", for_=every, left="lead(b)", right="0", scale="size", domain=domain,
              at_most=Fraction(10**9))
        for name, domain in where.items()
    )  # fmt: skip
    found = desk.suprema(Proposal(surrogate.finder, surrogate.found, asked, definitions, domains))
    if found is None:
        return None
    return {
        (name, dict(at)["c"]): _up(supremum, surrogate.unit)
        for (name, at), supremum in found.items()
    }


def share_open(specimen: Specimen, value: Callable[[Floats], Floats], unit: Fraction) -> float:
    """How much of the sample lies within margins in which all of it lies that a surrogate tells
    wrongly."""
    sample, within = specimen.sample, 0
    told = value(sample.x)
    for c, cell in enumerate(specimen.task.cells()):
        at = sample.cells == c
        leads, credit = _leads(told[at], cell.label), sample.credit[at]
        high = float(_up(leads[credit < 1].max(initial=0.0), unit))
        low = -float(_up((-leads[credit > 0]).max(initial=0.0), unit))
        within += int(((leads >= low) & (leads <= high)).sum())
    return within / len(told)


def _leads(told: Floats, b: int) -> Floats:
    lead: Floats = told[:, b] - np.delete(told, b, axis=1).max(1)
    return lead


def _up(value: Fraction | float, unit: Fraction) -> Fraction:
    return max(0, ceil(Fraction(value) / unit)) * unit


def _words(specimen: Specimen, surrogate: Surrogate) -> tuple[dict[str, str], dict[str, str], str]:
    """The definitions and domains of leads in label cells, and the range of cells c with their
    labels b."""
    outputs, cells = specimen.program.outputs, list(specimen.task.cells())
    where = ",\n".join(" and ".join(map(_positive, cell.inequalities)) for cell in cells)
    labels = [cell.label for cell in cells]
    definitions = {
        **surrogate.definitions,
        "lead(b)": f"min(k in 0..{outputs - 1} if k != b: told(b) - told(k))",
        "size": f"max({', '.join(f'abs(x[{t}])' for t in range(specimen.n))})",
    }
    every = f"c in 0..{len(cells) - 1}, b in 0..{outputs - 1} if b == {labels}[c]"
    return definitions, {"cell(c)": f"[{where}][c]"}, every


def _proposal(specimen: Specimen, surrogate: Surrogate, margins: Margins) -> Proposal:
    definitions, domains, every = _words(specimen, surrogate)
    cells = range(len(margins) // 2)
    definitions |= {
        "enough(c)": f"[{', '.join(number(margins['right', c]) for c in cells)}][c]",
        "too_little(c)": f"[{', '.join(number(margins['wrong', c]) for c in cells)}][c]",
    }
    domains |= {
        "ahead(c, b)": "cell(c) and lead(b) > size*enough(c)",
        "behind(c, b)": "cell(c) and lead(b) < -size*too_little(c)",
    }
    cases = (
        case(
            "ahead_enough", "The right label, b, leads by more than the margin.", for_=every,
            when="ahead(c, b)", verdict="right", claims=surrogate.rests_on,
        ),
        case(
            "behind_enough", "It trails by more than the margin.", for_=every,
            when="behind(c, b)", verdict="wrong", claims=surrogate.rests_on,
        ),
        case(
            "within_the_margins", when=f"not any({every}: ahead(c, b) or behind(c, b))",
            verdict="unknown",
        ),
    )  # fmt: skip
    return Proposal(
        surrogate.finder, surrogate.found, (*surrogate.claims, *cases), definitions, domains
    )


def _positive(row: Sequence[int]) -> str:
    above = sum_text((c, f"x[{t}]") for t, c in enumerate(row) if c > 0)
    below = sum_text((-c, f"x[{t}]") for t, c in enumerate(row) if c < 0)
    return f"{above} > {below}"
