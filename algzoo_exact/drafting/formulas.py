"""The library of small formulas that neurons and logits are held against.

A formula is a sum of a few parts with coefficients, or the positive part of one. Parts are written
in the language of explanations, with the step t as a parameter, and valued in floats at a
specimen's points, where least squares tells which could be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import log2

import numpy as np

from algzoo_exact.drafting.proposal import Value, number, price
from algzoo_exact.drafting.specimen import Floats

DEFINITIONS = {
    "past(t, s)": "sum(k in t-s..t-s if k >= 0: x[k])",
    "top(t)": "max(0, x[0:t])",
    "bottom(t)": "max(0, max(k in 0..t-1: -x[k]))",
    "others(t, i)": "max(0, max(k in 0..t-1 if k != i: x[k]))",
    "second(t)": "min(top(t), min(i in 0..t-1: others(t, i)))",
}
"""The words of the formulas: the input s steps before step t, or 0; of the first t inputs and 0 the
largest, minus the least, the largest but for input i, and the second largest."""

_USES = {"second": ("top", "others")}

_EXACT = 1e-9  # of the size, for a fit in floats that may be exact
_SIMPLEST = 1000  # the largest denominator of a coefficient that is taken for a fraction


@dataclass(frozen=True)
class Part:
    """A part of a formula, in the language."""

    text: str
    values: Floats


@dataclass(frozen=True)
class Formula:
    """Coefficients of parts, and whether their sum is taken or its positive part; chosen among so
    many parts."""

    terms: tuple[tuple[Fraction, str], ...]
    positive: bool
    among: int

    @property
    def text(self) -> str:
        written = ""
        for factor, part in self.terms:
            sign = ("- " if factor < 0 else "+ ") if written else "-" * (factor < 0)
            size = "" if abs(factor) == 1 else f"{number(abs(factor))}*"
            written += f" {sign}{size}{part}" if written else f"{sign}{size}{part}"
        return f"relu({written})" if self.positive else written or "0"

    @property
    def prices(self) -> list[Value]:
        """Which parts, their signs, and those coefficients that are more than a sign."""
        parts = len(self.terms)
        if not parts:
            return [price("index", among=self.among, note="that it is 0")]
        found: list[Value] = [price("index", parts, among=self.among, note="which part")]
        found.append(price("sign", parts))
        sizes = [max(abs(c.numerator), c.denominator) for c, _ in self.terms if abs(c) != 1]
        if sizes:
            bits = Fraction(round(200 * sum(map(log2, sizes))), 100)
            found.append(price("declared", bits=bits, note="coefficients, as fractions"))
        return found


def definitions_for(texts: Sequence[str]) -> dict[str, str]:
    """Those definitions that formulas use, in their order."""
    used = {word for word in ("past", "top", "bottom", "others", "second")
            if any(f"{word}(" in text for text in texts)}  # fmt: skip
    used |= {inner for word in used for inner in _USES.get(word, ())}
    return {name: body for name, body in DEFINITIONS.items() if name.partition("(")[0] in used}


def of_steps(x: Floats, n: int) -> list[Part]:
    """Parts with the step t as a parameter, each valued at steps 0 .. n-1, one after the other."""

    def stacked(text: str, value: Callable[[int], Floats]) -> Part:
        return Part(text, np.concatenate([value(t) for t in range(n)]))

    parts = []
    for s in range(n):
        text = f"past(t, {s})" if s else "x[t]"
        past = stacked(text, partial(_past, x, s))
        parts.append(past)
        parts.append(Part(f"relu({text})", np.maximum(past.values, 0)))
        parts.append(Part(f"relu(-{text})", np.maximum(-past.values, 0)))
        if s:
            parts.append(stacked(f"others(t+1, t-{s})", partial(_others, x, 1, s)))
            parts.append(stacked(f"others(t, t-{s})", partial(_others, x, 0, s)))
    for more, at in ((0, "t"), (1, "t+1")):
        parts.append(stacked(f"top({at})", partial(_first, _top, x, more)))
        parts.append(stacked(f"bottom({at})", partial(_first, _top, -x, more)))
        parts.append(stacked(f"second({at})", partial(_first, _second, x, more)))
    return parts


def of_all(x: Floats, n: int) -> list[Part]:
    """Parts of what is known in the end, for logits."""
    parts = []
    for k in range(n):
        parts.append(Part(f"x[{k}]", x[:, k]))
        parts.append(Part(f"relu(x[{k}])", np.maximum(x[:, k], 0)))
        parts.append(Part(f"relu(-x[{k}])", np.maximum(-x[:, k], 0)))
        parts.append(Part(f"others(n, {k})", _top(x, n, k)))
    parts.append(Part("top(n)", _top(x, n)))
    parts.append(Part("bottom(n)", _top(-x, n)))
    parts.append(Part("second(n)", _second(x, n)))
    return parts


def _past(x: Floats, s: int, t: int) -> Floats:
    return x[:, t - s] if t >= s else np.zeros(len(x))


def _others(x: Floats, more: int, s: int, t: int) -> Floats:
    """The largest of the first ``t + more`` inputs but for that s steps before t."""
    return _top(x, t + more, t - s)


def _first(of: Callable[[Floats, int], Floats], x: Floats, more: int, t: int) -> Floats:
    return of(x, t + more)


def _top(x: Floats, t: int, but: int = -1) -> Floats:
    kept = [k for k in range(t) if k != but]
    found: Floats = x[:, kept].max(1, initial=0.0)
    return found


def _second(x: Floats, t: int) -> Floats:
    with_zeros = np.concatenate([x[:, :t], np.zeros((len(x), 2))], axis=1)
    found: Floats = np.sort(with_zeros, axis=1)[:, -2]
    return found


def fitted(y: Floats, parts: Sequence[Part], *, positive: bool, pairs: bool) -> Formula | None:
    """The combination of one part, or of two if ``pairs``, that y is to all digits; the first one
    in the order of the parts. ``positive``: y is what the formula's positive part is taken of."""
    size = float(abs(y).max())
    if size == 0:
        return Formula((), False, len(parts))
    matrix = np.stack([part.values for part in parts], axis=1)
    chosen = _pair(matrix, y) if pairs else _single(matrix, y)
    return _formula(y, matrix, parts, chosen, positive=positive)


