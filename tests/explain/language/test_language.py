"""The parser and the expansion: what text means, and what is said where it means nothing.

Oracles: Python's own evaluation of equivalent expressions, hand-written expansions, and a table of
messages. The fuzz tests say that nothing but InputErrors ever comes out.
"""

from __future__ import annotations

import re
import time
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.formulas import expand
from support.paths import ROOT

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expand import Expander, read_definitions
from algzoo_exact.explain.language.expression import Entry, Number, Truth, evaluate_term, to_text
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse, parse_header, parse_ranges
from algzoo_exact.explain.language.syntax import ParseError

SIZES = Sizes(10, 22, 10)
DEFINITIONS = {
    "M(t)": "max(0, x[0:t])",
    "others(t, k)": "max(0, max(i in 0..t-1 if i != k: x[i]))",
    "top": "x[0] >= max(x[1:n])",
    "late": "x[n]",
    "far(t)": "M(t+1)",
}


def text_of(text: str, **parameters: int) -> str:
    return to_text(expand(parse(text), read_definitions(DEFINITIONS), parameters, SIZES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/7", "3/7"),
        ("0.25 + 1e-3", "1/4 + 1/1000"),
        ("-3/6", "-1/2"),
        ("x[0]/4", "(1/4) * x[0]"),
        ("x[0] - x[1] - x[2] + x[3]", "(x[0] - x[1] - x[2]) + x[3]"),
        ("-x[0] * x[1]", "-x[0] * x[1]"),
        ("x[n-1] + n + d", "x[9] + 10 + 22"),
        ("h[t-1][2*k]", "h[2][8]"),
        ("h[-1][d-1]", "h[-1][21]"),
        ("max(x[0:3])", "max(x[0], x[1], x[2])"),
        ("max(0, x[t:t])", "max(0)"),
        ("min(W_hh[1][0:2], 3)", "min(W_hh[1][0], W_hh[1][1], 3)"),
        ("sum(x[1:1])", "0"),
        ("sum(x[1:3], 5)", "x[1] + x[2] + 5"),
        ("sum(i in 0..2: i * x[i])", "0 * x[0] + 1 * x[1] + 2 * x[2]"),
        ("sum(i in 0..1, j in i+1..2: i - x[j])", "(0 - x[1]) + (0 - x[2]) + (1 - x[2])"),
        ("max(i in 0..3 if i != t: x[i])", "max(x[0], x[1], x[2])"),
        ("max(0, max(i in 0..0 if i != 0: x[i]))", "max(0)"),
        ("M(3)", "max(0, x[0], x[1], x[2])"),
        ("others(t, 1)", "max(0, x[0], x[2])"),
        ("far(0)", "max(0, x[0])"),
        ("0 <= x[0] < x[1]", "0 <= x[0] and x[0] < x[1]"),
        ("not x[0] < 1 and true or false", "not x[0] < 1 and true or false"),
        ("true implies false implies true", "true implies (false implies true)"),
        ("(true implies false) implies true", "(true implies false) implies true"),
        ("all(i in 0..1: x[i] > 0)", "x[0] > 0 and x[1] > 0"),
        ("any(i in 0..1, j in 0..1 if i < j and not j == 2: x[i] == x[j])", "x[0] == x[1]"),
        ("all(i in 1..0: x[i] > 0)", "true"),
        ("any(i in 1..0: x[i] > 0)", "false"),
        ("[1, 3, 2][1] * x[0]", "3 * x[0]"),
        ("[[1, 2], [3, 4/8]][1][t - 2]", "1/2"),
        ("x[[2, 0][0]]", "x[2]"),
        ("sum(i in 0..1: [5, 7][i] * x[i])", "5 * x[0] + 7 * x[1]"),
        ("if t == 0 then x[t - 9] else x[t]", "x[3]"),
        (
            "if x[0] > 0 then x[1] > 0 else x[2] > 0",
            "x[0] > 0 and x[1] > 0 or not x[0] > 0 and x[2] > 0",
        ),
        (
            "(if x[0] > 0 then 1 else 2) <= x[1]",
            "x[0] > 0 and 1 <= x[1] or not x[0] > 0 and 2 <= x[1]",
        ),
        (
            "(if x[0] > 0 then 1 else 2) <= (if x[0] > 0 then 3 else 4)",
            "x[0] > 0 and 1 <= 3 or not x[0] > 0 and 2 <= 4",
        ),
        ("if x[0] > 0 then 1 else 2", "if x[0] > 0 then 1 else 2"),
        ("relu(x[0]) + abs(x[1])", "relu(x[0]) + abs(x[1])"),
        ("  x[0]\n\t> 1 ", "x[0] > 1"),
    ],
)
def test_meaning(text: str, expected: str) -> None:
    assert text_of(text, t=3, k=4) == expected


