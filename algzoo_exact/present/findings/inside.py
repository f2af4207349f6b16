"""What is found by looking inside a model: where it is wrong, what its neurons do, and how it
answers where few inputs are not 0."""

from __future__ import annotations

from dataclasses import dataclass

from algzoo_exact.analysis.ablation import Importance, importance
from algzoo_exact.analysis.cells import CellTable
from algzoo_exact.analysis.errors import Errors, WrongCell, find_errors
from algzoo_exact.analysis.neurons import NeuronFacts, neuron_facts
from algzoo_exact.analysis.positive import OrderedCases, positive_inputs
from algzoo_exact.analysis.sections import Section, section
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.present.findings.partition import AFFORDABLE, count_cells
from algzoo_exact.present.findings.wishes import Wishes
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.score.result import Score
from algzoo_exact.state import State

_LISTED = 10  # wrong cells
# Unasked, neurons are taken out where all scores take so long, and sections are looked at of
# programs of so many neurons in all steps, drawn if they have so many cells.
_SECONDS, _NEURONS, _DRAWN = 1.0, 64, 1000
_FEW_INPUTS = 3  # of a section that is drawn


@dataclass(frozen=True, eq=False)
class Inside:
    """Each is None where it does not apply, or costs too much unasked."""

    errors: Errors | None = None
    wrong: tuple[WrongCell, ...] = ()
    neurons: NeuronFacts | None = None
    importance: Importance | None = None
    pairs: OrderedCases | None = None
    section: Section | None = None


def look_inside(
    program: Program, task: Task, wishes: Wishes, score: Score, table: CellTable | None,
    state: State | None,
) -> Inside:  # fmt: skip
    """What takes about a second; all of it, however long that takes, where it is asked for.
    ``table`` are all cells, if they are known."""
    n, ties, asked = task.seq_len, wishes.ties, wishes.inside
    workers = wishes.workers if asked else 1
    few = n in AFFORDABLE and count_cells(program, task, AFFORDABLE[n]) is not None
    measured = n <= MOST_INPUTS and (asked or few)
    errors = neurons = ranked = pairs = part = None
    if measured:
        if table is None:
            neurons = neuron_facts(program, task, workers=workers, state=state)
        else:
            neurons = NeuronFacts(program, table)
        if not task.is_numeric:
            errors = find_errors(program, task, ties=ties, workers=workers, state=state)
        quick = score.seconds * program.hidden_size <= _SECONDS
        if program.is_rnn and program.hidden_size > 1 and (asked or quick):
            ranked = importance(program, task, ties=ties, state=state)
    if task.is_index and n > _FEW_INPUTS and (asked or program.neurons <= _NEURONS):
        pairs = positive_inputs(program, 2, task, ties=ties, workers=workers, state=state)
        last = section(program, task=task, zero=range(n - _FEW_INPUTS))
        if count_cells(last.program, last.task, _DRAWN) is not None:
            part = last
    wrong = () if errors is None else tuple(errors.cells(_LISTED))
    return Inside(errors, wrong, neurons, ranked, pairs, part)
