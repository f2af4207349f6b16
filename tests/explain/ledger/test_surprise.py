"""The ledger of surprise. Oracles: price rules worked out by hand, the distance of two weights
itself, exact accuracies of the models, and Clopper and Pearson's bound by hand.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.verifications import TWO, claim, derived, head, verified

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.explain.ledger import surprise as surprise_module
from algzoo_exact.explain.ledger.prices import Row, rows_of
from algzoo_exact.explain.ledger.surprise import Given, Ledger, Optimization
from algzoo_exact.explain.outcome import Status
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.runtime import untrained as untrained_module


@pytest.fixture(autouse=True)
def few_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random initialisations enough for what is asked here."""
    monkeypatch.setattr(untrained_module, "MODELS", 512)
    monkeypatch.setattr(untrained_module, "INPUTS", 128)


# W_hi = (1, 8), so that max(|1|, |8|) = 8.
UNEQUAL = rnn((1, 8), ((0, 0), (0, 0)), ((1, 0), (0, 1)), 2)


def rows(statement: str, *prices: str, program: Program = UNEQUAL, **how: str) -> list[Row]:
    result = verified(head(program) + claim(statement, *prices, **how), program).claims[0]
    return rows_of(result, program)


# --- price rules ---


@pytest.mark.parametrize(
    ("price", "bits"),
    [
        ("rule = 'sign'", 1.0),
        ("rule = 'sign', count = 10", 10.0),
        ("rule = 'order', count = 4", 4.0),
        ("rule = 'index', among = 8, count = 2", 6.0),
        ("rule = 'index', among = 22", log2(22)),
        ("rule = 'real', precision = 0.25, range = 2", 3.0),
        ("rule = 'real', precision = '1/3', range = 3, count = 2", 2 * log2(9)),
        ("rule = 'real', precision = 1e-100, range = '1e100*1e100*1e100*1e100'", 500 * log2(10)),
        ("rule = 'declared', bits = 7.5, note = 'three formulas'", 7.5),
    ],
)
def test_price_rules(price: str, bits: float) -> None:
    (row,) = rows("W_hi[0] > 0", price)
    assert row.priced == row.bits == pytest.approx(bits, rel=1e-12)
    assert row.declared == ("declared" in price)


def test_a_ledger_adds_up() -> None:
    text = head() + claim("W_hi[0] > 0", "rule = 'sign', count = 3", name="signs")
    text += claim("true", "rule = 'order'", "rule = 'declared', bits = 5, note = 'n'", name="more")
    text += claim("true", name="follows")
    ledger = az.surprise(verified(text, accuracy=derived(1, 1)))
    assert [(row.claim, row.bits) for row in ledger.rows] == [
        ("signs", 3.0), ("more", 1.0), ("more", 5.0)
    ]  # fmt: skip
    assert ledger.unpriced == ("follows",)
    assert ledger.by_rule == {"sign": 3.0, "order": 1.0, "declared": 5.0}
    assert (ledger.explanation, ledger.declared, ledger.total) == (9.0, 5.0, 9.0)


@pytest.mark.parametrize("status", ["refuted", "unknown"])
def test_what_is_not_proved_is_not_paid(status: Status) -> None:
    text = head() + claim("true", "rule = 'sign'", name="a")
    text += claim("true", "rule = 'sign', count = 2", name="b")
    ledger = az.surprise(verified(text, statuses={"b": status}, accuracy=derived(1, 1)))
    assert [(row.bits, row.priced, row.status) for row in ledger.rows] == [
        (1.0, 1.0, "proved"), (0.0, 2.0, status)
    ]  # fmt: skip
    assert ledger.rows[1].remark == f"{status}: not paid"
    assert ledger.explanation == 1.0


# --- equalities ---


