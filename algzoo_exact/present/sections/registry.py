"""The sections of a report, in order; others can be added from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from algzoo_exact.present import document as d
from algzoo_exact.present.documents.certificate import certificate
from algzoo_exact.present.documents.economy import proof_economy
from algzoo_exact.present.documents.errors import errors
from algzoo_exact.present.documents.ledger import surprise
from algzoo_exact.present.documents.neurons import neurons
from algzoo_exact.present.documents.regions import regions
from algzoo_exact.present.documents.section import sections
from algzoo_exact.present.documents.verification import explanation
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.sections.closing import limits, sampling, trust
from algzoo_exact.present.sections.errors_of_median import squares
from algzoo_exact.present.sections.proof import proof
from algzoo_exact.present.sections.theorem import model, program, theorem
from algzoo_exact.present.wording import KINDS

SectionMaker: TypeAlias = Callable[[Findings], d.Section | None]


def kinds_section() -> d.Section:
    """What the kinds of numbers mean."""
    return d.Section("kinds", "What the marks mean", (d.facts(*KINDS.items()),))


def _errors(found: Findings) -> Iterator[d.Block]:
    yield from squares(found) if found.task.is_numeric else errors(found)


def _made(
    name: str, title: str, blocks: Callable[[Findings], Iterable[d.Block]]
) -> tuple[str, SectionMaker]:
    def make(found: Findings) -> d.Section | None:
        made = tuple(blocks(found))
        return d.Section(name, title, made) if made else None

    return name, make


SECTIONS: dict[str, SectionMaker] = dict(
    (
        _made("theorem", "What is proved", theorem),
        _made("model", "The model", model),
        _made("program", "The program", program),
        _made("regions", "How it cuts its inputs", regions),
        _made("proof", "Why it holds", proof),
        _made("explanation", "Why it works: an explanation, checked", explanation),
        _made("errors", "Where the errors are", _errors),
        _made("neurons", "What its neurons do", neurons),
        _made("sections", "Where few inputs are not 0", sections),
        _made("surprise", "Surprise ledger", surprise),
        _made("economy", "What the proof costs", proof_economy),
        _made("sampling", "A check by sampling", sampling),
        _made("certificate", "Certificate", certificate),
        _made("trust", "What is trusted", trust),
        _made("limits", "What is not claimed", limits),
        ("kinds", lambda found: kinds_section()),
    )
)
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
