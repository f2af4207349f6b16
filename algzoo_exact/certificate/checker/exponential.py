"""The exponential in fixed point. A real x stands as the integer x 2^p; a unit is 2^-p."""

from __future__ import annotations

_TABLED = 256


class Exponential:
    """e^-x for x >= 0 with p bits after the point, off by less than 16 units (C10)."""

    def __init__(self, p: int) -> None:
        self.p, self.one = p, 1 << p
        guard = 16  # the constants are rounded once, from sums with more bits
        q = p + guard
        log2 = 18 * _atanh(26, q) - 2 * _atanh(4801, q) + 8 * _atanh(8749, q)
        self.log2 = log2 >> guard
        step, term, j = 0, 1 << q, 0  # e^(-1/256)
        while term:
            step += term if j % 2 == 0 else -term
            j += 1
            term //= _TABLED * j
        powers = [1 << q]
        for _ in range(_TABLED):
            powers.append(powers[-1] * step >> q)
        self.work = 4 * (p // 8 + 1) + 14
        """Operations for each; the constants take fewer than 30 p."""
        self.powers = [value >> guard for value in powers]  # e^(-k/256)

    def __call__(self, x: int) -> int:
        halvings, rest = divmod(x, self.log2)
        k = (rest * _TABLED) >> self.p
        rest = (k << self.p) // _TABLED - rest  # in (-1/256, 0]
        total = self.one
        for j in range(self.p // 8 + 1, 0, -1):
            total = self.one + (total * rest >> self.p) // j
        return ((total * self.powers[k]) >> self.p) >> halvings


def _atanh(k: int, q: int) -> int:
    """atanh(1/k) in units of 2^-q, off by at most one for each of its q / (2 log2 k) terms."""
    total, power, j = 0, (1 << q) // k, 1
    while power:
        total += power // j
        power, j = power // (k * k), j + 2
    return total
