"""What ``show`` says: a program's exact weights, as a recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.present.document import Document, facts, paragraph, untitled
from algzoo_exact.present.wording import model_text
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.render import short, to_text
from algzoo_exact.zoo.loading import Model


def program_document(
    model: Model, program: Program, factors: Sequence[Fraction] | None
) -> Document:
    """``factors`` are those that brought it into standard form, if that is what is shown."""
    rows = [("model", model_text(model)), ("weights", f"sha256 {model.weights_sha256}")]
    if factors is not None:
        rows.append(("factors", ", ".join(map(short, factors)) + " for neurons 0, 1, .."))
    data = {
        "model": model,
        "task": model.task.name if model.task else None,
        "standard": factors is not None,
        "factors": factors,
        "program": _weights(program),
    }
    return untitled(facts(*rows), paragraph(to_text(program)), data=data)


def _weights(program: Program) -> dict[str, Any]:
    if not program.is_rnn:
        return dict(named_weights(program))
    return {
        "input_weights": program.input_weights,
        "recurrent": program.recurrent,
        "readout": program.readout,
    }
