"""The sections about an explanation: its claims as lemmas, its cases, what they cost in bits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.errors import InputError
from algzoo_exact.exact.shares import significant
from algzoo_exact.explain.claims import Case, Claim
from algzoo_exact.explain.results import CaseResult, Checked, ClaimResult, Figure, Verification
from algzoo_exact.explain.surprise import Ledger
from algzoo_exact.present import formula as f
from algzoo_exact.present.document import (
    Block,
    Bullets,
    Column,
    Display,
    Inline,
    Kind,
    Mark,
    Math,
    Mono,
    Section,
    Statement,
    Strong,
    Table,
    Text,
    paragraph,
)
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.formula import row
from algzoo_exact.present.typeset import (
    typeset,
    typeset_parts,
    typeset_ranges,
    typeset_subtrahend,
)
from algzoo_exact.present.wording import digits, interval, rational, several
from algzoo_exact.program.render import short

_MOST_FAILED = 3
_ONE_LINE = 60  # characters of a conjunction that is not broken into lines
_KINDS = {
    "always": "Lemma",
    "measure": "Lemma",
    "close": "Lemma",
    "weights": "Observation",
    "equivalent": "Lemma",
    "inductive": "Lemma",
    "right": "Lemma",
    "wrong": "Lemma",
}
_METHODS = {
    "regions": "cutting the inputs into regions",
    "order": "the symmetry of orders and signs",
}
_ERRORS = {"root_mean_square": "root mean square of the difference", "mean": "mean difference"}
_ANSWERS = {
    "yes": "the total is no more",
    "no": "the total is more",
    "open": "this settles nothing",
}


def explanation_section(found: Findings) -> Section | None:
    """What was claimed, and what became of it; None without an explanation."""
    verification = found.verification
    if verification is None:
        return None
    story = verification.explanation
    statuses = [result.status for result in verification.claims]
    counts = ", ".join(
        f"{statuses.count(name)} {'undecided' if name == 'unknown' else name}"
        for name in ("proved", "refuted", "unknown") if name in statuses
    )  # fmt: skip
    blocks: list[Block] = [
        paragraph(Strong(story.title), ". ", *prose_of(story.prose)),
        paragraph(
            f"Of {several(len(statuses), 'claim')}, {counts or 'none was checked'}. The whole: ",
            Mark(verification.status), ".",
            " Claims speak of the program in standard form." if story.subject.standard else "",
        ),
    ]  # fmt: skip
    named = [*story.definitions, *story.domains]
    if named:
        blocks += [
            paragraph("Abbreviations:"),
            Display(
                f.Lines(tuple((typeset(head), row(":=", typeset(body))) for head, body in named))
            ),
        ]
    blocks += [_lemma(k, result) for k, result in enumerate(verification.claims, 1)]
    if verification.cases:
        blocks += _cases(verification)
    return Section("explanation", "Why it works: an explanation, checked", tuple(blocks))


_ENTRY = re.compile(r"\b(?:x|z|h|logit|W_hi|W_hh|W_oh)(?:\[[^\[\]]+\])+")

_SUMS = {" + ": "+", " - ": "−"}


def prose_of(text: str) -> Text:
    """An author's words; entries such as ``x[0]`` become formulas, also sums of two."""
    plain = re.sub(r"(?<!\S)-(?=\d)", "−", " ".join(text.split()))
    parts: list[Inline] = []
    end = 0
    for match in _ENTRY.finditer(plain):
        try:
            shown = typeset(match[0])
        except InputError:  # prose may hold anything
            continue
        between = plain[end : match.start()]
        before = parts[-1] if parts else None
        if isinstance(before, Math) and between in _SUMS:
            parts[-1] = Math(row(before.formula, _SUMS[between], shown))
        else:
            parts += [between, Math(shown)]
        end = match.end()
    return (*parts, plain[end:])


def _lemma(number: int, result: ClaimResult) -> Statement:
    claim = result.claim
    body: list[Block] = []
    if claim.text:
        body.append(paragraph(*prose_of(claim.text)))
    body += _said(claim)
    proof: list[Inline] = [_how(result), *_figures(result)]
    if claim.assume:
        names = ", ".join(claim.assume)
        proof.append(f" It rests on {names}.")
    body.append(paragraph(*proof))
    failed = _failed(result.instances)
    if failed:
        body.append(Bullets(failed))
    return Statement(_KINDS[claim.kind], f"{number}, {claim.name}", tuple(body), result.status)