arithmetic = st.recursive(
    st.integers(0, 99).map(str),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from([" + ", " - ", " * "]), part).map("".join),
        part.map(lambda text: f"({text})"),
        part.map(lambda text: f"-{text}"),
        st.tuples(part, part).map(lambda pair: f"max({pair[0]}, abs({pair[1]}))"),
    ),
    max_leaves=12,
)


@given(arithmetic)
def test_constants_mean_what_python_makes_of_them(text: str) -> None:
    term = expand(parse(text), {}, {}, SIZES)
    assert not isinstance(term, Truth)
    assert evaluate_term(term, dict[Entry, Fraction]().__getitem__) == eval(text)  # type: ignore[arg-type]


@given(st.decimals(-(10**6), 10**6, allow_nan=False, places=5))
def test_decimals_are_exact(value: object) -> None:
    assert expand(parse(f"{value:f}"), {}, {}, SIZES) == Number(Fraction(str(value)))


NUMBER = "expected a number, a name or `(`, found"
WRONG = [
    ("", 1, f"{NUMBER} the end"),
    ("x[0] +", 7, f"{NUMBER} the end"),
    ("x[0] > 1 )", 10, "expected an operator or the end, found `)`"),
    ("(x[0]", 6, "expected an operator or `)`, found the end"),
    ("x[0", 4, "expected `]` or `:`, found the end"),
    ("x(0)", 2, "expected `[`, as in x[t], found `(`"),
    ("z[1]", 5, "expected `[`, as in z[t][j], found the end"),
    ("x[1][2]", 5, "expected no further index after x[t], found `[`"),
    ("z[0:2][1]", 4, "expected `]`, found `:`"),
    ("[1, 2] > 0", 1, "a list needs an index, as in [1, 3, 2][i]"),
    ("[1, 2][2] > 0", 8, "the index of this list goes from 0 to 1, found 2"),
    ("[1, 2][0][0] > 0", 1, "a list has fewer indices than this"),
    ("(if x[0] > 0 then 1) == 2", 20, "expected an operator or `else`, found `)`"),
    ("if x[0] then 1 else 2", 4, "expected a formula, such as a comparison, found a term"),
    ("if x[0] > 0 then x[1] > 0 else 1", 32, "expected a formula, such as a comparison"),
    ("x[0] = 1", 6, "found `=`; for equality write `==`"),
    ("x[0] ≤ 1", 6, "found `≤`; write `<=`"),
    ("x[0] && x[1]", 6, "found `&`; write `and`"),
    ("x[0] > .5", 8, "found `.`; decimals have digits on both sides of the point"),
    ("\x00", 1, "found the character '\\x00'; the language has no such character"),
    ("2x[0]", 2, "expected an operator after the number 2, found `x`"),
    ("x[0] + not true", 8, f"{NUMBER} `not`"),
    ("1e999", 1, "numbers have at most 100 characters and exponents up to 100, found 5 characters"),
    ("9" * 101, 1, "numbers have at most 100 characters"),
    ("relu(x[0], x[1]) > 0", 1, "relu takes one argument, found 2"),
    ("max()", 5, f"{NUMBER} `)`"),
    ("all(x[0] > 0)", 5, "expected a range, as in `i in 0..9`, found `x`, which has a meaning"),
    ("all(i in 0: x[0] > 0)", 11, "expected `..` and the last integer, found `:`"),
    ("all(i in 0..1 x[i] > 0)", 15, "expected a comma, `if` or `:`, found `x`"),
    ("all(i in 0..1, i in 0..1: true)", 16, "the name `i` comes twice"),
    ("all(n in 0..1: true)", 5, "found `n`, which has a meaning of its own"),
    ("sum(i in 0..1: sum(i in 0..1: x[i]))", 20, "the name `i` is in use already"),
    ("a > 0", 1, "`a` is not defined; defined are n, d, t, M, others, top, late, far"),
    ("__import__(1)", 1, "`__import__` is not defined"),
    ("M > 0", 1, "M takes 1 argument, found none"),
    ("M(1, 2) > 0", 1, "M takes 1 argument, found 2"),
    ("top(1)", 1, "top takes no arguments, found 1"),
    ("M(x[0])", 3, "expected an integer, made of numbers, n, d, t and + - *"),
    ("x[1/2]", 3, "expected an integer, made of numbers, n, d, t and + - *"),
    ("x[0.5]", 3, "expected an integer"),
    ("x[10]", 3, "the index of x goes from 0 to 9, found 10"),
    ("x[-1]", 3, "the index of x goes from 0 to 9, found -1"),
    ("h[-2][0]", 3, "the first index of h goes from -1 to 9, found -2"),
    ("z[-1][0]", 3, "the first index of z goes from 0 to 9, found -1"),
    ("W_hh[0][22]", 9, "the second index of W_hh goes from 0 to 21, found 22"),
    ("max(x[0:11])", 9, "a slice of x lies in 0:10, found 0:11"),
    ("max(x[1:1])", 1, "the max of nothing; add an argument, as in max(0, ..)"),
    ("min(i in 1..0: x[i])", 1, "the min of nothing"),
    ("x[0:2] > 0", 1, "a slice stands only as an argument of min, max or sum"),
    ("abs(x[0:2])", 5, "a slice stands only as an argument of min, max or sum"),
    ("x[0]/x[1]", 6, "the divisor must be a constant"),
    ("x[0]/(1 - 1)", 7, "the divisor is zero"),
    ("x[0] and true", 1, "expected a formula, such as a comparison, found a term (a number)"),
    ("not x[0]", 5, "expected a formula"),
    ("(x[0] > 1) + 1", 2, "expected a term (a number), found a formula"),
    ("top > 1", 1, "expected a term (a number), found a formula"),
    ("sum(i in 0..1 if x[0] > 1: i)", 18, "expected an integer"),
    ("sum(i in 0..1 if i: i)", 18, "expected a comparison of integers, such as i != t"),
    ("x[1000000*1000000]", 3, "an integer here is at most 1000000000 in magnitude"),
    ("sum(i in 0..999999999: 0)", 10, "expanding the expressions takes over 500000 steps"),
    ("sum(i in 0..99, j in 0..99999: 0)", 22, "expanding the expressions takes over 500000 steps"),
    ("(" * 200 + "1" + ")" * 200, 81, "the expression is nested more than 80 deep"),
    ("-" * 200 + "x[0]", 81, "the expression is nested more than 80 deep"),
    ("1 - " * 200 + "1", 1, "the expression, with its definitions, is over 80 deep"),
    ("x[0]*" * 40 + "1", 1, "the product has over 32 factors"),
    ("1e-99*" * 20 + "1", 1, "the constants' denominators have over 4096 bits"),
    ("1" + "/1e-99" * 20, 1, "the quotient has more than 4096 bits"),
    ("x[0] + " * 3000 + "1", 20001, "the expression has 21001 characters, at most 20000 are read"),
]


