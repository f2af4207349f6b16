"""Files of weights for tests, and the messages on those that do not load."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from algzoo_exact.errors import InputError
from algzoo_exact.zoo.loading import load
from support.paths import ALGZOO

needs_algzoo = pytest.mark.skipif(not ALGZOO.is_dir(), reason="AlgZoo's files are not here")

State = dict[str, torch.Tensor]


def state(d: int = 2, n: int = 3, dtype: torch.dtype = torch.float32) -> State:
    """An RNN's weights."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"rnn.weight_ih_l0": (d, 1), "rnn.weight_hh_l0": (d, d), "linear.weight": (n, d)}
    return {k: torch.randn(*s, generator=generator).to(dtype) for k, s in shapes.items()}


def attention_state(hidden: int = 4, n: int = 3, outputs: int = 3, layers: int = 2) -> State:
    """A transformer's weights."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"embed.weight": (n, hidden), "pos_embed.weight": (n, hidden)}
    for i in range(layers):
        shapes[f"attns.{i}.in_proj_weight"] = (3 * hidden, hidden)
        shapes[f"attns.{i}.out_proj.weight"] = (hidden, hidden)
    shapes["unembed.weight"] = (outputs, hidden)
    return {key: torch.randn(*shape, generator=generator) for key, shape in shapes.items()}


def write(path: Path, content: object, **metadata: str) -> Path:
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(content, path, metadata or None)
    else:
        torch.save(content, path)
    return path


def message(model: object, **options: object) -> str:
    """The InputError's text; it must be one line."""
    with pytest.raises(InputError) as caught:
        load(model, **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text
