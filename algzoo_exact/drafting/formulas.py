"""The library of small formulas that neurons and logits are held against.

A formula is a sum of a few parts with coefficients, or the positive part of one. Parts are written
in the language of explanations, with the step t as a parameter, and valued in floats at inputs
x (N, n), where least squares tells which could be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import log2
from typing import TypeAlias

import numpy as np

from algzoo_exact.drafting.proposal import Value, hundredths, price, sum_text
from algzoo_exact.drafting.specimen import Floats
from algzoo_exact.explain.language.expand import Expander, read_definitions
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.language.syntax import ParseError
from algzoo_exact.explain.prove.sampled_figures import Block, Floating
from algzoo_exact.program.ir import Program

DEFINITIONS = {
    "past(t, s)": "sum(k in t-s..t-s if k >= 0: x[k])",
    "top(t)": "max(0, x[0:t])",
    "bottom(t)": "max(0, max(k in 0..t-1: -x[k]))",
    "others(t, i)": "max(0, max(k in 0..t-1 if k != i: x[k]))",
    "second(t)": "min(top(t), min(i in 0..t-1: others(t, i)))",
}
"""The words of the formulas: the input s steps before step t, or 0; of the first t inputs and 0 the
largest, minus the least, the largest but for input i, and the second largest."""

_EXACT = 1e-9  # of the size, for a fit in floats that may be exact
_SIMPLEST = 1000  # the largest denominator of a coefficient that is taken for a fraction


Parts: TypeAlias = Mapping[str, Floats]
"""Values of parts of formulas, by what they are in the language."""
Choice: TypeAlias = Callable[[Floats, Floats], tuple[int, ...]]
"""Which parts, of a matrix with a column for each, are combined to a y."""


@dataclass(frozen=True)
class Formula:
    """Coefficients of parts, and whether their sum is taken or its positive part; chosen among so
    many parts."""

    terms: tuple[tuple[Fraction, str], ...]
    positive: bool
    among: int

    @property
    def text(self) -> str:
        written = sum_text(self.terms)
        return f"relu({written})" if self.positive else written

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
            bits = hundredths(2 * sum(map(log2, sizes)))
            found.append(price("declared", bits=bits, note="coefficients, as fractions"))
        return found


def definitions_for(texts: Sequence[str]) -> dict[str, str]:
    """Those definitions that formulas use, in their order; each may use those before it."""
    said, found = " ".join(texts), dict[str, str]()
    for name, body in reversed(DEFINITIONS.items()):
        if name.partition("(")[0] + "(" in said:
            said += body
            found = {name: body, **found}
    return found


def of_steps(program: Program, x: Floats) -> Parts:
    """Parts with the step t as a parameter, each valued at steps 0 .. n-1, one after the other."""
    n, texts = program.seq_len, list[str]()
    for s in range(n):
        past = f"past(t, {s})" if s else "x[t]"
        texts += (past, f"relu({past})", f"relu(-{past})")
        texts += (f"others(t+1, t-{s})", f"others(t, t-{s})") if s else ()
    texts += (f"{word}({at})" for at in ("t", "t+1") for word in ("top", "bottom", "second"))
    return _valued(program, x, texts, range(n))


def of_all(program: Program, x: Floats) -> Parts:
    """Parts of what is known in the end, for logits."""
    texts: list[str] = []
    for k in range(program.seq_len):
        texts += (f"x[{k}]", f"relu(x[{k}])", f"relu(-x[{k}])", f"others(n, {k})")
    return _valued(program, x, [*texts, "top(n)", "bottom(n)", "second(n)"], (0,))


def _valued(program: Program, x: Floats, texts: Sequence[str], steps: Sequence[int]) -> Parts:
    """Those that the language has room for."""
    definitions, block = read_definitions(DEFINITIONS), Block(Floating(program), x.T)
    found: dict[str, Floats] = {}
    for text in texts:
        expander, surface = Expander(definitions, Sizes.of(program)), parse(text)
        with suppress(ParseError):
            terms = [expander.expand_term(surface, {"t": t}) for t in steps]
            found[text] = np.concatenate([block.term(term) for term in terms])
    return found


def fitted(y: Floats, parts: Parts, choose: Choice, *, positive: bool = False) -> Formula | None:
    """The combination of parts that y is to all digits, if there is one with those chosen.
    ``positive``: y is what the formula's positive part is taken of."""
    size = float(abs(y).max())
    if size == 0:
        return Formula((), False, len(parts))
    matrix, texts = np.stack([*parts.values()], axis=1), [*parts]
    chosen = choose(matrix, y)
    columns = matrix[:, list(chosen)]
    factors = np.linalg.lstsq(columns, y, rcond=None)[0]
    if float(abs(columns @ factors - y).max()) > _EXACT * size:
        return None
    simple = [_simple(float(factor)) for factor in factors]
    if None in simple:
        return None
    terms = tuple((c, texts[k]) for c, k in zip(simple, chosen, strict=True) if c)
    return Formula(terms, positive, len(parts))


def all_parts(matrix: Floats, y: Floats) -> tuple[int, ...]:
    """Such as inputs some steps before."""
    return tuple(range(matrix.shape[1]))


def one_part(matrix: Floats, y: Floats) -> tuple[int, ...]:
    """The first that y is a multiple of; if there is none, the first."""
    norms = (matrix**2).sum(0)
    dots = matrix.T @ y
    left = y @ y - np.divide(dots**2, norms, out=np.zeros_like(norms), where=norms > 0)
    return (int(np.argmax(left <= _EXACT * (y @ y))),)


def two_parts(matrix: Floats, y: Floats) -> tuple[int, ...]:
    """The first two, likewise, by the residuals of all two-by-two systems at once."""
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
    i, j = np.unravel_index(int(np.argmax(good)), good.shape)
    return int(i), int(j)


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
