"""What ``economy`` says: each way to prove an accuracy, what it gives and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from algzoo_exact.certificate.economy import Economy, Proof
from algzoo_exact.exact.shares import significant
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import about, between, task_text
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.zoo.loading import Model

_LONGEST = 10**12  # operations that are written in full


def economy_document(
    path: str | None, model: Model | None, economy: Economy, picture: str | None = None
) -> d.Document:
    """The explanation is the file at ``path``; the plot is in ``picture``."""
    said = d.facts(
        *([("story", path)] if path else []),
        *about(model),
        ("task", task_text(economy.task, economy.ties)),
        *([("picture", picture)] if picture else []),
    )
    data = {
        "model": model,
        "explanation": path,
        "task": economy.task.name,
        "ties": economy.ties,
        "pass_operations": economy.pass_operations,
        "proofs": list(map(_data, economy.proofs)),
        "missing": economy.missing,
        "picture": picture,
    }
    return d.untitled(said, *economy_blocks(economy), data=data)


def economy_blocks(economy: Economy) -> Iterator[d.Block]:
    """The table, what its figures are, and which proofs there are not."""
    columns = ("proof", "accuracy", "#width", "#operations", "counted by", "#bits", "#bits left")
    rows = list(map(_row, economy.proofs))
    below = tuple(((proof.note,),) for proof in economy.proofs)
    yield d.table("What each proof gives, and what its check costs.", columns, rows, below=below)
    lines = [f"there is no row for {line}" for line in economy.missing]
    lines.append(_sampling(economy))
    yield d.bullets(*lines)


def _row(proof: Proof) -> tuple[str | d.Text, ...]:
    bound = "not known" if proof.bound is None else between(proof.bound)
    width = "–" if proof.bound is None else width_text(proof)
    left = "–"
    if proof.left is not None:
        left = f"{'≥ ' * proof.at_least}{proof.left:.2f}"
    counted = "the checker" if proof.counted == "checker" else "estimate"
    return proof.name, bound, width, operations_text(proof), counted, f"{proof.bits:.2f}", left


def width_text(proof: Proof) -> str:
    """0 for a rational number."""
    assert proof.bound is not None
    width = proof.bound.width
    return significant(width, 2) if width else "0"


def operations_text(proof: Proof) -> str:
    """In full, or as a power of ten."""
    count = proof.operations
    if count < _LONGEST:
        return f"{'≈ ' * (proof.counted == 'estimate')}{count:,}"
    return f"≈ {count / 10 ** (len(str(count)) - 1):.1f}e{len(str(count)) - 1}"


def _sampling(economy: Economy) -> str:
    cost = economy.pass_operations
    proofs = [p for p in economy.proofs if p.counted == "checker" and p.bound is not None and p.bound.width]
    text = f"a random input takes {cost:,} operations"
    if not proofs:
        return text + ", and proves nothing"
    cheapest = min(proofs, key=lambda proof: proof.operations)
    width = economy.sampled_width(cheapest.operations)
    return (
        f"{text}: for the {cheapest.operations:,} of {cheapest.name}, "
        f"{cheapest.operations // cost:,} of them give a 95% interval {significant(width, 2)} wide, "
        "which proves nothing"
    )


def _data(proof: Proof) -> dict[str, Any]:
    bounds = {"lower": None, "upper": None}
    return {
        **attributes(proof, "name counted operations note"),
        "bound": bounds if proof.bound is None else enclosure_data(proof.bound),
        "bits_of_explanation": proof.bits,
        "bits_left": proof.left,
        "at_least": proof.at_least,
    }
