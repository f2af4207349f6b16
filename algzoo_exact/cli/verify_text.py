"""The result of ``verify`` in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from algzoo_exact.cli.output import TIE_TEXT, model_text, print_fields
from algzoo_exact.cli.stories import STYLES, figure_text, painter
from algzoo_exact.names import printable

if TYPE_CHECKING:
    from algzoo_exact.explain.claims.cases import CaseResult, Partition
    from algzoo_exact.explain.claims.claim import ClaimResult
    from algzoo_exact.explain.outcome import Outcome
    from algzoo_exact.explain.verify import Verification
    from algzoo_exact.zoo.loading import Model

_MOST_SHOWN = 3  # failing instances of one claim
_LONGEST_NUMBER = 12  # characters of one coordinate of a witness
_INDENT = " " * 10


def print_verification(path: str, model: Model, verification: Verification) -> None:
    """One line for each claim and case, with what failed below it, and what follows."""
    explanation = verification.explanation
    standard = (
        "; the claims are about the standardised program" if explanation.subject.standard else ""
    )
    print_fields(
        [
            ("story", printable(f"{explanation.title} ({path})")),
            ("model", model_text(model) + standard),
            ("task", f"{explanation.subject.task.name}; ties: {TIE_TEXT[verification.ties]}"),
        ]
    )
    paint = painter()
    for section in (_claims(verification.claims), _cases(verification.cases)):
        lines = list(section)
        if lines:
            print()
        widths = [max((len(line[0][k]) for line in lines), default=0) for k in range(3)]
        for (name, kind, rest), status, more in lines:
            head = paint(f"{status:<8}", STYLES[status])
            print(f"{head}  {name:<{widths[0]}}  {kind:<{widths[1]}}  {rest}".rstrip())
            for text in more:
                print(_INDENT + text)
    print()
    print_fields(_conclusion(verification, paint(verification.status, STYLES[verification.status])))


_Line = tuple[tuple[str, str, str], str, list[str]]


def _claims(results: Sequence[ClaimResult]) -> Iterator[_Line]:
    for result in results:
        rest = _how(result.instances)
        if len(result.instances) > 1:
            rest = f"{len(result.instances)} instances; {rest}"
        yield (result.claim.name, result.claim.kind, rest), result.status, _more(result.instances)


def _cases(results: Sequence[CaseResult]) -> Iterator[_Line]:
    for result in results:
        checks = [case.checked for case in result.instances if case.checked is not None]
        chance = "" if result.probability is None else figure_text(result.probability)
        yield (f"case {result.case.name}", _said(result), chance), result.status, _more(checks)


def _said(result: CaseResult) -> str:
    match result.case.verdict:
        case "claims":
            return f"as {', '.join(result.case.claims)} says"
        case "unknown":
            return "left open"
        case said:
            return f"the model is {said}"


def _how(instances: Sequence[Outcome]) -> str:
    """What decided, and what has to be trusted for it."""
    tried = dict.fromkeys(checked.method for checked in instances)
    methods = ", ".join(name for name in tried if name != "none")
    trusted = sorted({name for checked in instances for name in checked.trusted})
    note = f" (trusted: {', '.join(trusted)})" if trusted else ""
    if instances and all(checked.vacuous for checked in instances):
        note += "; vacuously: nothing is in the domain"
    return methods + note


def _more(instances: Sequence[Outcome]) -> list[str]:
    """Figures, and what became of instances that are not proved."""
    lines = []
    for checked in instances:
        if len(instances) <= _MOST_SHOWN:
            lines += [f"{figure.what}: {figure_text(figure)}" for figure in checked.figures]
    failed = [checked for checked in instances if checked.verdict.status != "proved"]
    failed.sort(key=lambda checked: checked.verdict.status)  # refuted ones first
    for checked in failed[:_MOST_SHOWN]:
        values = ", ".join(f"{key} = {value}" for key, value in checked.parameters)
        where = f"with {values}: " if values else ""
        reason = checked.verdict.reason or checked.verdict.status
        if checked.witness is not None and "x = (" not in reason:
            reason += f"; at x = ({', '.join(map(_short, checked.witness))})"
        lines.append(where + reason + _seen(checked))
    if len(failed) > _MOST_SHOWN:
        lines.append(f"and {len(failed) - _MOST_SHOWN} more that are not proved; --json has all")
    return lines


def _seen(checked: Outcome) -> str:
    if checked.confirmed is None:
        return ""
    return "; torch sees the same" if checked.confirmed else "; lost to rounding in torch's float64"


def _short(value: Fraction) -> str:
    from algzoo_exact.exact.shares import as_decimal

    text = str(value)
    return text if len(text) <= _LONGEST_NUMBER else f"{as_decimal(value):.9g}.."


def _conclusion(verification: Verification, status: str) -> list[tuple[str, str]]:
    fields = []
    if verification.partition is not None:
        fields.append(("partition", _partition(verification.partition)))
    if verification.accuracy is not None:
        fields.append(("accuracy", f"{figure_text(verification.accuracy)}, by proof"))
        if verification.accuracy.closed_form is not None:
            fields.append(("closed form", verification.accuracy.closed_form))
    statuses = [result.status for result in verification.claims]
    statuses += [result.status for result in verification.cases]
    counts = ", ".join(f"{statuses.count(name)} {name}" for name in STYLES if name in statuses)
    if verification.partition is not None:
        counts += f", the partition {verification.partition.status}"
    trusted = sorted(
        {
            name
            for result in verification.claims
            for checked in result.instances
            for name in checked.trusted
        }
    )
    believed = f"; to be trusted: {', '.join(trusted)}" if trusted else ""
    fields.append(("verdict", f"{status}: {counts or 'nothing was claimed'}{believed}"))
    if verification.stopped:
        fields.append(("interrupted", "this is what was checked by then"))
    fields.append(("time", f"{verification.seconds:.2f} s"))
    return fields


def _partition(partition: Partition) -> str:
    if partition.status == "proved":
        return "proved: almost every input is in exactly one case"
    lines = []
    for part in (partition.covers, partition.disjoint):
        if part.verdict.status != "proved":
            lines.append(f"{part.verdict.status}: {part.verdict.reason}")
            if part.witness is not None:
                lines.append(f"at x = ({', '.join(map(_short, part.witness))})")
    return "\n".join(lines)
