"""An explanation, verified: each claim and case with its verdict, and what follows; as ``verify``
says it, and a report, where claims are lemmas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from algzoo_exact.exact.shares import as_decimal
from algzoo_exact.explain.claims.cases import Case, CaseResult, Partition
from algzoo_exact.explain.claims.claim import Claim, ClaimResult, Instance
from algzoo_exact.explain.outcome import Figure, Outcome, Status, choice_text
from algzoo_exact.explain.story import Explanation
from algzoo_exact.explain.suggest import Suggestion
from algzoo_exact.explain.verify import Verification
from algzoo_exact.names import plain_name
from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.formula import row
from algzoo_exact.present.typeset import prose_of, typeset, typeset_parts, typeset_ranges
from algzoo_exact.present.wording import (
    VERDICTS,
    about,
    being,
    figure_text,
    several,
    task_text,
    titled,
)
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.program.render import short
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings

_MOST_SHOWN = 3  # instances of one claim
_LONGEST_NUMBER = 12  # characters of one coordinate of a witness
_ONE_LINE = 60  # characters of a conjunction that is not broken into lines
_METHODS = {
    "regions": "cutting the inputs into regions",
    "order": "the symmetry of orders and signs",
}
_SEEN = {True: "; torch sees the same", False: "; lost to rounding in torch's float64"}
_OUTCOMES: dict[d.Status, str] = {
    "proved": "Proved",
    "refuted": "Decided",
    "unknown": "Not decided",
}
_ERRORS = {"root_mean_square": "root mean square of the difference", "mean": "mean difference"}


def verification_document(
    path: str | None,
    model: Model | None,
    verification: Verification,
    suggestions: Sequence[Suggestion] | None = None,
) -> d.Document:
    """The explanation is the file at ``path``; ``suggestions`` where they were asked for."""
    data = _data(path, model, verification)
    blocks = [*_blocks(path, model, verification)]
    if suggestions is not None:
        data["suggestions"] = [
            attributes(s, "part change toml") | {"domain": s.domain and figure_data(s.domain)}
            for s in suggestions
        ]
        blocks += suggestion_blocks(suggestions)
    return d.untitled(*blocks, data=data)


def suggestion_blocks(suggestions: Sequence[Suggestion]) -> Iterator[d.Block]:
    """Each in words, and as it is to be pasted."""
    if not suggestions:
        yield d.paragraph("Nothing to suggest: nothing failed, or no true version was found.")
    for suggestion in suggestions:
        where: d.Text = ()
        if suggestion.domain is not None:
            where = (", of probability ", *figure_text(suggestion.domain))
        part = suggestion.part
        yield d.paragraph(
            "Instead of ", d.Mono(part), f": {suggestion.change}", *where, ". Proved."
        )
        if suggestion.toml:
            yield d.Code(tuple(suggestion.toml.rstrip().split("\n")))


def _blocks(path: str | None, model: Model | None, verification: Verification) -> Iterator[d.Block]:
    subject = verification.explanation.subject
    yield d.facts(
        ("story", titled(verification.explanation, path)),
        about(model),
        ("claims", "about the program in standard form" if subject.standard else None),
        ("task", task_text(subject.task, verification.ties)),
    )
    if verification.claims:
        yield claims_table(verification.claims)
    if verification.cases:
        yield cases_table(verification.cases)
    partition, accuracy = verification.partition, verification.accuracy
    yield d.facts(
        ("partition", None if partition is None else partition_text(partition)),
        ("accuracy", None if accuracy is None else (*figure_text(accuracy), ", by proof")),
        ("closed form", None if accuracy is None else accuracy.closed_form),
        ("verdict", _verdict(verification)),
        ("interrupted", "this is what was checked by then" if verification.stopped else None),
        ("time", f"{verification.seconds:.2f} s"),
    )


def _verdict(verification: Verification) -> d.Text:
    counts = tally([r.status for r in verification.claims] + [r.status for r in verification.cases])
    said: list[d.Inline] = [d.Mark(verification.status), f": {counts}"]
    if verification.partition is not None:
        said += [", the partition ", d.Mark(verification.partition.status)]
    if names := trusted(c for result in verification.claims for c in result.instances):
        said.append(f"; trusted: {', '.join(names)}")
    return tuple(said)


def _data(path: str | None, model: Model | None, verification: Verification) -> dict[str, Any]:
    explanation, partition = verification.explanation, verification.partition
    return {
        "explanation": {"title": explanation.title, "path": path},
        "model": model,
        "task": explanation.subject.task.name,
        "standard": explanation.subject.standard,
        **attributes(verification, "ties status"),
        "claims": [
            {
                **attributes(result.claim, "name kind text"),
                "status": result.status,
                "instances": list(map(_checked, result.instances)),
            }
            for result in verification.claims
        ],
        "cases": [_case_data(result) for result in verification.cases],
        "partition": partition
        and {
            "status": partition.status,
            "covers": _checked(partition.covers),
            "disjoint": _checked(partition.disjoint),
        },
        "accuracy": verification.accuracy and figure_data(verification.accuracy),
        "stopped": verification.stopped,
        "seconds": round(verification.seconds, 3),
    }


def _case_data(result: CaseResult) -> dict[str, Any]:
    return {
        "name": result.case.name,
        "says": result.case.verdict,
        "text": result.case.text,
        "status": result.status,
        "probability": result.probability and figure_data(result.probability),
        "instances": [
            {
                "parameters": dict(case.instance.parameters),
                "answer": case.answer,
                "probability": figure_data(case.probability),
                "checked": case.checked and _checked(case.checked),
            }
            for case in result.instances
        ],
    }


def _checked(checked: Outcome) -> dict[str, Any]:
    return {
        "parameters": dict(checked.parameters),
        **attributes(checked.verdict, "status reason"),
        **attributes(checked, "method trusted vacuous witness confirmed"),
        "fails": checked.fails and figure_data(checked.fails),
        "figures": list(map(figure_data, checked.figures)),
        "details": checked.details,
        "seconds": round(checked.seconds, 3),
    }


def figure_data(figure: Figure) -> dict[str, Any]:
    """What a claim or a case is about, by stable keys."""
    bounds = {"lower": None, "upper": None}
    return {
        **attributes(figure, "what kind"),
        **(bounds if figure.enclosure is None else enclosure_data(figure.enclosure)),
        **attributes(figure, "rational closed_form estimate"),
        "standard_error": figure.error,
        "samples": figure.samples,
    }


def explanation(found: Findings) -> Iterator[d.Block]:
    """The section of a report: what was claimed, and what became of it, if anything was."""
    verification = found.verification
    if verification is None:
        return
    story = verification.explanation
    statuses = [result.status for result in verification.claims]
    yield d.paragraph(d.Strong(story.title), ". ", *prose_of(story.prose))
    yield d.paragraph(
        f"Of {several(len(statuses), 'claim')}, {tally(statuses)}. The whole: ",
        d.Mark(verification.status), ".",
        " Claims speak of the program in standard form." if story.subject.standard else "",
    )  # fmt: skip
    if named := (*story.definitions, *story.domains):
        yield d.paragraph("Abbreviations:")
        rows = tuple((typeset(head), row(":=", typeset(body))) for head, body in named)
        yield d.Display(f.Lines(rows))
        yield _uses(story)
    for k, result in enumerate(verification.claims, 1):
        yield lemma(k, result)
    if verification.cases:
        yield d.paragraph("Cases, which are to cover almost all inputs without overlap:")
        yield cases_table(verification.cases)
        if verification.partition is not None:
            yield d.paragraph(*partition_text(verification.partition), ".")
        if verification.accuracy is not None:
            yield _corollary(verification.accuracy)


def lemma(number: int, result: ClaimResult) -> d.Statement:
    """A claim, what it rests on, and what became of it."""
    claim = result.claim
    body: list[d.Block] = []
    if claim.text:
        body.append(d.paragraph(*prose_of(claim.text)))
    body += _said(claim)
    means = how(result.instances)
    if result.status == "unknown":
        means = means.replace("by nothing", "by anything")
    proof: list[d.Inline] = [f"{_OUTCOMES[result.status]} {means}."]
    if claim.assume:
        proof += [" It rests on ", *_links(claim.assume), "."]
    body.append(d.paragraph(*proof))
    if any(checked.figures for checked in result.instances):
        body.append(_all_figures(result.instances))
    if result.status != "proved":
        body.append(d.Bullets(failures(result.instances)))
    heading = claim.instances[0].heading
    title = f"{number}, {claim.name}"
    return d.Statement(heading, title, tuple(body), result.status, _anchor(claim.name))


def _anchor(claim: str) -> str:
    return f"claim-{plain_name(claim)}"


def _links(claims: Iterable[str]) -> d.Text:
    """Names of claims, each of which leads to what it says."""
    found: list[d.Inline] = []
    for name in claims:
        found += [", "] * bool(found) + [d.Link(name, f"#{_anchor(name)}")]
    return tuple(found)


def _uses(story: Explanation) -> d.Folded:
    """Which claims speak of which abbreviation."""
    rows: list[tuple[d.Text, d.Text]] = []
    lines: list[str] = []
    for heading, _ in (*story.definitions, *story.domains):
        word = re.compile(rf"\b{re.escape(heading.partition('(')[0].strip())}\b")
        claims = [c.name for c in story.claims if any(word.search(said) for _, said in c.written)]
        rows.append(((d.Math(typeset(heading)),), _links(claims) or ("nothing",)))
        lines.append(f"{heading}: {', '.join(claims) or 'nothing'}")
    table = d.table("", ("abbreviation", "is used by"), rows)
    return d.Folded("Where they are used", (table,), "\n".join(lines))


def _all_figures(instances: Sequence[Outcome]) -> d.Block:
    """What was computed, for every instance."""
    if len(instances) == 1 and not instances[0].parameters:
        return d.facts(*((_plain(f.what), figure_text(f)) for f in instances[0].figures))
    rows = [
        (_parameters(checked), _plain(figure.what), figure_text(figure))
        for checked in instances
        for figure in checked.figures
    ]
    names = {name for _, name, _ in rows}
    if len(names) == 1:
        return d.table("", ("", f"#{names.pop()}"), ((where, value) for where, _, value in rows))
    return d.table("", ("", "", "#value"), rows)


def _plain(name: str) -> str:
    """``root_mean_square`` as words."""
    return name.replace("_", " ")


def figures(instances: Sequence[Outcome]) -> tuple[d.Text, ...]:
    """What was computed for the first instances: ``Supremum, j = 0: 0.1..``, ``j = 1: 0.2..``."""
    shown: list[d.Text] = []
    before = ""
    for checked in instances[:_MOST_SHOWN]:
        where = _parameters(checked)
        for figure in checked.figures:
            names = [_plain(figure.what).capitalize()] if figure.what != before or not where else []
            label = ", ".join([*names, *([where] if where else [])])
            shown.append((f"{label}: ", *figure_text(figure)))
            before = figure.what
    return tuple(shown)


def _parameters(checked: Outcome) -> str:
    return choice_text(checked.parameters)


def _said(claim: Claim | Case) -> list[d.Block]:
    """The claim's expressions as formulas, one for each part of a conjunction."""
    written = dict(claim.written)
    opening: list[d.Inline] = []
    if "for" in written:
        opening += ["For all ", d.Math(typeset_ranges(written["for"]))]
    if "domain" in written:
        opening += [", where " if opening else "Where ", d.Math(typeset(written["domain"]))]
    if opening:
        opening.append(":")
    blocks: list[d.Block] = [d.paragraph(*opening)] if opening else []
    if "statement" in written:
        parts = typeset_parts(written["statement"])
        if len(parts) == 1 or len(written["statement"]) <= _ONE_LINE:
            blocks.append(d.Display(typeset(written["statement"])))
        else:
            lines = [*(row(part, ",") for part in parts[:-1]), parts[-1]]
            blocks.append(d.Display(f.Lines(tuple((row(), line) for line in lines))))
    if "condition" in written:
        inside = f.Fenced("(", typeset(written["condition"]), ")")
        blocks += _bounded(claim, row(f.Name("ℙ"), inside))
    if "left" in written:
        right = typeset(written["right"], subtracted=True)
        apart = f.Fenced("|", row(typeset(written["left"]), "−", right), "|")
        blocks += _bounded(claim, _error(claim, apart, written.get("scale")))
    first = claim.instances[0]
    if isinstance(first, Instance) and (sentence := first.in_words()):
        blocks.append(d.paragraph(*_filled(sentence, written)))
    return blocks


