"""Witnesses seen by torch in float64: a second implementation, with rounding."""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.explain.language.expression import Formula, evaluate, values_of
from algzoo_exact.explain.outcome import Point
from algzoo_exact.program.ir import Program, Trace


def confirmed(program: Program, statement: Formula, domain: Formula, point: Point) -> bool:
    """Whether torch's float64 numbers, too, satisfy the domain and not the statement at ``point``.

    False where rounding hides it, or where a number is beyond float64.
    """
    try:
        values = values_of(program, _trace(program, point))
        return evaluate(domain, values) and not evaluate(statement, values)
    except (OverflowError, ValueError):  # an infinity or NaN is no rational
        return False


def _trace(program: Program, point: Point) -> Trace:
    """All values of the program in torch's RNN and linear layers."""
    import torch

    def tensor(rows: tuple[tuple[Fraction, ...], ...]) -> torch.Tensor:
        return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)

    w_hi, w_hh, w_oh = map(tensor, ((program.input_weights,), program.recurrent, program.readout))
    rnn = torch.nn.RNN(1, program.hidden_size, nonlinearity="relu", bias=False, dtype=w_hh.dtype)
    rnn.load_state_dict({"weight_ih_l0": w_hi.T, "weight_hh_l0": w_hh})
    x = tensor((point,)).T
    with torch.no_grad():
        h = rnn(x)[0]
    before = torch.nn.functional.pad(h[:-1], (0, 0, 1, 0))  # no state before the first step
    z, logit = before @ w_hh.T + x @ w_hi, w_oh @ h[-1]
    rows = [[list(map(Fraction, row)) for row in m.tolist()] for m in (x.T, z, h, logit[None])]
    (inputs,), zs, hs, (logits,) = (tuple(map(tuple, matrix)) for matrix in rows)
    return Trace(inputs, zs, hs, logits)
