"""A section that reports do not have: the largest and the smallest weight, as they are stored."""

from __future__ import annotations

from itertools import chain

from algzoo_exact.present.document import Facts, Kind, Section
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import rational

NAME = "extremes"


def extremes_section(found: Findings) -> Section | None:
    program = found.program
    if program is None:
        return None
    weights = sorted(chain(program.input_weights, *program.recurrent, *program.readout))
    rows = tuple(
        (name, (*rational(weight), " ", Kind("exact")))
        for name, weight in (("Smallest", weights[0]), ("Largest", weights[-1]))
    )
    return Section(NAME, "Extreme weights", (Facts(rows),))
