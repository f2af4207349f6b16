"""Exact scores as torch functions, so that they can be objectives of training.

The value and the gradient are exact, rounded to the type of the weights.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, overload

from algzoo_exact.analysis.gradient import gradient
from algzoo_exact.errors import InputError, demand
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.lift import lift
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.score.compute import accuracy, squared_error

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Sequential


@overload
def exact_score(module: Sequential, target: Task, /, *, ties: TieRule = ...) -> Tensor: ...


@overload
def exact_score(
    w_hi: Tensor, w_hh: Tensor, w_oh: Tensor, target: Task, /, *, ties: TieRule = ...
) -> Tensor: ...


def exact_score(*given: Any, ties: TieRule = "lowest") -> Tensor:
    """``exact_score(w_hi, w_hh, w_oh, target)``: the exact accuracy of an RNN on a ``target``, or
    the mean squared error on a median, as a number that torch differentiates by the weights: W_hi
    (d, 1) or (d,), W_hh (d, d), W_oh (k, d), on the CPU, as they are in ``torch.nn.RNN`` and
    ``Linear``. ``exact_score(module, target)``: that of a ``torch.nn.Sequential`` of ``Linear``
    without biases and ``ReLU`` in turn.

    It takes seconds for models of a hundred thousand cells, and cannot be differentiated twice. By
    a weight that has a derivative to each side only it is 0. InputError as for ``accuracy`` and
    ``gradient``, and for weights that are no floats on the CPU.
    """
    import torch

    *network, target = given or (None,)
    demand(target, Task, "What is asked of the network is a task, such as tasks.second_argmax(4)")
    perceptron = len(network) == 1 and isinstance(network[0], torch.nn.Sequential)
    if perceptron:
        program = lift(network[0])
        network = [part.weight for part in network[0][::2]]
    if not (perceptron or len(network) == 3) or not all(
        isinstance(w, torch.Tensor) and w.is_floating_point() and w.device.type == "cpu"
        for w in network
    ):
        raise InputError(
            "The weights are three torch tensors of floats on the CPU, or those of a "
            "torch.nn.Sequential there."
        )
    if not perceptron:
        w_hi, w_hh, w_oh = network
        program = rnn(w_hi.reshape(-1).tolist(), w_hh.tolist(), w_oh.tolist(), target.seq_len)
    found: Tensor = _function().apply(program, target, ties, *network)
    return found


@cache
def _function() -> Any:
    """The ``torch.autograd.Function``; torch is imported when it is first asked for."""
    import torch

    class ExactScore(torch.autograd.Function):
        @staticmethod
        def forward(
            ctx: Any, program: Program, task: Task, ties: TieRule, *weights: Tensor
        ) -> Tensor:
            ctx.question = program, task, ties
            ctx.save_for_backward(*weights)
            if task.is_numeric:
                score = squared_error(program, task, method="exact")
            else:
                score = accuracy(program, task, ties=ties, method="exact")
            value: Tensor = weights[0].new_tensor(score.value)
            return value

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, *upstream: Any) -> tuple[Tensor | None, ...]:
            program, task, ties = ctx.question
            slopes = gradient(program, task, ties=ties).slopes
            return (
                None,
                None,
                None,
                *(
                    upstream[0] * torch.from_numpy(part).nan_to_num(0.0).to(w).reshape(w.shape)
                    for part, w in zip(slopes, ctx.saved_tensors, strict=True)
                ),
            )

    return ExactScore
