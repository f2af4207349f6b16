"""Three-valued answers: proved, refuted, unknown. Never coerced to a bool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Verdict:
    """An answer with its reason: a witness where refuted, what stood in the way where unknown."""

    status: Literal["proved", "refuted", "unknown"]
    reason: str = ""

    def __bool__(self) -> bool:
        raise TypeError("A Verdict has three values; compare its .status instead.")
