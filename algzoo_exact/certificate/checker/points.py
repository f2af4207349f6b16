"""What a formula says at an input, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.certificate.checker.budget import length
from algzoo_exact.certificate.checker.formulas import Formulas, compared
from algzoo_exact.certificate.checker.rewriting import (
    ZERO,
    Form,
    Rewriting,
    is_maximum,
    truth_of,
)
from algzoo_exact.certificate.checker.settings import Setting


def truth_at(
    formulas: Formulas,
    number: int,
    x: Sequence[Fraction],
    *,
    around: bool,
    setting: Setting | None = None,
) -> bool:
    """Whether a formula holds at an input; with a neighbourhood (in the section, where there is
    one), and for certain, if ``around``."""
    if setting is not None and not setting.contains(x):
        return False
    defined = None if setting is None else setting.defined
    rewriting, budget = Rewriting(formulas, (), defined), formulas.budget
    condition = rewriting.condition(number)
    values: dict[int, Fraction] = {}
    locally: dict[int, Form | None] = {}  # linear forms in the inputs; None: several meet

    def at(form: Form) -> tuple[Fraction, Form | None]:
        value = form[1]
        total: Form | None = ((), form[1]) if around else None
        for atom, c in form[0]:
            value += c * values[atom]
            budget.pay(length(value))
            part = locally[atom]
            total = None if total is None or part is None else rewriting.plus(total, part, c)
        return value, total

    for atom in rewriting.needed([condition]):
        found = rewriting.atoms[atom]
        if is_maximum(found):
            sides = [at(form) for form in found]
            values[atom] = max(value for value, _ in sides)
            tops = {form for value, form in sides if value == values[atom]}
            locally[atom] = tops.pop() if len(tops) == 1 else None
        else:
            values[atom] = x[found[1]]
            locally[atom] = ((atom, Fraction(1)),), Fraction(0)

    def tell(op: str, inner: Form) -> bool | None:
        value, form = at(inner)
        return None if around and value == 0 and form != ZERO else compared(op, value, 0)

    return truth_of(condition, budget, tell) is True