def _filled(sentence: str, written: Mapping[str, str]) -> d.Text:
    """A sentence with formulas in place of ``{key}``."""
    words = re.split(r"\{(\w+)\}", sentence)
    return tuple(d.Math(typeset(written[part])) if k % 2 else part for k, part in enumerate(words))


def _error(claim: Claim | Case, apart: f.Formula, scale: str | None) -> f.Formula:
    error = getattr(claim.instances[0], "error", "supremum")
    if error == "supremum":
        what = apart if scale is None else f.Frac(apart, typeset(scale))
        return row(f.Name("sup", upright=True), f.Words(" "), what)
    return row(f.Words(f"{_ERRORS[error]} "), apart)


def _bounded(claim: Claim | Case, what: f.Formula) -> list[d.Block]:
    """The bounds of a claim's figure: those of its instances, which share them as a rule."""
    bounds = {getattr(instance, "bounds", None) for instance in claim.instances} - {None}
    if len(bounds) != 1:
        return [d.Display(what), d.paragraph(f"within {len(bounds)} bounds, one for each choice.")]
    (bound,) = bounds
    assert bound is not None
    if bound.equals is not None:
        return [d.Display(row(what, "=", _number(bound.equals)))]
    left = [] if bound.at_least is None else [_number(bound.at_least), f.Operator("≤")]
    right = [] if bound.at_most is None else [f.Operator("≤"), _number(bound.at_most)]
    return [d.Display(f.Row((*left, what, *right)))]


