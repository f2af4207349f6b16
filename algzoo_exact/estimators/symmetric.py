"""Two estimators for four neurons and three inputs, by an approximate symmetry.

They follow the published one-line descriptions of the two mechanistic estimators in J. Hilton's
"Heuristic explanations for 2nd argmax models" (2024); the note itself was not at hand, and what the
descriptions leave open is our choice. So these are not a reproduction.

Scaled so that W_hi has entries +-1, the neurons form two pairs of opposite signs. In the symmetric
model a pair acts as one linear unit z, with relu(z) in one neuron and relu(-z) in the other:

    z[t] = W z[t-1] + x[t] (1, 1),      logits = V |z[n-1]|,

W and V being the means of the entries that they stand for. Its four sign regions times the six
orderings are cut out of the inputs' distribution by ``half_spaces``.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from algzoo_exact.estimators.deductive import Deduction, Weights
from algzoo_exact.estimators.flops import plain
from algzoo_exact.estimators.half_spaces import Pieces, right_mass, split
from algzoo_exact.estimators.normal import normal_cdf
from algzoo_exact.estimators.order_moments import order_moments
from algzoo_exact.program.task import Task

LATENT = 0.2
"""Share of variance that the two comparisons of a region have in common."""

_SIGNS = np.array([1.0, 1.0, -1.0, -1.0])
_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(5)


class Symmetric(NamedTuple):
    """The program with its neurons scaled and in the order (unit 0 up, unit 1 up, unit 0 down,
    unit 1 down), and the symmetric model next to it.

    ``recurrent`` W (2, 2), ``readout`` V (3, 2); ``states``: z[0], z[1], z[2] as functionals
    (2, 3). ``misfit``: mean squares of what W_hh and W_oh differ by from the symmetric model's.
    """

    program: Weights
    recurrent: Any
    readout: Any
    states: list[Any]
    misfit: tuple[Any, Any]


def symmetrised(weights: Weights) -> Symmetric:
    """The symmetric model by the pairing of neurons that fits W_hh better.

    The two largest entries of W_hi are taken to be the units' upper neurons.
    """
    w_hi, w_hh, w_oh = weights
    size = abs(w_hi)
    w_hh, w_oh = w_hh * size / size[:, None], w_oh * size
    order = plain(np.argsort(-w_hi))
    best: Any = None
    for down in ((2, 3), (3, 2)):
        rows = order[[0, 1, *down]]
        signed = w_hh[rows][:, rows] * np.outer(_SIGNS, _SIGNS)
        recurrent = (signed[:2, :2] + signed[:2, 2:] + signed[2:, :2] + signed[2:, 2:]) * 0.25
        rest = signed - np.tile(recurrent, (2, 2))
        misfit = (rest * rest).sum() / 16.0
        if best is None or misfit < best[2]:
            best = rows, recurrent, misfit
    rows, recurrent, misfit = best
    readout = (w_oh[:, rows[:2]] + w_oh[:, rows[2:]]) * 0.5
    rest = w_oh[:, rows] - np.tile(readout, (1, 2))
    states = [np.outer(np.ones(2), np.eye(3)[0])]
    for step in (1, 2):
        states.append(recurrent @ states[-1] + np.eye(3)[step])
    program = Weights(w_hi[rows] / size[rows], w_hh[rows][:, rows], w_oh[:, rows])
    return Symmetric(program, recurrent, readout, states, (misfit, (rest * rest).sum() / 12.0))


def noisy_symmetric_accuracy(weights: Weights, task: Task, size: int) -> Any:
    """The symmetric model's accuracy, with what the program differs by as noise on the logits.

    The differences count as independent zero-mean noise of their mean square, and are propagated
    as variances through the units and the readout.
    """
    model = symmetrised(weights)
    means, covariances, labels = order_moments(3)
    pieces, signs = Pieces(np.ones(6), means, covariances), np.ones((6, 0))
    for unit in range(2):
        on, off = split(pieces, np.broadcast_to(model.states[2][unit][None], (len(labels), 3)))
        pieces = _joined(on, off)
        signs = np.concatenate([_with(signs, 1.0), _with(signs, -1.0)])
        labels = np.concatenate([labels, labels])
    recurrent_noise, readout_noise = model.misfit
    noise: Any = np.zeros(2)
    for state in model.states[:2]:
        noise = (model.recurrent * model.recurrent) @ noise + recurrent_noise * (
            state * state
        ).sum()
    noise = (model.readout * model.readout) @ noise
    noise = noise + readout_noise * (model.states[2] * model.states[2]).sum()
    logits = (model.readout * signs[:, None, :]) @ model.states[2]
    mean = (logits @ pieces.mean[:, :, None])[:, :, 0]
    spread = logits @ pieces.covariance @ np.swapaxes(logits, 1, 2) + np.eye(3) * noise
    found = right_mass(
        Pieces(pieces.mass, mean, spread), np.tile(np.eye(3), (len(labels), 1, 1)), labels
    )
    return found.sum() / pieces.mass.sum()


def region_accuracy(weights: Weights, task: Task, size: int) -> Any:
    """The program's own logits on the symmetric model's regions.

    Each ordering is cut by the signs of x[0] and of the units after two and three inputs. In each
    piece one neuron of a pair is on; the two comparisons of logits are half-spaces, whose volumes
    are combined as if a latent normal variable explained ``LATENT`` of each one's variance.
    """
    model = symmetrised(weights)
    w_hi, w_hh, w_oh = model.program
    means, covariances, labels = order_moments(3)
    pieces = Pieces(np.ones(6), means, covariances)
    functionals: Any = np.zeros((1, 4, 3))
    for step, state in enumerate(model.states):
        functionals = w_hh @ functionals
        functionals[:, :, step] += w_hi
        for units in ((0, 1),) if step == 0 else ((0,), (1,)):
            normal = np.broadcast_to(state[units[0]][None], (len(pieces.mass), 3))
            pieces = _joined(*split(pieces, normal))
            upper, lower = functionals.copy(), functionals.copy()
            for unit in units:
                upper[:, unit + 2], lower[:, unit] = 0.0, 0.0
            functionals = np.concatenate([upper, lower])
    # Pieces are ordered by region and then by ordering; logits depend on the region alone.
    logits = np.repeat(w_oh @ functionals, len(labels), axis=0)
    labels = np.tile(labels, len(functionals))
    rows = np.arange(len(labels))
    alphas = []
    for shift in (1, 2):
        margin = logits[rows, labels] - logits[rows, (labels + shift) % 3]
        image = (pieces.covariance @ margin[:, :, None])[:, :, 0]
        variance = np.maximum((image * margin).sum(axis=1), 1e-300)
        alphas.append((margin * pieces.mean).sum(axis=1) / np.sqrt(variance))
    found: Any = 0.0
    for node, share in zip(_NODES * sqrt(LATENT), _SHARES / _SHARES.sum(), strict=True):
        first, second = (normal_cdf((alpha + node) / sqrt(1 - LATENT)) for alpha in alphas)
        found = found + first * second * share
    return (found * pieces.mass).sum() / pieces.mass.sum()


def _joined(on: Pieces, off: Pieces) -> Pieces:
    return Pieces(*(np.concatenate(pair) for pair in zip(on, off, strict=True)))


def _with(signs: Any, sign: float) -> Any:
    return np.concatenate([signs, np.full((len(signs), 1), sign)], axis=1)


SYMMETRIC_REGIONS = Deduction(
    "symmetric-regions",
    "half-space volumes on a symmetric model's regions: our reading of J. Hilton's",
    (1,),
    region_accuracy,
    tasks=("2nd_argmax",),
    shape=(4, 3),
)
SYMMETRIC_NOISE = Deduction(
    "symmetric-noise",
    "a symmetric model and its misfit as noise: our reading of J. Hilton's",
    (1,),
    noisy_symmetric_accuracy,
    tasks=("2nd_argmax",),
    shape=(4, 3),
)
