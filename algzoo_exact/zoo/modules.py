"""Torch modules in memory: what is computed between their matrices must be what we compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algzoo_exact.errors import InputError
from algzoo_exact.program.lift import is_mlp

if TYPE_CHECKING:
    from torch import nn

_WRAPPED = ("module", "_orig_mod")  # by torch's DataParallel and AveragedModel, and by compile()


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside those that run it on several devices, average or compile it."""
    while type(module).__module__.startswith("torch."):
        inner = [child for name, child in module.named_children() if name in _WRAPPED]
        if not inner:
            break
        module = inner[0]
    return module


def check_module(module: nn.Module, *, ordered: bool) -> None:
    """InputError for a module that computes something else than an RNN with ReLU, a transformer or
    a perceptron; ``ordered``: the caller says that it is a perceptron."""
    from torch import nn

    for part in module.modules():
        if isinstance(part, nn.RNN | nn.RNNCell) and part.nonlinearity != "relu":
            raise InputError(
                f"The module's RNN uses {part.nonlinearity}; only relu is piecewise linear."
            )
        if isinstance(part, nn.LSTM | nn.GRU | nn.LSTMCell | nn.GRUCell):
            raise InputError(
                f"The module holds an {type(part).__name__}, whose gates are not piecewise linear; "
                "train an nn.RNN with nonlinearity='relu'."
            )
    if isinstance(module, nn.Sequential):
        _check_sequential(module)
    elif is_mlp(module.state_dict()) and not ordered:
        raise InputError(
            f"What stands between the matrices of a {type(module).__name__} cannot be told; give a "
            "torch.nn.Sequential of Linear and ReLU, or say architecture='mlp'."
        )


def _check_sequential(module: nn.Sequential) -> None:
    """InputError for a Sequential that is not Linear and ReLU in turn, or that has biases."""
    from torch import nn

    for i, part in enumerate(module):
        expected = (nn.Linear, nn.ReLU)[i % 2]
        if type(part) is not expected:
            raise InputError(
                f"Part {i} of the Sequential is a {type(part).__name__}, not a "
                f"{expected.__name__}; only Linear and ReLU in turn are supported."
            )
        if isinstance(part, nn.Linear) and part.bias is not None and bool(part.bias.any()):
            raise InputError(
                f"Part {i} of the Sequential is a Linear with a bias, and regions of networks with "
                "biases are not cones; train it with bias=False."
            )
    if len(module) < 3 or len(module) % 2 == 0:
        raise InputError("The Sequential must have a ReLU, and end in a Linear.")


def module_heads(module: nn.Module) -> str | None:
    """The number of heads of a module's attention layers, if it has such layers."""
    from torch import nn

    layers = [layer for layer in module.modules() if isinstance(layer, nn.MultiheadAttention)]
    if any(layer.add_zero_attn for layer in layers):
        raise InputError("The module's attention adds a zero key; train with add_zero_attn=False.")
    counts = {layer.num_heads for layer in layers}
    if len(counts) > 1:
        raise InputError(f"The module's layers have {sorted(counts)} heads; they must agree.")
    return str(counts.pop()) if counts else None
