"""Decisions as what became of a claim's instance."""

from __future__ import annotations

from time import monotonic

from algzoo_exact.explain.claims.claim import CaseInstance, Instance
from algzoo_exact.explain.prove.decider import Decision
from algzoo_exact.explain.prove.torch_check import confirmed
from algzoo_exact.explain.verification import Checked
from algzoo_exact.program.ir import Program


def checked(
    program: Program, instance: Instance | CaseInstance, decision: Decision, start: float
) -> Checked:
    """The decision as what became of the instance, its witness shown to torch."""
    seen = None
    if decision.witness is not None and decision.failing is not None:
        seen = confirmed(program, *decision.failing, decision.witness)
    return Checked(
        instance,
        decision.verdict,
        decision.method,
        monotonic() - start,
        decision.details,
        decision.witness,
        seen,
        trusted=decision.trusted,
        arguments=decision.arguments,
        vacuous=decision.vacuous,
    )
