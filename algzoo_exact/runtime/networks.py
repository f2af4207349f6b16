"""Networks in floating point, for batches of inputs: outputs, and what they are credited with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from algzoo_exact.errors import FloatRangeError
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import INPUT_KEY, KEYS, READOUT_KEY, RECURRENT_KEY, named_weights
from algzoo_exact.program.task import TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.runtime.attention import transformer_outputs
from algzoo_exact.zoo.architectures import to_tensor
from algzoo_exact.zoo.tasks import first_argmax

_MODERATE = 64  # the exponent of a weight that needs no care


class Network(ABC):
    """A network whose weights are rounded to ``dtype``, for inputs (n, batch) of that type.

    Logits of RNNs are right up to a common positive factor; single outputs are right themselves.
    FloatRangeError for a weight beyond the range of ``dtype``.
    """

    @abstractmethod
    def outputs(self, x: Tensor) -> Tensor:
        """Outputs (k, batch); FloatRangeError where they overflow."""

    def credit(self, x: Tensor, label: Tensor, count: int, ties: TieRule) -> dict[int, int]:
        """How many of the first ``count`` inputs gained 1/1, 1/2, .. credit, by the denominator.

        The whole batch goes through the network: sums may round otherwise in other shapes.
        """
        logits, label = self.outputs(x)[:, :count], label[:count]
        if ties == "lowest":
            return {1: int((first_argmax(logits) == label).sum())}
        best = logits.amax(0)
        right = logits.gather(0, label.clamp(min=0).unsqueeze(0))[0] == best
        tied = (logits == best).sum(0)[right & (label >= 0)]  # below 0, there is no label
        return _by_size(torch.bincount(tied, minlength=2).tolist(), ties)


def network_for(
    program: Program | Transformer, dtype: torch.dtype, device: torch.device
) -> Network:
    """The network on a device: RNNs as compiled code on a CPU, all else in torch."""
    if isinstance(program, Transformer):
        return _TransformerNetwork(program, dtype, device)
    if not program.is_rnn:
        return _Layered(program, dtype, device)
    kind = _CompiledRnn if device.type == "cpu" else _TorchRnn
    return kind(program, dtype, device)


class _CompiledRnn(Network):
    def __init__(self, program: Program, dtype: torch.dtype, device: torch.device) -> None:
        weights = _state(program, dtype)
        w_hi, w_hh, w_oh = (weights[key].numpy() for key in KEYS)
        self.weights = w_hi[:, 0], w_hh, w_oh

    def outputs(self, x: Tensor) -> Tensor:
        from algzoo_exact.runtime.rnn_kernel import rnn_outputs

        return _finite(torch.from_numpy(rnn_outputs(*self.weights, x.numpy())))

    def credit(self, x: Tensor, label: Tensor, count: int, ties: TieRule) -> dict[int, int]:
        from algzoo_exact.runtime.rnn_kernel import rnn_outcomes

        tied, lowest, finite = rnn_outcomes(*self.weights, x.numpy(), label.numpy())
        if not finite:
            raise _overflow("The logits overflow", x.dtype)
        if ties == "lowest":
            return {1: int(lowest[:count].sum())}
        counts = np.bincount(tied[:count], minlength=2).tolist()
        return _by_size([0, *counts[1:]], ties)


class _TorchRnn(Network):
    """The state and the next input stand in one array (d + 1, batch), so that a step is one
    matrix product [W_hh W_hi] (h, x) and one maximum."""

    def __init__(self, program: Program, dtype: torch.dtype, device: torch.device) -> None:
        weights = _state(program, dtype)
        self.step = torch.cat([weights[RECURRENT_KEY], weights[INPUT_KEY]], dim=1).to(device)
        self.readout = weights[READOUT_KEY].to(device)

    def outputs(self, x: Tensor) -> Tensor:
        d = len(self.step)
        state = torch.zeros(d + 1, x.shape[1], dtype=x.dtype, device=x.device)
        for row in x:
            state[d] = row
            torch.clamp(self.step @ state, min=0, out=state[:d])
        return _finite(self.readout @ state[:d])


class _Layered(Network):
    """Any other program: layers of A, B and C."""

    def __init__(self, program: Program, dtype: torch.dtype, device: torch.device) -> None:
        moderate = _moderate(program)
        layers = moderate.layers
        named = {f"A[{t}]": layer.state for t, layer in enumerate(layers) if t}
        named |= {f"B[{t}]": layer.input for t, layer in enumerate(layers)}
        weights = _rounded(named | {"C": moderate.readout}, dtype, moderate is not program)
        self.weights = {key: w.to(device) for key, w in weights.items()}
        self.reads = [bool(layer.reads) for layer in layers]

    def outputs(self, x: Tensor) -> Tensor:
        h = torch.clamp(self.weights["B[0]"] @ x, min=0)
        for t, reads in enumerate(self.reads[1:], 1):
            z = self.weights[f"A[{t}]"] @ h
            h = torch.clamp(z + self.weights[f"B[{t}]"] @ x if reads else z, min=0)
        return _finite(self.weights["C"] @ h)


class _TransformerNetwork(Network):
    def __init__(self, transformer: Transformer, dtype: torch.dtype, device: torch.device) -> None:
        self.weights = {key: w.to(device) for key, w in _state(transformer, dtype).items()}
        self.heads = transformer.heads

    def outputs(self, x: Tensor) -> Tensor:
        return _finite(transformer_outputs(self.weights, self.heads, x))


def _state(network: Program | Transformer, dtype: torch.dtype) -> dict[str, Tensor]:
    if isinstance(network, Transformer):
        return _rounded(named_weights(network), dtype, changed=False)
    moderate = _moderate(network)
    return _rounded(named_weights(moderate), dtype, moderate is not network)


def _rounded(named: Mapping[str, Matrix], dtype: torch.dtype, changed: bool) -> dict[str, Tensor]:
    """The matrices in ``dtype``; FloatRangeError where weights overflow, or vanish although they
    were ``changed``."""
    wrong = "A weight is beyond the range of floats"
    try:
        weights = {key: to_tensor(rows, dtype) for key, rows in named.items()}
    except OverflowError:
        raise _overflow(wrong, torch.float64) from None
    lost = changed and any(_vanishes(rows, weights[key]) for key, rows in named.items())
    if lost or not all(w.isfinite().all() for w in weights.values()):
        raise _overflow(wrong, dtype)
    return weights


def _vanishes(rows: Matrix, rounded: Tensor) -> bool:
    """Whether a weight that is not 0 was rounded to it."""
    there = torch.tensor([[bool(weight) for weight in row] for row in rows])
    return bool((there & (rounded == 0)).any())


def _moderate(network: Program) -> Program:
    """The program, or where a program's input or output weights are all tiny or huge, one with the
    same answers: these are multiplied by powers of two, which no comparison of logits sees.

    Products of such weights would vanish or overflow. Floats that do neither stay the same but for
    their exponents.
    """
    if network.outputs == 1:
        return network
    first, last = (
        _power(max(abs(w) for row in rows for w in row))
        for rows in (sum((layer.input for layer in network.layers), ()), network.readout)
    )
    if first == last == 1:
        return network
    layers = (
        replace(layer, input=tuple(tuple(w * first for w in row) for row in layer.input))
        for layer in network.layers
    )
    return Program(tuple(layers), tuple(tuple(w * last for w in row) for row in network.readout))


def _power(largest: Fraction) -> Fraction:
    """The power of two that brings ``largest`` near 1, unless it is moderate, or 0."""
    exponent = largest.numerator.bit_length() - largest.denominator.bit_length()
    return Fraction(2) ** -exponent if largest and abs(exponent) > _MODERATE else Fraction(1)


def _finite(outputs: Tensor) -> Tensor:
    if not outputs.isfinite().all():
        raise _overflow("The logits overflow", outputs.dtype)
    return outputs


def _overflow(what: str, dtype: torch.dtype) -> FloatRangeError:
    name = str(dtype).removeprefix("torch.")
    if dtype == torch.float64:
        advice = "no type of torch's has a wider range, so that this model cannot be sampled"
    else:
        advice = "float64 has a wider range (dtype='float64', or --dtype float64)"
    return FloatRangeError(f"{what} in {name}; {advice}.")


def _by_size(counts: list[int], ties: TieRule) -> dict[int, int]:
    """From how many inputs tie in how many logits, the label's among them."""
    if ties == "incorrect":
        return {1: counts[1]}
    return {size: count for size, count in enumerate(counts) if count}
