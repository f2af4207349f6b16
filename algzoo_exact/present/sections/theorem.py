"""The first sections: what is proved, of which model, and its program."""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.exact.enclosure import Enclosure, places_for
from algzoo_exact.exact.shares import decimals
from algzoo_exact.present import formula as f
from algzoo_exact.present.document import (
    Block,
    Commands,
    Display,
    Facts,
    Folded,
    Inline,
    Kind,
    Math,
    Mono,
    Section,
    Statement,
    Strong,
    Text,
    paragraph,
)
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.formula import Formula, indexed, row
from algzoo_exact.present.wording import (
    DIGITS,
    TIE_TEXT,
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
from algzoo_exact.zoo.algzoo import FAMILIES, published
from algzoo_exact.zoo.card_table import power_text, score_text

MOST_NEURONS = 8  # whose formulas are written out
_MOST_TERMS, _LONGEST_FORM = 8, 1000  # of a closed form that is written out

_ACCURACY: Text = (Math(f.Name("A")), ", the probability that the answer is the label, is")
_ERROR = row(
    f.Name("E"), "=", f.Name("𝔼"),
    f.Sup(
        f.Fenced("(", row(f.Name("f"), f.Fenced("(", f.Name("x"), ")"), "−",
                          f.Words("median"), f.Fenced("(", f.Name("x"), ")")), ")"),
        f.Number("2"),
    ),
)  # fmt: skip


def theorem(found: Findings) -> Section:
    """The statement about the score, and beside it what is not part of it."""
    score = found.score
    body: list[Block] = [_setting(found), Display(_equation(found))]
    body += _consequence(found)
    blocks: list[Block] = [Statement("Theorem", "", tuple(body), "proved")]
    form = score.form
    if form is not None and not _is_short(str(form)):
        blocks.append(Folded(f"The closed form in full ({len(str(form)):,} characters)", str(form)))
    # Where what is proved says little, the estimate comes first.
    blocks = _beside(found) + blocks if found.check.says_more else blocks + _beside(found)
    return Section("theorem", "What is proved", tuple(blocks))


def _setting(found: Findings) -> Block:
    network = found.model.network
    weights = several(network.parameters, "weight")
    start: tuple[Inline, ...] = (
        "Let ", Math(f.Name("f")), " be the network ", Mono(found.model.name),
        f" with its {weights}, taken as exactly the numbers that are stored. ",
    )  # fmt: skip
    n = found.task.seq_len
    names = listed(indexed("x", 0), indexed("x", n - 1), n)
    if found.task.is_discrete:
        many = f.Sup(f.Number(str(n)), f.Number(str(n)))
        return paragraph(
            *start, f"Let its input be a function from {{0, …, {n - 1}}} to itself, drawn "
            "uniformly among all ", Math(many), ". The label is the length of its longest cycle, "
            "the answer that of the largest logit. Then the accuracy ", *_ACCURACY,
        )  # fmt: skip
    inputs: Text = ("Let ", Math(names), " be independent standard normal inputs. ")
    if found.task.is_numeric:
        return paragraph(*start, *inputs, "Then the mean squared error ", Math(_ERROR), " is")
    return paragraph(
        *start, *inputs, f"The label is {found.task.words}, the answer that of the largest "
        "logit. Then the accuracy ", *_ACCURACY,
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
    return len(text) <= _LONGEST_FORM and text.count("atan") + text.count("sqrt") <= _MOST_TERMS


def _fraction_and_digits(value: Fraction) -> tuple[Formula | str, ...]:
    if value.denominator == 1:
        return (f.fraction(value),)
    text = digits(Enclosure.exactly(value), 15)
    return (f.fraction(value), "≈" if text.endswith("…") else "=", f.Number(text))


def _consequence(found: Findings) -> list[Block]:
    """What it means, in one line: kind, errors, ties."""
    score = found.score
    if score.metric != "accuracy":
        text = "The root mean squared error "
        if score.kind == "exact":
            return [paragraph(text, ended(f"is {digits(score.root, 15)}"), " ", Kind("exact"))]
        low, high = score.root.decimal(6)
        return [paragraph(text, f"lies between {low} and {high}. ", Kind("certified"))]
    error = Enclosure(1 - found.enclosure.upper, 1 - found.enclosure.lower)
    tells = found.kind == "exact" or error.upper < Fraction(1, 2)
    said: list[Inline] = [f"That is {one_in(error)}. " if tells and error.upper < 1 else ""]
    counts = score.counts
    if counts is None or counts.tied:
        said.append(f"{TIE_TEXT[found.ties].capitalize()}. ")
    if counts is not None and not counts.tied:
        said.append("No two logits ever tie for the largest. ")
    if found.by_explanation:
        said.append("This follows from the explanation below. ")
    said.append(Kind(found.kind))
    return [paragraph(*said)]


def _beside(found: Findings) -> list[Block]:
    """Estimates beside bounds: no part of the theorem."""
    if found.kind == "exact":
        return []
    said: list[Inline] = [Strong("Beside the theorem, and no part of it: ")]
    if found.check.accuracy is not None:
        said += [f"on random inputs {decimals(found.check.accuracy.accuracy, 5)} ", Kind("sampled")]
    if found.check.squared_error is not None:
        errors = found.check.squared_error
        said += [f"on random inputs a mean squared error of {errors.mean:.6g} ", Kind("sampled")]
    card = found.card
    if card is not None and card.score.kind == "exact":
        said += [f"; its card says {score_text(card.score)}, found to be exact when it was made "]
        said += [Kind("stated")]
    if found.score.undecided:
        said.append(". Part of the inputs is undecided; the bounds count it either way.")
    else:
        said.append(". Every input is decided; the bounds allow for rounding.")
    return [paragraph(*said)]


def model_section(found: Findings) -> Section:
    """The model card."""
    model, network, card = found.model, found.model.network, found.card
    sizes = f"{several(network.hidden_size, 'hidden neuron')}, {several(network.seq_len, 'input')}"
    if isinstance(network, Transformer):
        sizes = (
            f"{layers(model, network)}, {network.hidden_size} entries wide, "
            f"{several(network.seq_len, 'input')}"
        )
    rows: list[tuple[str, Text]] = [
        ("Name", (Mono(model.name),)),
        ("Task", (f"{found.task.name}: {found.task.words}",)),
        ("Size", (f"{sizes}, {several(network.parameters, 'weight')}, stored as {model.dtype}",)),
        ("SHA-256", (Mono(model.sha256),)),
    ]
    if card is not None:
        best = f", the best of {card.seeds} by {card.chosen_by}" if card.seeds > 1 else ""
        recipe = ", ".join(
            f"{key.replace('_', ' ')} {value}"
            for key, value in card.recipe.items()
            if key in ("optimizer", "learning_rate", "batch", "steps", "loss")
        )
        rows += [
            ("Trained on", (f"{power_text(card.sequences)} random inputs, seed {card.seed}{best} ",
             Kind("stated"))),
            ("Recipe", (f"{recipe} ", Kind("stated"))),
            ("Score on its card", (f"{score_text(card.score)} ({card.score.kind}) ",
             Kind("stated"))),
        ]  # fmt: skip
    known = published(found.task.name, network.hidden_size, network.seq_len)
    if known is not None:
        metric = FAMILIES[found.task.name].metric
        text = f"{metric} {known.score:.3f}, for AlgZoo's best model of this task and size "
        rows.append(("Published by AlgZoo", (text, Kind("stated"))))
    return Section("model", "The model", (Facts(tuple(rows)),))


def program_section(found: Findings) -> Section:
    """The recurrence, and the same in standard form, with numbers where they are few."""
    network = found.model.network
    if isinstance(network, Transformer):
        return Section("program", "The program", _attention(network))
    n = network.seq_len
    steps = listed(f.Number("0"), f.Number(str(n - 1)), n)
    blocks: list[Block] = [
        paragraph("The network computes, step by step over the real numbers, with ",
                  Math(row(indexed("h", "-1"), "=", f.Number("0"))),
                  " and ", Math(row(f.Name("t"), "=", steps)), ",",),
        Display(_recurrence(network)),
        paragraph(
            "There are no biases, so scaling the input scales all values: only its direction "
            "matters, and everything that follows is about cones."
        ),
    ]  # fmt: skip
    if network.hidden_size > MOST_NEURONS:
        blocks += [
            paragraph(f"Its {several(network.parameters, 'weight')} are too many to read; this "
                      "prints them all:"),
            Commands((f"algzoo-exact show {found.reference} --standard",)),
        ]  # fmt: skip
        return Section("program", "The program", tuple(blocks))
    standard, factors = standardize(network)
    scaled = ", ".join(digits(Enclosure.exactly(factor), 6) for factor in factors)
    blocks += [
        paragraph(
            "In standard form each neuron is rescaled by a positive factor, so that its input "
            "weight is 1, −1 or 0. The function stays exactly the same. Digits are cut off where "
            "… follows:"
        ),
        Display(_numbers(standard)),
        paragraph(ended(f"The factors are {scaled}")),
    ]
    return Section("program", "The program", tuple(blocks))


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


def _numbers(program: Program) -> Formula:
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


def _attention(network: Transformer) -> tuple[Block, ...]:
    def w(name: str) -> Formula:
        return f.Sub(f.Name("W"), f.Name(name, upright=len(name) > 1))

    p, j = f.Name("p"), f.Name("j")
    r_p, r_j = f.Sub(f.Name("r"), p), f.Sub(f.Name("r"), j)
    scores = f.Frac(
        row(f.Fenced("(", row(w("q"), r_p), ")"), "⋅", f.Fenced("(", row(w("k"), r_j), ")")),
        f.Root(f.Name("c")),
    )
    attention = f.Sub(f.Name("a"), row(p, ",", j))
    softmax = row(f.Under(f.Name("softmax", upright=True), j), f.Fenced("(", scores, ")"))
    mixed = row(f.Under(f.Operator("∑"), j), row(attention, w("v"), r_j))
    return (
        paragraph("The residual stream starts as the embedding of each token and of its position, ",
                  Math(row(r_p, "=", f.Sub(f.Name("E"), f.Words("token")), "+",
                           f.Sub(f.Name("P"), p))), f". Each of the "
                  f"{several(network.depth, 'layer')} adds attention to it, head by head, with c "
                  "the entries of a head:"),
        Display(f.Lines((
            (attention, row("=", softmax)),
            (r_p, row("←", r_p, "+", row(w("o"), mixed))),
        ))),
        paragraph("The answer is read at the last position: ",
                  Math(row(f.Name("logit", upright=True), "=",
                           row(w("u"), indexed("r", network.seq_len - 1)))), "."),
    )  # fmt: skip
