"""Proofs of an accuracy as a picture: the bound's width against operations, beside sampling."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.certificate.economy import Economy, Proof
from algzoo_exact.plotting import write_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
"""Okabe and Ito's palette, in the order of the table."""
_MOST = 1e18  # operations; what costs more is left out, and said in the legend
_LEAST = 1e-20  # width; a rational number is drawn there
_ROOM = 4.0


def plot_economy(economy: Economy, path: str | Path) -> None:
    """Draw the widths of what is proved against operations, both logarithmic: .svg, .png or .pdf,
    by the file's suffix. Hollow marks are estimates.

    InputError for other suffixes, and folders that cannot be written to.
    """
    write_plot(partial(_figure, economy), path)


def _figure(economy: Economy) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 5.2), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, economy)
    axes.set_title(f"Proofs of the accuracy of {economy.model}", fontsize=11)
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, economy: Economy) -> None:
    drawn = [p for p in economy.proofs if p.bound is not None and p.operations < _MOST]
    costs = [float(proof.operations) for proof in drawn]
    left, right = min([economy.pass_operations, *costs]) / 2, max(costs, default=1e6) * _ROOM
    line = [economy.sampled_width(cost) for cost in (left, right)]
    widths = list(map(_width, drawn))
    top = 2 * max(1.0, *line)
    axes.set(
        xscale="log", yscale="log", xlim=(left, right),
        ylim=(min([*widths, *(w for w in line if w)], default=_LEAST) / _ROOM, top),
        xlabel="operations of the check", ylabel="width of what is proved",
    )  # fmt: skip
    axes.grid(True, which="major", color="#DDDDDD", lw=0.6)
    if all(line):
        label = "random inputs, a forward pass each:\n95% interval, no proof"
        axes.plot((left, right), line, color="#222222", lw=1.4, label=label)
    for proof, colour in zip(economy.proofs, _COLOURS, strict=False):
        if proof not in drawn:
            axes.plot([], [], " ", label=f"{proof.name}: not drawn")
            continue
        counted = proof.counted == "checker"
        exact = " (rational)" if proof.bound is not None and not proof.bound.width else ""
        axes.plot(
            [proof.operations], [_width(proof)], "o", ms=8, color=colour,
            mfc=colour if counted else "none", clip_on=False,
            label=f"{proof.name}{exact}" + ("" if counted else "\n(estimate of operations)"),
        )  # fmt: skip


def _width(proof: Proof) -> float:
    assert proof.bound is not None
    return max(float(proof.bound.width), _LEAST)
