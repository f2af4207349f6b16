"""What names a network: a hash of its weights, the same for every file that holds the same numbers;
and what names a task, and a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import Task, TaskOnSubspace, Teacher, TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.version import __version__


def weights_sha256(network: Program | Transformer) -> str:
    """The SHA-256 of the network's matrices as text, in 64 hexadecimal digits.

    A matrix is its name and shape, as in ``linear.weight 2 3``, then its rows, each a line of
    fractions in lowest terms between spaces; matrices are in the order of their names, and each
    line ends with a line feed (ASCII). So neither the file's format nor the type that stores the
    numbers matters, and the sign of a zero does not either: no function depends on it.
    """
    text = sha256()
    for name, rows in sorted(named_weights(network).items()):
        text.update(f"{name} {len(rows)} {len(rows[0])}\n".encode())
        for row in rows:
            text.update((" ".join(map(str, row)) + "\n").encode())
    return text.hexdigest()


def task_identity(task: Task) -> str:
    """A text that is the same for equal tasks alone: ``argmax(4)``, or longer."""
    text = f"{task.name}({task.seq_len})"
    if isinstance(task, Teacher):
        return f"{text} of {weights_sha256(task.program)}"
    if isinstance(task, TaskOnSubspace):
        basis = "; ".join(" ".join(map(str, row)) for row in task.basis)
        return f"{text} of {task_identity(task.task)} on {basis}, {task.shared}"
    return text


def identity(
    command: str,
    networks: Iterable[Program | Transformer],
    task: Task | None,
    ties: TieRule | None,
) -> dict[str, Any]:
    """What names a run: all that its jobs depend on, if there are no further options."""
    return {
        "command": command,
        "model": " and ".join(map(weights_sha256, networks)),
        "task": None if task is None else task_identity(task),
        "ties": ties,
        "version": __version__,
    }
