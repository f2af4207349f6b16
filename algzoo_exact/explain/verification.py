"""What became of an explanation's claims and cases, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.cases import CaseResult, Partition
from algzoo_exact.explain.claims.claim import ClaimResult
from algzoo_exact.explain.outcome import Figure, Status, joined
from algzoo_exact.explain.story import Explanation
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TieRule


@dataclass(frozen=True, eq=False)
class Verification:
    """An explanation, checked against a model.

    ``accuracy`` is derived from the cases that were proved right and wrong: an enclosure, and one
    rational or a closed form where that is what follows. It is None without cases, or where they
    are not proved to be a partition. ``program`` is the one that the claims speak of
    (standardised, if they say so), ``others`` those that claims of equivalence name. ``stopped``:
    Ctrl-C came before all was checked.
    """

    explanation: Explanation
    model: str
    sha256: str | None
    program: Program
    others: Mapping[str, Program]
    ties: TieRule
    claims: tuple[ClaimResult, ...]
    cases: tuple[CaseResult, ...]
    partition: Partition | None
    accuracy: Figure | None
    seconds: float
    stopped: bool = False

    @property
    def status(self) -> Status:
        """proved: all claims are, and all cases of which something is said, and the cases are a
        partition."""
        parts: list[ClaimResult | CaseResult | Partition] = [*self.claims]
        parts += [case for case in self.cases if case.case.verdict != "unknown"]
        if self.partition is not None:
            parts.append(self.partition)
        found = joined(part.status for part in parts)
        return "unknown" if self.stopped and found == "proved" else found

    def claim(self, name: str) -> ClaimResult:
        """What became of the claim of that name; InputError where it was not checked."""
        for result in self.claims:
            if result.claim.name == name:
                return result
        known = ", ".join(result.claim.name for result in self.claims) or "none"
        raise InputError(f"No claim {name!r} was checked; checked were {known}.")
