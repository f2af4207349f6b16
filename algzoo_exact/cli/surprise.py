"""``algzoo-exact surprise``: the bits of an explanation, and of what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import JsonOption, TiesOption
from algzoo_exact.cli.output import (
    Json,
    model_json,
    model_text,
    print_fields,
    print_json,
    progress_bar,
)
from algzoo_exact.cli.stories import (
    EXIT_CODES,
    ONE_STATEMENT,
    STYLES,
    StatementSecondsOption,
    StoryArgument,
    StoryModelOption,
    check,
    figure_json,
    figure_text,
    painter,
    read_story,
)
from algzoo_exact.names import printable

if TYPE_CHECKING:
    from algzoo_exact.explain.ledger.surprise import Given, Ledger
    from algzoo_exact.explain.verify import Verification
    from algzoo_exact.zoo.loading import Model

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact surprise my_story.toml

algzoo-exact surprise my_story.toml --bits-of-optimization 120 --json

Exit codes: 0 all proved, 1 something refuted, 2 bad input, 3 something undecided."""

_RULES = {
    "sign": "signs",
    "order": "which of two is larger",
    "equality": "near-equalities",
    "index": "choices among several",
    "real": "real numbers",
    "declared": "declared by the author",
}
_ANSWERS = {
    "yes": "the total is no more",
    "no": "the total is more",
    "open": "this settles nothing",
}


def surprise(
    story: StoryArgument,
    model: StoryModelOption = None,
    seconds: StatementSecondsOption = ONE_STATEMENT,  # type: ignore[assignment]
    bits_of_optimization: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            show_default=False,
            help="Bits of optimization to compare with, in place of the explanation's figure.",
        ),
    ] = None,
    ties: TiesOption = "lowest",
    as_json: JsonOption = False,
) -> None:
    """Verify an explanation and add up its surprise in bits, as a ledger.

    Only what is proved is paid for. To it comes the surprise that is left, given the explanation,
    and the total is compared with the bits of optimization that selected the model.
    """
    import algzoo_exact as az

    path, explanation, loaded = read_story(story, model)
    verification = check(explanation, loaded, seconds, ties)
    if verification.stopped:
        raise KeyboardInterrupt  # a ledger of what was checked by then would be no use
    with progress_bar("accounting") as advance:
        ledger = az.surprise(
            verification,
            optimization_bits=bits_of_optimization,
            seeds=_seeds(loaded),
            progress=lambda text: advance(0.0, text),
        )
    if as_json:
        print_json(_json(path, loaded, verification, ledger))
    else:
        _print(path, loaded, verification, ledger)
    code = EXIT_CODES[verification.status]
    raise typer.Exit(code if ledger.given.agrees else 1)


def _seeds(model: Model) -> int | None:
    """How many trained models a shipped one, or one of AlgZoo's, is the best of."""
    from algzoo_exact.zoo.catalogue import catalogue

    for entry in catalogue():
        if entry.card is not None and entry.card.sha256 == model.sha256:
            return entry.card.seeds
        if entry.seeds and entry.name == model.name:
            return len(entry.seeds)
    return None


def _print(path: str, model: Model, verification: Verification, ledger: Ledger) -> None:
    paint = painter()
    status = paint(verification.status, STYLES[verification.status])
    print_fields(
        [
            ("story", printable(f"{verification.explanation.title} ({path})")),
            ("model", model_text(model)),
            ("verified", f"{status}; only what is proved is paid for"),
        ]
    )
    print()
    width = max((len(row.claim) for row in ledger.rows), default=0)
    for row in ledger.rows:
        count = "" if row.price.count == 1 else f"{row.price.count} x "
        mark = " *" if row.declared else ""
        line = f"{row.bits:9.2f}  {row.claim:<{width}}  {count}{row.price.rule}{mark}"
        print(f"{line}  {row.remark}".rstrip())
    if not ledger.rows:
        print(f"{0:9.2f}  no claim has a price")
    if any(row.declared for row in ledger.rows):
        print("           * on the author's word")
    if ledger.unpriced:
        names = ", ".join(ledger.unpriced)
        print(f"{0:9.2f}  not priced, as the author says that they follow: {names}")
    print()
    sums = [f"{bits:.2f} {_RULES[rule]}" for rule, bits in ledger.by_rule.items() if bits]
    print_fields(
        [
            (
                "explanation",
                f"{ledger.explanation:.2f} bits" + (": " if sums else "") + ", ".join(sums),
            ),
            ("given it", _given(ledger.given)),
            ("total", f"{'at least ' if ledger.at_least else ''}{ledger.total:.2f} bits"),
        ]
    )
    print()
    for figure in ledger.optimizations:
        answer = _ANSWERS[ledger.within(figure)]
        sort = "" if figure.sort == "stated" else f" ({figure.sort})"
        note = printable(figure.note.rstrip("."))
        print_fields([("optimization", f"{figure.bits:.2f} bits{sort}: {note}; {answer}")])


def _given(given: Given) -> str:
    if given.bits is None:
        return f"not defined: {given.reason}"
    lines = [f"{'at least ' if given.at_least else ''}{given.bits:.2f} bits: {given.reason}"]
    if given.share is not None:
        from algzoo_exact.exact.shares import decimals

        lines.append(f"of what is left open, {decimals(given.share, 4)} is answered rightly")
    if given.derived is not None:
        lines.append(f"derived accuracy {figure_text(given.derived)}")
    if given.measured is not None:
        lines.append(f"measured accuracy {figure_text(given.measured)}")
    if not given.agrees:
        lines.append("the two contradict each other: rounding can do that where logits tie exactly")
    return "\n".join(lines)


def _json(path: str, model: Model, verification: Verification, ledger: Ledger) -> Json:
    given = ledger.given
    return {
        "explanation": {"title": verification.explanation.title, "path": path},
        "model": model_json(model),
        "status": verification.status,
        "rows": [
            {
                "claim": row.claim,
                "status": row.status,
                "rule": row.price.rule,
                "count": row.price.count,
                "priced": row.priced,
                "bits": row.bits,
                "declared": row.declared,
                "remark": row.remark,
            }
            for row in ledger.rows
        ],
        "unpriced": list(ledger.unpriced),
        "by_rule": ledger.by_rule,
        "bits_of_explanation": ledger.explanation,
        "bits_declared": ledger.declared,
        "given": {
            "bits": given.bits,
            "at_least": given.at_least,
            "share": given.share,
            "derived": given.derived and figure_json(given.derived),
            "measured": given.measured and figure_json(given.measured),
            "agrees": given.agrees,
            "reason": given.reason,
        },
        "total": ledger.total,
        "at_least": ledger.at_least,
        "optimization": [
            {
                "name": figure.name,
                "sort": figure.sort,
                "bits": figure.bits,
                "note": figure.note,
                "within": ledger.within(figure),
            }
            for figure in ledger.optimizations
        ],
    }
