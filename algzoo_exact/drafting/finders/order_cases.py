"""Cases by which inputs are first and second, and by their signs, with the accuracy that follows.

Such cases have rational probabilities. Where the model is right on all of one, or wrong, as far as
seen, that is claimed; what is mixed is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Literal, TypeAlias

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.finders.readout import LOGITS
from algzoo_exact.drafting.proposal import Block, Proposal, case
from algzoo_exact.drafting.specimen import Floats, Specimen
from algzoo_exact.explain.language.expand import Expander
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse_ranges
from algzoo_exact.explain.verify import Verification

FINDER = "order cases"

Pair: TypeAlias = tuple[int, int]
Verdict: TypeAlias = Literal["right", "wrong", "unknown"]

_TIMES = 4  # at most, each without what was refuted before
_TRIALS = 400  # inputs for each case
_LARGEST = 1 << 10

_SIGNS = {
    "two_positive": ("x[b] > 0", "The second largest input is positive."),
    "one_positive": ("x[b] <= 0 and x[a] > 0", "The largest input alone is positive."),
    "none_positive": ("x[a] <= 0", "No input is positive."),
}
_PATTERNS = (
    "b == 0",
    "b == 0 or a == 0 and b == 1",
    "b == n-1",
    "b == n-1 or a == n-1 and b == n-2",
    "a == n-1",
    "a < b",
)
"""Conditions on the first and the second that are tried before the pairs are listed."""


def find(desk: Desk) -> None:
    """Propose the account, if most cases have one answer."""
    specimen = desk.specimen
    if specimen.task.rank != 1 or specimen.n < 3:
        return
    desk.tell("cases by order and sign")
    seen = {name: _verdicts(specimen, name) for name in _SIGNS}
    for _ in range(_TIMES):
        decided = [verdict != "unknown" for found in seen.values() for verdict in found.values()]
        if sum(decided) < len(decided) / 2:
            return
        told = desk.offer_account(_proposal(desk, seen))
        refuted = [] if told is None else list(_refuted(told))
        if not refuted:
            return
        for name, pair in refuted:  # rare inputs, which were not seen
            seen[name][pair] = "unknown"
        desk.settled.pop()  # what is left of it is tried again


def _proposal(desk: Desk, seen: Mapping[str, Mapping[Pair, Verdict]]) -> Proposal:
    named = any(LOGITS in {c.name for c in p.claims} for p in desk.proposals)
    claims = [LOGITS] if named else []
    n = desk.specimen.n
    blocks = [block for name, found in seen.items() for block in _cases(name, found, n, claims)]
    return Proposal(
        FINDER,
        "The order of the two largest inputs and their signs tell whether the model is right.",
        tuple(blocks),
        domains={"first_two(a, b)": "all(k in 0..n-1 if k != a and k != b: x[a] >= x[b] >= x[k])"},
    )


def _refuted(told: Verification) -> Iterator[tuple[str, Pair]]:
    """The pairs, with their signs, of which too much was said."""
    for result in told.cases:
        for checked in result.instances:
            if checked.checked is not None and checked.checked.status == "refuted":
                at = dict(checked.instance.parameters)
                yield next(s for s in _SIGNS if result.case.name.startswith(s)), (at["a"], at["b"])


def _verdicts(specimen: Specimen, signs: str) -> dict[Pair, Verdict]:
    """What the model does on some inputs of each case."""
    n = specimen.n
    pairs = list(permutations(range(n), 2))
    x = np.concatenate([_inputs(specimen, signs, pair) for pair in pairs])
    credit = specimen.credit(x).reshape(len(pairs), _TRIALS)
    found: dict[Pair, Verdict] = {}
    for pair, earned in zip(pairs, credit, strict=True):
        found[pair] = "right" if (earned == 1).all() else "unknown" if earned.any() else "wrong"
    return found


def _inputs(specimen: Specimen, signs: str, pair: Pair) -> Floats:
    """Inputs (trials, n) in whole numbers, no two of a row alike, in the order and with the signs
    of a case."""
    n, (a, b) = specimen.n, pair
    random = np.random.default_rng([specimen.seed, a, b])
    x = np.zeros((_TRIALS, n))
    others = [k for k in range(n) if k not in pair]
    for row in x:
        sizes = np.sort(random.choice(np.arange(1, _LARGEST), n, replace=False)).astype(float)
        positive = {"two_positive": int(random.integers(2, n + 1)), "one_positive": 1}.get(signs, 0)
        values = np.concatenate([sizes[n - positive :][::-1], -sizes[: n - positive]])
        row[a], row[b] = values[:2]
        row[others] = random.permutation(values[2:])
    return x


def _cases(signs: str, found: Mapping[Pair, Verdict], n: int, claims: list[str]) -> list[Block]:
    condition, text = _SIGNS[signs]
    blocks = []
    for verdict in ("right", "wrong", "unknown"):
        pairs = {pair for pair, said in found.items() if said == verdict}
        if not pairs:
            continue
        blocks.append(
            case(
                signs if len(set(found.values())) == 1 else f"{signs}_{verdict}",
                text,
                for_=_ranges(pairs, n),
                when=f"first_two(a, b) and {condition}",
                verdict=verdict,
                claims=claims if verdict != "unknown" else [],
            )
        )
    return blocks


def _ranges(pairs: set[Pair], n: int) -> str:
    """Ranges of a and b that give these pairs alone."""
    distinct = "a in 0..n-1, b in 0..n-1 if a != b"
    patterns = (f" and ({said})" for text in _PATTERNS for said in (text, f"not ({text})"))
    expander = Expander({}, Sizes(n, 0, 0))
    for text in (distinct, *(distinct + pattern for pattern in patterns)):
        if {(at["a"], at["b"]) for at in expander.values(parse_ranges(text))} == pairs:
            return text
    listed = " or ".join(f"a == {a} and b == {b}" for a, b in sorted(pairs))
    return f"{distinct} and ({listed})"
