"""Training: the recipe against plain torch modules, the labels, and the file that is written."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from pathlib import Path

import pytest
import torch

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.architectures import DistRNN
from algzoo_exact.zoo.loading import load
from algzoo_exact.zoo.storage import parse_safetensors
from algzoo_exact.zoo.tasks import first_argmax, labels
from algzoo_exact.zoo.training import learning_rate, main, train

TASKS = [
    Task("2nd_argmax", 2),
    Task("2nd_argmax", 5),
    Task("argmax", 4),
    Task("argmedian", 5),
    Task("argoutlier", 4),
]


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_labels_are_the_tasks(task: Task) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(task.seq_len, 300, generator=generator, dtype=torch.float64)
    # Oracle: the task's own definition, in exact arithmetic.
    expected = [task.label([Fraction(v) for v in row]) for row in x.T.tolist()]
    assert labels(task, x).tolist() == expected


def test_first_argmax_takes_the_lowest_of_tied_indices() -> None:
    rows = torch.tensor([[0.0, 1, 2, 0], [3, 1, 2, 0], [3, 1, 1, 5]])
    assert first_argmax(rows).tolist() == [1, 0, 0, 2]


def test_the_learning_rate_warms_up_and_decays() -> None:
    # AlgZoo's own figures: 2^20 steps, 2^14 of warm-up, 0.04/sqrt(d).
    steps = 2**20
    assert learning_rate(0, steps, 4) == pytest.approx(0.02 / 2**14)
    halfway = 0.5 * 0.01 ** (2 * 2**13 / steps)
    assert learning_rate(2**13 - 1, steps, 4) == pytest.approx(0.02 * halfway, rel=1e-4)
    assert learning_rate(2**18, steps, 4) == pytest.approx(0.02 * 0.1)  # 0.01^(1/2)
    assert learning_rate(2**19, steps, 16) == pytest.approx(0.01 * 0.01)
    assert learning_rate(steps - 1, steps, 16) == pytest.approx(0.01 * 0.01)


def test_the_steps_are_those_of_plain_torch() -> None:
    task, d, batch, steps = Task("2nd_argmax", 3), 4, 64, 6
    found = train(task, d, sequences=steps * batch, seed=11, batch=batch, runs=2)
    # Oracle: torch's own RNN, Linear and AdamW, each run alone, on the same random numbers.
    generator = torch.Generator().manual_seed(11)
    shapes = {"rnn.weight_ih_l0": (d, 1), "rnn.weight_hh_l0": (d, d), "linear.weight": (3, d)}
    initial = {
        key: (2 * torch.rand(2, *shape, generator=generator) - 1) / sqrt(d)
        for key, shape in shapes.items()
    }
    inputs = [torch.randn(3, batch, generator=generator) for _ in range(steps)]
    model = DistRNN(d, 3)
    model.load_state_dict({key: weight[found.best] for key, weight in initial.items()})
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.001)
    for step, x in enumerate(inputs):
        optimizer.param_groups[0]["lr"] = learning_rate(step, steps, d)
        optimizer.zero_grad()
        target = torch.tensor([task.label(row) for row in x.T.tolist()])
        torch.nn.functional.cross_entropy(model(x.T), target).backward()
        optimizer.step()
    # Adam divides by the gradients' size, so that float32's rounding, 6e-8, grows by the ratio of
    # a gradient to its terms; six steps of at most 0.02 stay well within this heuristic bound.
    for key, weight in model.state_dict().items():
        assert torch.allclose(found.state[key], weight, atol=2e-5), key


def test_training_learns_and_repeats() -> None:
    task = Task("2nd_argmax", 2)
    told: list[tuple[int, int]] = []
    first, again = (
        train(task, 4, sequences=2**18, seed=0, runs=3, progress=lambda *x: told.append(x))
        for _ in range(2)
    )
    # Guessing scores 1/2. A heuristic bound: most initialisations of this size learn the task.
    assert max(first.scores) > 0.95
    assert first.best == first.scores.index(max(first.scores))
    assert told[-1] == (256, 256)
    assert first.scores == again.scores
    assert all(torch.equal(first.state[key], again.state[key]) for key in first.state)


def test_impossible_sizes() -> None:
    for d, sequences, runs in [(0, 2048, 1), (2, 100, 1), (2, 2048, 0)]:
        with pytest.raises(InputError):
            train(Task("argmax", 2), d, sequences=sequences, seed=0, runs=runs)


def arguments(output: Path, task: str = "2nd_argmax") -> list[str]:
    sizes = ["--hidden-size", "2", "--seq-len", "2", "--sequences", "2^14", "--runs", "2"]
    return [task, *sizes, "--seed", "5", "-o", str(output)]


def test_the_command_writes_a_model_that_loads(tmp_path: Path) -> None:
    path, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    assert main(arguments(path)) == main(arguments(second)) == 0
    assert path.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors"]
    model = load(path)
    assert model.task == Task("2nd_argmax", 2)
    assert model.program.parameters == 10
    stated = {"task": "2nd_argmax", "seq_len": "2", "hidden_size": "2", "seed": "5", "runs": "2"}
    assert stated.items() <= model.metadata.items()
    assert model.metadata["sequences"] == str(2**14)
    assert {"recipe", "version"} <= model.metadata.keys()
    # Oracle for the hand-written bytes: the library's validating parser (inside parse).
    tensors, metadata = parse_safetensors(path.read_bytes())
    assert set(tensors) == {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight"}
    assert metadata == model.metadata


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(tmp_path / "no" / "a.safetensors")) == 2
    assert "There is no folder" in capsys.readouterr().err
    assert main(arguments(tmp_path / "a.pth")) == 2
    assert "written as .safetensors" in capsys.readouterr().err
    assert main(arguments(tmp_path / "a.safetensors", task="argmxa")) == 2
    assert "Unknown task 'argmxa'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*arguments(tmp_path / "a.safetensors"), "--sequences", "2^x"])
    assert "'2^x' is not a number like 4096 or 2^12" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")

    def refuse(source: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("algzoo_exact.zoo.training.os.replace", refuse)
    assert main(arguments(path)) == 2
    assert "Cannot write" in capsys.readouterr().err
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]
