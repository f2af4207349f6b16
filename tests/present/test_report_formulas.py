"""Formulas: the same tree as MathML and LaTeX, from expressions and closed forms."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present import formula as f
from algzoo_exact.present.document import Math
from algzoo_exact.present.typeset import prose_of, typeset, typeset_parts, typeset_ranges
from algzoo_exact.present.wording import between, digits, one_in, small_digits
from algzoo_exact.present.writers.mathml import to_mathml
from algzoo_exact.present.writers.texmath import to_latex_math
from algzoo_exact.score.closed_form import Terms
from algzoo_exact.zoo.explanations import explanation_path, list_explanations


def parsed(mathml: str) -> ET.Element:
    """A long formula has several elements side by side."""
    return ET.fromstring(f"<p>{mathml}</p>")


def leaves(mathml: str) -> list[str]:
    """The texts of a formula in order; the invisible product sign left out."""
    found = ("".join(part.itertext()).strip() for part in parsed(mathml).iter() if not len(part))
    return [text for text in found if text and text != "\u2062"]


# Precedence is where a tree without brackets can go wrong: expected forms written by hand.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[0] - x[1] - x[2]", r"x_{0}-x_{1}-x_{2}"),
        ("x[0] - (x[1] - x[2])", r"x_{0}-\left(x_{1}-x_{2}\right)"),
        ("2*(x[0] + 1)", r"2\cdot \left(x_{0}+1\right)"),
        ("-(x[0] + x[1])", r"-\left(x_{0}+x_{1}\right)"),
        ("x[0]*-2", r"x_{0}\cdot \left(-2\right)"),
        ("x[0] < 4.853439", r"x_{0}<4.853439"),
        ("x[0] < 123456789012345678901234567.5",
         r"x_{0}<\frac{246913578024691357802469135}{2}"),
        ("x[0] > 7/11", r"x_{0}>\frac{7}{11}"),
        ("(x[0] - x[1])/3", r"\frac{x_{0}-x_{1}}{3}"),
        ("relu(x[0]) <= abs(-0.5)", r"\max\left(0,x_{0}\right)\le \left|-0.5\right|"),
        ("x[0] < 1 and (x[1] > 0 or x[2] != 0)",
         r"x_{0}<1\text{ and }\left(x_{1}>0\text{ or }x_{2}\ne 0\right)"),
        ("not (x[0] < 1)", r"\lnot \left(x_{0}<1\right)"),
        ("(x[0] < 1 implies x[1] < 1) implies x[2] < 1",
         r"\left(x_{0}<1\implies x_{1}<1\right)\implies x_{2}<1"),
        ("x[0] < 1 implies x[1] < 1 implies x[2] < 1",
         r"x_{0}<1\implies x_{1}<1\implies x_{2}<1"),
        ("W_hh[1][2]*M(3)", r"W^{\mathrm{hh}}_{1,2}\cdot M\left(3\right)"),
        ("max(x[0:3])", r"\max\left(x_{0},\ldots ,x_{2}\right)"),
        ("sum(i in 0..3: x[i])", r"\underset{i\in \left\{0,\ldots ,3\right\}}{\sum }x_{i}"),
        ("all(i in 0..1: x[i] > 0) and x[2] > 0",
         r"\left(\text{for all }i\in \left\{0,1\right\}\colon \text{ }x_{i}>0\right)"
         r"\text{ and }x_{2}>0"),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: str) -> None:
    assert to_latex_math(typeset(text)) == expected


def test_every_shipped_expression_keeps_its_names_and_numbers() -> None:
    """Oracle: the words of the author's text, found by a pattern and not by the parser."""
    count = 0
    for name in list_explanations():
        story = az.load_explanation(explanation_path(name))
        texts = [text for pair in (*story.definitions, *story.domains) for text in pair]
        written = [pair for claim in story.claims for pair in claim.written]
        written += [pair for case in story.cases for pair in case.written]
        texts += [text for key, text in written if key != "for"]
        for key, text in written:
            if key == "for":
                parsed(to_mathml(typeset_ranges(text)))
        for text in texts:
            shown = leaves(to_mathml(typeset(text)))
            words = set(re.findall(r"[A-Za-z_]\w*", text)) - _REWRITTEN
            assert words <= set(shown), (text, shown)
            source = to_latex_math(typeset(text))
            assert source.count("{") - source.count(r"\{") == source.count("}") - source.count(
                r"\}"
            )
            assert source.count(r"\left") == source.count(r"\right")
            count += 1
    assert count > 200


# Words that become signs, and arrays whose names become a base with an upper index.
_REWRITTEN = {"relu", "abs", "and", "or", "not", "implies", "all", "any", "in", "if", "sum"}
_REWRITTEN |= {"true", "false", "W_hi", "W_hh", "W_oh"}


def test_conjunctions_are_split() -> None:
    assert len(typeset_parts("x[0] < 1 and x[1] < 1 and x[2] < 1")) == 3
    assert len(typeset_parts("x[0] < 1 or x[1] < 1 and x[2] < 1")) == 1


def test_prose_has_minus_signs() -> None:
    """Entries become formulas, differences of two a single one; hyphens in words stay."""
    first, shown, last = prose_of("a well-known multiple of x[1] - x[0], by -1")
    assert first == "a well-known multiple of "
    assert isinstance(shown, Math)
    assert leaves(to_mathml(shown.formula)) == ["x", "1", "−", "x", "0"]
    assert last == ", by −1"
    assert [type(part).__name__ for part in prose_of("x[0] - a x[1]")] == [
        "str", "Math", "str", "Math", "str",
    ]  # fmt: skip


