"""Checkpoints as trainers write them: where the weights are, and what else is said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import PROBLEMS

_DEEPEST = 4  # dictionaries within dictionaries
_MOST_KEPT = 1000  # entries of a dictionary that are looked at


def state_dict_in(checkpoint: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The state dict that a checkpoint holds, or the checkpoint itself if it is one, or holds none.

    Several of one checkpoint are parts of one, if they have no name in common, as those of an RNN
    and its read-out; else InputError. The outermost ones count.
    """
    if _is_state_dict(checkpoint):
        return checkpoint
    level = [checkpoint]
    for _ in range(_DEEPEST):
        inner = [pair for outer in level for pair in _dictionaries(outer)]
        level = [value for _, value in inner]
        found = [(str(key), value) for key, value in inner if _is_state_dict(value)]
        if len(found) == 1:
            return found[0][1]
        if found:
            return _joined(found)
    return checkpoint


def _joined(parts: list[tuple[str, Mapping[Any, Any]]]) -> dict[str, Any]:
    names = [name for _, part in parts for name in part]
    if len(names) > len(set(names)):
        shown = ", ".join(repr(key) for key, _ in parts[:6])
        raise InputError(
            f"This holds {len(parts)} state dicts ({shown}); save the one that is "
            "meant with torch.save(checkpoint[name], path)."
        )
    return {f"{key}.{name}": value for key, part in parts for name, value in part.items()}


def stated_in(checkpoint: Mapping[Any, Any]) -> dict[str, str]:
    """What a checkpoint, or a dictionary in it such as its hyper-parameters, says of the model: a
    ``task`` that is known, ``seq_len`` and ``heads``."""
    found: dict[str, str] = {}
    for part in (checkpoint, *(inner for _, inner in _dictionaries(checkpoint))):
        task = part.get("task")
        if isinstance(task, str) and task in PROBLEMS:
            found.setdefault("task", task)
        for key in ("seq_len", "heads"):
            if type(part.get(key)) is int and part[key] > 0:
                found.setdefault(key, str(part[key]))
    return found


def _dictionaries(outer: Mapping[Any, Any]) -> Iterator[tuple[Any, Mapping[Any, Any]]]:
    entries = list(outer.items())[:_MOST_KEPT]
    return ((key, value) for key, value in entries if isinstance(value, Mapping))


def _is_state_dict(value: Mapping[Any, Any]) -> bool:
    import torch

    return bool(value) and all(
        isinstance(key, str) and isinstance(entry, torch.Tensor) for key, entry in value.items()
    )
