"""Training: the recipe against plain torch modules, runs that stop and go on, and their files."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import algzoo_exact.training.run as run_module
from algzoo_exact.errors import InputError
from algzoo_exact.program.task import Task
from algzoo_exact.training.data import CHUNK_STEPS, draw_chunk
from algzoo_exact.training.recipe import Recipe
from algzoo_exact.training.run import Run, Status
from algzoo_exact.zoo.architectures import new_module
from algzoo_exact.zoo.folders import TRAINING_STATE
from algzoo_exact.zoo.storage import parse_safetensors

CPU = torch.device("cpu")
FAMILIES = [
    Recipe("2nd_argmax", 5, 3, 64 * 6, (3, 0), batch=64),
    Recipe("argmedian", 2, 5, 50 * 6, (1,), batch=50),
    Recipe("median", 4, 4, 64 * 6, (0, 7), batch=64),
    Recipe("longest_cycle", 4, 3, 64 * 6, (0, 1), batch=64, layers=2, heads=1),
    Recipe("longest_cycle", 4, 4, 70 * 6, (2,), batch=70, layers=1, heads=2),
]


def algzoo_recipe(sequences: int = 2**30, d: int = 4) -> Recipe:
    return Recipe("2nd_argmax", d, 3, sequences, (0, 1, 2, 3, 4))


def test_the_learning_rate_warms_up_and_decays() -> None:
    # AlgZoo's own figures: 2^20 steps, 2^14 of warm-up, 0.04/sqrt(d).
    steps, rate = 2**20, algzoo_recipe().learning_rate
    assert algzoo_recipe().steps == steps
    assert rate(0) == pytest.approx(0.02 / 2**14)
    halfway = 0.5 * 0.01 ** (2 * 2**13 / steps)
    assert rate(2**13 - 1) == pytest.approx(0.02 * halfway, rel=1e-4)
    assert rate(2**18) == pytest.approx(0.02 * 0.1)  # 0.01^(1/2)
    wide = algzoo_recipe(d=16).learning_rate
    assert wide(2**19) == pytest.approx(0.01 * 0.01)
    assert wide(steps - 1) == pytest.approx(0.01 * 0.01)


def test_checkpoints_are_at_powers_of_two() -> None:
    # AlgZoo's: 2^20 .. 2^30 sequences, in batches of 2^10.
    assert algzoo_recipe().checkpoints == tuple(2**k for k in range(10, 21))
    assert algzoo_recipe(3 * 2**20).checkpoints == (2**10, 2**11, 3 * 2**10)
    assert algzoo_recipe(2**15).checkpoints == (2**5,)


@pytest.mark.parametrize("recipe", FAMILIES, ids=lambda r: f"{r.name}_{r.layers}_{r.heads}")
def test_the_steps_are_those_of_plain_torch(recipe: Recipe) -> None:
    run = Run(recipe)
    run.train()
    # Oracle: torch's own modules and AdamW, each seed alone, with labels by definition.
    chunk = draw_chunk(recipe, 0, CPU)
    for position, seed in enumerate(recipe.seeds):
        expected = plain_training(recipe, seed, chunk.inputs[position])
        # Adam divides by the gradients' size, so that float32's rounding, 6e-8, grows by the
        # ratio of a gradient to its terms; six steps of at most 0.03 stay well within this
        # heuristic bound.
        for key, weight in expected.items():
            assert torch.allclose(run.state(position)[key], weight, atol=3e-5), key


def plain_training(recipe: Recipe, seed: int, inputs: Tensor) -> dict[str, Tensor]:
    """State dict after training on ``inputs`` (n, N), batch by batch."""
    task = Task(recipe.task, recipe.seq_len)
    torch.manual_seed(seed)
    module = new_module(task, recipe.hidden_size, recipe.layers, recipe.heads)
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=0.001)
    for step in range(recipe.steps):
        x = inputs[:, step * recipe.batch : (step + 1) * recipe.batch].T
        optimizer.param_groups[0]["lr"] = recipe.learning_rate(step)
        optimizer.zero_grad()
        loss: Tensor
        if task.name == "median":
            medians = torch.tensor([float(task.value(row)) for row in x.tolist()])
            loss = nn.functional.mse_loss(module(x), medians)
        else:
            target = torch.tensor([task.label(row) for row in x.tolist()])
            loss = nn.functional.cross_entropy(module(x), target)
        torch.autograd.backward(loss)
        optimizer.step()
    return {key: value.detach() for key, value in module.state_dict().items()}


def test_seeds_do_not_depend_on_each_other() -> None:
    together = Run(Recipe("2nd_argmax", 3, 3, 2**14, (0, 1, 2)))
    alone = Run(Recipe("2nd_argmax", 3, 3, 2**14, (1,)))
    for run in (together, alone):
        run.train()
    assert torch.equal(together.weights[1], alone.weights[0])
    assert not torch.equal(together.weights[0], together.weights[1])


def test_inputs_are_standard_normal_and_fresh() -> None:
    recipe = Recipe("2nd_argmax", 2, 4, 2**20, (0, 1))
    first, second = draw_chunk(recipe, 0, CPU).inputs, draw_chunk(recipe, 1, CPU).inputs
    count = first.numel()
    assert count == 2 * 4 * 1024 * CHUNK_STEPS
    # Standard errors of the mean, 1/sqrt(N), and of the mean square, sqrt(2/N); 5 sigma each.
    assert abs(first.mean()) < 5 * count**-0.5
    assert abs((first**2).mean() - 1) < 5 * (2 / count) ** 0.5
    for other in (second, first.flip(0)):  # another chunk, and the other seed
        assert abs((first * other).mean()) < 5 * count**-0.5


def test_training_learns() -> None:
    told: list[Status] = []
    run = Run(Recipe("2nd_argmax", 4, 2, 2**18, (0, 1, 2)))
    run.train(told.append)
    # Guessing scores 1/2. A heuristic bound: most initialisations of this size learn the task.
    assert told[-1].accuracy is not None
    assert told[-1].accuracy > 0.95
    assert (told[-1].step, told[-1].steps) == (256, 256)


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("recipe", FAMILIES, ids=lambda r: f"{r.name}_{r.layers}_{r.heads}")
@pytest.mark.parametrize("kill", [16, 64, 96])
def test_a_killed_run_ends_with_the_same_bytes(
    recipe: Recipe, kill: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = Recipe(
        recipe.task, recipe.hidden_size, recipe.seq_len, recipe.batch * 120, recipe.seeds,
        recipe.batch, recipe.layers, recipe.heads,
    )  # fmt: skip
    monkeypatch.setattr(run_module, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(run_module, "SAVE_SECONDS", 0.0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    Run(longer, whole).train()

    def killed(status: Status) -> None:
        if status.step >= kill:
            raise _KilledError

    with pytest.raises(_KilledError):
        Run(longer, parts).train(killed)
    again = Run(longer, parts)
    assert kill <= again.step < longer.steps
    again.train()
    names = sorted(path.relative_to(whole) for path in whole.rglob("*.safetensors"))
    assert len(names) == 1 + 2 * len(recipe.seeds)  # the state; each seed's start and end
    for name in names:
        assert (whole / name).read_bytes() == (parts / name).read_bytes(), name
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]


def test_ctrl_c_never_tears_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It strikes when the weights have moved, and the step is not counted yet."""
    recipe = Recipe("2nd_argmax", 3, 2, 64 * 40, (0, 1), batch=64)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    Run(recipe, whole).train()
    before = signal.getsignal(signal.SIGINT)
    interrupted = Run(recipe, parts)
    step = interrupted.optimizer.step

    def struck() -> None:
        step()
        if interrupted.step == 25:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(interrupted.optimizer, "step", struck)
    with pytest.raises(KeyboardInterrupt):
        interrupted.train()
    assert signal.getsignal(signal.SIGINT) is before
    again = Run(recipe, parts)
    assert again.step == 26
    again.train()
    for path in whole.rglob("*.safetensors"):
        assert path.read_bytes() == (parts / path.relative_to(whole)).read_bytes(), path