def test_texts_are_escaped() -> None:
    shown = to_mathml(f.row(f.Words("a < b & c"), "<", f.Name("<i>")))
    assert leaves(shown) == ["a < b & c", "<", "<i>"]
    assert to_latex_math(f.Words("a_b & 5%")) == r"\text{a\_b \& 5\%}"


def value(formula: f.Formula) -> float:
    """A closed form's tree, evaluated: it must be a sum of signed products."""
    match formula:
        case f.Number(text):
            return float(text)
        case f.Name("π"):
            return math.pi
        case f.Frac(top, bottom):
            return value(top) / value(bottom)
        case f.Root(inside):
            return math.sqrt(value(inside))
        case f.Fenced(_, inside, _):
            return value(inside)
        case f.Row((f.Name("arctan"), argument)):
            return math.atan(value(argument))
        case f.Row(parts):
            total, sign, product = 0.0, 1.0, None
            for part in parts:
                if isinstance(part, f.Operator):
                    total += 0.0 if product is None else sign * product
                    sign, product = (-1.0 if part.text == "−" else 1.0), None
                else:
                    product = value(part) * (1.0 if product is None else product)
            return total + (0.0 if product is None else sign * product)
    raise AssertionError(formula)


def rationals(most: int) -> st.SearchStrategy[Fraction]:
    return st.fractions(min_value=-most, max_value=most, max_denominator=50)


@given(
    rationals(3),
    st.dictionaries(rationals(9).map(abs).filter(bool), rationals(3), max_size=4),
    st.dictionaries(rationals(9).map(abs).filter(bool), rationals(3), max_size=3),
)
def test_closed_forms_have_their_value(
    constant: Fraction, slopes: dict[Fraction, Fraction], roots: dict[Fraction, Fraction]
) -> None:
    """Oracle: the enclosure of the same form in ball arithmetic. Ten terms below 10 each, with a
    few roundings of 2^-53 each: 1e-12 is far above."""
    terms = Terms(constant, defaultdict(Fraction, slopes))
    for form in (terms.form(), replace(terms, roots=defaultdict(Fraction, roots)).form()):
        shown = sum(map(value, f.closed(form)))
        assert abs(shown - float(form.enclosure(Fraction(1, 10**20)).midpoint)) < 1e-12
        parsed(to_mathml(f.Row(tuple(f.closed(form)))))
        parsed(to_mathml(f.shape(form)))


@given(
    st.fractions(min_value=0, max_value=1, max_denominator=10**9),
    st.fractions(min_value=0, max_value=1, max_denominator=10**9),
    st.integers(0, 40),
    st.integers(4, 30),
)
def test_digits_are_proved(low: Fraction, width: Fraction, exponent: int, most: int) -> None:
    """What is printed holds for every number in the enclosure, and says so if it is not exact."""
    enclosure = Enclosure(low, low + width / 10**exponent)
    text = digits(enclosure, most)
    if "±" in text:
        shown, error = (Fraction(part) for part in text.split(" ± "))
        assert shown - error <= enclosure.lower
        assert enclosure.upper <= shown + error
    elif text.endswith("…"):
        cut = Fraction(text[:-1])
        places = len(text[:-1].partition(".")[2])
        assert cut <= enclosure.lower
        assert enclosure.upper < cut + Fraction(1, 10**places)
    else:
        assert enclosure.lower == enclosure.upper == Fraction(text)
    ends = between(enclosure).removeprefix("between ").split(" and ")
    low_end, high_end = (Fraction(end) for end in ends)
    assert low_end <= enclosure.lower <= enclosure.upper <= high_end


def test_digits_by_example() -> None:
    half = Fraction(1, 2)
    tiny = Fraction(1, 10**20)
    assert digits(Enclosure(half - tiny, half + tiny), 8) == "0.5 ± 1e-20"
    assert digits(Enclosure.exactly(Fraction(1, 3)), 5) == "0.33333…"
    assert digits(Enclosure.exactly(Fraction(3, 8))) == "0.375"
    assert digits(Enclosure.exactly(0)) == "0"


def test_small_numbers_have_a_power_of_ten() -> None:
    """The digits are those that both ends share, as those of others."""
    small = Enclosure(Fraction(12345678, 10**19), Fraction(12345679, 10**19))
    (power,) = small_digits(small, 8)
    assert isinstance(power, Math)
    assert to_mathml(power.formula).count("<mn>1.2345…</mn>") == 1
    assert "<msup><mn>10</mn><mrow><mo>−</mo><mn>12</mn></mrow></msup>" in to_mathml(power.formula)
    assert small_digits(Enclosure.exactly(Fraction(3, 2 * 10**5)), 4) == ("0.000015",)
    assert small_digits(Enclosure.exactly(Fraction(0)), 4) == ("0",)


def test_errors_in_words() -> None:
    exactly = Enclosure.exactly
    assert one_in(exactly(Fraction(1, 40))) == "one error in 40.0000 inputs"
    assert one_in(exactly(Fraction(1, 4))) == "an error rate of 25.000%"
    assert "at most one error in 10.0000" in one_in(Enclosure(Fraction(0), Fraction(1, 10)))
    assert one_in(exactly(0)).startswith("no error, except")
    assert one_in(exactly(0), finite=True) == "no error"
    assert "20.0000 to 40.0000" in one_in(Enclosure(Fraction(1, 40), Fraction(1, 20)))
    assert "between 25" in one_in(Enclosure(Fraction(1, 4), Fraction(1, 2)))


def test_style_has_both_schemes() -> None:
    style = (Path(az.__file__).parent / "present/writers/style.css").read_text()
    assert "color-scheme: light dark" in style
    assert style.count("light-dark(") > 20
    assert "@media print" in style
    assert "url(" not in style
