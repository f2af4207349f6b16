"""Events as programs: what it takes to tell whether a statement holds, and nothing else.

A statement is a Boolean combination of signs of forms, linear in the inputs and in nonnegative
signals: states h[t][j], and max(0, form) for each min, max, relu and abs. Each signal is a neuron,
in the first layer that can compute it, and is carried by a neuron of weight 1 to the last layer
that needs it. A form with inputs in it is g = max(0, g) - max(0, -g). So every form in question is
linear in the last layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from algzoo_exact.explain.language.expression import Apply, Entry
from algzoo_exact.explain.logic.conditions import Condition, Form, Sign, forms_of, rewritten
from algzoo_exact.explain.logic.linear_forms import Linear, Relation
from algzoo_exact.explain.logic.system import Maximum
from algzoo_exact.explain.prove.cell_search import OutOfReachError
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.program.ir import Layer, Program, Vector

_MOST_PATHS = 300

Path: TypeAlias = tuple[tuple[tuple[Form, bool], ...], bool]
"""Forms with whether each is positive, and whether the statement holds there."""


class Signals(Linear):
    """A formula's forms, over signals as atoms: inputs x, states h, and max(0, form) for each of
    its maxima.

    OutOfReachError for constants, which cones cannot decide, and for products of what varies.
    """

    def __init__(self, program: Program) -> None:
        layers = enumerate(program.layers)
        states = (Entry("h", (t, j)) for t, layer in layers for j in range(layer.width))
        super().__init__(program, states, bounded=False)

    def maximum(self, forms: Iterable[Form]) -> Form:
        first, *others = forms
        for form in others:
            first = first.plus(self.relu(form.plus(first, -1)))
        return first

    def relu(self, form: Form) -> Form:
        """max(0, form) as it stands: scaled so that others could share it, its weights would be
        longer than float64 holds."""
        if form.constant:
            raise _no_scale()
        return self.atom(Maximum((Form(), form))) if form.terms else form

    def sign(self, form: Form, op: Relation) -> Condition:
        if form.terms and form.constant:
            raise _no_scale()
        return super().sign(form, op)

    def not_linear(self, product: Apply) -> OutOfReachError:
        return OutOfReachError("there is a product of two parts that vary")

    def z(self, number: int) -> Form:
        """What a signal that is no input is the positive part of."""
        atom = self.atoms[number]
        return atom.forms[1] if isinstance(atom, Maximum) else self.entry(Entry("z", atom.indices))

    def place(self, number: int) -> int | None:
        """Which input a signal is, if it is one."""
        atom = self.atoms[number]
        return atom.indices[0] if isinstance(atom, Entry) and atom.array == "x" else None

    def row(self, form: Form) -> dict[int, Fraction]:
        """The weights of inputs in a form."""
        pairs = ((self.place(k), c) for k, c in form.terms)
        return {i: c for i, c in pairs if i is not None}

    def sources(self, form: Form) -> list[int]:
        """The signals in a form that are no inputs."""
        return [k for k, _ in form.terms if self.place(k) is None]

    def split(self, form: Form) -> Form:
        """A form without inputs: itself, or else max(0, form) - max(0, -form)."""
        if len(self.sources(form)) == len(form.terms):
            return form
        return self.relu(form).plus(self.relu(form.times(-1)), -1)


def _no_scale() -> OutOfReachError:
    return OutOfReachError("there are constants in it, and cones have no scale")


def on_cone(condition: Condition, signals: Signals, rays: Sequence[IntVector]) -> Condition:
    """The condition, with the forms of inputs decided that have one sign at all ``rays`` (n)."""

    def decided(sign: Sign) -> Condition:
        if signals.sources(sign.form):
            return sign
        row = signals.row(sign.form)
        values = [sum(c * ray[i] for i, c in row.items()) for ray in rays]
        if min(values) >= 0 or max(values) <= 0:
            return sign.op != "==" and max(values) > 0
        return sign

    return rewritten(condition, decided)


def paths(condition: Condition) -> list[Path]:
    """Ways to decide a condition, by signs of forms; they exclude each other. Equations of forms
    hold where neither the form nor its opposite is positive.

    OutOfReachError for too many.
    """
    found: list[Path] = []
    waiting: list[dict[Form, bool]] = [{}]
    while waiting:
        known = waiting.pop()
        value = _value(condition, known)
        if isinstance(value, bool):
            found.append((tuple(known.items()), value))
            continue
        waiting += ({**known, value: False}, {**known, value: True})
        if len(found) + len(waiting) > _MOST_PATHS:
            raise OutOfReachError(f"it has more than {_MOST_PATHS} cases")
    return found


def _value(condition: Condition, known: Mapping[Form, bool]) -> bool | Form:
    """The condition's value, or a form whose sign it depends on."""
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, Sign):
        return _sign(condition, known)
    if condition.op == "not":
        value = _value(condition.parts[0], known)
        return not value if isinstance(value, bool) else value
    open_form: Form | None = None
    for part in condition.parts:
        value = _value(part, known)
        if value is (condition.op == "or"):
            return value
        if not isinstance(value, bool) and open_form is None:
            open_form = value
    return condition.op == "and" if open_form is None else open_form


def _sign(sign: Sign, known: Mapping[Form, bool]) -> bool | Form:
    form, opposite = sign.form, sign.form.times(-1)
    above, below = known.get(form), known.get(opposite)
    if above or below:
        return sign.op != "==" and bool(above)
    if sign.op == ">":
        return form if above is None else False
    if below is None:
        return opposite
    return True if sign.op == ">=" else form if above is None else True


def layered(
    signals: Signals, forms: Iterable[Form], inputs: tuple[int, ...]
) -> tuple[tuple[Layer, ...], dict[Form, Vector]]:
    """The layers that compute some forms, one at least, of the ``inputs``; and each form as a row
    over the last of them."""
    parts = {form: signals.split(form) for form in forms}
    depth: dict[int, int] = {}

    def deep(number: int) -> int:
        """The layer that computes a signal."""
        if number not in depth:
            depth[number] = 1 + max(map(deep, signals.sources(signals.z(number))), default=-1)
        return depth[number]

    last = max(deep(k) for form in parts.values() for k, _ in form.terms)
    until = dict(depth)  # the layer up to which a signal is there
    for k, t in depth.items():
        for i in signals.sources(signals.z(k)):
            until[i] = max(until[i], t - 1)
    until |= {k: last for form in parts.values() for k, _ in form.terms}
    layers: list[Layer] = []
    before: list[int] = []
    for t in range(last + 1):
        here = sorted(k for k in depth if depth[k] <= t <= until[k])
        made = [signals.z(k) if depth[k] == t else Form(((k, Fraction(1)),)) for k in here]
        state = tuple(_row(dict(form.terms), before) for form in made)
        layers.append(Layer(state, tuple(_row(signals.row(form), inputs) for form in made)))
        before = here
    rows = {form: _row(dict(part.terms), before) for form, part in parts.items()}
    return tuple(layers), rows


def inputs_of(signals: Signals, condition: Condition) -> tuple[int, ...]:
    """The inputs that the signs of a condition depend on."""
    waiting = list(forms_of(condition))
    found, seen = set[int](), set[int]()
    while waiting:
        form = waiting.pop()
        found |= signals.row(form).keys()
        fresh = set(signals.sources(form)) - seen
        seen |= fresh
        waiting += map(signals.z, fresh)
    return tuple(sorted(found))


def _row(weights: Mapping[int, Fraction], places: Iterable[int]) -> Vector:
    return tuple(weights.get(k, Fraction(0)) for k in places)
