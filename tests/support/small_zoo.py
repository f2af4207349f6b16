"""A zoo of small models on a server of this machine, named like AlgZoo's files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
import torch

from algzoo_exact.program.task import Task
from algzoo_exact.zoo.architectures import new_module
from support.web_server import Answer, Server, serving

TWELVE = (
    "2nd_argmax_2_2", "2nd_argmax_3_2", "2nd_argmax_4_2", "2nd_argmax_2_3", "2nd_argmax_3_3",
    "argmedian_2_3", "argmedian_4_3", "median_2_2", "median_4_2", "median_2_3", "longest_cycle_3_3",
    "longest_cycle_4_3",
)  # fmt: skip
SEEDS, CHECKPOINTS = (0, 1), (0, 1 << 20, 1 << 30)


def weights(size: str, sequences: int, seed: int) -> bytes:
    """Random ones, other for each name."""
    task, d, n = size.rsplit("_", 2)
    torch.manual_seed(sequences % 1009 + seed)
    file = io.BytesIO()
    torch.save(new_module(Task(task, int(n)), int(d)).state_dict(), file)
    return file.getvalue()


@contextmanager
def small_zoo(
    at: Path,
    monkeypatch: pytest.MonkeyPatch,
    sizes: Iterable[str] = TWELVE,
    seeds: Iterable[int] = SEEDS,
    checkpoints: Iterable[int] = CHECKPOINTS,
) -> Iterator[Server]:
    """The server, from which models of these names load; downloads are kept in a folder there."""
    monkeypatch.setenv("ALGZOO_EXACT_CACHE", str(at / "cache"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with serving() as found:
        monkeypatch.setenv("ALGZOO_EXACT_MIRROR", found.address)
        for size, sequences, seed in product(sizes, checkpoints, seeds):
            content = weights(size, sequences, seed)
            found.answers[f"/zoo/{size}_{sequences}_{seed}.pth"] = Answer(content)
        yield found
