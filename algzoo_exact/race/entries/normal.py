"""The normal distribution, for arrays with and without a counter.

torch has these functions to full float64 accuracy, so that scipy isn't needed.
"""

from __future__ import annotations

from math import sqrt, tau
from typing import Any

import numpy as np
import torch

from algzoo_exact.race.entries.flops import TRANSCENDENTAL, elementwise


def normal_density(x: Any) -> Any:
    """The density of a standard normal, for each element."""
    return np.exp(x * x * -0.5) / sqrt(tau)


def normal_cdf(x: Any) -> Any:
    """P(X <= x) of a standard normal X, for each element."""
    # Not torch's ndtr, which is 1 + erf, and loses the digits of small values.
    return elementwise(_by_torch(lambda t: 0.5 * torch.erfc(t / -sqrt(2))), TRANSCENDENTAL, x)


def normal_quantile(p: Any) -> Any:
    """The x with P(X <= x) = p, for each element; p in [0, 1]."""
    return elementwise(_by_torch(torch.special.ndtri), TRANSCENDENTAL, p)


def _by_torch(function: Any) -> Any:
    return lambda values: function(torch.from_numpy(np.array(values, np.float64))).numpy()