@pytest.mark.parametrize(("text", "column", "problem"), WRONG, ids=[w[0][:30] for w in WRONG])
def test_mistakes_are_named(text: str, column: int, problem: str) -> None:
    start = time.process_time()
    with pytest.raises(ParseError) as caught:
        text_of(text, t=3)
    error = caught.value
    assert problem in str(error)
    assert (error.line, error.column) == (1, column), str(error)
    assert str(error) == f"Column {column}: {error.problem}."
    # Not a benchmark: without the limits, some of these would take hours.
    assert time.process_time() - start < 60


def test_lines_are_counted() -> None:
    with pytest.raises(ParseError) as caught:
        parse("x[0] > 1\n\tand x[1]] > 2")
    assert str(caught.value).startswith("Line 2, column 10: expected an operator or the end")


def test_mistakes_in_definitions_name_them() -> None:
    with pytest.raises(ParseError, match=r"^definition late, column 3: the index of x goes"):
        text_of("late > 0")
    with pytest.raises(ParseError, match=r"^definition M with t = 11, column 12: a slice"):
        text_of("far(10) > 0")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"a": "b + 1", "b": "a"}, "The definitions a -> b -> a refer to each other in a circle."),
        ({"a": "1", "f(t)": "f(t-1) + a"}, "The definition f refers to itself."),
        ({"z0": "a", "a": "c", "c": "b", "b": "c"}, "The definitions b -> c -> b refer"),
        ({"a": "1", "a(t)": "2"}, "The name a is defined twice."),
        ({"f(a)": "1", "a": "2"}, "The parameter a of f is a definition's name"),
        ({"x": "1"}, "heading 'x', column 1: expected a name, found `x`, which has a meaning"),
        ({"f(": "1"}, "heading 'f(', column 3: expected a parameter, found the end"),
        ({"f()": "1"}, "heading 'f()', column 3: expected a parameter, found `)`"),
        ({"f(t, t)": "1"}, "heading 'f(t, t)', column 6: the parameter `t` comes twice"),
        ({"f(t) g": "1"}, "heading 'f(t) g', column 6: expected `(` or the end, found `g`"),
        ({"2": "1"}, "heading '2', column 1: expected a name, found `2`"),
        ({"a": "1 +"}, "definition a, column 4: expected a number"),
        ({f"a{k}": "1" for k in range(1001)}, "There are 1001 definitions, at most 1000 are read"),
    ],
)
def test_definitions_are_checked(texts: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_definitions(texts)
    assert str(caught.value).startswith(message)


def test_doubling_definitions_end_at_the_limit() -> None:
    texts = {"a0": "x[0]"} | {f"a{k}": " + ".join([f"a{k - 1}"] * 9) for k in range(1, 15)}
    with pytest.raises(ParseError, match="written out, has over 200000 parts"):
        expand(parse("a14"), read_definitions(texts), {}, SIZES)


def test_long_chains_of_definitions_end_at_the_limit() -> None:
    texts = {"a0": "x[0]"} | {f"a{k}": f"a{k - 1}" for k in range(1, 900)}
    with pytest.raises(ParseError, match="is over 80 deep"):
        expand(parse("a899"), read_definitions(texts), {}, SIZES)


def test_the_deepest_expressions_leave_the_stack_alone() -> None:
    """Python's own limit of 1000 frames is far off, even from a deep caller."""

    def called_from(frames: int, text: str) -> str:
        return called_from(frames - 1, text) if frames else text_of(text)

    for opening in ("max(0, ", "1 + (", "-(", "relu(", "sum(k in 0..0: 1 + "):
        names = iter(f"i{k}" for k in range(100))
        depth = 30
        text = "".join(opening.replace("k in", f"{next(names)} in") for _ in range(depth))
        text += "x[0]" + ")" * depth
        assert text_of(called_from(300, text))


def test_ranges_give_their_values_in_order() -> None:
    expander = Expander({}, SIZES)
    values = list(expander.values(parse_ranges("t in 8..n-1, i in t..n if i != t")))
    assert values == [{"t": 8, "i": 9}, {"t": 8, "i": 10}, {"t": 9, "i": 10}]


NOTE = ROOT / "docs" / "notes" / "explanation-language.md"
EXAMPLES = re.search(r"```expression\n(.*?)```", NOTE.read_text("utf-8"), re.DOTALL)


def test_examples_of_the_documentation() -> None:
    assert EXAMPLES
    definitions = read_definitions({"M(t)": "max(0, x[0:t])"})
    lines = EXAMPLES[1].strip().split("\n")
    assert len(lines) >= 10
    for line in lines:
        text, _, meaning = line.partition(" means ")
        found = to_text(expand(parse(text), definitions, {}, Sizes(3, 2, 3)))
        assert found == meaning.strip(), text


def test_headers() -> None:
    assert parse_header(" M ( t, i ) ") == ("M", ("t", "i"))
    assert parse_header("top") == ("top", ())


WORDS = [*"xzhnd0129()[],:+-*/<>=! .", "..", "<=", "==", "W_hh", "logit", "max", "sum", "all"]
WORDS += ["any", "relu", "abs", "and", "or", "not", "implies", "in", "if", "true", "i", "t", "M"]
WORDS += ["then", "else", "if x[0] > 1 then", "[1, 2]", "[i]"]
WORDS += ["x[0]", "i in 0..3", "(x[i] > ", "M(t)", "h[t][i]", "1e5", "\n", "é"]
fuzz = st.text() | st.lists(st.sampled_from(WORDS)).map("".join)
fuzz |= st.lists(st.sampled_from(WORDS)).map(" ".join)


@given(fuzz)
@example("x[0:1:2]")
def test_any_text_means_something_or_is_refused(text: str) -> None:
    refused = None
    try:
        first = text_of(text, t=3)
        assert text_of(first) == first
    except ParseError as error:
        refused = error
    if refused:
        assert 1 <= refused.column <= len(refused.text) + 1
    for read in (parse_ranges, parse_header, lambda heading: read_definitions({heading: "1"})):
        try:
            read(text)
        except InputError:
            continue


@given(st.dictionaries(st.sampled_from(["a", "b(t)", "c", "f(t, i)"]), fuzz))
def test_any_definitions_mean_something_or_are_refused(texts: dict[str, str]) -> None:
    try:
        definitions = read_definitions(texts)
        for name in definitions:
            expand(parse(name), definitions, {}, SIZES)
    except InputError:
        pass
