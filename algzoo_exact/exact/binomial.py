"""Rigorous confidence intervals for a mean of independent values in [0, 1].

Both invert a tail bound: a candidate mean p < q is excluded where the chance of an observed mean
of q or more is at most half the error allowed. Ball arithmetic certifies each exclusion, and the
bound returned is the last one certified, so that rounding can only widen an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb

from algzoo_exact.exact.enclosure import to_arb, working_precision

_BITS = 128
_CHERNOFF_STEPS, _BINOMIAL_STEPS = 48, 16  # halvings of what is still open


def clopper_pearson(
    successes: int, samples: int, confidence: Fraction
) -> tuple[Fraction, Fraction]:
    """The exact binomial interval for a probability (Clopper and Pearson 1934).

    It holds the true probability with at least the given chance, whatever that probability is.
    """

    def lower(k: int) -> Fraction:
        q = Fraction(k, samples)
        # Hoeffding's tail is above the binomial one: what it excludes is out. The incomplete beta
        # function takes milliseconds, so that the head start matters.
        start = _chernoff_lower(q, samples, confidence)
        # P(X >= k) for X ~ Binomial(samples, p) is the regularized incomplete beta I_p(k, n-k+1).
        return _lower_bound(
            q,
            lambda p: p.beta_lower(k, samples - k + 1, regularized=1),
            confidence,
            start,
            _BINOMIAL_STEPS,
        )

    return lower(successes), 1 - lower(samples - successes)


def chernoff_hoeffding(
    total: Fraction, samples: int, confidence: Fraction
) -> tuple[Fraction, Fraction]:
    """An interval for the mean of independent values in [0, 1] that add up to ``total``.

    Hoeffding 1963, theorem 1: P(mean >= q) <= exp(-n KL(q | p)) for q >= p, with
    KL(q | p) = q log(q/p) + (1-q) log((1-q)/(1-p)). Wider than ``clopper_pearson``, which needs
    values that are 0 or 1.
    """

    mean = total / samples
    return (
        _chernoff_lower(mean, samples, confidence),
        1 - _chernoff_lower(1 - mean, samples, confidence),
    )


def _chernoff_lower(q: Fraction, samples: int, confidence: Fraction) -> Fraction:
    def tail(p: arb) -> arb:
        divergence = arb(0)
        for share, candidate in ((q, p), (1 - q, 1 - p)):
            if share:
                divergence += to_arb(share) * (to_arb(share) / candidate).log()
        return (-samples * divergence).exp()

    return _lower_bound(q, tail, confidence, Fraction(0), _CHERNOFF_STEPS)


def _lower_bound(
    q: Fraction, tail: Callable[[arb], arb], confidence: Fraction, start: Fraction, steps: int
) -> Fraction:
    """The largest p in [start, q) found with ``tail(p)`` certainly at most half the error."""
    excluded, open_ = start, q
    with working_precision(_BITS):
        allowed = to_arb((1 - confidence) / 2)
        for _ in range(steps if q else 0):
            p = (excluded + open_) / 2
            # False also where the balls overlap: undecided counts as not excluded.
            if tail(to_arb(p)) <= allowed:
                excluded = p
            else:
                open_ = p
    return excluded
