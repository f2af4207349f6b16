"""Numbers rounded together, against rounding each by itself, and against exhaustive search."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from algzoo_exact.drafting.rounding import rounded


@pytest.mark.parametrize("seed", range(5))
def test_rounding_together_is_cheap_and_better_than_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    numbers, ranges = random.uniform(-1, 1, 8), np.full(8, 2.0)
    slopes = random.standard_normal((100, 3)) @ random.standard_normal((3, 8))
    slopes += 0.01 * random.standard_normal((100, 8))
    found = rounded(numbers, slopes, ranges, 40.0)
    assert found.bits(ranges) <= 40
    assert np.array_equal(found.values / found.steps, np.round(found.values / found.steps))
    alone = np.round(numbers / 2.0**-4) * 2.0**-4  # at the same five bits each
    error, other = (np.linalg.norm(slopes @ (v - numbers)) for v in (found.values, alone))
    assert error < other / 2


def test_two_numbers_are_rounded_as_well_as_can_be() -> None:
    numbers, slopes = np.array([0.3, 0.45]), np.array([[1.0, 1.0], [0.0, 0.1]])
    found = rounded(numbers, slopes, np.full(2, 2.0), 6.0)

    def error(values: np.ndarray) -> float:
        return float(np.linalg.norm(slopes @ (values - numbers)))

    grid = [np.arange(-1, 1.01, step) for step in found.steps]
    assert error(found.values) == pytest.approx(min(error(np.array(v)) for v in product(*grid)))
