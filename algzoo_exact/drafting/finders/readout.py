"""What the logits are in the end, as small formulas; and whether the model is right everywhere."""

from __future__ import annotations

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.formulas import (
    Formula,
    all_parts,
    definitions_for,
    fitted,
    of_all,
    one_part,
    shared,
    two_parts,
)
from algzoo_exact.drafting.proposal import Proposal, case, claim
from algzoo_exact.explain.prove.decider import FEW_INPUTS

FINDER = "readout"
LOGITS = "logits"  # the claim's name

_DRAWN = 20_000


def find(desk: Desk) -> None:
    """Propose the claim, and the account that the model is always right, where it seems so."""
    specimen = desk.specimen
    logits = specimen.logits(specimen.points)
    parts = of_all(specimen.program, specimen.points)
    inputs = {text: part for text, part in parts.items() if text.startswith("x[")}
    found: dict[int, Formula] = {}
    for k in range(specimen.program.outputs):
        y = logits[:, k]
        formula = (
            fitted(y, parts, one_part)
            or fitted(y, inputs, all_parts)
            or fitted(y, parts, two_parts)
        )
        if formula is None:
            break
        found[k] = formula
    read = np.flatnonzero(specimen.w_oh.any(0)).tolist()
    known = [desk.names[j] for j in read if j in desk.names]
    near_enough = specimen.n <= FEW_INPUTS or len(known) == len(read)
    proved = len(found) == len(logits[0]) and near_enough and desk.offer(_claim(found, known))
    if not specimen.task.is_numeric and (specimen.credit(specimen.draw(_DRAWN)) == 1).all():
        claims = [LOGITS] if proved else sorted(set(known))
        desk.offer_account(
            Proposal(
                FINDER,
                "The model is right everywhere.",
                (case("anywhere", when="true", verdict="right", claims=claims),),
            )
        )


def _claim(found: dict[int, Formula], known: list[str]) -> Proposal:
    """One equation for all logits where their formulas are alike, else one for each."""
    text, formulas = shared(found, "k"), [*found.values()]
    equations = [f"logit[{k}] == {formula.text}" for k, formula in found.items()]
    if text is not None:
        equations, formulas = [f"logit[k] == {text}"], formulas[:1]
    said = claim(
        LOGITS, "always", for_="" if text is None else f"k in 0..{len(found) - 1}",
        assume=list(dict.fromkeys(known)), statement=" and ".join(equations),
        price=[part for formula in formulas for part in formula.prices],
    )  # fmt: skip
    definitions = definitions_for([formula.text for formula in found.values()])
    return Proposal(FINDER, f"In the end {', '.join(equations)}.", (said,), definitions)
