"""``algzoo-exact train``: models of one's own, by AlgZoo's recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, stopped
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError
from algzoo_exact.present.document import facts, untitled

if TYPE_CHECKING:
    from algzoo_exact.training.run import Status


@o.options
class Wanted:
    """Which models are to be trained."""

    task: str = o.argument(
        o.REQUIRED, "TASK", "2nd_argmax, argmax, argmedian, argoutlier or median (an RNN), or "
        "longest_cycle (a transformer).",
    )  # fmt: skip
    hidden_size: int = o.option(o.REQUIRED, "D", "Neurons.", "-d", "--hidden-size")
    seq_len: int = o.option(o.REQUIRED, "N", "Inputs.", "-n", "--seq-len")
    sequences: int = o.count("2^30", "Random inputs to train on, such as 2^26.")
    seeds: int = o.option(5, "N", "How many seeds to train; the best is kept.")
    first_seed: int = o.option(0, "N", "The first of the seeds.")
    batch: int = o.option(1024, "N", "Inputs in a step.")
    layers: int | None = o.option(None, "N", "A transformer's layers, 1 or 2 (2).")
    heads: int | None = o.option(None, "N", "A transformer's heads (1).")


@o.options
class Place(o.Sharing):
    out: Path | None = o.option(
        None, "FOLDER", "Where models go; a run stopped there goes on. By default TASK_D_N.",
        "-o", "--out",
    )  # fmt: skip
    device: str = o.option("cpu", "DEVICE", "cpu or cuda.")
    workers: int | None = o.option(
        None, "N", "Processes that share the seeds; by default all train together, in this one.",
        min=1,
    )  # fmt: skip


def train(wanted: Wanted, place: Place) -> Said:
    """Train models by AlgZoo's recipe, all seeds at once, and keep the best with its card.

    Stop it with Ctrl-C whenever you like: the same command goes on from there, and on a CPU ends
    with the very same files. Weights are kept at 2^20, 2^21, .. sequences.

    Examples:
    algzoo-exact train 2nd_argmax --hidden-size 4 --seq-len 3 --sequences 2^24
    algzoo-exact train median --hidden-size 8 --seq-len 5 --sequences 2^26 --seeds 16
        --out runs/median
    algzoo-exact train longest_cycle --hidden-size 4 --seq-len 4 --sequences 2^24 --heads 2
    """
    from algzoo_exact.training.train import finish, recipe_for, run_to_end
    from algzoo_exact.zoo.card_text import score_text

    w = wanted
    if w.seeds < 1:
        raise InputError(f"The number of seeds must be at least 1, not {w.seeds}.")
    chosen = range(w.first_seed, w.first_seed + w.seeds)
    recipe = recipe_for(
        w.task, w.hidden_size, w.seq_len, w.sequences, chosen, w.batch, w.layers, w.heads
    )
    folder = place.out or Path(recipe.name)
    step = 0

    def report(status: Status) -> None:
        nonlocal step
        step = status.step
        advance(step / status.steps, _text(status))

    try:
        with progress_bar("training") as advance, place.shared(None) as workers:
            run_to_end(recipe, folder, place.device, workers, report)
    except KeyboardInterrupt:
        raise stopped(
            f"stopped after step {step:,} of {recipe.steps:,}: the same command goes on"
        ) from None
    with progress_bar("choosing") as advance:
        trained = finish(recipe, folder, lambda done, total: advance(done / total, "scores"))
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
    return Said(untitled(facts(*rows), data=data))


def _text(status: Status) -> str:
    from algzoo_exact.exact.shares import percent

    done = f"loss {status.loss:.4f}"
    if status.accuracy is not None:
        done += f", accuracy {percent(status.accuracy)}"
    return done
