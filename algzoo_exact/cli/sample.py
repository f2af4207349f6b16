"""``algzoo-exact sample``: the accuracy on random inputs, an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import (
    HeadsOption,
    JsonOption,
    ModelArgument,
    NoiseOption,
    NoiseRelativeOption,
    NoiseSeedOption,
    SeedOption,
    SeqLenOption,
    TaskOption,
    TeacherOption,
    TiesOption,
    load_model,
    parse_count,
    task_of,
    tie_rule,
    with_noise,
)
from algzoo_exact.cli.output import emit, progress_bar

if TYPE_CHECKING:
    from algzoo_exact.cli.samples import Estimate

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact sample 2nd_argmax_4_4

algzoo-exact sample my_model.pth --task argmax -n 2^24 --device cuda --json"""


def sample(
    model: ModelArgument,
    task: TaskOption = None,
    teacher: TeacherOption = None,
    seq_len: SeqLenOption = None,
    heads: HeadsOption = None,
    samples: Annotated[
        int,
        typer.Option(
            "-n",
            "--samples",
            metavar="N",
            parser=parse_count,
            help="How many inputs; 1e6, 10_000 and 2^20 are understood.",
        ),
    ] = 1_000_000,
    seed: SeedOption = 0,
    ties: TiesOption = "lowest",
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu or cuda.")] = "cpu",
    dtype: Annotated[str, typer.Option(metavar="TYPE", help="float32 or float64.")] = "float32",
    confidence: Annotated[
        float, typer.Option(metavar="P", help="Chance that the interval holds the accuracy.")
    ] = 0.99,
    noise: NoiseOption = None,
    noise_seed: NoiseSeedOption = None,
    noise_relative: NoiseRelativeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Estimate the accuracy on random inputs, with an exact confidence interval.

    The network runs in float32 unless asked otherwise. The same seed gives the same result.
    """
    import algzoo_exact as az
    from algzoo_exact.present.documents.score import sample_document

    loaded = with_noise(load_model(model, task, seq_len, heads), noise, noise_seed, noise_relative)
    chosen, rule = task_of(loaded, teacher), tie_rule(ties)
    estimate: Estimate
    with progress_bar("sampling") as advance:

        def progress(done: int, total: int) -> None:
            advance(done / total, f"{done:,} inputs")

        if chosen.outputs == 1:
            estimate = az.sample_squared_error(
                loaded.program, chosen, samples, seed=seed, device=device, dtype=dtype,
                progress=progress,
            )  # fmt: skip
        else:
            estimate = az.sample(
                loaded.network, chosen, samples, seed=seed, device=device, dtype=dtype, ties=rule,
                confidence=confidence, progress=progress,
            )  # fmt: skip
    emit(sample_document(loaded, chosen, rule if chosen.outputs > 1 else None, estimate), as_json)