def test_files_say_how_they_came_about(tmp_path: Path) -> None:
    recipe = Recipe("2nd_argmax", 2, 2, 2**21, (4,), batch=2**16)
    Run(recipe, tmp_path).train()
    names = [f"2nd_argmax_2_2_{count}_4.safetensors" for count in (0, 2**20, 2**21)]
    assert sorted(path.name for path in (tmp_path / "seeds").iterdir()) == sorted(names)
    _, metadata = parse_safetensors((tmp_path / "seeds" / names[2]).read_bytes())
    stated = {"task": "2nd_argmax", "seq_len": "2", "hidden_size": "2", "seed": "4"}
    assert (stated | {"sequences": str(2**21), "device": "cpu"}).items() <= metadata.items()
    assert '"optimizer": "AdamW"' in metadata["recipe"]


def test_impossible_recipes() -> None:
    for arguments, word in [
        (("argmax", 0, 2, 2048, (0,)), "hidden size"),
        (("argmax", 2, 2, 100, (0,)), "less than one batch"),
        (("argmax", 2, 2, 2048, ()), "number of seeds"),
        (("argmax", 2, 2, 2048, (1, 1)), "different"),
        (("argmedian", 2, 4, 2048, (0,)), "odd"),
        (("argmxa", 2, 4, 2048, (0,)), "Unknown task"),
        (("longest_cycle", 4, 4, 2048, (0,), 1024, 3, 1), "layers"),
        (("longest_cycle", 4, 4, 2048, (0,), 1024, 2, 3), "3 heads"),
        (("argmax", 4, 4, 2048, (0,), 1024, 2, 1), "takes an RNN"),
    ]:
        with pytest.raises(InputError, match=word):
            Recipe(*arguments)  # type: ignore[arg-type]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    Run(Recipe("argmax", 2, 2, 2048, (0,)), tmp_path).train()
    with pytest.raises(InputError, match="holds another run"):
        Run(Recipe("argmax", 2, 2, 4096, (0,)), tmp_path)
    (tmp_path / TRAINING_STATE).write_bytes(b"not a state")
    with pytest.raises(InputError, match="not the state of a run"):
        Run(Recipe("argmax", 2, 2, 2048, (0,)), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot use the folder"):
        Run(Recipe("argmax", 2, 2, 2048, (0,)), tmp_path / "file")
    with pytest.raises(InputError, match="not available"):
        Run(Recipe("argmax", 2, 2, 2048, (0,)), device="cuda:99")
