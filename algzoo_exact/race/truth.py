"""The variants' true accuracies, against which estimators are judged.

Few inputs: exactly, to far below anything that a race can see. Else a large
random sample for each variant, with inputs of its own, so that the errors of the truths are
independent of each other and of the entries' points.
"""

from __future__ import annotations

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.store import Truth
from algzoo_exact.runtime.sampling import sample
from algzoo_exact.score.compute import accuracies

_ALWAYS_ENUMERATED = 4
_NEURONS_FOR_FIVE = 8  # seconds for each variant


def is_enumerated(program: Program) -> bool:
    """Whether the exact accuracy takes at most seconds."""
    n = program.seq_len
    return n <= _ALWAYS_ENUMERATED or (n == 5 and program.hidden_size <= _NEURONS_FOR_FIVE)


def truth_of(program: Program, task: Task, samples: int, seed: int) -> Truth:
    """A variant's accuracy, with the variance of this figure's own error.

    That is the square of the enclosure's half width (some 1e-12, so that an entry which agrees
    to that counts as without error), or p (1 - p) / ``samples`` of a sample.
    """
    if is_enumerated(program):
        found = next(accuracies([program], task)).enclosure
        return Truth(float(found.midpoint), float(found.width / 2) ** 2, "exact enumeration")
    estimate = sample(program, task, samples, seed=seed)
    p = estimate.accuracy
    # One right and one wrong answer more, so that no variance is 0.
    spread = (p * samples + 1) / (samples + 2)
    return Truth(p, spread * (1 - spread) / samples, f"{samples:,} samples")
