"""``algzoo-exact show``: the program that a model computes."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.errors import InputError


@o.options
class Form:
    standard: bool = o.flag(
        "--standard", "Rescale the neurons first, so that input weights are 1, -1 or 0: exactly "
        "the same function.",
    )  # fmt: skip
    latex: bool = o.flag("--latex", "Print LaTeX.")
    sympy: bool = o.flag("--sympy", "Print sympy expressions of all values, by name, exactly.")


def show(
    subject: o.Subject, form: Form, noise: o.Noise, as_json: o.JsonOption = False
) -> Said | None:
    """Print the program: a recurrence with exact rational weights.

    Numbers that go on after the digits shown end in …; --json and --sympy give them in full.

    Examples:
    algzoo-exact show 2nd_argmax_2_2
    algzoo-exact show 2nd_argmax_2_2 --standard
    algzoo-exact show handcrafted:2nd_argmax_3 --latex > program.tex
    """
    if form.latex + form.sympy + as_json > 1:
        raise InputError("--latex, --sympy and --json exclude each other; give one of them.")
    loaded = noise.on(subject.loaded())
    program, factors = loaded.program, None
    if form.standard:
        program, factors = az.standardize(program)
    from algzoo_exact.present.documents.program import program_document
    from algzoo_exact.program.render import to_latex, to_sympy

    if form.latex:
        print(to_latex(program))
    elif form.sympy:
        for name, expression in to_sympy(program).items():
            print(f"{name} = {expression}")
    else:
        return Said(program_document(loaded, program, factors))
    return None
