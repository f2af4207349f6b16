"""A simpler network in the model's place: where it leads by enough, the model is right.

The surrogate is what the neurons hold by their formulas, or the model with rounded weights. For
each label cell a margin is found beyond which its lead tells whether the model is right or wrong;
what lies within the margins is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TypeAlias

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.proposal import Proposal, case, claim, number, sum_text
from algzoo_exact.drafting.specimen import Floats, Labels, Specimen
from algzoo_exact.explain.claims.tolerances import largest_input

Margins: TypeAlias = dict[tuple[str, int], Fraction]
"""By what the model is in a case, right or wrong, and the label cell; of the largest input."""


def offer(desk: Desk, surrogate: Proposal, unit: Fraction, rests_on: Sequence[str] = ()) -> None:
    """Propose the account that follows from a surrogate: it defines terms ``told(k)``, in the place
    of the logits, or of these less the first.

    Its claims, or earlier ones that it ``rests_on``, say what is known of them. Margins are
    multiples of ``unit``, of the largest input.
    """
    words, every = _with_leads(desk.specimen, surrogate)
    margins = _exact_margins(desk, words, every, unit)
    if margins is not None:
        desk.offer_account(_with_cases(words, every, margins, rests_on))


def _with_leads(specimen: Specimen, surrogate: Proposal) -> tuple[Proposal, str]:
    """With words for leads in label cells; and the range of cells c with their labels b."""
    outputs, cells = specimen.program.outputs, list(specimen.task.cells())
    where = ",\n".join(" and ".join(map(_positive, cell.inequalities)) for cell in cells)
    definitions = {
        **surrogate.definitions,
        "lead(b)": f"min(k in 0..{outputs - 1} if k != b: told(b) - told(k))",
        "size": largest_input(specimen.n),
    }
    labels = [cell.label for cell in cells]
    every = f"c in 0..{len(cells) - 1}, b in 0..{outputs - 1} if b == {labels}[c]"
    domains = {"cell(c)": f"[{where}][c]"}
    return replace(surrogate, definitions=definitions, domains=domains), every


def _exact_margins(desk: Desk, words: Proposal, every: str, unit: Fraction) -> Margins | None:
    """How far the surrogate leads at most where the model is not right, and trails where it is not
    wrong: suprema, rounded up; None where they are not found."""
    ties, last = desk.specimen.ties, desk.specimen.program.outputs - 1
    tied = ">=" if ties == "lowest" else ">"
    right = (
        f"all(k in 0..b-1: logit[b] > logit[k]) and all(k in b+1..{last}: logit[b] {tied} logit[k])"
    )
    wrong = f"any(k in 0..{last}: logit[b] < logit[k])" if ties == "uniform" else "not is_right(b)"
    where = {
        "right": "cell(c) and not is_right(b) and lead(b) > 0",
        "wrong": "cell(c) and not is_wrong(b) and lead(b) < 0",
    }
    asked = tuple(
        claim(name, "close", for_=every, left="lead(b)", right="0", scale="size", domain=domain,
              at_most=10**9)
        for name, domain in where.items()
    )  # fmt: skip
    domains = {**words.domains, "is_right(b)": right, "is_wrong(b)": wrong}
    found = desk.suprema(replace(words, blocks=asked, domains=domains))
    if found is None:
        return None
    return {(name, dict(at)["c"]): _up(supremum, unit) for (name, at), supremum in found.items()}


def share_open(specimen: Specimen, value: Callable[[Floats], Floats], unit: Fraction) -> float:
    """How much of the sample lies within margins in which all of it lies that a surrogate tells
    wrongly."""
    sample, within = specimen.sample, 0
    ahead = leads(value(sample.x), sample.labels)
    for c, _ in enumerate(specimen.task.cells()):
        lead, credit = ahead[sample.cells == c], sample.credit[sample.cells == c]
        high = float(_up(lead[credit < 1].max(initial=0.0), unit))
        low = -float(_up((-lead[credit > 0]).max(initial=0.0), unit))
        within += int(((lead >= low) & (lead <= high)).sum())
    return within / len(ahead)


def leads(told: Floats, labels: Labels) -> Floats:
    """How far the right one of the terms (N, outputs) is ahead of all others."""
    others, rows = told.copy(), np.arange(len(told))
    others[rows, labels] = -np.inf
    lead: Floats = told[rows, labels] - others.max(1)
    return lead


def _up(value: Fraction | float, unit: Fraction) -> Fraction:
    return max(0, ceil(Fraction(value) / unit)) * unit


def _with_cases(words: Proposal, every: str, margins: Margins, rests_on: Sequence[str]) -> Proposal:
    listed = {
        answer: ", ".join(number(margin) for (name, _), margin in margins.items() if name == answer)
        for answer in ("right", "wrong")
    }
    definitions = {
        **words.definitions,
        "enough(c)": f"[{listed['right']}][c]",
        "too_little(c)": f"[{listed['wrong']}][c]",
    }
    domains = {
        **words.domains,
        "ahead(c, b)": "cell(c) and lead(b) > size*enough(c)",
        "behind(c, b)": "cell(c) and lead(b) < -size*too_little(c)",
    }
    cases = (
        case(
            "ahead_enough", "The right label, b, leads by more than the margin.", for_=every,
            when="ahead(c, b)", verdict="right", claims=rests_on,
        ),
        case(
            "behind_enough", "It trails by more than the margin.", for_=every,
            when="behind(c, b)", verdict="wrong", claims=rests_on,
        ),
        case(
            "within_the_margins", when=f"not any({every}: ahead(c, b) or behind(c, b))",
            verdict="unknown",
        ),
    )  # fmt: skip
    return replace(words, blocks=(*words.blocks, *cases), definitions=definitions, domains=domains)


def _positive(row: Sequence[int]) -> str:
    above = sum_text((c, f"x[{t}]") for t, c in enumerate(row) if c > 0)
    below = sum_text((-c, f"x[{t}]") for t, c in enumerate(row) if c < 0)
    return f"{above} > {below}"
