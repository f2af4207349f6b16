"""Checkpoints as trainers write them, reduced to the state dict with AlgZoo's names.

Around it, a dictionary with an epoch and an optimiser's state beside; before each name, a prefix of
a wrapper (``module.`` of DataParallel, ``_orig_mod.`` of torch.compile, ``model.`` of Lightning);
and biases that are all exactly 0, without which the function is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from algzoo_exact.errors import InputError

_OURS = ("rnn", "linear", "embed", "pos_embed", "attns", "unembed")
_T = TypeVar("_T")


def state_dict_in(checkpoint: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The state dict that a checkpoint holds, or the checkpoint itself if it is one, or holds none.

    InputError if it holds several.
    """
    inner = [key for key, value in checkpoint.items() if _is_state_dict(value)]
    if len(inner) > 1:
        raise InputError(
            f"This holds {len(inner)} state dicts ({', '.join(map(repr, inner[:6]))}); save the "
            "one that is meant with torch.save(checkpoint[name], path)."
        )
    return checkpoint[inner[0]] if inner else checkpoint


def _is_state_dict(value: object) -> bool:
    import torch

    found = [*value.values()] if isinstance(value, Mapping) else []
    return bool(found) and all(isinstance(entry, torch.Tensor) for entry in found)


def with_plain_names(state: Mapping[Any, _T], is_zero: Callable[[_T], bool]) -> dict[Any, _T]:
    """Without a prefix that all names share, and without biases that are 0."""
    plain = dict(state)
    while all(isinstance(key, str) and "." in key for key in plain):
        first = {key.partition(".")[0] for key in plain}
        if len(first) != 1 or first <= set(_OURS):
            break
        plain = {key.partition(".")[2]: value for key, value in plain.items()}
    return {key: v for key, v in plain.items() if "bias" not in str(key) or not is_zero(v)}