def _figures(result: ClaimResult) -> list[Inline]:
    """What was computed for the first instances: ``Supremum, j = 0: 0.1..; j = 1: 0.2.. .``"""
    shown: list[Inline] = []
    before = ""
    for checked in result.instances[:_MOST_FAILED]:
        where = ", ".join(f"{key} = {value}" for key, value in checked.instance.parameters)
        for figure in checked.figures:
            names = [figure.what.capitalize()] if figure.what != before or not where else []
            label = ", ".join([*names, *([where] if where else [])])
            shown += [f"{'; ' if shown else ' '}{label}: ", *figure_text(figure)]
            before = figure.what
    return [*shown, "."] if shown else []


def _said(claim: Claim | Case) -> list[Block]:
    """The claim's expressions as formulas, one for each part of a conjunction."""
    written = dict(claim.written)
    opening: list[Inline] = []
    if "for" in written:
        opening += ["For all ", Math(typeset_ranges(written["for"]))]
    if "domain" in written:
        opening += [", where " if opening else "Where ", Math(typeset(written["domain"]))]
    if opening:
        opening.append(":")
    blocks: list[Block] = [paragraph(*opening)] if opening else []
    if "statement" in written:
        parts = typeset_parts(written["statement"])
        if len(parts) == 1 or len(written["statement"]) <= _ONE_LINE:
            blocks.append(Display(typeset(written["statement"])))
        else:
            lines = [*(row(part, ",") for part in parts[:-1]), parts[-1]]
            blocks.append(Display(f.Lines(tuple((row(), line) for line in lines))))
    if "condition" in written:
        inside = f.Fenced("(", typeset(written["condition"]), ")")
        blocks += _bounded(claim, row(f.Name("ℙ"), inside))
    if "left" in written:
        right = typeset_subtrahend(written["right"])
        apart = f.Fenced("|", row(typeset(written["left"]), "−", right), "|")
        blocks += _bounded(claim, _error(claim, apart, written.get("scale")))
    return blocks


def _error(claim: Claim | Case, apart: f.Formula, scale: str | None) -> f.Formula:
    error = getattr(claim.instances[0], "error", "supremum")
    if error == "supremum":
        what = apart if scale is None else f.Frac(apart, typeset(scale))
        return row(f.Name("sup", upright=True), f.Words(" "), what)
    return row(f.Words(f"{_ERRORS[error]} "), apart)


def _bounded(claim: Claim | Case, what: f.Formula) -> list[Block]:
    """The bounds of a claim's figure: those of its instances, which share them as a rule."""
    bounds = {getattr(instance, "bounds", None) for instance in claim.instances} - {None}
    if len(bounds) != 1:
        return [Display(what), paragraph(f"within {len(bounds)} bounds, one for each choice.")]
    (bound,) = bounds
    assert bound is not None
    if bound.equals is not None:
        return [Display(row(what, "=", _number(bound.equals)))]
    left = [] if bound.at_least is None else [_number(bound.at_least), f.Operator("≤")]
    right = [] if bound.at_most is None else [f.Operator("≤"), _number(bound.at_most)]
    return [Display(f.Row((*left, what, *right)))]


def _number(value: Fraction) -> f.Formula:
    text = short(value)
    return f.weight(value) if "…" in text or "." in text else f.fraction(value)


def _how(result: ClaimResult) -> str:
    """By which means, and what has to be trusted for them."""
    methods = dict.fromkeys(c.method for c in result.instances if c.method != "none")
    trusted = sorted({name for c in result.instances for name in c.trusted})
    count = len(result.instances)
    text = "proved by " if result.status == "proved" else "decided by "
    text += ", ".join(_METHODS.get(name, name) for name in methods) or "nothing"
    text += f", in {count} instances" if count > 1 else ""
    text += f" (trusted: {', '.join(trusted)})" if trusted else ""
    if result.instances and all(c.vacuous for c in result.instances):
        text += "; vacuously, for nothing is in the domain"
    return f"{text[0].upper()}{text[1:]}."


def _failed(instances: Sequence[Checked]) -> tuple[Text, ...]:
    failed = [c for c in instances if c.verdict.status != "proved"]
    failed.sort(key=lambda checked: checked.verdict.status)
    items: list[Text] = []
    for checked in failed[:_MOST_FAILED]:
        values = ", ".join(f"{key} = {value}" for key, value in checked.instance.parameters)
        said: list[Inline] = [Mark(checked.verdict.status), " "]
        if values:
            said.append(f"with {values}: ")
        said.append(checked.verdict.reason or "undecided")
        if checked.witness is not None and "x = (" not in checked.verdict.reason:
            said += ["; at x = (", Mono(", ".join(map(str, checked.witness))), ")"]
        if checked.confirmed:
            said.append("; torch sees the same")
        items.append(tuple(said))
    if len(failed) > _MOST_FAILED:
        items.append((f"and {len(failed) - _MOST_FAILED} more",))
    return tuple(items)


