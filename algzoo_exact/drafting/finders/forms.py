"""The account that follows from what the neurons hold, where that is nearly exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.finders.surrogates import offer
from algzoo_exact.drafting.formulas import definitions_for
from algzoo_exact.drafting.proposal import Proposal
from algzoo_exact.explain.prove.decider import FEW_INPUTS

FINDER = "forms"

_UNIT = Fraction(1, 10**12)


def find(desk: Desk) -> None:
    """Propose it, if a formula is known for each neuron that the readout reads."""
    specimen = desk.specimen
    read = np.flatnonzero(specimen.w_oh.any(0)).tolist()
    if specimen.task.is_numeric or specimen.n > FEW_INPUTS or desk.is_answered:
        return
    if not read or not all(j in desk.held for j in read):
        return
    held = {f"held_{j}(t)": desk.held[j].text for j in read}
    told = " + ".join(f"W_oh[k][{j}]*held_{j}(n-1)" for j in read)
    scale = Fraction(float(abs(specimen.w_oh).max()))
    surrogate = Proposal(
        FINDER,
        "The logits are read off what the neurons hold: told(k) is logit k.",
        (),
        {**definitions_for([*held.values()]), **held, "told(k)": told},
    )
    unit = Fraction(f"{float(_UNIT * scale):.1g}")
    offer(desk, surrogate, unit, list(dict.fromkeys(desk.names[j] for j in read)))