@pytest.mark.parametrize(
    ("statement", "bits"),
    [
        ("abs(W_hi[0] - W_hi[1]) <= 8", [0.0]),
        ("abs(W_hi[0] - W_hi[1]) <= 1/8", [6.0]),
        ("1/8 > abs(-(W_hi[0] - W_hi[1]))", [6.0]),
        ("abs(W_hi[0] - W_hi[1]) <= abs(W_hi[0])/1024", [13.0]),
        ("abs(W_hi[0] - W_hi[1]) <= 0", [inf]),
        ("abs((W_hi[0] - W_hi[1]) - 0) <= 1/8", [6.0]),
        ("abs(-(W_hi[1] - W_hi[0] - W_hi[0]) + 2) <= 1/8", [6.0]),
        ("abs(W_hi[0] + W_hi[0]) <= 1/8", [3.0]),
        ("abs(W_hi[0]) <= 1/8", []),  # small, but equal to what?
        ("abs(W_hi[0] - W_hi[1]) <= 100", [0.0]),
        ("abs(W_hi[0] - W_hi[1]) <= 1 and abs(W_hh[0][0] - W_hi[1]) <= 2", [3.0, 2.0]),
        ("all(i in 0..1: abs(W_hi[i] - W_oh[i][i]) <= 1/4)", [2.0, 5.0]),
        ("W_hi[0] == 1 and W_hi[1] > 0", [inf]),
        ("W_hi[0] < 0 implies W_hi[0] == W_hi[1]", [inf]),
        ("W_hi[0] == 1 or W_hi[1] == 1", []),
        ("not W_hi[0] == 8", []),
        ("abs(W_hh[0][0] - W_hh[1][1]) <= 1", []),  # both are 0: no scale
        ("W_hi[0] <= 1.001*W_hi[1]", []),
    ],
)
def test_equalities_between_weights(statement: str, bits: list[float]) -> None:
    result = verified(head(UNEQUAL) + claim(statement), UNEQUAL).claims[0]
    assert list(result.claim.instances[0].equalities(UNEQUAL)) == bits


@pytest.mark.parametrize(
    ("statement", "bits"),
    [
        ("abs(logit[0] - x[0]) <= abs(x[0])/64", [6.0]),
        ("abs(logit[0] - x[0]) <= 0.125*0.5*max(x[0], -x[0])", [4.0]),
        ("abs(logit[0] - x[0]) <= (abs(x[0]) + abs(x[1]))/64", [6.0]),
        ("abs(logit[0] - x[0]) <= abs(x[0])/4 + abs(x[1])/8", []),
        ("abs(logit[0] - x[0]) <= 1/64", []),
        ("abs(logit[0]) <= h[1][0]/-2", [1.0]),
        ("x[0] > 0 implies h[0][0] == x[0]", [inf]),
    ],
)
def test_equalities_for_all_inputs(statement: str, bits: list[float]) -> None:
    result = verified(head() + claim(statement, kind="always")).claims[0]
    assert list(result.claim.instances[0].equalities(TWO)) == bits


@pytest.mark.parametrize(
    ("bounds", "bits"),
    [
        ("at_most = 0.125", [3.0]),
        ("equals = 0.5", [1.0]),
        ("at_most = 0", [inf]),
        ("at_most = 4", [0.0]),
        ("at_least = 0.125", []),
        ("at_most = 0.125\nerror = 'mean'", []),
    ],
)
def test_equalities_of_close_claims(bounds: str, bits: list[float]) -> None:
    text = "[[claim]]\nname = 'c'\nkind = 'close'\nleft = 'logit[0]'\nright = 'x[0]'\n" + bounds
    assert list(verified(head() + text).claims[0].claim.instances[0].equalities(TWO)) == bits


NEAR = "abs(W_hi[0] - W_hi[1]) <= 1/8"  # 6 bits
NEARER = "abs(W_hi[0] - W_hi[1]) <= 1/32"  # 8 bits
BOTH = f"{NEAR} and {NEARER}"


