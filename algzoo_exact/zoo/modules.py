"""Torch modules in memory: what is computed between their matrices must be what we compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import is_mlp
from algzoo_exact.program.transformer import Transformer

if TYPE_CHECKING:
    import torch
    from torch import nn

_TRIED = 8  # inputs
_ROUNDING = 1000.0  # times the precision of the module's type: a heuristic, far from what differs
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


def check_computes(module: nn.Module, network: Program | Transformer) -> None:
    """InputError for a module whose own forward pass gives something else than the network on a few
    inputs (batch, n), or (batch, n, 1). One that takes neither is not looked at."""
    import torch

    from algzoo_exact.zoo.architectures import to_module

    like = next(module.parameters())
    drawn = torch.Generator().manual_seed(0)
    x = torch.randn(_TRIED, network.seq_len, generator=drawn).to(like)
    if isinstance(network, Transformer):
        size = (_TRIED, network.seq_len)
        x = torch.randint(network.tokens, size, generator=drawn).to(like.device)
    modes = [(part, part.training) for part in module.modules()]
    module.eval()  # without dropout and the like
    try:
        theirs = _output(module, x, _TRIED * network.outputs)
    finally:
        for part, mode in modes:
            part.training = mode
    if theirs is None:
        return
    inputs = x.cpu() if isinstance(network, Transformer) else x.cpu().double()
    with torch.no_grad():
        ours = to_module(network)(inputs).flatten()
    allowed = _ROUNDING * torch.finfo(like.dtype).eps * max(1.0, float(ours.abs().max()))
    known = theirs.isfinite() & ours.isfinite()  # else beyond the range of floats
    if bool(((theirs - ours).abs()[known] > allowed).any()):
        raise InputError(
            f"The {type(module).__name__} computes something else than its matrices with ReLU "
            f"between them: on {x[0].flatten().tolist()} it gives "
            f"{theirs[: network.outputs].tolist()}, not {ours[: network.outputs].tolist()}; if "
            "they are what you mean, give its state_dict()."
        )


def _output(module: nn.Module, x: torch.Tensor, size: int) -> torch.Tensor | None:
    """What the module gives, flat, if it takes such inputs and gives so many numbers."""
    import torch

    for inputs in (x, x.unsqueeze(-1)):
        try:
            with torch.no_grad():
                found = module(inputs)
        except Exception:
            continue
        if isinstance(found, torch.Tensor) and found.numel() == size:
            return found.detach().cpu().double().flatten()
    return None


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
