"""A training run: all seeds step by step, checkpoints, and going on where it was stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from algzoo_exact.errors import InputError
from algzoo_exact.files import write_whole
from algzoo_exact.signals import interrupts_to
from algzoo_exact.training.data import CHUNK_STEPS, Chunk, draw_chunk
from algzoo_exact.training.networks import (
    gradient_for,
    initial_weights,
    losses,
    outputs,
    views,
)
from algzoo_exact.training.recipe import WEIGHT_DECAY, Recipe
from algzoo_exact.version import __version__
from algzoo_exact.zoo.folders import TRAINING_STATE
from algzoo_exact.zoo.storage import RawTensor, parse_safetensors, raw_tensor, to_safetensors
from algzoo_exact.zoo.tasks import first_argmax, torch_device

SAVE_SECONDS = 20.0  # between two saves of the state
REPORT_SECONDS = 0.25
MOMENTS = ("exp_avg", "exp_avg_sq")  # AdamW's


@dataclass(frozen=True)
class Status:
    """How far a run is. ``loss`` and ``accuracy`` are those of the best seed on the last batch,
    ``accuracy`` None for median."""

    step: int
    steps: int
    loss: float
    accuracy: float | None


Report = Callable[[Status], None]


class Run:
    """The state of a run: weights (S, P), AdamW's moments, and the step.

    With a ``folder``, the state is saved there every 20 seconds and when the run is interrupted,
    and taken up again from there; the weights of every seed go to its ``seeds`` folder at 2^20,
    2^21, .. sequences and at the end, under AlgZoo's names.

    ``only`` trains the seed at that position alone; the others' places stay empty, but are there,
    since torch rounds the last numbers of an array in another way than those before them.

    Raises InputError for a device that is not here, and a folder that holds another run.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: Path | None = None,
        device: str = "cpu",
        only: int | None = None,
    ) -> None:
        self.recipe, self.folder = recipe, folder
        self.device = torch_device(device)
        self.rows = slice(None) if only is None else slice(only, only + 1)
        self.trained = replace(recipe, seeds=recipe.seeds[self.rows])
        self.layout, weights = initial_weights(recipe)
        self.weights = torch.nn.Parameter(weights.to(self.device))
        self.weights.grad = torch.zeros_like(self.weights)
        self.optimizer = torch.optim.AdamW([self.weights], weight_decay=WEIGHT_DECAY, fused=True)
        self.step = 0
        if folder is not None:
            self._resume(folder)

    def train(self, report: Report | None = None, until: int | None = None) -> None:
        """Run to the end, or ``until`` a step. Ctrl-C saves the state before it goes on to
        interrupt."""
        recipe = self.trained
        gradient = gradient_for(recipe, self.layout, self.device)
        saved = reported = time.monotonic()
        assert self.weights.grad is not None
        out, end = self.weights.grad[self.rows], until or recipe.steps
        kept = set(recipe.checkpoints)
        group = self.optimizer.param_groups[0]
        amid_step, late = False, list[Callable[[], None]]()

        def interrupted(go_on: Callable[[], None]) -> None:
            """Amid a step, a state that is saved would go on differently."""
            if amid_step:
                late.append(go_on)
            else:
                go_on()

        # One thread for drawing: torch's own would wait in busy loops beside the gradients.
        with (
            ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as reader,
            interrupts_to(interrupted),
        ):
            number = self.step // CHUNK_STEPS
            coming = reader.submit(draw_chunk, recipe, number, self.device)
            try:
                while self.step < end:
                    chunk = coming.result()
                    number += 1
                    coming = reader.submit(draw_chunk, recipe, number, self.device)
                    while self.step < min(number * CHUNK_STEPS, end):
                        start = self.step % CHUNK_STEPS * recipe.batch
                        gradient(self.weights.detach()[self.rows], chunk, start, out)
                        group["lr"] = recipe.learning_rate(self.step)
                        amid_step = True
                        self.optimizer.step()
                        self.step += 1
                        if self.step in kept:
                            self._keep_weights()
                        amid_step = False
                        while late:
                            late.pop()()
                    now = time.monotonic()
                    if now > saved + SAVE_SECONDS:
                        self.save()
                        saved = now
                    if report is not None and (now > reported + REPORT_SECONDS or self.step == end):
                        report(self._status(chunk, start))
                        reported = now
            finally:
                self.save()

    def state(self, seed: int) -> dict[str, Tensor]:
        """The weights of the seed at this position, under AlgZoo's names."""
        weights = views(self.layout, self.weights.detach())
        return {name: value[seed].cpu().clone() for name, value in weights.items()}

    def arrays(self) -> dict[str, Tensor]:
        """The weights of what is trained (S, P), and the optimizer's moments once there are any."""
        moments = self.optimizer.state[self.weights]
        found = {"weights": self.weights.detach()}
        found |= {key: moments[key] for key in MOMENTS if key in moments}
        return {key: value[self.rows] for key, value in found.items()}

    def go_on(self, step: int, arrays: Mapping[str, Tensor]) -> None:
        """Take up what ``arrays`` were after so many steps."""
        self.step = step
        with torch.no_grad():
            self.weights[self.rows] = arrays["weights"].to(self.device)
        if step:
            moments = {key: torch.zeros_like(self.weights) for key in MOMENTS}
            for key, value in moments.items():
                value[self.rows] = arrays[key].to(self.device)
            count = torch.tensor(float(step), device=self.device)
            self.optimizer.state[self.weights] = {"step": count, **moments}

    def save(self) -> None:
        """Write the state of the run to its folder, if it has one."""
        if self.folder is None:
            return
        metadata = {"recipe": self.recipe.to_json(), "step": str(self.step)}
        metadata |= {"torch": torch.__version__, "version": __version__}
        write_whole(self.folder / TRAINING_STATE, to_safetensors(_raw(self.arrays()), metadata))

    def _resume(self, folder: Path) -> None:
        try:
            (folder / "seeds").mkdir(parents=True, exist_ok=True)
            content = (folder / TRAINING_STATE).read_bytes()
        except FileNotFoundError:
            self._keep_weights()
            self.save()  # claims the folder
            return
        except OSError as error:
            raise InputError(f"Cannot use the folder {folder}: {error.strerror}.") from error
        try:
            tensors, metadata = parse_safetensors(content)
            recipe, step = metadata["recipe"], int(metadata["step"])
            arrays = {
                key: torch.frombuffer(bytearray(raw.data), dtype=torch.float32).view(raw.shape)
                for key, raw in tensors.items()
            }
        except (InputError, KeyError, ValueError) as error:
            raise InputError(
                f"{folder / TRAINING_STATE} is not the state of a run; delete it to start anew."
            ) from error
        if recipe != self.recipe.to_json():
            raise InputError(
                f"The folder {folder} holds another run ({recipe}); choose another folder, or "
                "delete this one to start anew."
            )
        self.go_on(step, arrays)

    def _keep_weights(self) -> None:
        if self.folder is not None:
            keep_weights(self, self.folder)

    def _status(self, chunk: Chunk, start: int) -> Status:
        batch = chunk.batch(start, self.recipe.batch)
        with torch.no_grad():
            weights = self.weights.detach()[self.rows]
            y = outputs(self.recipe, self.layout, weights, batch.inputs)
            loss = losses(y, batch.targets).mean(1)
        best = int(loss.argmin())
        accuracy = None
        if y.shape[1] > 1:
            accuracy = float((first_argmax(y[best]) == batch.targets[best]).double().mean())
        return Status(self.step, self.recipe.steps, float(loss[best]), accuracy)