def _number(value: Fraction) -> f.Formula:
    text = short(value)
    return f.weight(value) if "…" in text or "." in text else f.fraction(value)


def how(instances: Sequence[Outcome]) -> str:
    """By which means, and what has to be trusted for them."""
    names = (name for c in instances for name in c.method.split(", "))
    methods = dict.fromkeys(name for name in names if name != "none")
    text = "by " + (", ".join(_METHODS.get(name, name) for name in methods) or "nothing")
    text += f", in {len(instances)} instances" if len(instances) > 1 else ""
    believed = trusted(instances)
    text += f" (trusted: {', '.join(believed)})" if believed else ""
    if instances and all(c.vacuous for c in instances):
        text += "; vacuously, for nothing is in the domain"
    return text


def trusted(instances: Iterable[Outcome]) -> list[str]:
    """What has to be believed beside this program."""
    return sorted({name for checked in instances for name in checked.trusted})


def failures(
    instances: Sequence[Outcome], number: Callable[[Fraction], str] = str
) -> tuple[d.Text, ...]:
    """What became of instances that are not proved, refuted ones first."""
    failed = [c for c in instances if c.verdict.status != "proved"]
    failed.sort(key=lambda checked: checked.verdict.status)
    items: list[d.Text] = []
    for checked in failed[:_MOST_SHOWN]:
        where = _parameters(checked)
        said: list[d.Inline] = [d.Mark(checked.verdict.status), f" with {where}" * bool(where)]
        if checked.verdict.reason:
            said.append(f": {checked.verdict.reason}")
        said += _witness(checked, number)
        if checked.fails is not None:
            said += ["; it fails with probability ", *figure_text(checked.fails)]
        if checked.confirmed is not None:
            said.append(_SEEN[checked.confirmed])
        items.append(tuple(said))
    if len(failed) > _MOST_SHOWN:
        items.append((f"and {len(failed) - _MOST_SHOWN} more that are not proved",))
    return tuple(items)