@pytest.mark.parametrize(
    ("statement", "prices", "paid", "remark"),
    [
        (NEAR, ["bits = 6"], [6.0], ""),
        (NEAR, ["bits = 6.04"], [6.0], ""),
        (NEAR, ["bits = 11"], [6.0], "priced at 11.00 each, proved to 6.00 bits"),
        (NEAR, ["bits = 2"], [6.0], "priced at 2.00 each, proved to 6.00 bits"),
        (BOTH, ["bits = 7, count = 2"], [14.0], ""),
        (BOTH, ["bits = 6", "bits = 8"], [6.0, 8.0], ""),
        (BOTH, ["bits = 9", "bits = 1"], [8.0, 6.0], "priced at 9.00 each, proved to 8.00 bits"),
        # Which of the two is paid for? Not more than is proved, and not more than is said.
        (BOTH, ["bits = 7"], [7.0], "the claim states 2 near-equalities"),
        (BOTH, ["bits = 9"], [8.0], "priced at 9.00 each, proved to 8.00 bits; the claim states 2"),
        # Exact equalities pay any price.
        ("W_hi[0] == 1", ["bits = 24"], [24.0], ""),
        (f"W_hi[0] == 1 and {NEAR}", ["bits = 6", "bits = 24"], [6.0, 24.0], ""),
        (f"W_hi[0] == 1 and {NEAR}", ["bits = 2"], [6.0], "priced at 2.00 each, proved to 6"),
        # Nothing tells how near; or there are fewer equalities than prices.
        ("W_hi[0] < W_hi[1]", ["bits = 5"], [5.0], "the precision cannot be read from the claim"),
        (NEAR, ["bits = 6, count = 3"], [18.0], "the precision of 2 of them cannot be read"),
    ],
)
def test_equalities_are_charged_by_what_is_proved(
    statement: str, prices: list[str], paid: list[float], remark: str
) -> None:
    found = rows(statement, *[f"rule = 'equality', {price}" for price in prices])
    assert [row.bits for row in found] == pytest.approx(paid)
    assert found[0].remark.startswith(remark)
    assert bool(found[0].remark) == bool(remark)
    assert found[0].declared == ("cannot be read" in remark)


weights = st.fractions(-100, 100, max_denominator=1000)


@given(weights, weights, st.fractions(0, 10, max_denominator=999), st.integers(0, 60))
def test_no_more_is_charged_than_is_true(
    a: Fraction, b: Fraction, slack: Fraction, priced: int
) -> None:
    """One part in 2^bits is at least the relative distance of the two weights."""
    program = rnn((a, b), ((0, 0), (0, 0)), ((1, 0), (0, 1)), 2)
    statement = f"abs(W_hi[0] - W_hi[1]) <= {abs(a - b) + slack}"
    (row,) = rows(statement, f"rule = 'equality', bits = {priced}", program=program)
    assert row.bits >= 0
    if a == b == 0 or (a == b and slack == 0):  # no scale, so the author's word; exactly equal
        assert row.bits == priced
        return
    scale = max(abs(a), abs(b))
    assert float(abs(a - b) / scale) <= 2.0**-row.bits * (1 + 1e-9) or row.bits == 0
    assert not row.declared


def test_a_price_is_limited() -> None:
    for price in ("rule = 'sign', count = 1000001", "rule = 'equality', bits = 1e13"):
        with pytest.raises(InputError, match="price 1: a price"):
            verified(head() + claim("true", price))
    with pytest.raises(InputError, match="bits_of_optimization is from 0 to"):
        verified(head() + "[surprise]\nbits_of_optimization = '1e99*1e99*1e99*1e99'")


# --- what is left, given the explanation ---


def test_nothing_is_left_where_the_accuracy_follows() -> None:
    ledger = az.surprise(verified(head(), accuracy=derived(1, 1)))
    assert (ledger.given.bits, ledger.given.at_least, ledger.given.share) == (0.0, False, None)
    assert ledger.given.measured is not None
    assert ledger.given.measured.kind == "exact"
    assert ledger.given.agrees
    assert (ledger.total, ledger.at_least) == (0.0, False)


def test_no_explanation_leaves_as_much_as_training_did() -> None:
    """By construction: what an explanation says nothing about is as good as an untrained model."""
    model = az.load("2nd_argmax_3_3")
    ledger = az.surprise(verified(head(model.program), model.program))
    (untrained_bits,) = [o for o in ledger.optimizations if o.name == "untrained"]
    assert ledger.explanation == 0
    assert ledger.given.bits == untrained_bits.bits
    assert ledger.given.share == pytest.approx(0.908229480426)  # the exact accuracy
    assert ledger.within(untrained_bits) == "open"  # none does as well: both are lower bounds
    assert ledger.given.at_least


