"""Programs: exact layered networks without biases, and what is composed of them.

With h[-1] = 0, and for layers t = 0, 1, ..,

    z[t] = A[t] h[t-1] + B[t] x,      h[t] = max(0, z[t]),      logit = C h[last].

An RNN repeats one layer, which reads input t at step t: column t of B[t] is W_hi, A[t] = W_hh. A
multilayer perceptron reads x in its first layer alone. Two programs side by side are block
diagonal, a program on a subspace x = E y has B[t] E, a probe is another C. So whatever works on
programs compares, restricts and probes networks too.

Weights are the rationals that the stored floats are; nothing is rounded anywhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, chain, pairwise
from math import lcm
from operator import is_not, mul
from typing import Protocol, cast, runtime_checkable

from algzoo_exact.errors import InputError, demand
from algzoo_exact.program.readers import as_model
from algzoo_exact.shown import Shown

Number = int | float | Fraction
Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]


@dataclass(frozen=True)
class Trace:
    """Every named value of one evaluation: x[t], z[t][j], h[t][j], logit[k]."""

    x: Vector
    z: Matrix
    h: Matrix
    logit: Vector


@dataclass(frozen=True)
class Layer(Shown):
    """z = ``state`` h + ``input`` x, with h that of the layer before, 0 for the first.

    Shapes, with d neurons, e in the layer before and n inputs: (d, e) and (d, n).
    """

    state: Matrix
    input: Matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", to_matrix(self.state, "state"))
        object.__setattr__(self, "input", to_matrix(self.input, "input"))

    @property
    def width(self) -> int:
        """Number of neurons."""
        return len(self.input)

    @cached_property
    def reads(self) -> range:
        """From the first to the last input that has a weight."""
        columns = [c for c, column in enumerate(zip(*self.input, strict=True)) if any(column)]
        return range(columns[0], columns[-1] + 1) if columns else range(0)

    @cached_property
    def scale(self) -> int:
        """The least common denominator of the weights."""
        return lcm(*(w.denominator for w in chain(*self.state, *self.input)))

    def z(self, h: Vector, x: Vector) -> Vector:
        newest = x[self.reads.start : self.reads.stop]
        return tuple(
            dot(row, h) + dot(weights[self.reads.start : self.reads.stop], newest)
            for row, weights in zip(self.state, self.input, strict=True)
        )


@dataclass(frozen=True)
class Program(Shown):
    """An immutable exact-rational piecewise-linear program; ``readout`` is C, (outputs, d) for a
    last layer of d neurons.

    Made by ``rnn``, ``mlp``, ``side_by_side``, ``on_subspace`` and ``probe``, or of layers. Entries
    may be given as anything that ``fractions.Fraction`` takes exactly (int, float, Fraction,
    string). Neurons are numbered layer by layer.

    Raises InputError if shapes disagree or an entry is not a finite number.
    """

    layers: tuple[Layer, ...]
    readout: Matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "readout", to_matrix(self.readout, "The read-out"))
        if not self.layers or not all(layer.width for layer in self.layers):
            raise InputError("A program needs at least one layer, and a neuron in each.")
        n, before = self.seq_len, len((*self.layers[0].state, ())[0])
        if n < 1:
            raise InputError("A program needs at least one input.")
        for t, layer in enumerate(self.layers):
            for name, rows, columns in (("A", layer.state, before), ("B", layer.input, n)):
                if len(rows) != layer.width or any(len(row) != columns for row in rows):
                    raise InputError(
                        f"{name} of layer {t} must have shape ({layer.width}, {columns})."
                    )
            before = layer.width
        if not self.readout or any(len(row) != before for row in self.readout):
            raise InputError(f"The read-out must have shape (outputs, {before}).")

    def __repr__(self) -> str:
        shape = f"neurons {', '.join(map(str, self.widths))}"
        if self.is_rnn:
            shape = f"{self.hidden_size} neurons at each of {self.seq_len} steps"
        return f"<program of {self.seq_len} inputs, {shape}, {self.outputs} outputs>"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Rationals are slow to hash, and a program has many."""
        return hash((self.layers, self.readout))

    @property
    def seq_len(self) -> int:
        """Number n of inputs."""
        return len(self.layers[0].input[0])

    @property
    def hidden_size(self) -> int:
        """Neurons of the widest layer."""
        return max(self.widths)

    @property
    def outputs(self) -> int:
        return len(self.readout)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Neurons of each layer."""
        return tuple(layer.width for layer in self.layers)

    @cached_property
    def first(self) -> tuple[int, ...]:
        """The number of each layer's first neuron, and of all neurons."""
        return (0, *accumulate(self.widths))

    @property
    def neurons(self) -> int:
        return sum(self.widths)

    def place(self, neuron: int) -> tuple[int, int]:
        """The layer t of a neuron, and its position j there."""
        t = bisect_right(self.first, neuron) - 1
        return t, neuron - self.first[t]

    @property
    def parameters(self) -> int:
        """Number of weights; d (1 + d + k) for an RNN with d neurons and k outputs."""
        last = self.outputs * self.widths[-1]
        if self.is_rnn:
            return self.hidden_size * (1 + self.hidden_size) + last
        states = sum(d * e for d, e in pairwise(self.widths))
        # Above the first layer, weights of inputs that are all 0 are none, as in a perceptron.
        reading = [self.layers[0], *(layer for layer in self.layers[1:] if layer.reads)]
        return states + last + sum(layer.width * self.seq_len for layer in reading)

    @cached_property
    def inputs_read(self) -> frozenset[int]:
        """The inputs that have a weight."""
        rows = {id(layer.input): layer for layer in self.layers}.values()
        return frozenset(
            i for layer in rows for i in layer.reads if any(row[i] for row in layer.input)
        )

    @cached_property
    def units(self) -> tuple[int, ...]:
        """Factors that make integers of h[t-1], for t = 0 .. number of layers, and of logits."""
        scales = (layer.scale for layer in self.layers)
        last = lcm(*(w.denominator for row in self.readout for w in row))
        return tuple(accumulate((1, *scales, last), mul))

    @cached_property
    def is_rnn(self) -> bool:
        """Whether one layer is repeated that reads input t at step t."""
        layer, n = self.layers[0], self.seq_len
        weights = [row[0] for row in layer.input]
        return len(self.layers) == n and all(
            step.state == layer.state
            and len(step.state[0]) == layer.width
            and all(_alone(w, t, n) == row for w, row in zip(weights, step.input, strict=True))
            for t, step in enumerate(self.layers)
        )

    @cached_property
    def is_mlp(self) -> bool:
        """Whether the inputs are read by the first layer alone."""
        return not (self.layers[0].state[0] or any(layer.reads for layer in self.layers[1:]))

    @property
    def input_weights(self) -> Vector:
        """W_hi (d) of an RNN; InputError for another program."""
        self.check_rnn()
        return tuple(row[0] for row in self.layers[0].input)

    @property
    def recurrent(self) -> Matrix:
        """W_hh (d, d) of an RNN; InputError for another program."""
        self.check_rnn()
        return self.layers[0].state

    def check_rnn(self) -> None:
        """InputError for another program."""
        if not self.is_rnn:
            raise InputError(
                "Proofs, explanations, certificates, reports and races need an RNN, and this "
                "program is none; accuracy, sample and regions take any layered program."
            )

    def evaluate(self, x: Sequence[Number]) -> Trace:
        """All named values at the rational input ``x`` (length ``seq_len``), exactly."""
        point = to_vector(tuple(x), "x")
        if len(point) != self.seq_len:
            raise InputError(f"The program takes {self.seq_len} inputs, not {len(point)}.")
        zs: list[Vector] = []
        hs: list[Vector] = []
        h: Vector = (Fraction(0),) * len(self.layers[0].state[0])
        for layer in self.layers:
            z = layer.z(h, point)
            h = tuple(max(Fraction(0), value) for value in z)
            zs.append(z)
            hs.append(h)
        return Trace(point, tuple(zs), tuple(hs), tuple(dot(row, h) for row in self.readout))


