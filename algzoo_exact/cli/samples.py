"""Random inputs: a sample in words and as JSON; beside a score, run when it is asked for, or within
a time limit beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from algzoo_exact.cli.output import Json, progress_bar
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import FloatRangeError
from algzoo_exact.processes import may_start_processes

if TYPE_CHECKING:
    from algzoo_exact.estimators.sampled import SampledSquaredError, SampleEstimate
    from algzoo_exact.program.ir import Program
    from algzoo_exact.program.task import Task, TieRule
    from algzoo_exact.program.transformer import Transformer

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
        from algzoo_exact.estimators.sampling import sample_rounded
        from algzoo_exact.estimators.squared_error import sample_squares
        from algzoo_exact.program.ir import Program

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


def sampled_json(estimate: Estimate) -> Json:
    from algzoo_exact.estimators.sampled import SampleEstimate

    if isinstance(estimate, SampleEstimate):
        low, high = estimate.lower, estimate.upper
        confidence, interval = estimate.confidence, str(estimate.interval)
        figures: Json = {"correct": str(estimate.correct), "estimate": estimate.accuracy}
    else:
        low, high = estimate.interval()
        confidence, interval = 0.99, "normal"
        figures = {
            "mean_squared_error": estimate.mean,
            "root_mean_squared_error": estimate.root,
        }
    return {
        "kind": estimate.kind,
        "samples": estimate.samples,
        **figures,
        "lower": low,
        "upper": high,
        "confidence": confidence,
        "interval": interval,
        "standard_error": estimate.standard_error,
        "seed": estimate.seed,
        "device": estimate.device,
        "dtype": estimate.dtype,
        "seconds": round(estimate.seconds, 3),
    }


def sampled_text(estimate: Estimate) -> str:
    from algzoo_exact.estimators.sampled import SampleEstimate

    if isinstance(estimate, SampleEstimate):
        said = _accuracy_text(estimate)
    else:
        low, high = estimate.interval()
        said = (
            f"mean squared error {estimate.mean:.6g} ± {estimate.standard_error:.1g}, root "
            f"{estimate.root:.6g}; about 99% confidence between {low:.6g} and {high:.6g} (normal "
            "approximation)"
        )
    return (
        f"{said}\n{estimate.samples:,} random inputs, seed {estimate.seed}, "
        f"{estimate.dtype} on {estimate.device}: an estimate, not a proof"
    )


def _accuracy_text(estimate: SampleEstimate) -> str:
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.exact.shares import level

    places = 2 + len(str(round(1 / max(estimate.standard_error, 1 / estimate.samples))))
    low, high = Enclosure(Fraction(estimate.lower), Fraction(estimate.upper)).decimal(places)
    return (
        f"{estimate.accuracy:.{places}f}, and with {level(estimate.confidence)} confidence "
        f"between {low} and {high} ({estimate.interval})"
    )
