"""The first sections: what is proved, of which model, and its program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from algzoo_exact.exact.enclosure import Enclosure, places_for
from algzoo_exact.exact.shares import decimals
from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.formula import Formula, indexed, row
from algzoo_exact.present.wording import (
    DIGITS,
    TIE_TEXT,
    between,
    digits,
    ended,
    layers,
    listed,
    one_in,
    several,
)
from algzoo_exact.program.ir import Program
from algzoo_exact.program.standardize import standardize
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.score.result import Score
from algzoo_exact.zoo.algzoo import FAMILIES, published
from algzoo_exact.zoo.card_text import power_text, score_text

MOST_NEURONS = 8  # whose formulas are written out
_MOST_TERMS, _LONGEST_TERM = 8, 100  # of a closed form that is written out

_ACCURACY: d.Text = (d.Math(f.Name("A")), ", the probability that the answer is the label, is")
_ERROR = row(
    f.Name("E"), "=", f.Name("𝔼"),
    f.Sup(
        f.Fenced("(", row(f.Name("f"), f.Fenced("(", f.Name("x"), ")"), "−",
                          f.Words("median"), f.Fenced("(", f.Name("x"), ")")), ")"),
        f.Number("2"),
    ),
)  # fmt: skip


def theorem(found: Findings) -> Iterator[d.Block]:
    """The statement about the score, and beside it what is not part of it."""
    # Where what is proved says little, the estimate comes first.
    beside = list(_beside(found)) if found.kind != "exact" else []
    if found.says_nothing:
        yield from beside
        yield d.paragraph(
            d.Strong("Nothing is proved of the accuracy"), " in the time that there was. With more "
            "of it there are bounds:",
        )  # fmt: skip
        yield d.Commands((f"algzoo-exact accuracy {found.reference} --time-limit 10m",))
        return
    yield from beside if found.check.says_more else ()
    body = (_setting(found), d.Display(_equation(found)), d.paragraph(*_consequence(found)))
    yield d.Statement("Theorem", "", body, "proved")
    yield from closed_form(found.score)
    yield from () if found.check.says_more else beside


def closed_form(score: Score) -> Iterator[d.Block]:
    """All terms of a closed form that is too long for a line."""
    form = score.form
    if form is None or _is_short(str(form)):
        return
    body: list[d.Block] = []
    if len(str(form.constant)) > f.LONGEST_CONSTANT:
        body.append(d.facts(("a, number 0", (d.Mono(str(form.constant)),))))
    for (factor, inside), terms in ((("a", "s"), form.terms), (("b", "q"), form.roots)):
        if terms:
            rows = (
                (str(k), (d.Mono(str(coefficient)),), (d.Mono(str(square)),))
                for k, (coefficient, square) in enumerate(terms, 1)
            )
            body.append(d.table("", ("#k", f"{factor}, number k", f"{inside}, number k"), rows))
    count = several(len(form.terms) + len(form.roots), "term")
    yield d.Folded(f"The closed form in full, {count}", tuple(body), str(form))


def _setting(found: Findings) -> d.Block:
    network, task = found.model.network, found.task
    start: d.Text = (
        "Let ", d.Math(f.Name("f")), " be the network ", d.Mono(found.model.name),
        f" with its {several(network.parameters, 'weight')}, taken as exactly the numbers that are "
        "stored. ",
    )  # fmt: skip
    n = task.seq_len
    if task.is_discrete:
        many = f.Sup(f.Number(str(n)), f.Number(str(n)))
        return d.paragraph(
            *start, f"Let its input be a function from {{0, …, {n - 1}}} to itself, drawn "
            "uniformly among all ", d.Math(many),
            ". The label is the length of its longest cycle; the answer is the one whose output of "
            "the network, its logit, is the largest. Then the accuracy ", *_ACCURACY,
        )  # fmt: skip
    names = d.Math(listed(indexed("x", 0), indexed("x", n - 1), n))
    inputs: d.Text = (*start, "Let ", names, " be independent standard normal inputs. ")
    if task.is_numeric:
        return d.paragraph(
            *inputs, "The network has one output, ",
            d.Math(row(f.Name("f"), f.Fenced("(", f.Name("x"), ")"))), ". Then the "
            "mean squared error ", d.Math(_ERROR), ", where ", d.Math(f.Name("𝔼")),
            " is the mean over all inputs, is",
        )  # fmt: skip
    return d.paragraph(
        *inputs, f"The label is {task.words}; the answer is the index of the largest of the "
        "network's outputs, its logits. Then the accuracy ", *_ACCURACY,
    )  # fmt: skip


def _equation(found: Findings) -> Formula:
    score, value = found.score, found.enclosure
    left = f.Name("A" if score.metric == "accuracy" else "E")
    if found.kind != "exact" and value.width > Fraction(1, 10**8):
        low, high = value.decimal(max(6, places_for(value.width)))
        return row(f.Number(low), "≤", left, "≤", f.Number(high))
    if value.width == 0:
        return row(left, "=", *_fraction_and_digits(value.lower))
    shown = row("=", f.Number(digits(value, DIGITS)))
    form = score.form
    if form is None:
        return row(left, shown)
    if not _is_short(str(form)):
        return f.Lines(((left, row("=", f.shape(form))), (row(), shown)))
    first, *others = f.closed(form)
    lines: list[tuple[Formula, Formula]] = [(left, row("=", first))]
    lines += [(row(), term) for term in others]
    lines.append((row(), shown))
    return f.Lines(tuple(lines))


def _is_short(text: str) -> bool:
    """Whether all of a closed form is written out, term by term."""
    terms = re.split(r" [+-] ", text)
    return len(terms) <= _MOST_TERMS and max(map(len, terms)) <= _LONGEST_TERM


def _fraction_and_digits(value: Fraction) -> tuple[Formula | str, ...]:
    if value.denominator == 1:
        return (f.fraction(value),)
    text = digits(Enclosure.exactly(value), 15)
    return (f.fraction(value), "≈" if text.endswith("…") else "=", f.Number(text))


def _consequence(found: Findings) -> Iterator[d.Inline]:
    """What it means, in one line: kind, errors, ties."""
    score, counts = found.score, found.score.counts
    if score.form is not None and not _is_short(str(score.form)):
        yield "The numbers in the sums are rational, and listed below. "
    if score.metric != "accuracy":
        yield "The root mean squared error "
        if score.kind == "exact":
            yield from (ended(f"is {digits(score.root, 15)}"), " ", d.Kind("exact"))
        else:
            yield from (f"lies {between(score.root, 6)}. ", d.Kind("certified"))
        return
    error = found.enclosure.complement
    tells = found.kind == "exact" or error.upper < Fraction(1, 2)
    errors = one_in(error, finite=found.task.is_discrete)
    if counts is not None and 0 < error.lower == error.upper:
        errors = f"{several(int(error.lower * counts.inputs), 'error')} in {counts.inputs:,} inputs"
    yield f"That is {errors}. " if tells and error.upper < 1 else ""
    if counts is None or counts.tied:
        yield f"{TIE_TEXT[found.ties].capitalize()}. "
    else:
        yield "No two logits ever tie for the largest. "
    if found.by_explanation:
        yield "This follows from the explanation below. "
    yield d.Kind(found.kind)


def _beside(found: Findings) -> Iterator[d.Block]:
    """Estimates beside bounds: no part of the theorem."""
    check, card = found.check, found.card
    known: list[d.Inline] = []
    if check.estimate is not None:
        value = f"a mean squared error of {check.estimate.value:.6g}"
        if isinstance(check.estimate, SampleEstimate):
            value = decimals(check.estimate.accuracy, 5)
        known += [f"on random inputs {value} ", d.Kind("sampled")]
    if card is not None and card.score.kind == "exact":
        known += ["; "] if known else []
        known += [f"its card says {score_text(card.score)}, found to be exact when it was made "]
        known += [d.Kind("stated")]
    if known:
        which = "Not proved:" if found.says_nothing else "Beside the theorem, and no part of it:"
        known = [d.Strong(which), " ", *known, "."]
    if not found.says_nothing:
        known += [" "] if known else []
        known.append(
            "Part of the inputs is undecided; the bounds count it either way."
            if found.score.undecided
            else "Every input is decided; the bounds allow for rounding."
        )
    yield from [d.paragraph(*known)] if known else []


def model(found: Findings) -> Iterator[d.Block]:
    """The model card."""
    model, network, card = found.model, found.model.network, found.card
    shape = several(network.hidden_size, "hidden neuron")
    if isinstance(network, Transformer):
        shape = f"{layers(model, network)}, {network.hidden_size} entries wide"
    sizes = f"{shape}, {several(network.seq_len, 'input')}, {several(network.parameters, 'weight')}"
    rows: list[tuple[str, str | d.Text]] = [
        ("Name", (d.Mono(model.name),)),
        ("Task", f"{found.task.name}: {found.task.words}"),
        ("Size", f"{sizes}, stored as {model.dtype}"),
        ("SHA-256", (d.Mono(model.sha256),)),
    ]
    told: dict[str, str] = {}
    if card is not None:
        best = f", the best of {card.seeds} by {card.chosen_by}" if card.seeds > 1 else ""
        told = {
            "Trained on": f"{power_text(card.sequences)} random inputs, seed {card.seed}{best} ",
            "Recipe": ", ".join(
                f"{key.replace('_', ' ')} {value}"
                for key, value in card.recipe.items()
                if key in ("optimizer", "learning_rate", "batch", "steps", "loss")
            )
            + " ",
            "Score on its card": f"{score_text(card.score)} ({card.score.kind}) ",
        }
    known = published(found.task.name, network.hidden_size, network.seq_len)
    if known is not None:
        metric = FAMILIES[found.task.name].metric
        told["Published by AlgZoo"] = (
            f"{metric} {known.score:.3f}, for AlgZoo's best model of this task and size "
        )
    yield d.facts(*rows, *((name, (text, d.Kind("stated"))) for name, text in told.items()))


def program(found: Findings) -> Iterator[d.Block]:
    """The recurrence, and the same in standard form, with numbers where they are few."""
    network = found.model.network
    if isinstance(network, Transformer):
        yield from attention(network)
        return
    n = network.seq_len
    steps = listed(f.Number("0"), f.Number(str(n - 1)), n)
    yield d.paragraph(
        "The network computes, step by step over the real numbers, with ",
        d.Math(row(indexed("h", "-1"), "=", f.Number("0"))),
        " and ", d.Math(row(f.Name("t"), "=", steps)), ",",
    )  # fmt: skip
    yield d.Display(_recurrence(network))
    yield d.paragraph(
        "There are no biases, so scaling the input scales all values: only its direction "
        "matters, and everything that follows is about cones."
    )
    if network.hidden_size > MOST_NEURONS:
        weights = several(network.parameters, "weight")
        yield d.paragraph(f"Its {weights} are too many to read; this prints them all:")
        yield d.Commands((f"algzoo-exact show {found.reference} --standard",))
        return
    standard, factors = standardize(network)
    yield d.paragraph(
        "In standard form each neuron is rescaled by a positive factor, so that its input weight "
        "is 1, −1 or 0. The function stays exactly the same. Digits are cut off where … follows:"
    )
    yield d.Display(numbers(standard))
    scaled = ", ".join(digits(Enclosure.exactly(factor), 6) for factor in factors)
    yield d.paragraph(ended(f"The factors are {scaled}"))


def _recurrence(program: Program) -> Formula:
    h, x = indexed("h", "t"), indexed("x", "t")
    before = indexed("h", "t-1")
    w = {key: f.Sub(f.Name("W"), f.Name(key, upright=True)) for key in ("hh", "hi", "oh")}
    out = "f" if program.outputs == 1 else "logit"
    inside = f.Fenced("(", row(f.Number("0"), ",", row(w["hh"], before), "+", row(w["hi"], x)), ")")
    return f.Lines(
        (
            (h, row("=", f.Name("max", upright=True), inside)),
            (f.Name(out, upright=len(out) > 1),
             row("=", row(w["oh"], indexed("h", program.seq_len - 1)))),
        )
    )  # fmt: skip


def numbers(program: Program) -> Formula:
    """The recurrence of an RNN with its weights."""
    d, n = program.hidden_size, program.seq_len
    lines: list[tuple[Formula, Formula]] = []
    before = [indexed("h", "t-1", j) for j in range(d)]
    last = [indexed("h", n - 1, j) for j in range(d)]
    rows = zip(program.input_weights, program.recurrent, strict=True)
    for j, (a, weights) in enumerate(rows):
        terms = [(a, indexed("x", "t")), *zip(weights, before, strict=True)]
        inside = f.Fenced("(", row(f.Number("0"), ",", f.linear(terms)), ")")
        lines.append((indexed("h", "t", j), row("=", f.Name("max", upright=True), inside)))
    for k, weights in enumerate(program.readout):
        left: Formula = indexed("logit", k, upright=True)
        if program.outputs == 1:
            left = f.Name("f")
        lines.append((left, row("=", f.linear(list(zip(weights, last, strict=True))))))
    return f.Lines(tuple(lines))


def attention(network: Transformer) -> Iterator[d.Block]:
    """What a transformer computes."""

    def w(name: str) -> Formula:
        return f.Sub(f.Name("W"), f.Name(name, upright=len(name) > 1))

    p, j = f.Name("p"), f.Name("j")
    r_p, r_j = f.Sub(f.Name("r"), p), f.Sub(f.Name("r"), j)
    start = row(r_p, "=", f.Sub(f.Name("E"), f.Words("token")), "+", f.Sub(f.Name("P"), p))
    yield d.paragraph(
        "The residual stream starts as the embedding of each token and of its position, ",
        d.Math(start), f". Each of the {several(network.depth, 'layer')} adds attention to it, "
        "head by head, with ", d.Math(f.Name("c")), " the number of entries of a head:",
    )  # fmt: skip
    product = row(f.Fenced("(", row(w("q"), r_p), ")"), "⋅", f.Fenced("(", row(w("k"), r_j), ")"))
    scores = f.Fenced("(", f.Frac(product, f.Root(f.Name("c"))), ")")
    softmax = row(f.Under(f.Name("softmax", upright=True), j), scores)
    attention = f.Sub(f.Name("a"), row(p, ",", j))
    mixed = row(f.Under(f.Operator("∑"), j), row(attention, w("v"), r_j))
    added = row("←", r_p, "+", row(w("o"), mixed))
    yield d.Display(f.Lines(((attention, row("=", softmax)), (r_p, added))))
    read = row(w("u"), indexed("r", network.seq_len - 1))
    logit = f.Name("logit", upright=True)
    answer = d.Math(row(logit, "=", read))
    yield d.paragraph("The answer is read at the last position: ", answer, ".")
