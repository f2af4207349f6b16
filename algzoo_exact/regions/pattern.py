"""Activation patterns: which neurons are on, at each step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActivationPattern:
    """On/off for each neuron j at each step t; bit ``t * hidden_size + j`` of ``bits``."""

    seq_len: int
    hidden_size: int
    bits: int

    def __post_init__(self) -> None:
        if self.bits < 0 or self.bits >> (self.seq_len * self.hidden_size):
            raise ValueError(f"bits {self.bits:#x} do not fit {self.seq_len} x {self.hidden_size}")

    def active(self, t: int, j: int) -> bool:
        return bool(self.bits >> (t * self.hidden_size + j) & 1)

    def flip(self, t: int, j: int) -> ActivationPattern:
        return ActivationPattern(
            self.seq_len, self.hidden_size, self.bits ^ (1 << (t * self.hidden_size + j))
        )

    def __str__(self) -> str:
        """Steps left to right, neuron 0 first within each: ``1100|1010``."""
        return "|".join(
            "".join("1" if self.active(t, j) else "0" for j in range(self.hidden_size))
            for t in range(self.seq_len)
        )
