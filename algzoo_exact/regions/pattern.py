"""Activation patterns: which neurons are on, in each layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ActivationPattern:
    """On/off for each neuron j of each layer t; ``widths`` are their numbers of neurons, and bit q
    of ``bits`` is for neuron q, layer by layer. An RNN's layers are its steps."""

    widths: tuple[int, ...]
    bits: int

    def __post_init__(self) -> None:
        if self.bits < 0 or self.bits >> sum(self.widths):
            raise ValueError(f"bits {self.bits:#x} do not fit layers of {self.widths} neurons")

    def active(self, t: int, j: int) -> bool:
        return bool(self.bits >> (sum(self.widths[:t]) + j) & 1)

    def flip(self, t: int, j: int) -> ActivationPattern:
        return ActivationPattern(self.widths, self.bits ^ (1 << (sum(self.widths[:t]) + j)))

    def __str__(self) -> str:
        """Layers left to right, neuron 0 first within each: ``1100|1010``."""
        bits, parts = self.bits, []
        for width in self.widths:
            parts.append("".join("1" if bits >> j & 1 else "0" for j in range(width)))
            bits >>= width
        return "|".join(parts)


def to_words(bits: int, count: int) -> list[int]:
    """A bit mask as so many 64-bit words, the lowest first, as compiled code holds it."""
    return [bits >> (64 * w) & (2**64 - 1) for w in range(count)]


def from_words(words: Iterable[int]) -> int:
    """The bit mask of such words."""
    return sum(word << (64 * w) for w, word in enumerate(words))
