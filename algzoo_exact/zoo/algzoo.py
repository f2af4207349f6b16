"""AlgZoo's models as data: families, sizes, published scores, seeds, where the files are.

Scores are those of the figures in the README of the Alignment Research Center's alg-zoo, printed
there with a resolution of 0.1%: the best of 5 seeds after 2^30 training sequences. Which seed is
the best one is from its ``zoo.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from algzoo_exact.program.task import PROBLEMS, Task

BASE_URL = "https://storage.googleapis.com/arc-ml-public/alg"
SEEDS = (0, 1, 2, 3, 4)
SEQUENCES = (0, *(1 << k for k in range(20, 31)))
"""How many sequences the files of each model were trained on; 0 is the initial state."""

PUBLISHED_SEQUENCES = 1 << 30
LAYERS = 2  # of every longest_cycle transformer

EXAMPLE = "example_2nd_argmax"
EXAMPLE_FILE = "one_layer_16_hidden_94_acc_2nd_argmax.pth"
EXAMPLE_SIZE = ("2nd_argmax", 16, 10)

# Of files that we have seen.
SHA256 = {
    EXAMPLE_FILE: "498bd9a87c469e18e824a78e55c22843c7595776f1bfc2dfe07c36e5616218bb",
    "2nd_argmax_2_2_1073741824_2.pth": (
        "7d5bab82800560f24ad3f8293128abab013a749c7ef46d4e395e684b8703cea9"
    ),
    "longest_cycle_2_3_1073741824_0.pth": (
        "1a71c686d879e3dbfc454dc09e0920c003e92bd10312620b3b6cd6a1ac05ec87"
    ),
    "longest_cycle_4_4_1073741824_1.pth": (
        "b72af57f3c2bbaa64de930082cb09dbbd427bb01d844a0901880fc143d201bf8"
    ),
}


@dataclass(frozen=True)
class Published:
    """The score that AlgZoo states for a size, to 0.001, and the seed that reached it.

    The score is the accuracy; for median it is the root of the mean squared error.
    """

    score: float
    seed: int


@dataclass(frozen=True)
class Family:
    """One task's models. ``figures`` has a row for each hidden size: the size, a bar, and the
    score and best seed for each sequence length in turn."""

    task: str
    seq_lens: tuple[int, ...]
    figures: tuple[str, ...]

    @property
    def metric(self) -> str:
        return "root mean squared error" if PROBLEMS[self.task].is_numeric else "accuracy"

    @cached_property
    def published(self) -> dict[tuple[int, int], Published]:
        """By hidden size and sequence length."""
        table = {}
        for row in self.figures:
            hidden_size, _, text = row.partition("|")
            entries = text.split()
            for k, seq_len in enumerate(self.seq_lens):
                found = Published(float(entries[2 * k]), int(entries[2 * k + 1]))
                table[int(hidden_size), seq_len] = found
        return table

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(hidden_size for hidden_size, _ in self.published))

    def parameters(self, hidden_size: int, seq_len: int) -> int:
        """The number of weights of a model of that size, published or not."""
        d, n = hidden_size, seq_len
        task = Task(self.task, n)
        if task.is_discrete:
            return 3 * n * d + LAYERS * 4 * d * d
        return d * (1 + d + task.outputs)


FAMILIES: dict[str, Family] = {
    "2nd_argmax": Family(
        "2nd_argmax",
        (2, 3, 4, 5, 6, 8, 10),
        (
            " 2 | 1.000 2  0.410 0  0.328 2  0.306 3  0.269 2  0.214 1  0.202 4",
            " 3 | 1.000 3  0.908 1  0.433 4  0.375 0  0.341 0  0.285 1  0.239 1",
            " 4 | 1.000 3  0.985 0  0.602 1  0.428 2  0.394 0  0.346 1  0.318 2",
            " 5 | 1.000 3  0.999 1  0.746 4  0.542 3  0.450 4  0.384 4  0.347 4",
            " 6 | 1.000 2  0.999 3  0.865 0  0.703 1  0.484 1  0.405 0  0.375 2",
            " 8 | 1.000 3  0.999 1  0.987 1  0.882 3  0.789 4  0.466 0  0.427 4",
            "16 | 1.000 3  1.000 1  0.998 3  0.992 2  0.985 3  0.976 1  0.948 2",
            "32 | 1.000 3  1.000 4  0.999 2  0.997 3  0.994 1  0.993 4  0.994 0",
        ),
    ),
    "argmedian": Family(
        "argmedian",
        (3, 5, 7, 11),
        (
            " 2 | 0.410 0  0.264 0  0.164 0  0.106 3",
            " 4 | 0.985 0  0.394 2  0.275 1  0.191 1",
            " 8 | 0.999 1  0.699 2  0.493 0  0.336 4",
            "16 | 1.000 1  0.983 0  0.714 4  0.460 4",
            "32 | 1.000 4  0.996 3  0.978 3  0.748 4",
        ),
    ),
    "median": Family(
        "median",
        (2, 3, 5, 10),
        (
            " 2 | 0.000 2  0.326 0  0.285 0  0.189 0",
            " 4 | 0.000 4  0.132 0  0.207 4  0.127 1",
            " 8 | 0.000 3  0.000 3  0.039 1  0.083 3",
            "16 | 0.000 1  0.000 1  0.000 0  0.041 2",
            "32 | 0.000 1  0.000 1  0.000 1  0.000 0",
        ),
    ),
    "longest_cycle": Family(
        "longest_cycle",
        (3, 4, 5, 6),
        (
            " 2 | 1.000 0  0.723 2  0.631 3  0.523 2",
            " 3 | 1.000 0  0.902 4  0.651 1  0.631 0",
            " 4 | 1.000 2  1.000 1  0.810 0  0.722 0",
            " 6 | 1.000 0  1.000 0  0.947 2  0.841 3",
            " 8 | 1.000 0  1.000 3  0.997 3  0.854 3",
        ),
    ),
}


def published(task: str, hidden_size: int, seq_len: int) -> Published | None:
    """What AlgZoo states for a size, or None if it has no such model."""
    family = FAMILIES.get(task)
    return family.published.get((hidden_size, seq_len)) if family else None
