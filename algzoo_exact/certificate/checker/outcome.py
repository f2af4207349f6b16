"""What a certificate is about, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from algzoo_exact.certificate.checker.decimals import decimal
from algzoo_exact.certificate.checker.reading import quoted

Bounds = tuple[Fraction, Fraction]

EXIT_CODES = {"accepted": 0, "rejected": 1, "unreadable": 2, "incomplete": 3, "failed": 4}
TIE_RULES = {
    "lowest": "the lowest index wins ties",
    "incorrect": "ties count as incorrect",
    "uniform": "ties earn 1/(number tied)",
}


@dataclass(frozen=True)
class Statement:
    """The model by its name and SHA-256, the task with its number of inputs, the tie rule (None for
    median, where no logits are compared), and the number of heads of each layer (None for RNNs)."""

    model: str
    sha256: str
    task: str
    seq_len: int
    ties: str | None
    heads: int | None

    def setting(self) -> str:
        """All but the model, in words."""
        found = f"on {self.task} with {self.seq_len} inputs"
        if self.heads is not None:
            found += f", with {self.heads} head{'s' * (self.heads != 1)} in each layer"
        return found if self.ties is None else f"{found}, where {TIE_RULES[self.ties]}"


@dataclass
class CheckedCertificate:
    """What a check found: ``status`` (accepted, rejected, incomplete, unreadable, failed) and the
    ``reason`` for all but the first; the ``statement`` as soon as it was read.

    ``weights`` says how the weights are known: from the "file" of that SHA-256, by their own
    "text" (rational weights), or only as those "inside". ``accuracy`` is what the certificate
    proves; for a median model it is None, and ``squared_error`` encloses the mean squared error,
    ``root`` its square root. ``operations`` on numbers were made, at most (see ``Budget``).
    """

    status: str = "accepted"
    reason: str = ""
    statement: Statement | None = None
    weights: str = "inside"
    complete: bool = True
    accuracy: Bounds | None = None
    squared_error: Bounds | None = None
    root: Bounds | None = None
    operations: int = 0
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{self.status}: {self.verdict}>"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]

    @property
    def verdict(self) -> str:
        """One sentence, made of what was checked."""
        if self.reason or self.statement is None:
            words = {
                "incomplete": "not everything could be checked",
                "failed": "the checker failed",
            }
            return f"{words.get(self.status, self.status)}: {self.reason}"
        name, sha256 = quoted(self.statement.model), self.statement.sha256
        subject = {
            "file": f"the model in the file with sha256 {sha256}, named {name},",
            "text": f"the network of the weights inside, with sha256 {sha256}, named {name},",
            "inside": f"the network of the weights inside, said to be {name} with sha256 {sha256},",
        }[self.weights]
        head = "accepted" if self.complete else "not everything could be checked"
        if self.complete and self.weights == "inside":
            head += " for the weights inside"
        return f"{head}: {self.statement.setting()}, {subject} {self._score()}."

    def _score(self) -> str:
        if self.accuracy is not None:
            return f"has {valued('accuracy', self.accuracy)}"
        if self.squared_error is not None and self.root is not None:
            error = valued("mean squared error", self.squared_error)
            return f"has {error}, and {valued('root of it', self.root)}"
        return "has no score that is proved"


def valued(name: str, bounds: Bounds) -> str:
    low, high = map(decimal, bounds)
    article = "an" if name[0] in "aeiou" else "a"
    return (
        f"the exact {name} {low}" if low == high else f"{article} {name} between {low} and {high}"
    )