def keep_weights(run: Run, folder: Path) -> None:
    """Write the weights of what is trained, with all that is needed to train it again, under
    AlgZoo's name, task_hidden_length_sequences_seed, to the folder's ``seeds``."""
    recipe, sequences = run.recipe, run.step * run.recipe.batch
    metadata = {
        "task": recipe.task,
        "hidden_size": str(recipe.hidden_size),
        "seq_len": str(recipe.seq_len),
        "sequences": str(sequences),
        "recipe": json.dumps(recipe.settings(), sort_keys=True),
        "torch": torch.__version__,
        "device": run.device.type,
        "version": __version__,
    }
    if recipe.is_transformer:
        metadata |= {"layers": str(recipe.layers), "heads": str(recipe.heads)}
    for position in range(len(recipe.seeds))[run.rows]:
        named = metadata | {"seed": str(recipe.seeds[position])}
        content = to_safetensors(_raw(run.state(position)), named)
        write_whole(seed_path(folder, recipe, sequences, position), content)


def seed_path(folder: Path, recipe: Recipe, sequences: int, position: int) -> Path:
    """Where the weights of the seed at this position are, after so many sequences."""
    return folder / "seeds" / f"{recipe.name}_{sequences}_{recipe.seeds[position]}.safetensors"


def _raw(tensors: dict[str, Tensor]) -> dict[str, RawTensor]:
    return {key: raw_tensor(key, value.cpu().numpy()) for key, value in tensors.items()}
