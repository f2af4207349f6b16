"""What each neuron holds at each step, as a small formula: parts of inputs, running maxima, maxima
but for one input, second maxima, differences with the last input, shift registers.

Proved by induction over the steps, in the order in which neurons read each other: those that read
each other in a circle together. Where a formula holds up to rounding alone, as weights that are no
floats make it, how far it is off is proved for each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.formulas import (
    Formula,
    all_parts,
    definitions_for,
    fitted,
    of_steps,
    one_part,
    two_parts,
)
from algzoo_exact.drafting.proposal import Proposal, claim, rounded_up
from algzoo_exact.drafting.specimen import Specimen
from algzoo_exact.explain.prove.decider import FEW_INPUTS

FINDER = "holdings"


def find(desk: Desk) -> None:
    """Propose claims about all neurons that a formula was found for."""
    specimen = desk.specimen
    desk.tell("what neurons hold")
    held = formulas_of(specimen)
    names = desk.names
    for group in _in_reading_order(specimen, sorted(held)):
        reads = {j for i in group for j in np.flatnonzero(specimen.w_hh[i]).tolist()}
        if specimen.n > FEW_INPUTS and not reads <= names.keys() | set(group):
            continue  # nothing is known of what they read, and cells are out of reach
        assume = tuple(dict.fromkeys(names[j] for j in sorted(reads) if j in names))
        exact = _exactly(group, held, assume)
        if desk.offer(exact):
            names |= dict.fromkeys(group, _name(group))
        elif specimen.n <= FEW_INPUTS and _nearly(desk, exact, group, held):
            names |= {i: _name([i]) for i in group}
        else:
            continue
        desk.held |= {i: held[i] for i in group}


def formulas_of(specimen: Specimen) -> dict[int, Formula]:
    """The simplest formula for each neuron that has one, seen at the specimen's points."""
    parts = of_steps(specimen.program, specimen.points)
    inputs = {text: part for text, part in parts.items() if text.startswith(("x", "past"))}
    z, h = specimen.states(specimen.points)
    found: dict[int, Formula] = {}
    for i in range(specimen.d):
        before, after = z[:, :, i].ravel(), h[:, :, i].ravel()
        formula = (
            fitted(after, parts, one_part)
            or fitted(before, parts, one_part, positive=True)
            or fitted(after, parts, two_parts)
            or fitted(before, parts, two_parts, positive=True)
            or fitted(before, inputs, all_parts, positive=True)
        )
        if formula is not None:
            found[i] = formula
    return found


def _in_reading_order(specimen: Specimen, neurons: Sequence[int]) -> list[list[int]]:
    """Groups of neurons that read each other, directly or not; each after those that it reads."""
    reads = (specimen.w_hh[np.ix_(neurons, neurons)] != 0) | np.eye(len(neurons), dtype=bool)
    for _ in neurons:
        reads = reads @ reads
    groups: dict[tuple[int, ...], None] = {}
    for k in sorted(range(len(neurons)), key=lambda k: (int(reads[k].sum()), k)):
        groups[tuple(np.flatnonzero(reads[k] & reads[:, k]).tolist())] = None
    return [[neurons[k] for k in group] for group in groups]


def _name(group: Sequence[int]) -> str:
    return f"neuron{'s' * (len(group) > 1)}_{'_'.join(map(str, group))}"


def _exactly(
    group: Sequence[int], held: Mapping[int, Formula], assume: tuple[str, ...]
) -> Proposal:
    equations = [f"h[t][{i}] == {held[i].text}" for i in group]
    told = "; ".join(f"neuron {i} holds {held[i].text}" for i in group)
    said = claim(
        _name(group), "inductive", for_="t in 0..n-1", step="t", assume=list(assume),
        statement=" and ".join(equations), price=[part for i in group for part in held[i].prices],
    )  # fmt: skip
    return Proposal(FINDER, f"At each step t {told}.", (said,), definitions_for(equations))


def _nearly(desk: Desk, exact: Proposal, group: Sequence[int], held: Mapping[int, Formula]) -> bool:
    """The same up to a supremum: first with a bound that any error keeps, to learn the error."""
    desk.settled.pop()  # what is not exact is tried again
    blocks = [
        claim(
            _name([i]), "close", for_="t in 0..n-1", left=f"h[t][{i}]", right=held[i].text,
            at_most=1000, price=held[i].prices,
        )
        for i in group
    ]  # fmt: skip
    found = f"{exact.found.removesuffix('.')}, nearly."
    rough = replace(exact, found=found, blocks=tuple(blocks))
    errors = desk.suprema(rough)
    if errors is None:
        return False
    bounded = []
    for block in blocks:
        greatest = max(error for (name, _), error in errors.items() if name == block.name)
        bounded.append(replace(block, keys={**block.keys, "at_most": rounded_up(greatest)}))
    return desk.offer(replace(rough, blocks=tuple(bounded)))
