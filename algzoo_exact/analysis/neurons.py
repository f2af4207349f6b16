"""Facts about neurons: how often each is on, which never or always are together, which are equal,
and how many activation patterns carry most of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.analysis.cells import CellTable, measured_cells
from algzoo_exact.analysis.effort import Effort
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Layer, Program
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened

if TYPE_CHECKING:
    import pyarrow

SHARES = (Fraction(1, 2), Fraction(9, 10), Fraction(99, 100))
"""Of the inputs, for which patterns are counted."""

Neuron = tuple[int, int]
"""Layer t (for an RNN: step) and position j."""


@dataclass(frozen=True, eq=False)
class NeuronFacts(Shown):
    """What all cells of a program tell of its neurons; each cell has an interior, so that what no
    cell shows happens on a set of probability 0 alone.

    A neuron that is 0 throughout a cell counts as off.
    """

    program: Program
    table: CellTable

    def __repr__(self) -> str:
        return f"<facts about {self.program.neurons} neurons, from {len(self.table):,} cells>"

    @cached_property
    def _on(self) -> NDArray[np.bool_]:
        """Which neurons are on, (cells, neurons)."""
        octets = self.table.bits.astype("<u8").view(np.uint8)
        bits = np.unpackbits(octets, axis=1, bitorder="little")
        return bits[:, : self.program.neurons].astype(bool)

    @cached_property
    def on(self) -> dict[Neuron, Enclosure]:
        """The probability that each neuron is on."""
        masses = map(self._mass, self._places(), self._on.T)
        return dict(zip(self._places(), masses, strict=True))

    def _mass(self, neuron: Neuron, cells: NDArray[np.bool_]) -> Enclosure:
        """The probability that a neuron is on, which it is in these ``cells``."""
        if neuron in self.dead or neuron in self.always:
            return Enclosure.exactly(neuron in self.always)
        if neuron[0] == 0:  # on a half-space
            return Enclosure.exactly(Fraction(1, 2))
        return self.table.select(cells).total()

    @cached_property
    def dead(self) -> tuple[Neuron, ...]:
        """Those that are never on."""
        return self._where(~np.any(self._on, axis=0))

    @cached_property
    def always(self) -> tuple[Neuron, ...]:
        """Those that are always on."""
        return self._where(np.all(self._on, axis=0))

    @cached_property
    def never_together(self) -> tuple[tuple[Neuron, Neuron], ...]:
        """Pairs of one layer of which never both are on, and none is dead."""
        return tuple(self._pairs(lambda a, b: not (a & b).any()))

    @cached_property
    def always_together(self) -> tuple[tuple[Neuron, Neuron], ...]:
        """Pairs of one layer that are on and off together."""
        return tuple(self._pairs(lambda a, b: bool((a == b).all())))

    @cached_property
    def parallel(self) -> tuple[tuple[Neuron, Neuron, Fraction], ...]:
        """Pairs of one layer with z = c z' for all inputs of the layer, and the factor c: equal up
        to scale if it is positive, opposite if it is negative."""
        return tuple(
            ((t, i), (t, j), factor)
            for t, layer in enumerate(self.program.layers)
            for i, j in combinations(range(layer.width), 2)
            if (factor := _factor(layer, i, j)) is not None
        )

    def patterns(self, t: int) -> dict[Fraction, int]:
        """How many patterns of layer t it takes for each of the ``SHARES`` of the inputs; under the
        key 1, how many there are."""
        if t not in range(len(self.program.layers)):
            raise InputError(f"There is no layer {t}; there are {len(self.program.layers)}.")
        first, last = self.program.first[t], self.program.first[t + 1]
        _, place = np.unique(self._on[:, first:last], axis=0, return_inverse=True)
        masses = np.sort(np.bincount(place.reshape(-1), weights=self.table.measure))[::-1]
        sums = np.cumsum(masses)
        counts = {s: int(np.searchsorted(sums, float(s) * sums[-1]) + 1) for s in SHARES}
        return counts | {Fraction(1): len(masses)}

    def arrow(self) -> pyarrow.Table:
        """A row for each neuron: ``layer``, ``neuron``, and the probability that it is ``on``."""
        import pyarrow

        places = list(self.on)
        return pyarrow.table(
            {
                "layer": [t for t, _ in places],
                "neuron": [j for _, j in places],
                "on": [float(mass.midpoint) for mass in self.on.values()],
            }
        )

    def _places(self) -> list[Neuron]:
        return [self.program.place(q) for q in range(self.program.neurons)]

    def _where(self, mask: Any) -> tuple[Neuron, ...]:
        return tuple(place for place, yes in zip(self._places(), mask.tolist(), strict=True) if yes)

    def _pairs(
        self, related: Callable[[NDArray[np.bool_], NDArray[np.bool_]], bool]
    ) -> Iterator[tuple[Neuron, Neuron]]:
        trivial = {*self.dead, *self.always}
        for first, last in zip(self.program.first, self.program.first[1:], strict=False):
            for p, q in combinations(range(first, last), 2):
                pair = self.program.place(p), self.program.place(q)
                if not trivial & set(pair) and related(self._on[:, p], self._on[:, q]):
                    yield pair


@shows_progress("neurons")
def neuron_facts(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    time_limit: float | None = None,
    workers: Workers = 1,
    state: Place = None,
    progress: Progress | None = None,
) -> NeuronFacts:
    """Facts about the neurons of ``model`` from all its cells, n <= 9; any ``task`` of its sizes
    will do, which only says where enumeration starts.

    InputError for sizes that do not fit, and where ``time_limit`` seconds do not suffice; with a
    ``state``, the same call goes on.
    """
    program, chosen, deadline = lift(model), task_of(model, task), Deadline.after(time_limit)
    with opened(state, partial(identity, "neurons", (program,), chosen, None)) as kept:
        table = measured_cells(program, chosen, effort=Effort(deadline, workers, kept, progress))
    if table.open:
        raise InputError(f"{time_limit} seconds were not enough for all cells; allow more.")
    return NeuronFacts(program, table)


def _factor(layer: Layer, i: int, j: int) -> Fraction | None:
    """c with row i = c row j; None if there is none, or a row is 0."""
    one, other = (*layer.state[i], *layer.input[i]), (*layer.state[j], *layer.input[j])
    k = next((k for k, w in enumerate(other) if w), None)
    if k is None or not one[k]:
        return None
    factor = one[k] / other[k]
    return factor if all(a == factor * b for a, b in zip(one, other, strict=True)) else None
