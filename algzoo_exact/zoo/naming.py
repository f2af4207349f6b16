"""Which tensor is which matrix: names as people give them, matched with ours.

A prefix that all names share, as wrappers add it (``module.``, ``_orig_mod.``, ``model.``), says
nothing, and neither do counters and biases that are all 0. Then what the caller says (``rename``)
comes first, ours and torch's names second, and shapes last: they decide only where one assignment
alone fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise, permutations
from typing import TypeAlias

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.program.lift import (
    INPUT_KEY,
    KEYS,
    MLP_KEY,
    RECURRENT_KEY,
    is_mlp,
    is_transformer,
)
from algzoo_exact.zoo.storage import RawTensor

_OURS = ("rnn", "linear", "embed", "pos_embed", "attns", "unembed")
_TORCH = {INPUT_KEY: ("weight_ih_l0", "weight_ih"), RECURRENT_KEY: ("weight_hh_l0", "weight_hh")}
"""The names of ``torch.nn.RNN`` and ``RNNCell``, whatever module these are in."""

_MOST_LAYERS = 6  # of a perceptron whose matrices are put in order by their shapes
_MARKS = {
    "parametrizations": "torch.nn.utils.parametrize.remove_parametrizations()",
    "weight_orig": "torch.nn.utils.prune.remove()",
    "weight_g": "torch.nn.utils.remove_weight_norm()",
}  # of weights that are stored as the arguments of a function, and what computes them

_Tensors: TypeAlias = Mapping[str, RawTensor]
_Shapes: TypeAlias = Mapping[str, tuple[int, ...]]


def with_our_names(
    tensors: _Tensors, rename: Mapping[str, str], *, perceptron: bool
) -> tuple[dict[str, RawTensor], dict[str, str]]:
    """The tensors under our names, as far as they can be told, and what was taken for what: our
    name and theirs, where neither the caller nor the name said so.

    InputError where shapes leave several possibilities, or are those of transposed matrices.
    """
    kept = {key: tensor for key, tensor in tensors.items() if not _says_nothing(key, tensor)}
    _check_stored_whole(kept)
    found = _renamed(_without_prefix(kept), kept, rename)
    shapes = {key: tensor.shape for key, tensor in found.items()}
    if is_transformer(shapes) or (is_mlp(shapes) and not perceptron):
        return found, {}
    numbered = perceptron and not any(key in KEYS for key in shapes)
    taken = _perceptron(shapes) if numbered else _rnn(shapes)
    ours = {theirs: name for name, theirs in taken.items()}
    named = {ours.get(key, key): tensor for key, tensor in found.items()}
    return named, {name: theirs for name, theirs in taken.items() if name != theirs}


def _says_nothing(key: str, tensor: RawTensor) -> bool:
    """Of a counter, such as how many models were averaged, and of a bias that is 0."""
    if tensor.shape == ():
        return not tensor.is_float
    return ("bias" in key or len(tensor.shape) == 1) and tensor.is_zero


def _check_stored_whole(names: Iterable[str]) -> None:
    for name in names:
        for mark, cure in _MARKS.items():
            if mark in name:
                raise InputError(
                    f"The weight of {name!r} is computed from several tensors; store the weight "
                    f"itself, after {cure}."
                )


def _without_prefix(tensors: _Tensors) -> dict[str, str]:
    """Names without what all begin with, and the names in full."""
    plain = {key: key for key in tensors}
    while plain:
        parts = [re.split(r"[./]", key, maxsplit=1) for key in plain]
        first = {part[0] for part in parts}
        if min(map(len, parts)) == 1 or len(first) > 1 or first <= set(_OURS):
            break
        plain = {part[1]: full for part, full in zip(parts, plain.values(), strict=True)}
    return plain


def _renamed(
    plain: Mapping[str, str], tensors: _Tensors, rename: Mapping[str, str]
) -> dict[str, RawTensor]:
    """What is to be renamed is called as in the file or without the prefix; ``.T`` after it
    transposes."""
    new = {}
    for name, asked in rename.items():
        if not (name in KEYS or is_mlp([name]) or is_transformer([name])):
            raise InputError(
                f"None of our matrices is called {name!r}{did_you_mean(name, KEYS)}: an RNN has "
                f"{', '.join(KEYS)}, a perceptron 0.weight, 2.weight, .."
            )
        full = plain.get(asked, asked)
        transposed = full not in tensors and asked.endswith(".T")
        if transposed:
            full = plain.get(asked[:-2], asked[:-2])
        if full not in tensors:
            known = ", ".join(repr(key) for key in [*plain][:6]) or "nothing"
            raise InputError(
                f"There is no tensor {asked!r} to be taken as {name}{did_you_mean(asked, plain)}; "
                f"found: {known}."
            )
        new[full] = (name, tensors[full].transposed() if transposed else tensors[full])
    if len(new) < len(rename):
        raise InputError("A tensor cannot be two matrices; rename each to one name.")
    return dict(
        new[full] if full in new else (short, tensors[full]) for short, full in plain.items()
    )


def _rnn(shapes: _Shapes) -> dict[str, str]:
    """Which tensor is which of an RNN's three matrices; nothing where no assignment fits."""
    taken = {key: key for key in KEYS if key in shapes}
    others = [key for key in shapes if key not in KEYS]
    for key, words in _TORCH.items():
        named = [other for other in others if re.split(r"[./]", other)[-1] in words]
        if key not in taken and len(named) == 1:
            taken[key] = named[0]
            others.remove(named[0])
    missing = [key for key in KEYS if key not in taken]
    if len(missing) != len(others):
        return {}
    every = [taken | dict(zip(missing, order, strict=True)) for order in permutations(others)]
    turned = {key: shape[::-1] for key, shape in shapes.items()}
    fits = [one for one in every if _is_rnn(shapes, one)]
    if not fits or _foreign(shapes):
        if whole := [one for one in every if _is_rnn(turned, one)]:
            raise _transposed(whole[0])
        return {}
    if len(fits) > 1:
        raise _ambiguous(missing, fits, shapes)
    return fits[0]


