"""A program as formulas: text, LaTeX, sympy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from algzoo_exact.program.ir import Program
from algzoo_exact.program.standardize import standardize

if TYPE_CHECKING:
    import sympy

Term = tuple[Fraction, str]


def to_sympy(program: Program, standard: bool = False) -> dict[str, sympy.Expr]:
    """Every value of the unrolled program, by name, in the order of computation.

    Names are ``z[t][j]``, ``h[t][j]`` and ``logit[k]``. Each expression is in the real symbols
    ``x0`` .. ``x{n-1}`` and in symbols that bear the names of earlier values, with exact rational
    coefficients. ``standard`` rescales the neurons first (see ``standardize``).
    """
    import sympy

    def linear(weights: Sequence[Fraction], values: Sequence[sympy.Expr]) -> sympy.Expr:
        terms = zip(weights, values, strict=True)
        return sympy.Add(*(sympy.Rational(w.numerator, w.denominator) * v for w, v in terms))

    if standard:
        program, _ = standardize(program)
    x = [sympy.Symbol(f"x{i}", real=True) for i in range(program.seq_len)]
    named: dict[str, sympy.Expr] = {}
    h: list[sympy.Expr] = [sympy.Integer(0)] * len(program.layers[0].state[0])
    for t, layer in enumerate(program.layers):
        for j, (inputs, states) in enumerate(zip(layer.input, layer.state, strict=True)):
            named[f"z[{t}][{j}]"] = linear((*inputs, *states), (*x, *h))
            named[f"h[{t}][{j}]"] = sympy.Max(0, sympy.Symbol(f"z[{t}][{j}]", real=True))
        h = [sympy.Symbol(f"h[{t}][{j}]", real=True) for j in range(layer.width)]
    for k, row in enumerate(program.readout):
        named[f"logit[{k}]"] = linear(row, h)
    return named


def to_text(program: Program) -> str:
    """One line for each neuron and logit: the recurrence of an RNN, else all layers.

    Numbers are exact, or end in ``…`` where further digits follow those shown.
    """
    n, last = program.seq_len, len(program.layers) - 1
    outputs = "1 output" if program.outputs == 1 else f"{program.outputs} logits"
    if program.is_rnn:
        neurons, steps = f"{program.hidden_size} hidden", f"; t = 0 .. {last}, h[-1] = 0"
    else:
        neurons, steps = " + ".join(map(str, program.widths)), ""
    lines = [f"{n} inputs, {neurons} neurons, {outputs}, {program.parameters} weights{steps}"]
    for name, terms in _neurons(program, "x[{}]", "h[{}][{}]"):
        lines.append(f"{name} = relu({_text(terms)})")
    for k, row in enumerate(program.readout):
        terms = [(w, f"h[{last}][{j}]") for j, w in enumerate(row)]
        lines.append(f"logit[{k}] = {_text(terms)}")
    return "\n".join(lines)


def to_latex(program: Program) -> str:
    """The same as a LaTeX ``aligned`` block; numbers as in ``to_text``."""
    last = len(program.layers) - 1
    lines = []
    for name, terms in _neurons(program, "x_{{{}}}", "h_{{{},{}}}"):
        lines.append(rf"{name} &= \max(0,\, {_latex(terms)})")
    for k, row in enumerate(program.readout):
        terms = [(w, f"h_{{{last},{j}}}") for j, w in enumerate(row)]
        lines.append(rf"\mathrm{{logit}}_{{{k}}} &= {_latex(terms)}")
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def short(value: Fraction, digits: int = 6) -> str:
    """A readable form: exact where it fits in ``digits`` digits, else its first digits and ``…``.

    For example 3, -0.25, 2/3, 0.333333…, 1.2e-9.
    """
    context = Context(prec=digits, rounding=ROUND_DOWN)
    decimal = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    more = "" if Fraction(decimal) == value else "…"
    if more and abs(value.numerator) * value.denominator < 10**digits:
        return str(value)
    if decimal == 0 or Decimal("1e-4") <= abs(decimal) < Decimal(10) ** digits:
        text = f"{decimal:f}"
        return (text if more or "." not in text else text.rstrip("0").rstrip(".")) + more
    mantissa, _, exponent = f"{decimal:e}".partition("e")
    return f"{mantissa}{more}e{int(exponent)}"


def _neurons(program: Program, x: str, h: str) -> Iterator[tuple[str, list[Term]]]:
    """Names of states with the terms of their z: of an RNN's one layer, else of all layers."""
    if program.is_rnn:
        rows = zip(program.input_weights, program.recurrent, strict=True)
        for j, (a, row) in enumerate(rows):
            states = [(w, h.format("t-1", k)) for k, w in enumerate(row)]
            yield h.format("t", j), [(a, x.format("t")), *states]
        return
    for t, layer in enumerate(program.layers):
        for j, (inputs, row) in enumerate(zip(layer.input, layer.state, strict=True)):
            read = [(w, x.format(i)) for i, w in enumerate(inputs)]
            states = [(w, h.format(t - 1, k)) for k, w in enumerate(row) if t]
            yield h.format(t, j), [*read, *states]


def _text(terms: Sequence[Term]) -> str:
    return _sum(terms, lambda text: f"{text} ")


def _latex(terms: Sequence[Term]) -> str:
    return _sum(terms, lambda text: rf"{_latex_number(text)}\, ")


def _sum(terms: Sequence[Term], coefficient: Callable[[str], str]) -> str:
    text = ""
    for weight, name in terms:
        if weight != 0:
            size = "" if abs(weight) == 1 else coefficient(short(abs(weight)))
            text += f" {'-' if weight < 0 else '+'} {size}{name}"
    if not text:
        return "0"
    return text[3:] if text.startswith(" + ") else f"-{text[3:]}"


def _latex_number(text: str) -> str:
    mantissa, e, exponent = text.replace("…", r"\ldots{}").partition("e")
    if "/" in text:
        numerator, _, denominator = text.partition("/")
        return rf"\tfrac{{{numerator}}}{{{denominator}}}"
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if e else mantissa
