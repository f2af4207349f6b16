"""Write an RNN or a perceptron as a model file, which ``load`` reads back exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.storage import raw_tensor, to_safetensors

SUFFIXES = (".safetensors", ".pt", ".pth")


def check_suffix(path: Path) -> None:
    """InputError for a file of another sort."""
    if path.suffix not in SUFFIXES:
        raise InputError(f"A model is written as {', '.join(SUFFIXES)}, not {path.name!r}.")


def save(program: Program, path: Path, task: Task, dtype: Literal["float32", "float64"]) -> None:
    """Write the weights, each rounded to ``dtype``.

    A ``.safetensors`` file states task and sizes, and that a perceptron is one; for a ``.pt`` or
    ``.pth`` file, a state dict, its name may, or who loads it.
    """
    import torch

    from algzoo_exact.zoo.architectures import to_state

    state = to_state(program, getattr(torch, dtype))
    if path.suffix != ".safetensors":
        torch.save(state, path)
        return
    tensors = {key: raw_tensor(key, value.numpy()) for key, value in state.items()}
    sizes = {"hidden_size": str(program.hidden_size), "seq_len": str(program.seq_len)}
    if program.is_mlp:
        sizes |= {"architecture": "mlp"}
    path.write_bytes(to_safetensors(tensors, {"task": task.name, **sizes}))