def shortened(value: Fraction) -> str:
    """A coordinate of a witness for a line that should not grow long."""
    text = str(value)
    return text if len(text) <= _LONGEST_NUMBER else f"{as_decimal(value):.9g}…"


def tally(statuses: Sequence[Status]) -> str:
    """``3 proved, 1 undecided``."""
    return ", ".join(
        f"{statuses.count(status)} {word}"
        for status, word in VERDICTS.items() if status in statuses
    ) or "none was checked"  # fmt: skip


def claims_table(results: Sequence[ClaimResult]) -> d.Table:
    """A line for each claim, with its figures and what failed below it."""
    rows = (
        ((d.Mark(r.status),), (d.Mono(r.claim.name),), r.claim.kind, how(r.instances))
        for r in results
    )
    below = tuple(
        (*(figures(r.instances) if len(r.instances) <= _MOST_SHOWN else ()),
         *failures(r.instances, shortened))
        for r in results
    )  # fmt: skip
    return d.table("", [""] * 4, rows, below=below)


def cases_table(results: Sequence[CaseResult]) -> d.Table:
    """A line for each case, with what failed below it."""
    below = tuple(
        failures([case.checked for case in r.instances if case.checked is not None], shortened)
        for r in results
    )
    columns = ("case", "where", "says", "probability", "")
    return d.table("Cases and their probabilities.", columns, map(_case_row, results), below=below)


