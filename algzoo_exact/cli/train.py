"""``algzoo-exact train``: models of one's own, by AlgZoo's recipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import JsonOption, parse_count
from algzoo_exact.cli.output import emit, progress_bar
from algzoo_exact.errors import InputError
from algzoo_exact.present.document import facts, untitled

if TYPE_CHECKING:
    from algzoo_exact.training.run import Status

INTERRUPTED = 130  # as shells count

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact train 2nd_argmax --hidden-size 4 --seq-len 3 --sequences 2^24

algzoo-exact train median --hidden-size 8 --seq-len 5 --sequences 2^26 --seeds 16 --out runs/median

algzoo-exact train longest_cycle --hidden-size 4 --seq-len 4 --sequences 2^24 --heads 2"""


def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            show_default=False,
            help="2nd_argmax, argmax, argmedian, argoutlier or median (an RNN), or "
            "longest_cycle (a transformer).",
        ),
    ],
    hidden_size: Annotated[
        int, typer.Option("-d", "--hidden-size", metavar="D", show_default=False, help="Neurons.")
    ],
    seq_len: Annotated[
        int, typer.Option("-n", "--seq-len", metavar="N", show_default=False, help="Inputs.")
    ],
    sequences: Annotated[
        int,
        typer.Option(
            metavar="N", parser=parse_count, help="Random inputs to train on, such as 2^26."
        ),
    ] = "2^30",  # type: ignore[assignment]  # the parser's input
    seeds: Annotated[
        int, typer.Option(metavar="N", help="How many seeds to train; the best is kept.")
    ] = 5,
    first_seed: Annotated[int, typer.Option(metavar="N", help="The first of the seeds.")] = 0,
    batch: Annotated[int, typer.Option(metavar="N", help="Inputs in a step.")] = 1024,
    layers: Annotated[
        int | None,
        typer.Option(metavar="N", show_default=False, help="A transformer's layers, 1 or 2 (2)."),
    ] = None,
    heads: Annotated[
        int | None,
        typer.Option(metavar="N", show_default=False, help="A transformer's heads (1)."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            show_default=False,
            help="Where models go; a run stopped there goes on. By default TASK_D_N.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu or cuda.")] = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Train models by AlgZoo's recipe, all seeds at once, and keep the best with its card.

    Stop it with Ctrl-C whenever you like: the same command goes on from there, and on a CPU ends
    with the very same files. Weights are kept at 2^20, 2^21, .. sequences.
    """
    from algzoo_exact.training.run import Run
    from algzoo_exact.training.train import finish, recipe_for
    from algzoo_exact.zoo.card_table import score_text

    if seeds < 1:
        raise InputError(f"The number of seeds must be at least 1, not {seeds}.")
    chosen = range(first_seed, first_seed + seeds)
    recipe = recipe_for(task, hidden_size, seq_len, sequences, chosen, batch, layers, heads)
    folder = out or Path(recipe.name)
    run = Run(recipe, folder, device)
    try:
        with progress_bar("training") as advance:
            run.train(lambda status: advance(status.step / status.steps, _text(status)))
    except KeyboardInterrupt:
        print(
            f"stopped after step {run.step:,} of {recipe.steps:,}: the same command goes on",
            file=sys.stderr,
        )
        raise typer.Exit(INTERRUPTED) from None
    with progress_bar("choosing") as advance:
        trained = finish(run, folder, lambda done, total: advance(done / total, "scores"))
    card = trained.card
    scores = dict(zip(map(str, trained.seeds), map(score_text, trained.scores), strict=True))
    rows = [
        ("model", f"{trained.path} (sha256 {card.sha256[:12]})"),
        ("training", f"{card.sequences:,} sequences, {card.seeds} seeds"),
        ("best seed", f"{card.seed}, chosen by its {card.chosen_by}"),
        (card.score.metric, f"{score_text(card.score)} ({card.score.kind})"),
    ]
    for seed, score in zip(trained.seeds, trained.scores, strict=True):
        rows.append((f"seed {seed}", f"{score_text(score)} ({score.kind})"))
    data = {"model": trained.path, "card": card.json(), "scores": scores}
    emit(untitled(facts(*rows), data=data), as_json)


def _text(status: Status) -> str:
    from algzoo_exact.exact.shares import percent

    done = f"loss {status.loss:.4f}"
    if status.accuracy is not None:
        done += f", accuracy {percent(status.accuracy)}"
    return done
