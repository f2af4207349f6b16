"""Terms and formulas as linear forms over few atoms: what is left for a solver to decide.

An atom is a variable (an input, or an entry that was declared free) or the maximum of linear forms
over earlier atoms. Everything else reduces to that exactly:

    relu(a) = max(0, a),   max(a, b) = b + relu(a - b),   min(..) = -max(-..),
    abs(a) = 2 relu(a) - a,   relu(-c a) = c (relu(a) - a) and relu(c a) = c relu(a) for c > 0.

The last line makes neurons whose zero sets agree share one atom. Forms are exact rationals. The
entries that a formula does not depend on (weights that are exactly 0 do not count) are never made.
Bounds of atoms follow by interval arithmetic; a maximum whose winner they tell needs no atom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Literal, TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import AlgzooExactError, InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    If,
    Number,
    Term,
    compare,
    to_text,
    weight_of,
)
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.logic.conditions import (
    ZERO,
    Condition,
    Form,
    Sign,
    condition_of,
    forms_of,
    negation,
    rewritten,
)
from algzoo_exact.explain.logic.system import Atom, Bounds, Maximum, System
from algzoo_exact.program.ir import Program

Relation: TypeAlias = Literal[">", ">=", "=="]
"""What a sign may be asked for: form > 0, form >= 0, form == 0."""

_NOTHING: Mapping[Entry, Term] = {}
_DEEP = 4  # Maxima, one after the other, whose winners are tried to tell a form's sign
_MANY = 32  # A maximum of more forms is not searched for losers, which takes a square of time.


class Linear:
    """One program's entries as forms, made when asked for; atoms are numbered as they are made.

    ``free`` entries are variables instead of what the program computes; of those, h is at least 0.
    ``defined`` entries are terms instead, which must not lead back to the entry. If not
    ``bounded``, no bounds are used: every maximum of forms that vary stays one, so that the forms
    follow from the formulas by rewriting alone.

    Once ``deadline`` has passed, what was made before is kept.
    """

    def __init__(
        self,
        program: Program,
        free: Iterable[Entry] = (),
        defined: Mapping[Entry, Term] = _NOTHING,
        *,
        bounded: bool = True,
        deadline: Deadline = NEVER,
    ) -> None:
        self.program, self.deadline = program, deadline
        self.free = frozenset(free)
        self.defined = defined
        self._bounded = bounded
        self.atoms: list[Atom] = []
        self.bounds: list[Bounds] = []
        self._facts: set[Sign] = set()
        self._known: dict[Form, Bounds] = {}  # of units, see _direction
        self._numbers: dict[Atom, int] = {}
        self._forms: dict[Entry, Form] = {}
        self._terms: dict[int, tuple[Apply, Form]] = {}  # while the bounds stay as they are

    def entry(self, entry: Entry) -> Form:
        """The form of an entry; InputError if the program has no such entry."""
        if entry not in self._forms:
            self._check(entry)
            term = self.defined.get(entry)
            self._forms[entry] = self._entry(entry) if term is None else self.term(term)
        return self._forms[entry]

    def _entry(self, entry: Entry) -> Form:
        if entry in self.free or entry.array == "x":
            return self.atom(entry, (ZERO if entry.array == "h" else None, None))
        if entry.array == "h" and entry.indices[0] >= 0:
            return self.maximum([Form(), self.entry(Entry("z", entry.indices))])
        return self._computed(entry)

    def _computed(self, entry: Entry) -> Form:
        """An entry that is no input and no h, or 0: by the program's weights."""
        program, (first, *rest) = self.program, entry.indices
        match entry.array:
            case "h":
                assert first < 0
                return Form()
            case "z":
                layer = program.layers[first]
                total = self._weighted(layer.state[rest[0]] if first else (), first - 1)
                for i in layer.reads:
                    if weight := layer.input[rest[0]][i]:
                        total = total.plus(self.entry(Entry("x", (i,))), weight)
                return total
            case "logit":
                return self._weighted(program.readout[first], len(program.layers) - 1)
        return Form((), weight_of(program, entry))

    def _weighted(self, weights: tuple[Fraction, ...], step: int) -> Form:
        total = Form()
        for j, weight in enumerate(weights):
            if weight:
                self.deadline.look()
                total = total.plus(self.entry(Entry("h", (step, j))), weight)
        return total

    def _check(self, entry: Entry) -> None:
        shape = Sizes.of(self.program).shape(entry.array)
        if any(i >= size for i, size in zip(entry.indices, shape, strict=True)):
            raise InputError(
                f"The program has no {to_text(entry)}: {entry.array} has shape {shape}."
            )

    def atom(self, atom: Atom, bounds: Bounds = (None, None)) -> Form:
        """An atom as a form, with the ``bounds`` that it has if it is new."""
        if atom not in self._numbers:
            self._numbers[atom] = len(self.atoms)
            self.atoms.append(atom)
            self.bounds.append(bounds if self._bounded else (None, None))
        return Form(((self._numbers[atom], Fraction(1)),))

    def range(self, form: Form) -> Bounds:
        """What the bounds of atoms, and of forms by ``tighten``, say about a form."""
        low: Fraction | None = form.constant
        high: Fraction | None = form.constant
        for atom, c in form.terms:
            down, up = self.bounds[atom] if c > 0 else self.bounds[atom][::-1]
            low = None if low is None or down is None else low + c * down
            high = None if high is None or up is None else high + c * up
        if self._known and form.terms:
            unit, factor = _direction(form)
            known = self._known.get(unit, (None, None))
            down, up = (
                None if bound is None else form.constant + factor * bound
                for bound in (known if factor > 0 else known[::-1])
            )
            low, high = _meet((low, high), (down, up))
        return low, high

    def maximum(self, forms: Iterable[Form]) -> Form:
        """The greatest of some forms."""
        self.deadline.look()
        kept = list(dict.fromkeys(forms))
        most = max((form.constant for form in kept if not form.terms), default=ZERO)
        kept = [form for form in kept if form.terms or form.constant == most]
        for form in list(kept) if self._bounded and len(kept) <= _MANY else ():
            self.deadline.look()
            others = [other for other in kept if other != form]
            if any(self._never_above(form, other) for other in others):
                kept.remove(form)
        if len(kept) == 1:
            return kept[0]
        if len(kept) == 2:
            return kept[1].plus(self._relu(kept[0].plus(kept[1], -1)))
        lows, highs = zip(*(self.range(form) for form in kept), strict=True)
        bounds = (
            max((low for low in lows if low is not None), default=None),
            None if None in highs else max(highs),
        )
        return self.atom(Maximum(tuple(kept)), bounds)

    def _never_above(self, form: Form, other: Form) -> bool:
        high = self.range(form.plus(other, -1))[1]
        return high is not None and high <= 0

    def _relu(self, form: Form) -> Form:
        """max(0, form), for a form that changes sign as far as the bounds can tell."""
        factor = content((*form.terms, (-1, form.constant)))
        unit = form.times(1 / factor)
        bounds = (ZERO, self.range(unit)[1])
        positive = self.atom(Maximum((Form(), unit)), bounds)
        if factor > 0:
            return positive.times(factor)
        return positive.plus(unit, -1).times(-factor)

    def term(self, term: Term) -> Form:
        """The form of a term."""
        if isinstance(term, Number):
            return Form((), term.value)
        if isinstance(term, Entry):
            return self.entry(term)
        assert not isinstance(term, If), "comparisons have a formula for each case"
        # By identity, as hashing would walk through all of a term; terms share their parts.
        known = self._terms.get(id(term))
        if known is None or known[0] is not term:
            known = self._terms[id(term)] = term, self._applied(term)
        return known[1]

    def _applied(self, term: Apply) -> Form:
        forms = [self.term(arg) for arg in term.args]
        match term.op:
            case "add":
                total = Form()
                for form in forms:
                    self.deadline.look()
                    total = total.plus(form)
                return total
            case "sub":
                return forms[0].plus(forms[1], -1)
            case "neg":
                return forms[0].times(-1)
            case "mul":
                return self._product(term, forms)
            case "min":
                return self.maximum(form.times(-1) for form in forms).times(-1)
            case "max":
                return self.maximum(forms)
            case "relu":
                return self.maximum([Form(), forms[0]])
            case "abs":
                return self.maximum([forms[0], forms[0].times(-1)])

    def _product(self, term: Apply, forms: list[Form]) -> Form:
        varying = [form for form in forms if form.terms]
        factor = Fraction(1)
        for form in forms:
            if not form.terms:
                factor *= form.constant
        if not factor:
            return Form()
        if len(varying) > 1:
            raise self.not_linear(term)
        return varying[0].times(factor) if varying else Form((), factor)

    def not_linear(self, product: Apply) -> AlgzooExactError:
        """The error for a product of two parts that vary."""
        return InputError(
            f"The product {to_text(product)} is not linear: at most one factor may depend on the "
            "input; the others must be numbers or weights."
        )

    def condition(self, formula: Formula) -> Condition:
        """The formula over forms."""
        return condition_of(formula, self._compare)

    def _compare(self, formula: Compare) -> Condition:
        difference = self.term(formula.left).plus(self.term(formula.right), -1)
        match formula.op:
            case ">" | ">=" | "==":
                return self.sign(difference, formula.op)
            case "<":
                return self.sign(difference.times(-1), ">")
            case "<=":
                return self.sign(difference.times(-1), ">=")
            case "!=":
                return negation(self.sign(difference, "=="))

    def sign(self, form: Form, op: Relation) -> Condition:
        """The sign, decided where the bounds decide it."""
        low, high = self.range(form)
        if low is not None and low == high:
            return compare(op, low, ZERO)
        sign = unit_sign(form, op)
        if op == "==":
            apart = (low is not None and low > 0) or (high is not None and high < 0)
            return not apart and (sign in self._facts or sign)
        if self._surely(form, op):
            return True
        return not self._surely(form.times(-1), ">" if op == ">=" else ">=") and sign

    def _surely(self, form: Form, op: Literal[">", ">="], depth: int = _DEEP) -> bool:
        """Whether form > 0 (or >= 0) is known, whichever forms win in its last few maxima."""
        self.deadline.look()
        low = self.range(form)[0]
        if low is not None and (low > 0 or (low == 0 and op == ">=")):
            return True
        if not form.terms or unit_sign(form, op) in self._facts:
            return bool(form.terms)
        number, c = form.terms[-1]
        atom = self.atoms[number]
        if not (isinstance(atom, Maximum) and depth and self._bounded):
            return False
        rest = Form(form.terms[:-1], form.constant)
        branches = (self._surely(rest.plus(part, c), op, depth - 1) for part in atom.forms)
        return any(branches) if c > 0 else all(branches)

    def tighten(self, condition: Condition) -> None:
        """Note a condition that is known to hold, and the bounds on its form.

        Atoms made later profit; a condition made earlier keeps its form.
        """
        if not isinstance(condition, Sign) or not condition.form.terms:
            return
        self._facts.add(condition)
        self._terms.clear()
        form = condition.form
        unit, factor = _direction(form)
        bound, exactly = -form.constant / factor, condition.op == "=="
        fresh = (
            bound if exactly or factor > 0 else None,
            bound if exactly or factor < 0 else None,
        )
        if len(form.terms) == 1:
            atom = form.terms[0][0]
            self.bounds[atom] = _meet(self.bounds[atom], fresh)
        else:
            self._known[unit] = _meet(self._known.get(unit, (None, None)), fresh)

    def system(self, conditions: Iterable[Condition]) -> System:
        """The conditions, with the atoms that they need and no others, numbered anew."""
        given = tuple(conditions)
        needed: set[int] = set()
        waiting = [form for condition in given for form in forms_of(condition)]
        while waiting:
            for number, _ in waiting.pop().terms:
                if number not in needed:
                    needed.add(number)
                    atom = self.atoms[number]
                    waiting += atom.forms if isinstance(atom, Maximum) else ()
        kept = sorted(needed)
        place = {number: k for k, number in enumerate(kept)}

        def moved(form: Form) -> Form:
            return Form(tuple((place[atom], c) for atom, c in form.terms), form.constant)

        def moved_atom(atom: Atom) -> Atom:
            return Maximum(tuple(map(moved, atom.forms))) if isinstance(atom, Maximum) else atom

        return System(
            tuple(moved_atom(self.atoms[number]) for number in kept),
            tuple(rewritten(c, lambda sign: Sign(moved(sign.form), sign.op)) for c in given),
            tuple(self.bounds[number] for number in kept),
        )


def content(terms: Sequence[tuple[int, Fraction]]) -> Fraction:
    """The f for which terms / f are integers with no common divisor, and the first is positive.

    Integers, because the weights are dyadic: any other scale would make denominators grow.
    """
    size = Fraction(gcd(*(c.numerator for _, c in terms)), lcm(*(c.denominator for _, c in terms)))
    return size if terms[0][1] > 0 else -size


def unit_sign(form: Form, op: Relation) -> Sign:
    """The sign of a form, scaled to integers that have no common divisor."""
    return Sign(form.times(1 / abs(content((*form.terms, (-1, form.constant))))), op)


def _direction(form: Form) -> tuple[Form, Fraction]:
    """(unit, factor): the form is constant + factor * unit, with unit the same for parallels."""
    factor = content(form.terms)
    return Form(form.terms).times(1 / factor), factor


def _meet(a: Bounds, b: Bounds) -> Bounds:
    lows = [low for low in (a[0], b[0]) if low is not None]
    highs = [high for high in (a[1], b[1]) if high is not None]
    return max(lows, default=None), min(highs, default=None)
