"""Two inputs: near-equal coefficients where the right answer changes, and signs everywhere else.

With x[1] over the absolute value of x[0] as the coordinate on either side of the x[1] axis, the
difference of the logits is linear between the neurons' walls. So it has the right sign wherever it
has at the walls and on the axis, but for the piece that the diagonal runs through: there its two
coefficients would have to be opposite, and how nearly they are says how near its sign changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor, log2

import numpy as np

from algzoo_exact.drafting.desk import Desk
from algzoo_exact.drafting.finders.weights import input_weights
from algzoo_exact.drafting.proposal import Proposal, case, claim, hundredths, of_weights, price
from algzoo_exact.drafting.specimen import Specimen

FINDER = "diagonal"

_SIDES = (1, -1)  # the sign of x[0]
_HALF = "s*x[0] > 0"


def find(desk: Desk) -> None:
    """Propose the account, if the signs are right at all walls."""
    specimen = desk.specimen
    if specimen.n != 2 or not specimen.standard or not specimen.task.is_index:
        return
    if not all(specimen.program.input_weights):
        return
    label = _label_above(specimen)
    if label is None:
        return
    halves = {s: _Half(specimen, label, s) for s in _SIDES}
    if all(half.is_right for half in halves.values()):
        desk.offer_account(_account(specimen, label, halves))


def _label_above(specimen: Specimen) -> int | None:
    """The right label where x[1] > x[0], if it is the other one below."""
    found = {tuple(row): cell.label for cell in specimen.task.cells() for row in cell.inequalities}
    above, below = found.get((-1, 1)), found.get((1, -1))
    return above if len(found) == 2 and above is not None and below == 1 - above else None


class _Half:
    """The half plane where x[0] has the sign ``s``, in exact numbers for |x[0]| = 1."""

    def __init__(self, specimen: Specimen, label: int, s: int) -> None:
        program = specimen.program
        weights = (program.input_weights, program.recurrent, program.readout)
        w, rows, last = (np.array(matrix, dtype=object) for matrix in weights)
        self.s, self.w, self.out = s, w, last[label] - last[1 - label]
        self.after = rows @ np.maximum(s * w, 0)
        self.on = (self.after + s * w > 0).tolist()
        # Over the neurons that are active on the diagonal.
        self.of_last: Fraction = (self.out * w)[self.on].sum()
        self.of_first: Fraction = (self.out * self.after)[self.on].sum()

    def at(self, x: Fraction) -> Fraction:
        """The difference where x[1] = x."""
        found: Fraction = (self.out * np.maximum(self.after + self.w * x, 0)).sum()
        return found

    @property
    def walls(self) -> list[Fraction]:
        return list(-self.after / self.w)

    @property
    def gap(self) -> Fraction:
        """What the coefficients' sum would have to be 0 for, to have the right answer exactly."""
        return abs(self.of_last + self.s * self.of_first)

    @property
    def parts(self) -> int:
        """The m such that the coefficients agree to one part in m."""
        return floor(self.of_last / self.gap) if self.gap else 10**6

    @property
    def is_right(self) -> bool:
        signs = all(self.at(r) * (r - self.s) > 0 for r in self.walls)
        return signs and self.of_last > self.gap


def _definitions(label: int, halves: Mapping[int, _Half]) -> dict[str, str]:
    other, active = 1 - label, _active(halves)
    return {
        "difference": f"logit[{label}] - logit[{other}]",
        "out(j)": f"W_oh[{label}][j] - W_oh[{other}][j]",
        "after(i, s)": "sum(j in 0..d-1: W_hh[i][j]*relu(s*W_hi[j]))",
        "at_wall(i, s)": "sum(j in 0..d-1: out(j)*relu(after(j, s) - W_hi[j]*W_hi[i]*after(i, s)))",
        "of_last(s)": f"sum(j in 0..d-1 if {active}: out(j)*W_hi[j])",
        "of_first(s)": f"sum(j in 0..d-1 if {active}: out(j)*after(j, s))",
        "agree(s)": f"if s == 1 then {halves[1].parts} else {halves[-1].parts}",
    }


def _account(specimen: Specimen, label: int, halves: Mapping[int, _Half]) -> Proposal:
    d = specimen.d
    sides = "s in -1..1 if s != 0"
    return Proposal(
        FINDER,
        "Two inputs: signs at the neurons' walls, and nearly equal coefficients on the diagonal.",
        (
            input_weights(specimen),
            claim(
                "last_state", "always",
                "The state once both inputs are in: after(i, s) is what |x[0]| counts for.",
                for_="s in -1..1, i in 0..d-1 if s != 0", domain=_HALF,
                statement="h[1][i] == relu(W_hi[i]*x[1] + after(i, s)*abs(x[0]))",
            ),
            of_weights(
                "on_the_diagonal",
                "Which neurons are active where x[0] = x[1]: its wall is on one side or the other.",
                [
                    f"after({i}, {s}) {'-+'[s > 0]} W_hi[{i}] {'>' if half.on[i] else '<='} 0"
                    for s, half in halves.items() for i in range(d)
                ],
                price("order", 2 * d),
            ),
            of_weights(
                "at_walls",
                "At each neuron's wall the difference has the right sign,",
                [
                    f"at_wall({i}, {s}) {'>' if r > s else '<'} 0"
                    for s, half in halves.items() for i, r in enumerate(half.walls)
                ],
                price("sign", 2 * d),
            ),
            claim(
                "on_the_axis", "weights", "and on the axis x[0] = 0.", for_=sides,
                statement="s*sum(j in 0..d-1: out(j)*relu(s*W_hi[j])) > 0",
                price=[price("sign", 2)],
            ),
            *(
                of_weights(
                    f"nearly_equal_{side}",
                    f"Both coefficients of the diagonal's piece where x[0] {'<>'[s > 0]} 0.",
                    [f"abs(of_last({s}) {'+-'[s < 0]} of_first({s})) <= of_last({s})/{half.parts}"],
                    price("equality", bits=hundredths(log2(half.parts))),
                )
                for side, (s, half) in zip(("right", "left"), halves.items(), strict=True)
            ),
            case(
                "clear_of_the_diagonal", "The sign cannot change that far from the diagonal.",
                for_=sides, when=f"{_HALF} and not near(s)", verdict="right",
                claims=["last_state"],
            ),
            case(
                "near_the_diagonal", "Which coefficient is larger is left open.",
                for_=sides, when="near(s)", verdict="unknown",
            ),
        ),
        _definitions(label, halves),
        {"near(s)": f"{_HALF} and agree(s)*abs(x[1] - x[0]) <= abs(x[0])"},
    )  # fmt: skip


def _active(halves: Mapping[int, _Half]) -> str:
    """Which neurons j are active on the diagonal, as a condition on s and j."""
    sets = {s: [j for j, on in enumerate(half.on) if on] for s, half in halves.items()}
    words = {s: " or ".join(f"j == {j}" for j in found) for s, found in sets.items()}
    if len(set(words.values())) == 1:
        return words[1]
    return " or ".join(f"s == {s} and ({text})" for s, text in words.items())