def rnn(
    input_weights: Sequence[Number],
    recurrent: Sequence[Sequence[Number]],
    readout: Sequence[Sequence[Number]],
    seq_len: int,
) -> Program:
    """A one-layer ReLU RNN on ``seq_len`` inputs: W_hi (d), W_hh (d, d), W_oh (k, d).

    Raises InputError if shapes disagree or an entry is not a finite number.
    """
    inputs, state = to_vector(input_weights, "W_hi"), to_matrix(recurrent, "W_hh")
    last, d = to_matrix(readout, "W_oh"), len(inputs)
    if d == 0:
        raise InputError("W_hi has no rows; a program needs at least one hidden neuron.")
    if len(state) != d or any(len(row) != d for row in state):
        raise InputError(f"W_hh must have shape ({d}, {d}), to go with W_hi of shape ({d}, 1).")
    if not last or any(len(row) != d for row in last):
        raise InputError(f"W_oh must have shape (outputs, {d}), to go with W_hi ({d}, 1).")
    demand(seq_len, int, "The sequence length is a whole number")
    if seq_len < 1:
        raise InputError(f"The sequence length must be at least 1, not {seq_len}.")
    columns = (tuple(_alone(w, t, seq_len) for w in inputs) for t in range(seq_len))
    return Program(tuple(Layer(state, column) for column in columns), last)


@runtime_checkable
class HasProgram(Protocol):
    """Anything that carries a program, such as a loaded RNN."""

    @property
    def program(self) -> Program: ...


