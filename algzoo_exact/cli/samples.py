"""Random inputs beside a score: run when they are asked for, or within a time limit beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from algzoo_exact.cli.output import progress_bar
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import FloatRangeError
from algzoo_exact.processes import may_start_processes

if TYPE_CHECKING:
    from algzoo_exact.program.ir import Program
    from algzoo_exact.program.task import Task, TieRule
    from algzoo_exact.program.transformer import Transformer
    from algzoo_exact.runtime.sampled import SampledSquaredError, SampleEstimate

    Estimate: TypeAlias = SampleEstimate | SampledSquaredError

_T = TypeVar("_T")

_LATER = 0.4  # seconds that a sample may end after the score: nothing else is left to be done then
_ON_ITS_WAY = 0.2  # seconds from its end until it is here


@contextmanager
def sampled_beside(
    draw: Callable[[Deadline], _T], deadline: Deadline
) -> Iterator[Callable[[], tuple[_T | None, str]]]:
    """Gives what to call for a sample, or for why there is none: that costs no result.

    Within a limit, ``draw`` runs in a process of its own from the start, which ends with the block,
    even if it is still loading torch; it draws as many inputs as there is time for.
    """
    if not (deadline.limited and may_start_processes()):
        yield lambda: _or_why_not(lambda: draw(NEVER))
        return
    from algzoo_exact.score.pool import worker_pool

    with worker_pool(1) as pool:
        until = Deadline(deadline.at + _LATER)
        job = pool.submit(draw, until)

        def result() -> tuple[_T | None, str]:
            if not wait([job], until.left + _ON_ITS_WAY).done:
                return None, "there was no time for it"
            return _or_why_not(job.result)

        yield result


def _or_why_not(draw: Callable[[], _T]) -> tuple[_T | None, str]:
    try:
        return draw(), ""
    except FloatRangeError as error:
        return None, str(error)


@dataclass(frozen=True)
class Sampler:
    """Draws random inputs for a score."""

    network: Program | Transformer
    task: Task
    ties: TieRule
    samples: int
    seed: int

    def __call__(self, deadline: Deadline) -> Estimate:
        """In float64, which is closest to the real-valued function: on handcrafted:2nd_argmax_3,
        float32 makes three times as many errors, 17 standard errors off in 2e6 inputs."""
        from algzoo_exact.program.ir import Program
        from algzoo_exact.runtime.sampled_squares import sample_squares
        from algzoo_exact.runtime.sampling import sample_rounded

        with progress_bar("sampling") as advance:

            def progress(done: int, total: int) -> None:
                advance(done / total, f"{done:,} inputs")

            if self.task.outputs == 1 and isinstance(self.network, Program):
                return sample_squares(
                    self.network, self.task, self.samples, deadline, seed=self.seed, device="cpu",
                    dtype="float64", progress=progress,
                )  # fmt: skip
            return sample_rounded(
                self.network, self.task, self.samples, None, seed=self.seed, ties=self.ties,
                dtype="float64", progress=progress, deadline=deadline,
            )  # fmt: skip