def partition_text(partition: Partition) -> d.Text:
    """Whether the cases are one, and if not, why."""
    said: list[d.Inline] = ["Almost every input is in exactly one case: ", d.Mark(partition.status)]
    for part in (partition.covers, partition.disjoint):
        if part.verdict.status != "proved" and part.verdict.reason:
            said += [f"; {part.verdict.reason}", *_witness(part, shortened)]
    return tuple(said)


def _witness(checked: Outcome, number: Callable[[Fraction], str]) -> d.Text:
    """The input that refutes it, unless the reason names it."""
    if checked.witness is None or "x = (" in checked.verdict.reason:
        return ()
    return "; at x = (", d.Mono(", ".join(map(number, checked.witness))), ")"


def _corollary(accuracy: Figure) -> d.Statement:
    said = d.paragraph(
        "From the cases that were proved, without any enumeration of regions, the accuracy ",
        *being(figure_text(accuracy)),
    )
    return d.Statement("Corollary", "", (said,), "proved")


def _case_row(result: CaseResult) -> tuple[str | d.Text, ...]:
    case, written = result.case, dict(result.case.written)
    where: list[d.Inline] = []
    if "when" in written:
        where.append(d.Math(typeset(written["when"])))
    if "for" in written:
        where += [", ", d.Math(typeset_ranges(written["for"]))]
    said = {"right": "the model is right", "wrong": "the model is wrong", "unknown": "left open"}
    known = said.get(case.verdict)
    says = ("as ", *_links(case.claims), " says") if known is None else known
    chance = "not known" if result.probability is None else figure_text(result.probability)
    mark: d.Text = () if case.verdict == "unknown" else (d.Mark(result.status),)
    return (d.Mono(case.name),), tuple(where), says, chance, mark