def program_of(model: Program | HasProgram) -> Program:
    """The program that a model carries, or the model where it is one; InputError for others."""
    if isinstance(model, Program):
        return model
    model = cast("HasProgram", as_model(model))
    demand(model, HasProgram, "This needs a program or a model that has one, as load() gives")
    return model.program


def mlp(matrices: Sequence[Sequence[Sequence[Number]]]) -> Program:
    """A perceptron without biases: its weight matrices (d, n), (d', d), .., (k, d''), with a ReLU
    between each two of them."""
    demand(matrices, Iterable, "A perceptron is made of its weight matrices")
    found = [to_matrix(rows, f"Matrix {i}") for i, rows in enumerate(matrices)]
    if len(found) < 2:
        raise InputError(f"A perceptron has two weight matrices or more, not {len(found)}.")
    first, *inner, last = found
    n = len(first[0]) if first else 0
    layers = [Layer(((),) * len(first), first)]
    layers += [Layer(rows, ((Fraction(0),) * n,) * len(rows)) for rows in inner]
    return Program(tuple(layers), last)


def side_by_side(first: Program | HasProgram, second: Program | HasProgram) -> Program:
    """Both programs on the same inputs: neurons and logits of the first, then of the second.

    Their last layers are aligned, so that the program with fewer layers starts later. InputError
    where the numbers of inputs differ.
    """
    first, second = program_of(first), program_of(second)
    if first.seq_len != second.seq_len:
        raise InputError(
            f"Programs side by side have the same inputs, not {first.seq_len} and {second.seq_len}."
        )
    depth = max(len(first.layers), len(second.layers))
    layers = [
        Layer(_block_diagonal(a.state, b.state), a.input + b.input)
        for a, b in zip(_delayed(first, depth), _delayed(second, depth), strict=True)
    ]
    return Program(tuple(layers), _block_diagonal(first.readout, second.readout))


def on_subspace(model: Program | HasProgram, basis: Sequence[Sequence[Number]]) -> Program:
    """The program at x = E y as a program in y, for a rational ``basis`` E (n, m)."""
    program = program_of(model)
    columns = tuple(zip(*check_basis(basis, program.seq_len), strict=True))
    layers = (
        Layer(p.state, tuple(tuple(dot(row, column) for column in columns) for row in p.input))
        for p in program.layers
    )
    return Program(tuple(layers), program.readout)


def probe(
    model: Program | HasProgram, readout: Sequence[Sequence[Number]], layer: int = -1
) -> Program:
    """What another ``readout`` (outputs, d) says of a layer, by default the last."""
    program = program_of(model)
    demand(layer, int, "A layer is given by its number")
    try:
        end = range(len(program.layers))[layer] + 1
    except IndexError:
        raise InputError(
            f"There is no layer {layer}; the program has {len(program.layers)}."
        ) from None
    return Program(program.layers[:end], to_matrix(readout, "The read-out"))


def check_basis(basis: Sequence[Sequence[Number]], n: int) -> Matrix:
    """A basis E as a matrix (n, m); InputError if it is none."""
    rows = to_matrix(basis, "The basis")
    if len(rows) != n or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise InputError(f"The basis must have {n} rows, one for each input, of one length.")
    return rows


def _delayed(program: Program, depth: int) -> tuple[Layer, ...]:
    """The layers of a program that starts so late that it has ``depth`` layers."""
    late = depth - len(program.layers)
    if not late:
        return program.layers
    first = program.layers[0]
    start = Layer(((),) * first.width, first.input)
    return (*(Layer((), ()),) * late, start, *program.layers[1:])


def _block_diagonal(a: Matrix, b: Matrix) -> Matrix:
    left, right = (Fraction(0),) * len((a or ((),))[0]), (Fraction(0),) * len((b or ((),))[0])
    return (*(row + right for row in a), *(left + row for row in b))


def _alone(value: Fraction, place: int, length: int) -> Vector:
    zero = Fraction(0)
    return tuple(value if c == place else zero for c in range(length))


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def to_vector(values: Sequence[Number], name: str) -> Vector:
    """The entries as rationals; InputError, with ``name``, if one is not a finite number."""
    try:
        found = tuple(v if type(v) is Fraction else Fraction(v) for v in values)
    except (OverflowError, ValueError, TypeError) as error:
        raise InputError(f"{name} has an entry that is not a finite number: {error}.") from error
    return found if type(values) is not tuple or any(map(is_not, found, values)) else values


def to_matrix(rows: Sequence[Sequence[Number]], name: str) -> Matrix:
    """The rows as rationals, and the same object if they are that already, which an RNN's layers
    share; InputError, with ``name``, if an entry is not a finite number."""
    demand(rows, Iterable, f"{name} is a matrix, made of rows of numbers")
    found = tuple(to_vector(row, name) for row in rows)
    return found if any(map(is_not, found, rows)) or type(rows) is not tuple else rows
