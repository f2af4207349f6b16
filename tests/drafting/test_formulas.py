"""The library of formulas: what is fitted is what was planted, and texts mean what was fitted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from algzoo_exact import rnn
from algzoo_exact.drafting.formulas import (
    DEFINITIONS,
    all_parts,
    definitions_for,
    fitted,
    of_all,
    of_steps,
    one_part,
    two_parts,
)
from algzoo_exact.explain.language.expand import Expander, read_definitions
from algzoo_exact.explain.language.expression import Entry, evaluate_term
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse

N = 4
PROGRAM = rnn([1], [[0]], [[1]] * N, N)
POINTS = np.random.default_rng(0).integers(-9, 10, (30, N)).astype(float)


def value(text: str, point: np.ndarray, t: int) -> Fraction:
    """By the language itself, in exact arithmetic."""
    expander = Expander(read_definitions(DEFINITIONS, ()), Sizes(N, 1, N))
    term = expander.expand_term(parse(text), {"t": t})

    def at(entry: Entry) -> Fraction:
        return Fraction(float(point[entry.indices[0]]))

    return evaluate_term(term, at)


def test_parts_mean_what_they_are_valued_at() -> None:
    for text, values in of_steps(PROGRAM, POINTS).items():
        by_step = values.reshape(N, len(POINTS))
        for t in range(N):
            assert value(text, POINTS[t], t) == by_step[t, t], text
    for text, values in of_all(PROGRAM, POINTS).items():
        assert value(text, POINTS[3], 0) == values[3], text


def test_a_planted_formula_is_found() -> None:
    parts = of_steps(PROGRAM, POINTS)
    y = 2 * parts["top(t)"] - parts["past(t, 2)"] / 4
    found = fitted(y, parts, two_parts)
    assert found is not None
    assert set(found.terms) == {(Fraction(2), "top(t)"), (Fraction(-1, 4), "past(t, 2)")}
    assert fitted(y, parts, one_part) is None
    assert set(definitions_for([found.text])) == {"past(t, s)", "top(t)"}


def test_linear_forms_have_simple_coefficients() -> None:
    parts = of_steps(PROGRAM, POINTS)
    inputs = {text: part for text, part in parts.items() if text.startswith(("x", "past"))}
    y = inputs["x[t]"] - 1.01 * inputs["past(t, 1)"]
    found = fitted(y, inputs, all_parts, positive=True)
    assert found is not None
    assert found.text == "relu(x[t] - 1.01*past(t, 1))"
    noise = np.random.default_rng(1).standard_normal(len(y))
    assert fitted(noise, inputs, all_parts, positive=True) is None


@pytest.mark.parametrize("word", ["past", "top", "bottom", "others", "second"])
def test_definitions_that_are_used_come_with_those_that_they_use(word: str) -> None:
    known = definitions_for([f"{word}(t, 1)"])
    used = {name.partition("(")[0] for name in known}
    bodies = " ".join(known.values())
    assert word in used
    assert all(f"{other}(" not in bodies or other in used for other in ("top", "others"))
