"""What ``show`` says: a program's exact weights, as a recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.present.document import Document, facts, paragraph, untitled
from algzoo_exact.present.wording import about
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.render import short, to_text
from algzoo_exact.zoo.loading import Model


def program_document(
    model: Model, program: Program, factors: Sequence[Fraction] | None
) -> Document:
    """``factors`` are those that brought it into standard form, if that is what is shown."""
    scaled = ", ".join(map(short, factors or ())) + " for neurons 0, 1, .."
    said = facts(
        about(model),
        ("weights", f"sha256 {model.weights_sha256}"),
        ("factors", None if factors is None else scaled),
    )
    data = {
        "model": model,
        "task": model.task.name if model.task else None,
        "standard": factors is not None,
        "factors": factors,
        "program": attributes(program, "input_weights recurrent readout")
        if program.is_rnn
        else dict(named_weights(program)),
    }
    return untitled(said, paragraph(to_text(program)), data=data)
