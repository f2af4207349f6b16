"""Cones for tests."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from algzoo_exact.geometry.cone import Cone, IntVector, NotPointedError


def random_cones(random: Random, n: int) -> Iterator[tuple[list[IntVector], Cone]]:
    """Pointed ones with an interior, without end, by n or n + 2 inequalities."""
    while True:
        rows = [
            tuple(random.randint(-9, 9) for _ in range(n)) for _ in range(n + random.choice([0, 2]))
        ]
        try:
            cone = Cone.from_inequalities(rows)
        except NotPointedError:
            continue
        if cone is not None:
            yield rows, cone
