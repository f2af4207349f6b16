"""What is published about M(16,10): verdicts as the page about them has them, and checked again.

Of claims with hundreds of instances some are tried, as all take minutes.

Oracles: the checker of certificates; the network in numpy on the 90 inputs, and on samples.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from support.every_claim import checked_story
from support.paths import ALGZOO, ROOT

import algzoo_exact as az
from algzoo_exact.certificate.story import story_part
from algzoo_exact.explain.story import Explanation, parse_explanation
from algzoo_exact.explain.verify import Verification
from algzoo_exact.zoo.explanations import explanation_path

WEIGHTS = ALGZOO / "example_2nd_argmax_16_10.safetensors"
PAGE = ROOT / "docs" / "notes" / "m16-10.md"
SLOW = {"ninety", "pairs", "pairs_margin", "published_linear", "published_error_bound"}
SLOW |= {"products", "three_neurons", "pairs_always_right", "worst_of_three", "worst_of_four"}
SLOW |= {"published_two_largest_suffice", "published_margin", "published_thirteen_neurons_suffice"}
FEWER = {
    "a in 0..9, b in 0..9 if a != b": (
        "a in 3..7, b in 0..9 if a == 7 and b < 2 or a == 3 and (b == 7 or b == 9)"
    ),
    "i in 0..15, j in i+1..15, k in j+1..15": "i in 2..2, j in 3..3, k in j+1..15",
    "r in 0..16": "r in 3..5",
}
PAIRS = [(a, b) for a in range(10) for b in range(10) if a != b]

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason=f"needs {WEIGHTS}")

Floats = NDArray[np.float64]


def verdicts() -> dict[str, str]:
    """By claim, as the page says."""
    rows = re.findall(r"^\|[^|]*\| (`[^|]*) \| (\w+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: verdict for names, verdict in rows for name in re.findall(r"`(\w+)`", names)}


@cache
def model() -> az.Model:
    return az.load(WEIGHTS)


@cache
def story() -> Explanation:
    text = explanation_path("algzoo_example_16_10_claims").read_text("utf-8")
    for every, some in FEWER.items():
        assert every in text
        text = text.replace(every, some)
    return parse_explanation(text)


@cache
def checked(name: str) -> Verification:
    return az.verify(story(), model(), only=name, seconds=120)


def logits(x: Floats, off: int | None = None) -> Floats:
    """Of inputs (10, count), with a neuron at 0."""
    program = model().program
    w_hi, w_hh, w_oh = (
        np.array(w, float) for w in (program.input_weights, program.recurrent, program.readout)
    )
    h = np.zeros((16, x.shape[1]))
    for row in x:
        h = np.maximum(0, w_hh @ h + np.outer(w_hi, row))
        if off is not None:
            h[off] = 0
    return w_oh @ h


def ninety() -> Floats:
    x = np.zeros((10, 90))
    for k, (a, b) in enumerate(PAIRS):
        x[a, k], x[b, k] = 1, 0.8
    return x


def test_the_page_has_all_claims() -> None:
    assert verdicts().keys() == {claim.name for claim in story().claims}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in sorted(verdicts())],
)
def test_verdicts(name: str) -> None:
    """Each is as the page says; where it is decided, the checker says so too."""
    found, said = checked(name), verdicts()[name]
    (result,) = found.claims
    assert result.status == {"open": "unknown"}.get(said, said)
    again = checked_story(found, story_part(found, found.program).data)
    only_said = said == "open"
    counted = "resting on what was not checked" if only_said else said
    assert f"the explanation's claims: 1 {counted}" in list(again.lines())
    assert bool(again.not_checked) == only_said


def test_the_ninety_inputs() -> None:
    """3.57 is their least margin, rounded; each neuron is needed."""
    found, labels = logits(ninety()), [b for _, b in PAIRS]
    own = found[labels, range(90)]
    found[labels, range(90)] = -np.inf
    margins = own - found.max(0)
    assert 3.565 < margins.min() < 3.5658
    assert PAIRS[int(margins.argmin())] == (7, 6)
    for j in range(16):
        assert (logits(ninety(), off=j).argmax(0) != labels).any()


def test_pairs_against_samples() -> None:
    """The worst pair and another."""
    rng = np.random.default_rng(4)
    source = explanation_path("algzoo_example_16_10_claims").read_text("utf-8")
    rows = source.partition('"share(a, b)"')[2].partition('"worst')[0]
    table = [re.findall(r"[01][.0-9]*", row) for row in rows.splitlines() if row.startswith("  [")]
    for a, b in ((7, 0), (3, 0)):
        y = np.sort(np.abs(rng.standard_normal((2, 40_000))), axis=0)
        x = np.zeros((10, 40_000))
        x[b], x[a] = y
        share = float(table[a][b])
        right = float((logits(x).argmax(0) == b).mean())
        assert abs(right - share) < 5 * (share * (1 - share) / 40_000) ** 0.5


@pytest.mark.slow
def test_a_neuron_is_worth_its_share_on_two_random_inputs() -> None:
    """As the page says, of neuron 9; the network in numpy is near it on samples."""
    found = az.positive_inputs(az.without(model(), "9"), 2, model().task, workers=1)
    shares = [case.share for case in found.cases if case.share is not None]
    assert len(shares) == len(PAIRS)
    least, most = sum(share.lower for share in shares), sum(share.upper for share in shares)
    assert least / 90 >= 0.6403
    assert most / 90 < 0.6404
    sizes = np.sort(np.abs(np.random.default_rng(0).standard_normal((2, 90, 200))), axis=0)
    x = np.zeros((10, 90, 200))
    for k, (a, b) in enumerate(PAIRS):
        x[b, k], x[a, k] = sizes[:, k]
    labels = np.repeat([b for _, b in PAIRS], 200)
    right = (logits(x.reshape(10, -1), off=9).argmax(0) == labels).mean()
    assert abs(right - 0.6403) < 5 * (0.6403 * 0.3597 / 18_000) ** 0.5
