"""Proof economy: what each way to prove an accuracy gives, and what its check costs; as ``economy``
says it, and a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from algzoo_exact.certificate.economy import Economy, Proof, economy
from algzoo_exact.exact.shares import significant
from algzoo_exact.present import document as d
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import between, value_text
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings

_QUICK = 5.0  # seconds that an explanation took to verify: others are left to the command
_LONGEST = 10**12  # operations that are written in full
_NARROW = 1e-9  # width, below which a bound is shown as one number


def economy_document(
    path: str | None, model: Model | None, made: Economy, picture: str | None = None
) -> d.Document:
    """The explanation is the file at ``path``; the plot is in ``picture``."""
    said = d.facts(
        ("story", path),
        *Subject(model, made.task, made.ties).rows,
        ("picture", picture),
    )
    data = {
        "model": model,
        "explanation": path,
        "task": made.task.name,
        "ties": made.ties,
        "pass_operations": made.pass_operations,
        "proofs": list(map(_data, made.proofs)),
        "missing": made.missing,
        "picture": picture,
    }
    return d.untitled(said, *economy_blocks(made), data=data)


def proof_economy(found: Findings) -> Iterator[d.Block]:
    """The section of a report, if there is an explanation from which an accuracy follows."""
    told = found.verification
    if told is None or told.accuracy is None:
        return
    yield d.paragraph(
        "A proof of the accuracy is worth more, the narrower its bound and the fewer operations "
        "its check takes: an explanation should save some."
    )
    if told.seconds > _QUICK:
        yield d.Commands((f"algzoo-exact economy {found.reference} --explanation story.toml",))
        return
    made = economy(found.model, told, seconds=_QUICK, rest=False, ledger=found.ledger)
    yield from economy_blocks(made)


def economy_blocks(made: Economy) -> Iterator[d.Block]:
    """The table, what its figures are, and which proofs there are not."""
    columns = ("proof", "accuracy", "#width", "#operations", "#bits", "#bits left")
    below = tuple(((proof.note,),) for proof in made.proofs)
    rows = map(_row, made.proofs)
    yield d.table("What each proof gives, and what its check costs.", columns, rows, below=below)
    lines = [f"There is no row for {line}." for line in made.missing]
    lines.append("Operations are counted by the checker; those marked ≈ are estimates.")
    checked = next((proof for proof in made.proofs if proof.counted == "checker"), None)
    if checked is not None:
        width = significant(made.sampled_width(checked.operations), 2)
        cost = made.pass_operations
        lines.append(
            f"For the operations of {checked.name}, {checked.operations // cost:,} random inputs "
            f"({cost:,} each) give a 95% interval {width} wide, which proves nothing."
        )
    yield d.bullets(*lines)


def _row(proof: Proof) -> tuple[str | d.Text, ...]:
    bound: str | d.Text = "not known"
    if proof.bound is not None:
        narrow = proof.bound.width < _NARROW
        bound = value_text(proof.bound, "exact") if narrow else between(proof.bound)
    left = "–" if proof.left is None else f"{'≥ ' * proof.at_least}{proof.left:.2f}"
    width = width_text(proof)
    return proof.name, bound, width, operations_text(proof), f"{proof.bits:.2f}", left


def width_text(proof: Proof) -> str:
    """0 for a rational number."""
    if proof.bound is None:
        return "–"
    return significant(proof.bound.width, 2) if proof.bound.width else "0"


def operations_text(proof: Proof) -> str:
    """In full, or as a power of ten."""
    count = proof.operations
    if count < _LONGEST:
        return f"{'≈ ' * (proof.counted == 'estimate')}{count:,}"
    power = len(str(count)) - 1
    return f"≈ {count // 10 ** (power - 1) / 10}e{power}"


def _data(proof: Proof) -> dict[str, Any]:
    bounds = {"lower": None, "upper": None}
    return {
        **attributes(proof, "name counted operations note"),
        "bound": bounds if proof.bound is None else enclosure_data(proof.bound),
        "bits_of_explanation": proof.bits,
        "bits_left": proof.left,
        "at_least": proof.at_least,
    }