def _is_rnn(shapes: _Shapes, taken: Mapping[str, str]) -> bool:
    entering, recurrent, readout = (shapes[taken[key]] for key in KEYS)
    d = entering[0] if entering else 0
    return (entering, recurrent) == ((d, 1), (d, d)) and len(readout) == 2 and readout[1] == d


def _perceptron(shapes: _Shapes) -> dict[str, str]:
    """The matrices in the order of the numbers in their names, else the only one that fits."""
    names = [*shapes]
    if any(len(shape) != 2 for shape in shapes.values()):
        return {}
    if _foreign(shapes):
        raise _transposed({MLP_KEY.format(2 * i): name for i, name in enumerate(names)})
    if len({re.sub(r"\d+", "#", name) for name in names}) == 1:
        orders = [sorted(names, key=lambda name: [int(k) for k in re.findall(r"\d+", name)])]
    elif len(names) <= _MOST_LAYERS:
        orders = [[*order] for order in permutations(names) if _chains(shapes, order)]
    else:
        return {}
    every = [{MLP_KEY.format(2 * i): name for i, name in enumerate(one)} for one in orders]
    if len(every) > 1:
        raise _ambiguous([*every[0]], every, shapes)
    return every[0] if every else {}


def _chains(shapes: _Shapes, order: Iterable[str]) -> bool:
    return all(shapes[one][0] == shapes[other][1] for one, other in pairwise(order))


def _foreign(names: Iterable[str]) -> bool:
    """Whether a matrix has the name that JAX and Keras give to those that stand behind inputs."""
    return any(re.split(r"[./]", name)[-1] == "kernel" for name in names)


def _transposed(taken: Mapping[str, str]) -> InputError:
    pairs = ",".join(f"{name}={theirs}.T" for name, theirs in taken.items())
    return InputError(
        "These matrices are transposed (x @ W, as in JAX and Keras), and W @ x is meant; give "
        f"--rename {pairs} (rename= in Python), where .T transposes, if that is what they are."
    )


def _ambiguous(missing: list[str], fits: list[dict[str, str]], shapes: _Shapes) -> InputError:
    """Of the first name for which there are several tensors."""
    key = next(key for key in missing if len({one[key] for one in fits}) > 1)
    several = list(dict.fromkeys(one[key] for one in fits))
    alike = " and ".join(f"{name!r} {shapes[name]}" for name in several[:3])
    return InputError(
        f"The shapes do not tell which of {alike} is {key}; say it with --rename "
        f"{key}={several[0]} or with another (rename= in Python)."
    )
