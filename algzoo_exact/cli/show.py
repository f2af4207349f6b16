"""``algzoo-exact show``: the program that a model computes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

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
from algzoo_exact.cli.output import Json, model_json, model_text, print_fields, print_json
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.program.ir import Program

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
    if as_json:
        print_json(
            {
                "model": model_json(loaded),
                "task": loaded.task.name if loaded.task else None,
                "standard": standard,
                "factors": None if factors is None else _texts(factors),
                "program": _weights(program),
            }
        )
        return
    from algzoo_exact.program.render import short, to_latex, to_sympy, to_text

    if latex:
        print(to_latex(program))
    elif sympy:
        for name, expression in to_sympy(program).items():
            print(f"{name} = {expression}")
    else:
        print_fields(
            [("model", model_text(loaded)), ("weights", f"sha256 {loaded.weights_sha256}")]
        )
        if factors is not None:
            print_fields([("factors", ", ".join(map(short, factors)) + " for neurons 0, 1, ..")])
        print()
        print(to_text(program))


def _weights(program: Program) -> Json:
    from algzoo_exact.program.lift import named_weights

    if not program.is_rnn:
        return {key: [_texts(row) for row in rows] for key, rows in named_weights(program).items()}
    return {
        "input_weights": _texts(program.input_weights),
        "recurrent": [_texts(row) for row in program.recurrent],
        "readout": [_texts(row) for row in program.readout],
    }


def _texts(values: Iterable[Fraction]) -> list[str]:
    return [str(value) for value in values]
