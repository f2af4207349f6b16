"""Where proposals are laid: claims are proved here, or left out, and priced.

All is decided by the verifier, on the exact weights: a claim that it does not prove is no part of a
draft, whatever a finder saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from algzoo_exact.deadline import Deadline
from algzoo_exact.drafting.formulas import Formula
from algzoo_exact.drafting.head import Head
from algzoo_exact.drafting.proposal import Proposal
from algzoo_exact.drafting.specimen import Specimen
from algzoo_exact.explain.claims.claim import ClaimResult
from algzoo_exact.explain.language.syntax import ParseError
from algzoo_exact.explain.ledger.prices import rows_of
from algzoo_exact.explain.outcome import Parameters
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.explain.verify import Verification, verify_again
from algzoo_exact.shown import Shown

Fate = Literal["kept", "aside", "not proved", "not tried"]

_HARDLY = Fraction(1, 1000)  # of all inputs
_LEAST, _SECONDS = 0.2, 30.0  # for each statement
_PART, _SHARES = 0.25, 6.0  # of the time left: for one statement at most, and for all shares
_LONGER = 1.5  # for what is begun: so that all of a draft takes half as long again, at most


@dataclass(frozen=True)
class Finding(Shown):
    """One thing that a finder saw, and what became of it.

    ``fate``: kept in the story; aside, where it is proved, but the total of bits is lower without
    it; not proved, so that it is left out; not tried, where the time was up. ``bits`` is its price,
    of what is proved.
    """

    finder: str
    found: str
    fate: Fate
    bits: float
    claims: tuple[str, ...]


@dataclass
class Desk:
    """What is on it: the model, the head of the story, and the proposals that are proved, in order.

    ``results`` are those of their claims, by name; ``accounts`` are proposals with cases, one of
    which is chosen in the end, each with the story up to it, verified; ``settled`` is what became
    of all. ``held`` has the formulas of neurons, exact or nearly, and ``names`` the claims that say
    so. Weights may be rounded to
    ``bits_allowed`` in all.
    """

    specimen: Specimen
    head: Head
    deadline: Deadline
    tell: Callable[[str], None]
    bits_allowed: float | None
    proposals: list[Proposal] = field(default_factory=list)
    accounts: list[tuple[Proposal, Verification]] = field(default_factory=list)
    results: dict[str, ClaimResult] = field(default_factory=dict)
    settled: list[Finding] = field(default_factory=list)
    held: dict[int, Formula] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        """Whether an accuracy follows already that leaves hardly anything open."""
        found = (verification.accuracy for _, verification in self.accounts)
        known = [figure.enclosure for figure in found if figure is not None]
        return any(enclosure is not None and enclosure.width < _HARDLY for enclosure in known)

    def offer(self, proposal: Proposal) -> bool:
        """Lay down a proposal without cases: it stays if all its claims are proved."""
        found = self._verified(proposal)
        if found is None:
            return False
        results = self._results(found, proposal)
        proved = all(result.status == "proved" for result in results)
        if proved:
            self.proposals.append(proposal)
            self.results |= {result.claim.name: result for result in results}
        self.settle(proposal, "kept" if proved else "not proved", found)
        return proved

    def offer_account(self, proposal: Proposal) -> Verification | None:
        """Lay down one with cases: it stays if all is proved, and an accuracy follows. What became
        of it; None if it was not tried."""
        found = None if self.head.has_cases else self._verified(proposal)
        if found is None:
            return None
        if found.status == "proved" and found.accuracy is not None:
            self.accounts.append((proposal, found))
        else:
            self.settle(proposal, "not proved", found)
        return found

    def suprema(self, proposal: Proposal) -> dict[tuple[str, Parameters], Fraction] | None:
        """The greatest errors that its claims (all of the kind close) are about, by their names and
        parameters; None where they are not found exactly, and the proposal is settled."""
        found = self._verified(proposal)
        if found is None:
            return None
        greatest: dict[tuple[str, Parameters], Fraction] = {}
        for result in self._results(found, proposal):
            for outcome in result.instances:
                exact = [f.rational for f in outcome.figures if f.rational is not None]
                if len(exact) != 1:
                    self.settle(proposal, "not proved")
                    return None
                greatest[result.claim.name, outcome.parameters] = exact[0]
        return greatest

    def settle(self, proposal: Proposal, fate: Fate, found: Verification | None = None) -> None:
        """Note what became of a proposal, and what of its claims is paid for."""
        names = tuple(block.name for block in proposal.claims)
        bits = 0.0 if found is None else self.bits(self._results(found, proposal))
        self.settled.append(Finding(proposal.finder, proposal.found, fate, bits, names))

    def bits(self, results: Iterable[ClaimResult]) -> float:
        """What of the claims is paid for."""
        program = self.specimen.program
        return sum(row.bits for result in results for row in rows_of(result, program))

    def checked(self, toml: str, before: Verification | None = None) -> Verification:
        """A story's text, checked; what was proved ``before``, or for other proposals, is not
        proved anew."""
        story, known = parse_explanation(toml), dict(self.results)
        if before is not None:
            known |= {result.claim.name: result for result in before.claims}
            same = [known[c.name] for c in story.claims if known[c.name].claim == c]
            if len(same) == len(story.claims) and story.cases == before.explanation.cases:
                return replace(before, explanation=story, claims=tuple(same))
        fresh = [claim for claim in story.claims if claim.name not in known]
        statements = sum(len(claim.instances) for claim in fresh)
        statements += sum(len(case.instances) for case in story.cases)
        # Most are decided in a small part of their time, so that shares may add up to more.
        share = min(_PART, _SHARES / max(1, statements))
        return verify_again(
            story, self.head.model, known,
            seconds=max(_LEAST, min(_SECONDS, share * self.deadline.left)),
            ties=self.specimen.ties, progress=lambda done, text: self.tell(text),
            deadline=Deadline.after(max(_LEAST, _LONGER * self.deadline.left)),
        )  # fmt: skip

    def _verified(self, proposal: Proposal) -> Verification | None:
        """The story so far with a proposal, verified. None where the time is up, a person's story
        has names of its own for other things, or what is said is larger, written out, than the
        language takes."""
        headings = [*proposal.definitions, *proposal.domains]
        names = {heading.partition("(")[0] for heading in headings}
        names |= {block.name for block in proposal.blocks}
        if not self.deadline.passed and not names & self.head.names:
            self.tell(proposal.found)
            with suppress(ParseError):
                return self.checked(self.head.with_parts([*self.proposals, proposal]))
        self.settle(proposal, "not tried")
        return None

    def _results(self, found: Verification, proposal: Proposal) -> list[ClaimResult]:
        return [found.claim(block.name) for block in proposal.claims]
