"""Exact scores as torch functions, so that they can be objectives of training.

The value and the gradient are exact, rounded to the type of the weights.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from algzoo_exact.analysis.gradient import gradient
from algzoo_exact.errors import InputError, demand
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.score.compute import accuracy, squared_error

if TYPE_CHECKING:
    from torch import Tensor


def exact_score(
    w_hi: Tensor, w_hh: Tensor, w_oh: Tensor, target: Task, *, ties: TieRule = "lowest"
) -> Tensor:
    """The exact accuracy of an RNN on a ``target``, or the mean squared error on a median, as a
    number that torch differentiates by the weights: W_hi (d, 1) or (d,), W_hh (d, d), W_oh (k, d),
    on the CPU, as they are in ``torch.nn.RNN`` and ``Linear``.

    It takes seconds for models of a hundred thousand cells, and cannot be differentiated twice. By
    a weight that has a derivative to each side only it is 0. InputError as for ``accuracy`` and
    ``gradient``, and for weights that are no floats on the CPU.
    """
    import torch

    demand(target, Task, "What is asked of the network is a task, such as tasks.second_argmax(4)")
    if not all(
        isinstance(w, torch.Tensor) and w.is_floating_point() and w.device.type == "cpu"
        for w in (w_hi, w_hh, w_oh)
    ):
        raise InputError("The weights are three torch tensors of floats on the CPU.")
    found: Tensor = _function().apply(w_hi, w_hh, w_oh, target, ties)
    return found


@cache
def _function() -> Any:
    """The ``torch.autograd.Function``; torch is imported when it is first asked for."""
    import torch

    class ExactScore(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Tensor:
            *weights, task, ties = given
            w_hi, w_hh, w_oh = weights[0].reshape(-1).tolist(), *(w.tolist() for w in weights[1:])
            program = rnn(w_hi, w_hh, w_oh, task.seq_len)
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
                *(
                    upstream[0] * torch.from_numpy(part).nan_to_num(0.0).to(w).reshape(w.shape)
                    for part, w in zip(slopes, ctx.saved_tensors, strict=True)
                ),
                None,
                None,
            )

    return ExactScore