def figure_text(figure: Figure) -> Text:
    """A figure with its kind."""
    if figure.kind == "sampled":
        if figure.estimate is None:
            return (f"{figure.unseen} ", Kind("sampled"))
        error = "" if figure.error is None else f" ± {figure.error:.2g}"
        return (f"{significant(figure.estimate, 6)}{error} ", Kind("sampled"))
    if figure.rational is not None:
        return (*rational(figure.rational), " ", Kind("exact"))
    assert figure.enclosure is not None
    if figure.kind == "exact":
        return (digits(figure.enclosure, 15), " ", Kind("exact"))
    return (interval(figure.enclosure), " ", Kind("certified"))


def _cases(verification: Verification) -> list[Block]:
    rows = [_case(result) for result in verification.cases]
    columns = (Column("case"), Column("where"), Column("says"), Column("probability"), Column(""))
    blocks: list[Block] = [
        paragraph("Cases, which are to cover almost all inputs without overlap:"),
        Table("Cases and their probabilities.", columns, tuple(rows)),
    ]
    partition = verification.partition
    if partition is not None:
        said: list[Inline] = ["Almost every input is in exactly one case: ", Mark(partition.status)]
        for part in (partition.covers, partition.disjoint):
            if part.verdict.status != "proved" and part.verdict.reason:
                said.append(f"; {part.verdict.reason}")
        blocks.append(paragraph(*said, "."))
    if verification.accuracy is not None:
        blocks.append(
            Statement(
                "Corollary", "",
                (paragraph("From the cases that were proved, without any enumeration of regions, "
                           "the accuracy is ", *figure_text(verification.accuracy)),),
                "proved",
            )
        )  # fmt: skip
    return blocks


def _case(result: CaseResult) -> tuple[Text, ...]:
    written = dict(result.case.written)
    where: list[Inline] = []
    if "when" in written:
        where.append(Math(typeset(written["when"])))
    if "for" in written:
        where += [", ", Math(typeset_ranges(written["for"]))]
    said = {"right": "the model is right", "wrong": "the model is wrong", "unknown": "left open"}
    says = said.get(result.case.verdict, f"as {', '.join(result.case.claims)} says")
    chance: Text = ("not known",)
    if result.probability is not None:
        chance = figure_text(result.probability)
    mark: Text = () if result.case.verdict == "unknown" else (Mark(result.status),)
    return (Mono(result.case.name),), tuple(where), (says,), chance, mark


def ledger_section(found: Findings) -> Section | None:
    """The surprise ledger; None without an explanation."""
    ledger = found.ledger
    if ledger is None:
        return None
    rows: list[tuple[Text, ...]] = []
    for entry in ledger.rows:
        count = "" if entry.price.count == 1 else f"{entry.price.count} × "
        word = " (author's word)" if entry.declared else ""
        rows.append(
            (
                (Mono(entry.claim),),
                (f"{count}{entry.price.rule}{word}",),
                (f"{entry.bits:.2f}",),
                (entry.remark,),
            )
        )
    given = ledger.given
    foot: list[tuple[Text, ...]] = [
        (("The explanation",), (), (f"{ledger.explanation:.2f}",), ()),
        (("Given the explanation",), (), (_given_bits(ledger),), (given.reason,)),
        (
            ("Total",), (), (f"{'≥ ' if ledger.at_least else ''}{ledger.total:.2f}",), (),
        ),
    ]  # fmt: skip
    columns = (Column("claim"), Column("price"), Column("bits", True), Column("remark"))
    blocks: list[Block] = [
        paragraph(
            "What the explanation costs in bits, and what it leaves unexplained. Only what is "
            "proved is paid for. Bits are a way of counting, and no theorem. ", Kind("estimate"),
        ),
        Table("The surprise ledger.", columns, tuple(rows), tuple(foot)),
    ]  # fmt: skip
    if ledger.unpriced:
        blocks.append(
            paragraph(
                f"Not priced, as the author says that they follow: {', '.join(ledger.unpriced)}."
            )
        )
    items = [
        (f"{o.bits:.2f} bits of optimization ({o.sort}): {o.note.rstrip('.')}; "
         f"{_ANSWERS[ledger.within(o)]}.",)
        for o in ledger.optimizations
    ]  # fmt: skip
    if items:
        blocks += [
            paragraph("The total against the bits that selected the model:"),
            Bullets(tuple(items)),
        ]
    return Section("surprise", "Surprise ledger", tuple(blocks))


def _given_bits(ledger: Ledger) -> str:
    given = ledger.given
    if given.bits is None:
        return "–"
    return f"{'≥ ' if given.at_least else ''}{given.bits:.2f}"
