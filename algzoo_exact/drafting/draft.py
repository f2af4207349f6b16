"""``draft``: an explanation of a model that verifies, proposed by the machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import monotonic

from algzoo_exact.deadline import Deadline
from algzoo_exact.drafting.desk import Desk, Finding
from algzoo_exact.drafting.finders import (
    diagonal,
    forms,
    holdings,
    order_cases,
    readout,
    roundings,
    weights,
)
from algzoo_exact.drafting.head import given_head, new_head
from algzoo_exact.drafting.proposal import Proposal
from algzoo_exact.drafting.specimen import Specimen
from algzoo_exact.errors import InputError
from algzoo_exact.explain.ledger.surprise import WEIGHT_BITS, surprise
from algzoo_exact.explain.story import load_explanation
from algzoo_exact.explain.verify import Verification, check_subject
from algzoo_exact.program.ir import HasProgram, Program
from algzoo_exact.program.lift import lift, task_of
from algzoo_exact.program.standardize import standardize
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.progress import in_words, shows_progress
from algzoo_exact.shown import Shown

SECONDS = 240.0

FINDERS: tuple[Callable[[Desk], None], ...] = (
    weights.find,
    holdings.find,
    readout.find,
    order_cases.find,
    diagonal.find,
    forms.find,
    roundings.find,
)
"""In this order: what a finder says may rest on what was proved before."""


@dataclass(frozen=True, eq=False)
class Draft(Shown):
    """A story that the machine proposes: ``toml`` is the text of its file.

    ``verification`` has what was proved of it; ``bits`` are those of its claims. ``findings`` are
    all things that were seen, in the order in which they were tried, with what became of each.
    """

    toml: str
    verification: Verification
    bits: float
    findings: tuple[Finding, ...]
    seconds: float

    def __repr__(self) -> str:
        kept = sum(found.fate == "kept" for found in self.findings)
        title = self.verification.explanation.title
        return f"<{title}: {self.bits:.2f} bits, {kept} of {len(self.findings)} findings>"


@shows_progress("drafting", in_words)
def draft(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    start: str | os.PathLike[str] | None = None,
    name: str | None = None,
    ties: TieRule = "lowest",
    bits: float | None = None,
    seed: int = 0,
    seconds: float = SECONDS,
    progress: Callable[[str], None] | None = None,
) -> Draft:
    """Propose an explanation of a model (an RNN): claims that are all proved, and cases from which
    an accuracy follows.

    ``start`` is the file of a person's story, which is completed: what it says stays as it is, and
    cases are proposed where it has none. ``name`` is what ``load`` takes to get the model; a new
    story states it. ``bits`` is what the explanation may cost at most where weights have to be
    rounded for it; by default 9.6 for each number. Nothing new is begun after the ``seconds``. The
    same ``seed`` gives the same draft, unless time runs out.

    InputError for models that are no RNNs, for a story about another model, where no claim was
    found, and for times and bits that are not positive.
    """
    began = monotonic()
    for what, value in (("The time", seconds), ("The number of bits", bits or 1.0)):
        if not 0 < value < inf:
            raise InputError(f"{what} must be a positive number, not {value}.")
    program = lift(model)
    program.check_rnn()
    asked = task_of(model, task)
    if not asked.is_numeric:
        check_fit(program, asked, ties)
    story = None if start is None else load_explanation(start)
    if story is not None:
        check_subject(story.subject, program, model)
    standard = story is None or story.subject.standard
    spoken_of = standardize(program)[0] if standard else program
    specimen = Specimen(spoken_of, program, asked, ties, standard, seed)
    if start is None or story is None:
        head = new_head(specimen, model, name)
    else:
        head = given_head(Path(start).read_text(encoding="utf-8-sig"), story, model)
    desk = Desk(specimen, head, Deadline.after(seconds), progress or (lambda text: None), bits)
    for find in FINDERS:
        if not desk.deadline.passed:
            find(desk)
    return _chosen(desk, began)


def _chosen(desk: Desk, began: float) -> Draft:
    """The draft with the account that leaves the fewest bits in all, and what it rests on."""
    account, before, total = None, None, inf
    for proposal, found in desk.accounts:
        bits = _total(desk, found) if len(desk.accounts) > 1 else 0.0
        if bits < total:
            account, before, total = proposal, found, bits
    aside = [] if account is None else _cheaper_without(desk.proposals, account)
    for proposal, found in desk.accounts:
        desk.settle(proposal, "kept" if proposal is account else "aside", found)
    findings = tuple(
        replace(found, fate="aside") if found.found in {p.found for p in aside} else found
        for found in desk.settled
    )
    kept = [proposal for proposal in desk.proposals if proposal not in aside]
    kept += [] if account is None else [account]
    if not kept and not desk.head.names:
        raise InputError("Nothing was found that could be proved of this model in the time given.")
    remarks = [_remark(found) for found in findings if found.fate != "kept"]
    toml = desk.head.with_parts(kept, remarks)
    verification = desk.checked(toml, before)
    bits = desk.bits(verification.claims)
    return Draft(toml, verification, bits, findings, monotonic() - began)


def _total(desk: Desk, found: Verification) -> float:
    """Bits of the explanation, and given it; where these are not known, as many as all weights
    have, since with them nothing would be left open."""
    ledger = surprise(found)
    left = ledger.given.bits
    if left is None or ledger.given.at_least:
        left = float(WEIGHT_BITS * desk.specimen.program.parameters)
    return ledger.explanation + left


def _cheaper_without(proposals: Sequence[Proposal], account: Proposal) -> list[Proposal]:
    """Those with prices on which no case rests."""
    needed, aside = _named(account), []
    for proposal in reversed(proposals):
        if needed & {block.name for block in proposal.claims}:
            needed |= _named(proposal)
        elif any("price" in block.keys for block in proposal.claims):
            aside.append(proposal)
    return aside


def _named(proposal: Proposal) -> set[str]:
    """The claims that its claims and cases name."""
    found: set[str] = set()
    for block in proposal.blocks:
        for key in ("assume", "claims"):
            names = block.keys.get(key, ())
            assert isinstance(names, list | tuple)
            found |= {str(name) for name in names}
    return found


def _remark(found: Finding) -> str:
    fate = {
        "aside": f"proved, but for {found.bits:.1f} bits it lowers no others",
        "not proved": "seen, but not proved",
        "not tried": "seen, but the time was up",
    }[found.fate]
    return f"{found.found} ({fate})"