def test_the_share_that_is_left_open() -> None:
    model = az.load("2nd_argmax_3_3")
    found = az.surprise(verified(head(model.program), model.program, accuracy=derived(0, 1))).given
    low, high = Fraction(3, 4), Fraction(19, 20)
    part = az.surprise(verified(head(model.program), model.program, accuracy=derived(low, high)))
    assert part.given.share == pytest.approx((0.908229480426 - 0.75) / 0.2)
    assert found.share is not None
    assert part.given.share < found.share
    assert part.given.agrees


@pytest.mark.parametrize(
    ("lower", "upper", "agrees"),
    [(1, 1, False), (0, Fraction(9, 10), False), (Fraction(9, 10), 1, True)],
)
def test_a_contradiction_is_noticed(lower: int, upper: Fraction, agrees: bool) -> None:
    """2nd_argmax_3_3 is right on 0.908 of the inputs; the same by sampling."""
    model = az.load("2nd_argmax_3_3")
    assert model.task is not None
    verification = verified(head(model.program), model.program, accuracy=derived(lower, upper))
    assert az.surprise(verification).given.agrees is agrees
    estimate = az.sample(model, model.task, 1 << 16)
    ledger = az.surprise(verification, accuracy=estimate)
    assert ledger.given.agrees is agrees
    assert ledger.given.measured is not None
    assert ledger.given.measured.samples == 1 << 16


def test_many_inputs_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surprise_module, "SAMPLES", 1 << 16)
    model = az.load("handcrafted:2nd_argmax_10")
    given = az.surprise(verified(head(model.program), model.program)).given
    assert given.measured is not None
    assert given.measured.kind == "sampled"
    # Wrong: one positive input, and in 8 of 9 cases; none, and in 9 of 10. Within 5 deviations.
    expected = 1 - 10 / 1024 * 8 / 9 - 1 / 1024 * 9 / 10
    assert abs(given.measured.estimate - expected) < 5 * given.measured.error


def test_median_models_have_no_accuracy() -> None:
    model = az.load("median_2_2")
    text = head(model.program, "median") + claim("true", "rule = 'sign'")
    ledger = az.surprise(verified(text, model.program))
    assert ledger.given.bits is None
    assert (ledger.total, ledger.at_least) == (1.0, True)
    assert [o.name for o in ledger.optimizations] == ["weights"]


# --- bits of optimization ---


def test_bits_of_optimization() -> None:
    text = head() + "[surprise]\nbits_of_optimization = 40\nnote = 'a guess'\n"
    verification = verified(text, accuracy=derived(1, 1))
    found = {o.name: o for o in az.surprise(verification, seeds=5).optimizations}
    assert (found["stated"].bits, found["stated"].note) == (40.0, "a guess")
    assert (found["weights"].bits, found["weights"].sort) == (320.0, "upper bound")
    assert found["seeds"].bits == log2(5)
    assert found["untrained"].sort == "lower bound"
    assert found["untrained"].note == "none of 512 random initialisations does as well"
    assert found["untrained"].bits == pytest.approx(-log2(1 - 0.05 ** (1 / 512)), rel=1e-3)
    own = az.surprise(verification, optimization_bits=12.5).optimizations[0]
    assert (own.name, own.bits) == ("stated", 12.5)


@pytest.mark.parametrize(
    ("total", "at_least", "sort", "within"),
    [
        (10, False, "stated", "yes"),
        (20, False, "stated", "yes"),
        (21, False, "stated", "no"),
        (10, True, "stated", "open"),
        (21, True, "stated", "no"),
        (10, False, "estimate", "yes"),
        (10, False, "upper bound", "open"),
        (21, False, "upper bound", "no"),
        (10, False, "lower bound", "yes"),
        (21, False, "lower bound", "open"),
    ],
)
def test_within(total: float, at_least: bool, sort: str, within: str) -> None:
    given = Given(float(total), at_least, None, None, None, True, "")
    optimization = Optimization("o", sort, 20.0, "")  # type: ignore[arg-type]
    assert Ledger((), (), given, (optimization,)).within(optimization) == within


def test_wrong_arguments() -> None:
    verification = verified(head(), accuracy=derived(1, 1))
    for bits in (-1.0, inf, float("nan")):
        with pytest.raises(InputError, match="are not negative"):
            az.surprise(verification, optimization_bits=bits)
    with pytest.raises(InputError, match="at least 1, not 0"):
        az.surprise(verification, seeds=0)
