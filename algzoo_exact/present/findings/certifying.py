"""Whether a report comes with a certificate, and why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.certificate.build import check_name, uncertified
from algzoo_exact.errors import InputError
from algzoo_exact.files import check_place
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.present.findings import partition as parts
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task

if TYPE_CHECKING:
    from algzoo_exact.zoo.loading import Model

_FUNCTIONS = 6  # positions of a transformer whose certificate takes seconds


def check_certificate(model: Model, task: Task, path: Path | None, explained: bool) -> None:
    """InputError for a certificate that could not be written, before the work."""
    if path is None:
        return
    if reason := uncertified(task, explained):
        raise InputError(f"There is no certificate for {model.name}: {reason}.")
    check_place(check_name(path))


def slow_certificate(model: Model, task: Task, explained: bool) -> str:
    """Why a certificate would not be written within seconds, or not at all; empty if it would."""
    if reason := uncertified(task, explained):
        return reason
    if not isinstance(model.network, Program):
        return "" if task.seq_len <= _FUNCTIONS else "it would take minutes"
    if task.seq_len > LARGEST_DIMENSION:
        return ""
    most = parts.AFFORDABLE[task.seq_len]
    if parts.count_cells(model.network, task, most) is None:
        return f"this model has more than {most:,} cells, and the certificate lists each of them"
    return ""
