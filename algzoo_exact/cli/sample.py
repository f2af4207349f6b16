"""``algzoo-exact sample``: the accuracy on random inputs, an estimate."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar


@o.options
class Draw(o.Seed, o.Lasting):
    samples: int = o.count(
        1_000_000, "How many inputs; 1e6, 10_000 and 2^20 are understood.", "-n", "--samples"
    )
    device: str = o.option("cpu", "DEVICE", "cpu or cuda.")
    dtype: str = o.option("float32", "TYPE", "float32 or float64.")
    confidence: float = o.option(0.99, "P", "Chance that the interval holds the accuracy.")
    workers: int | None = o.option(
        None, "N", "Processes; by default one, which uses all cores.", min=1
    )


def sample(subject: o.AnySubject, rules: o.Rules, draw: Draw, noise: o.Noise) -> Said:
    """Estimate the accuracy on random inputs, with an exact confidence interval.

    The network runs in float32 unless asked otherwise. The same seed gives the same result.

    Examples:
    algzoo-exact sample 2nd_argmax_4_4
    algzoo-exact sample my_model.pth --task argmax -n 2^24 --device cuda --json
    """
    from algzoo_exact.present.documents.score import sample_document

    loaded = noise.on(subject.loaded())
    task, rule = rules.task_of(loaded), rules.rule
    with progress_bar("sampling") as advance, draw.shared(1) as workers:

        def progress(done: int, total: int) -> None:
            advance(done / total, f"{done:,} inputs")

        if task.outputs == 1:
            squares = az.sample_squared_error(
                loaded.program, task, draw.samples, seed=draw.seed, device=draw.device,
                dtype=draw.dtype, workers=workers, state=draw.state, progress=progress,
            )  # fmt: skip
            return Said(sample_document(loaded, task, None, squares))
        estimate = az.sample(
            loaded.network, task, draw.samples, seed=draw.seed, device=draw.device,
            dtype=draw.dtype, ties=rule, confidence=draw.confidence, workers=workers,
            state=draw.state, progress=progress,
        )  # fmt: skip
    return Said(sample_document(loaded, task, rule, estimate))
