"""``algzoo-exact show``: the program that a model computes."""

from __future__ import annotations

from typing import Annotated

import typer

from algzoo_exact.cli.options import (
    JsonOption,
    ModelArgument,
    NoiseOption,
    NoiseRelativeOption,
    NoiseSeedOption,
    SeqLenOption,
    TaskOption,
    load_model,
    with_noise,
)
from algzoo_exact.cli.output import emit
from algzoo_exact.errors import InputError

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact show 2nd_argmax_2_2

algzoo-exact show 2nd_argmax_2_2 --standard

algzoo-exact show handcrafted:2nd_argmax_3 --latex > program.tex"""


def show(
    model: ModelArgument,
    task: TaskOption = None,
    seq_len: SeqLenOption = None,
    standard: Annotated[
        bool,
        typer.Option(
            "--standard",
            help="Rescale the neurons first, so that input weights are 1, -1 or 0: exactly the "
            "same function.",
        ),
    ] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    sympy: Annotated[
        bool,
        typer.Option("--sympy", help="Print sympy expressions of all values, by name, exactly."),
    ] = False,
    noise: NoiseOption = None,
    noise_seed: NoiseSeedOption = None,
    noise_relative: NoiseRelativeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print the program: a recurrence with exact rational weights.

    Numbers that go on after the digits shown end in …; --json and --sympy give them in full.
    """
    import algzoo_exact as az

    if latex + sympy + as_json > 1:
        raise InputError("--latex, --sympy and --json exclude each other; give one of them.")
    loaded = with_noise(load_model(model, task, seq_len), noise, noise_seed, noise_relative)
    program, factors = az.standardize(loaded.program) if standard else (loaded.program, None)
    from algzoo_exact.present.documents.program import program_document
    from algzoo_exact.program.render import to_latex, to_sympy

    if latex:
        print(to_latex(program))
    elif sympy:
        for name, expression in to_sympy(program).items():
            print(f"{name} = {expression}")
    else:
        emit(program_document(loaded, program, factors), as_json)