def fitted_linear(y: Floats, parts: Sequence[Part], *, positive: bool) -> Formula | None:
    """The combination of all parts that y is to all digits, such as of inputs some steps before."""
    matrix = np.stack([part.values for part in parts], axis=1)
    return _formula(y, matrix, parts, tuple(range(len(parts))), positive=positive)


def _single(matrix: Floats, y: Floats) -> tuple[int, ...] | None:
    norms = (matrix**2).sum(0)
    dots = matrix.T @ y
    left = y @ y - np.divide(dots**2, norms, out=np.zeros_like(norms), where=norms > 0)
    best = int(np.argmax(left <= _EXACT * (y @ y)))
    return (best,) if left[best] <= _EXACT * (y @ y) else None


def _pair(matrix: Floats, y: Floats) -> tuple[int, ...] | None:
    """By the residuals of all two-by-two systems at once."""
    gram, dots = matrix.T @ matrix, matrix.T @ y
    a, c = np.diag(gram)[:, None], np.diag(gram)[None, :]
    determinant = a * c - gram**2
    solvable = determinant > _EXACT * a * c
    p, q = dots[:, None], dots[None, :]
    explained = np.divide(
        p * p * c - 2 * p * q * gram + q * q * a, determinant,
        out=np.zeros_like(gram), where=solvable,
    )  # fmt: skip
    good = np.triu(explained >= (1 - _EXACT) * (y @ y), 1)
    if not good.any():
        return None
    i, j = np.unravel_index(int(np.argmax(good)), good.shape)
    return int(i), int(j)


def _formula(
    y: Floats,
    matrix: Floats,
    parts: Sequence[Part],
    chosen: tuple[int, ...] | None,
    *,
    positive: bool,
) -> Formula | None:
    if chosen is None:
        return None
    columns = matrix[:, list(chosen)]
    factors = np.linalg.lstsq(columns, y, rcond=None)[0]
    size = float(abs(y).max())
    if float(abs(columns @ factors - y).max()) > _EXACT * size:
        return None
    simple = [_simple(float(factor)) for factor in factors]
    if None in simple:
        return None
    terms = tuple((c, parts[k].text) for c, k in zip(simple, chosen, strict=True) if c)
    return Formula(terms, positive, len(parts))


def _simple(factor: float) -> Fraction | None:
    """The simple fraction that a coefficient may be; others would cost more than they explain."""
    near = Fraction(factor).limit_denominator(_SIMPLEST)
    return near if abs(float(near) - factor) <= _EXACT * max(1.0, abs(factor)) else None


def shared(formulas: Mapping[int, Formula], letter: str) -> str | None:
    """One text for all of them, with their number as a letter in brackets; None where they differ
    in more than that."""
    texts = {
        formula.text.replace(f"[{k}]", f"[{letter}]").replace(f"(n, {k})", f"(n, {letter})")
        for k, formula in formulas.items()
    }
    return texts.pop() if len(texts) == 1 else None
