"""The sections of a report, in order; others can be added from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from algzoo_exact.present.document import Facts, Section
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.sections.closing import (
    certificate_section,
    limits_section,
    sampling_section,
    trust_section,
)
from algzoo_exact.present.sections.errors_of_median import squares_section
from algzoo_exact.present.sections.explanation import explanation_section
from algzoo_exact.present.sections.ledger import ledger_section
from algzoo_exact.present.sections.proof import proof_section
from algzoo_exact.present.sections.regions import errors_section, partition_section
from algzoo_exact.present.sections.theorem import model_section, program_section, theorem
from algzoo_exact.present.wording import KINDS

SectionMaker: TypeAlias = Callable[[Findings], Section | None]


def kinds_section(found: Findings | None = None) -> Section:
    """What the kinds of numbers mean."""
    rows = tuple((name, (meaning,)) for name, meaning in KINDS.items())
    return Section("kinds", "What the marks mean", (Facts(rows),))


SECTIONS: dict[str, SectionMaker] = {
    "theorem": theorem,
    "model": model_section,
    "program": program_section,
    "regions": partition_section,
    "proof": proof_section,
    "explanation": explanation_section,
    "errors": lambda found: errors_section(found) or squares_section(found),
    "surprise": ledger_section,
    "sampling": sampling_section,
    "certificate": certificate_section,
    "trust": trust_section,
    "limits": limits_section,
    "kinds": kinds_section,
}
"""What makes each section, by its name; None where it does not apply."""


def register_section(name: str, make: SectionMaker, *, before: str = "sampling") -> None:
    """Add a section to all reports, before one that is there; ValueError for a name that is."""
    if name in SECTIONS:
        raise ValueError(f"There is a section {name!r} already.")
    makers = dict(SECTIONS)
    SECTIONS.clear()
    for known, maker in makers.items():
        SECTIONS.update({name: make} if known == before else {})
        SECTIONS[known] = maker
