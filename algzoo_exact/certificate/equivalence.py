"""The evidence that another model is the same, or is not: a statement about both as one program."""

from __future__ import annotations

from typing import Any

from algzoo_exact.certificate.evidence import Evidence
from algzoo_exact.certificate.nodes import Nodes, weight_texts
from algzoo_exact.explain.claims import Equivalent
from algzoo_exact.explain.product import agreement, product
from algzoo_exact.explain.results import Checked
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import Task, TieRule

Json = dict[str, Any]


def equivalence(
    claim: Equivalent,
    checked: Checked,
    programs: tuple[Program, Program],
    task: Task,
    ties: TieRule,
) -> tuple[Json, list[Json], Json | None]:
    """What the claim says, with the other program's weights and nodes of its own; proofs; witness.

    ``programs`` are the one that the explanation is about, and the other.
    """
    own, other = programs
    both = product(own, other)
    nodes = Nodes(both)
    evidence = Evidence(both, task, ties, nodes)
    domain = nodes.number(claim.domain)
    proofs: list[Json] = []
    if checked.verdict.status == "proved":
        same = agreement(own.outputs, claim.mode, ties)
        question = same, claim.domain, ()
        proofs = evidence.proofs(checked, [question], almost=claim.mode == "labels")
    says = {
        "other": claim.other,
        "weights": weight_texts(named_weights(other)),
        "mode": claim.mode,
        "domain": domain,
        "nodes": nodes.to_json(),
    }
    witness = None if checked.witness is None else evidence.witness(checked.witness)
    return says, proofs, witness
