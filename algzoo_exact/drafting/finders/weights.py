"""Signs and magnitudes; neurons that are never on, or the same as others; symmetries.

A *copy* reads the same as another neuron, so that both are equal at each step. A *mirror* is a
permutation of the neurons that turns the network into itself where all inputs change sign: input
weights change sign, the rest stays, but for a constant that all logits share.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import prod

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.proposal import (
    Block,
    Proposal,
    Value,
    claim,
    hundredths,
    number,
    of_weights,
    price,
    rounded_up,
)
from algzoo_exact.drafting.specimen import Specimen
from algzoo_exact.explain.claims.equalities import bits_of

FINDER = "weights"

_ALIKE = 1e-9  # of the largest state: equal but for rounding
_NEAR = 0.05  # of the largest weight, for a symmetry that is worth a claim
_FEW_WEIGHTS = 100  # whose signs are stated one by one
_MOST_PAIRED = 10  # neurons, up to which permutations that are nearly symmetries are looked for


def find(desk: Desk) -> None:
    """Propose signs and magnitudes, dead neurons, copies and mirrors."""
    specimen = desk.specimen
    desk.tell("equal neurons and symmetries")
    if specimen.program.parameters <= _FEW_WEIGHTS:
        desk.offer(_signs(specimen))
    _, h = specimen.states(specimen.points)
    size = float(abs(h).max()) or 1.0
    dead = np.flatnonzero(abs(h).max((0, 1)) == 0).tolist()
    if dead:
        desk.offer(_dead(dead))
    alive = [i for i in range(specimen.d) if i not in dead]
    copied: set[int] = set()
    for i, j in combinations(alive, 2):
        apart = float(abs(h[:, :, i] - h[:, :, j]).max())
        if apart <= _ALIKE * size and not copied & {i, j}:
            copied |= {i, j}
            desk.offer(_copy(specimen.d, i, j))
    if alive and specimen.standard and specimen.program.outputs > 1:
        permutation = _mirror(specimen, alive)
        if permutation is not None:
            desk.offer(_mirrored(specimen, permutation))


def _signs(specimen: Specimen) -> Proposal:
    """Of each weight, and which recurrent ones are above 1 in size, in standard form."""
    program = specimen.program
    rows, last = program.recurrent, program.readout
    values = {f"W_hi[{i}]": w for i, w in enumerate(program.input_weights)}
    values |= {f"W_hh[{i}][{j}]": w for i, row in enumerate(rows) for j, w in enumerate(row)}
    values |= {f"W_oh[{k}][{j}]": w for k, row in enumerate(last) for j, w in enumerate(row)}
    signs = [f"{name} {'>' if w > 0 else '<' if w else '=='} 0" for name, w in values.items()]
    states = {name: w for name, w in values.items() if name.startswith("W_hh")}
    sizes = [f"abs({name}) {'>' if abs(w) > 1 else '<='} 1" for name, w in states.items()]
    blocks = [of_weights("signs", "", signs, price("sign", len(signs)))]
    if specimen.standard:
        paid = price("order", len(sizes), note="each entry of W_hh against 1")
        blocks.append(of_weights("magnitudes", "", sizes, paid))
    return Proposal(FINDER, "Signs and magnitudes of the weights.", tuple(blocks))


def input_weights(specimen: Specimen) -> Block:
    """For accounts of models in standard form."""
    said = [f"W_hi[{i}] == {w}" for i, w in enumerate(specimen.program.input_weights)]
    text = "In standard form they are 1 and -1."
    return of_weights("input_weights", text, said, price("sign", len(said)))


def _dead(neurons: Sequence[int]) -> Proposal:
    said = " and ".join(f"h[t][{i}] == 0" for i in neurons)
    paid = price("sign", len(neurons), note="whether a neuron is ever on")
    names = ", ".join(f"neuron {i}" for i in neurons)
    return _at_each_step(f"Never on: {names}.", "never_on", said, paid)


def _copy(d: int, i: int, j: int) -> Proposal:
    paid = price("index", among=d * (d - 1) // 2, note="which two neurons")
    found = f"Neuron {j} is a copy of neuron {i}."
    return _at_each_step(found, f"copy_{i}_{j}", f"h[t][{j}] == h[t][{i}]", paid)


def _at_each_step(found: str, name: str, statement: str, paid: Value) -> Proposal:
    said = claim(
        name, "inductive", for_="t in 0..n-1", step="t", statement=statement, price=[paid]
    )  # fmt: skip
    return Proposal(FINDER, found, (said,))


def _mirror(specimen: Specimen, alive: Sequence[int]) -> list[int] | None:
    """The first permutation that is found near to a mirror: the network onto itself, node by
    node."""
    import networkx

    w, rows = specimen.w_hi, specimen.w_hh
    reads = specimen.w_oh - specimen.w_oh.mean(0)
    near = _NEAR if len(alive) <= _MOST_PAIRED else _ALIKE
    states_apart, reads_apart = (near * float(abs(matrix).max()) for matrix in (rows, reads))
    graph = networkx.DiGraph((i, j, {"weight": rows[i, j]}) for i in alive for j in alive)
    matcher = networkx.isomorphism.DiGraphMatcher(
        graph, graph, edge_match=lambda a, b: abs(a["weight"] - b["weight"]) <= states_apart
    )
    same_states = matcher.semantic_feasibility

    def fits(i: int, j: int) -> bool:
        if matcher.core_1.get(j, i) != i or matcher.core_2.get(i, j) != j:
            return False  # mirrors twice are the same: i and j change places
        same_reads = abs(reads[:, i] - reads[:, j]).max() <= reads_apart
        return bool(w[j] == -w[i] and same_reads and same_states(i, j))

    matcher.semantic_feasibility = fits
    image = next(matcher.isomorphisms_iter(), None)
    return None if image is None else [image.get(i, i) for i in range(specimen.d)]


def _mirrored(specimen: Specimen, image: Sequence[int]) -> Proposal:
    """What the permutation does to the weights: how far it is from a mirror is stated exactly."""
    d, rows, last = specimen.d, specimen.program.recurrent, specimen.program.readout
    moved = [i for i in range(d) if image[i] != i]
    swaps = [i for i in moved if i < image[i]]
    pairs = sorted({min((i, j), (image[i], image[j])) for i in moved for j in range(d)})
    states = [
        (f"W_hh[{i}][{j}]", f"W_hh[{image[i]}][{image[j]}]", rows[i][j], rows[image[i]][image[j]])
        for i, j in pairs
    ]
    ahead = [[w - first for w, first in zip(row, last[0], strict=True)] for row in last]
    reads = [
        (f"reads({k}, {i})", f"reads({k}, {image[i]})", ahead[k][i], ahead[k][image[i]])
        for k in range(1, len(last))
        for i in swaps
    ]
    blocks = (
        of_weights(
            "mirror_inputs",
            "Neurons that change places read inputs with either sign.",
            [f"W_hi[{i}] == -W_hi[{image[i]}]" for i in swaps],
            price("index", among=prod(range(1, len(moved), 2)), note="which neurons change places"),
        ),
        _equal("mirror_states", states),
        _equal("mirror_reads", reads),
    )
    which = ", ".join(f"{i} and {image[i]}" for i in swaps)
    nearly = "nearly " if any(a != b for _, _, a, b in (*states, *reads)) else ""
    return Proposal(
        FINDER,
        f"Changing the sign of all inputs while neurons {which} change places is {nearly}a "
        "symmetry.",
        blocks,
        {"reads(k, i)": "W_oh[k][i] - W_oh[0][i]"},
    )


def _equal(name: str, sides: Sequence[tuple[str, str, Fraction, Fraction]]) -> Block:
    """Both sides, with their values, are equal, or differ by so much at most, for a price at that
    precision."""
    apart = max((abs(a - b) for _, _, a, b in sides), default=Fraction(0))
    if not apart:
        return of_weights(name, "", [f"{one} == {other}" for one, other, _, _ in sides])
    bound = Fraction(rounded_up(apart))
    bits = sum(max(0.0, bits_of(abs(a), bound)) for _, _, a, _ in sides) / len(sides)
    paid = price("equality", len(sides), bits=hundredths(bits))
    said = [f"abs({one} - {other}) <= {number(bound)}" for one, other, _, _ in sides]
    return of_weights(name, "", said, paid)
