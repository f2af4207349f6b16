"""Tasks: a problem with a number of inputs, which says what a model should answer.

Beside these, a network may give the labels (``teacher``), and a task may be put on a subspace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from numbers import Integral
from typing import TYPE_CHECKING, Literal, overload

from algzoo_exact.errors import InputError, demand, did_you_mean, one_of
from algzoo_exact.program.ir import (
    HasProgram,
    Matrix,
    Number,
    Program,
    check_basis,
    dot,
    program_of,
    to_vector,
)
from algzoo_exact.program.ir import on_subspace as program_on_subspace
from algzoo_exact.program.problem import LabelCell, Problem, ValueCell
from algzoo_exact.program.problems.argoutlier import ARGOUTLIER
from algzoo_exact.program.problems.longest_cycle import LONGEST_CYCLE
from algzoo_exact.program.problems.median import MEDIAN
from algzoo_exact.program.problems.order import ARGMAX, ARGMEDIAN, SECOND_ARGMAX
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.shown import Shown

TieRule = Literal["lowest", "incorrect", "uniform"]
"""What a model is credited with where several logits share the maximum: the lowest index wins
(as torch.argmax does on CPU), it counts as wrong, or 1/(number tied) if the label is among them.
"""

TIE_RULES: tuple[TieRule, ...] = ("lowest", "incorrect", "uniform")

PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in (SECOND_ARGMAX, ARGMAX, ARGMEDIAN, ARGOUTLIER, MEDIAN, LONGEST_CYCLE)
}
"""By name, in the order in which they are listed."""


def register_problem(problem: Problem) -> None:
    """Make a problem known, so that its name is understood; InputError where the name is taken."""
    demand(problem, Problem, "register_problem takes a Problem")
    if PROBLEMS.setdefault(problem.name, problem) != problem:
        raise InputError(f"There is a problem {problem.name!r} already; choose another name.")


def problem_named(name: str) -> Problem:
    """InputError if there is none of that name."""
    if name not in PROBLEMS:
        raise InputError(
            f"Unknown task {name!r}{did_you_mean(name, PROBLEMS)}; known tasks: "
            f"{', '.join(PROBLEMS)}."
        )
    return PROBLEMS[name]


def tasks_for(network: Program | Transformer) -> tuple[str, ...]:
    """Names of the problems that a network of that sort can be for."""
    if isinstance(network, Transformer):
        return tuple(problem.name for problem in PROBLEMS.values() if problem.is_discrete)
    if network.outputs == 1:
        return tuple(problem.name for problem in PROBLEMS.values() if problem.is_numeric)
    return index_tasks()


def index_tasks() -> tuple[str, ...]:
    """Names of the problems that ask for an index, for each Gaussian input."""
    return tuple(problem.name for problem in PROBLEMS.values() if problem.is_index)


def credit_for(label: int, winners: frozenset[int], ties: TieRule) -> Fraction:
    """What a program earns where exactly the logits in ``winners`` share the maximum."""
    if ties == "lowest":
        return Fraction(label == min(winners))
    if ties == "incorrect":
        return Fraction(winners == {label})
    return Fraction(label in winners, len(winners))


@dataclass(frozen=True)
class Task(Shown):
    """What a model on ``seq_len`` = n inputs should answer: the problem of that ``name``.

    InputError for a name that is unknown, and for a number of inputs that does not suit it.
    """

    name: str
    seq_len: int
    _problem: Problem | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        demand(self.name, str, "A task's name is a text")
        demand(self.seq_len, Integral, f"{self.name} needs a whole number of inputs")
        object.__setattr__(self, "_problem", self._checked())

    def _checked(self) -> Problem | None:
        """The problem, which goes with the task to other processes."""
        problem = problem_named(self.name)
        problem.check(self.seq_len)
        return problem

    @property
    def problem(self) -> Problem:
        """InputError for tasks that are none with a number of inputs."""
        if self._problem is None:
            raise InputError(f"This is not for {self.name}; use {', '.join(index_tasks())}.")
        return self._problem

    @property
    def words(self) -> str:
        """What is asked for."""
        return self.problem.words

    @property
    def is_index(self) -> bool:
        """Whether it asks for the index of an input, and has label cells."""
        return self._problem is not None and self._problem.is_index

    @property
    def is_numeric(self) -> bool:
        """Whether it asks for a number, so that models are scored by their squared error."""
        return self._problem is not None and self._problem.is_numeric

    @property
    def is_discrete(self) -> bool:
        """Whether inputs are functions, and models transformers."""
        return self._problem is not None and self._problem.is_discrete

    @property
    def rank(self) -> int | None:
        """How many inputs are above the one whose index is asked for; None if that is not asked."""
        of = None if self._problem is None else self._problem.rank
        return None if of is None else of(self.seq_len)

    @property
    def outputs(self) -> int:
        """Outputs of a model for this task: one for a number, else a logit for each label."""
        return 1 if self.is_numeric else self.seq_len

    @property
    def symmetric(self) -> bool:
        """Whether permuting the inputs moves the label along, so that label cells are congruent,
        and adding a constant to all inputs changes no label."""
        return self._problem is not None and self._problem.symmetric

    def cells(self) -> Iterator[LabelCell]:
        """An index task's cells; they cover R^n and their interiors are disjoint."""
        if self.problem.cells is None:
            raise InputError(f"{self.name} has no cells with a label.")
        return self.problem.cells(self.seq_len)

    def value_cells(self) -> Iterator[ValueCell]:
        """The cells of a task that asks for a number; they cover R^n and their interiors are
        disjoint."""
        if self.problem.values is None:
            raise InputError(f"{self.name} asks for a label; it has no cells with a value.")
        return self.problem.values(self.seq_len)

    def label(self, x: Sequence[Number]) -> int:
        """The label of ``x``; where it lies on a wall, the lowest index that qualifies."""
        if self.is_numeric:
            raise InputError(f"{self.name} asks for a number, not for a label.")
        return int(self.problem.answer([Fraction(v) for v in x]))

    def value(self, x: Sequence[Number]) -> Fraction:
        """The number that is asked for, exactly."""
        if not self.is_numeric:
            raise InputError(f"{self.name} asks for a label, not for a number.")
        return Fraction(self.problem.answer([Fraction(v) for v in x]))


@dataclass(frozen=True)
class Teacher(Task):
    """The label is the answer of another network, the ``program``: the index of its largest logit,
    the lowest of several."""

    program: Program

    def _checked(self) -> None:
        if self.outputs == 1:
            raise InputError("A teacher needs several logits; one output gives no label.")

    @property
    def words(self) -> str:
        return "the answer of another network"

    @property
    def outputs(self) -> int:
        return self.program.outputs

    def label(self, x: Sequence[Number]) -> int:
        logits = self.program.evaluate(x).logit
        return logits.index(max(logits))


SharedLabels = Literal["lowest", "none"]
"""What the label is where several qualify for all inputs of a cone: the lowest index, or none, so
that no answer is right or wrong there."""

SHARED_LABELS: tuple[SharedLabels, ...] = ("lowest", "none")


@dataclass(frozen=True)
class TaskOnSubspace(Task):
    """The label of x = E y, for a rational ``basis`` E (n, m), as a task on the m inputs y.

    Ties of the task fill cones of some subspaces, as between inputs that are 0 on all of it; what
    is the label there is ``shared``.
    """

    task: Task
    basis: Matrix
    shared: SharedLabels = "lowest"

    def _checked(self) -> None:
        """The task is checked already, and ``on_subspace`` checks the basis."""
        one_of("rule for shared labels", self.shared, SHARED_LABELS)

    @property
    def words(self) -> str:
        return self.task.words

    @property
    def outputs(self) -> int:
        return self.task.outputs

    def cells(self) -> Iterator[LabelCell]:
        """Cells of the task, intersected with the subspace: some have no interior, and others are
        there several times, with each label of a tie."""
        columns = list(zip(*self.basis, strict=True))
        unit = lcm(*(entry.denominator for row in self.basis for entry in row))
        for cell in self.task.cells():
            rows = [
                tuple(int(dot(row, column) * unit) for column in columns)  # type: ignore[arg-type]
                for row in cell.inequalities
            ]
            yield LabelCell(cell.label, tuple(row for row in rows if any(row)))

    def label(self, x: Sequence[Number]) -> int:
        """The lowest index that qualifies, whatever is the rule for a cone of ties."""
        y = to_vector(x, "y")
        return self.task.label([dot(row, y) for row in self.basis])


def second_argmax(seq_len: int) -> Task:
    """Index of the second largest input."""
    return Task(SECOND_ARGMAX.name, seq_len)


def argmax(seq_len: int) -> Task:
    """Index of the largest input."""
    return Task(ARGMAX.name, seq_len)


def argmedian(seq_len: int) -> Task:
    """Index of the middle input in sorted order; ``seq_len`` is odd."""
    return Task(ARGMEDIAN.name, seq_len)


def argoutlier(seq_len: int) -> Task:
    """Index of the input with the largest |x - mean(x)|."""
    return Task(ARGOUTLIER.name, seq_len)


def median(seq_len: int) -> Task:
    """The median of the inputs; a number, so that models are scored by their squared error."""
    return Task(MEDIAN.name, seq_len)


def longest_cycle(seq_len: int) -> Task:
    """The length of a function's longest cycle, minus 1."""
    return Task(LONGEST_CYCLE.name, seq_len)


def teacher(model: Program | HasProgram, name: str = "teacher") -> Teacher:
    """The answer of another network is the label; ``name`` is for people."""
    program = program_of(model)
    return Teacher(name, program.seq_len, program)


@overload
def on_subspace(target: Program | HasProgram, basis: Sequence[Sequence[Number]]) -> Program: ...
@overload
def on_subspace(target: Task, basis: Sequence[Sequence[Number]]) -> Task: ...
def on_subspace(
    target: Program | HasProgram | Task, basis: Sequence[Sequence[Number]]
) -> Program | Task:
    """A program or a task at x = E y, as one in y, for a rational ``basis`` E (n, m)."""
    if not isinstance(target, Task):
        return program_on_subspace(target, basis)
    task = target
    if isinstance(task, Teacher):
        return teacher(program_on_subspace(task.program, basis), task.name)
    if not task.is_index:
        names = ", ".join(index_tasks())
        raise InputError(f"{task.name} has no labels on a subspace; use {names}.")
    rows = check_basis(basis, task.seq_len)
    return TaskOnSubspace(f"{task.name} on a subspace", len(rows[0]), task, rows)


def check_scored(network: Program | Transformer, task: Task, ties: str) -> None:
    """InputError unless the network can be scored by how often it gives the task's label: a
    program as in ``check_fit``, or a transformer of the right sizes on longest_cycle."""
    if isinstance(network, Transformer):
        one_of("tie rule", ties, TIE_RULES)
        _check_transformer(network, task)
    else:
        check_fit(network, task, ties)


def check_fit(program: Program, task: Task, ties: str = "lowest") -> None:
    """InputError unless it is a task with labels, the program has the task's inputs and a logit
    for each label, and the tie rule is known."""
    one_of("tie rule", ties, TIE_RULES)
    if not isinstance(program, Program):
        raise InputError(
            f"This needs the program of an RNN or a perceptron, not a {type(program).__name__}; "
            "transformers have scores only, from accuracy() and sample()."
        )
    if task.is_numeric:
        raise InputError(
            f"{task.name} asks for a number, not for a label; score it by squared_error()."
        )
    if task.is_discrete:
        raise InputError(f"{task.name} is a task for transformers, and this program is none.")
    if (program.seq_len, program.outputs) != (task.seq_len, task.outputs):
        logits = "as many inputs and logits"
        if task.outputs != task.seq_len:
            logits = f"as many inputs and {task.outputs} logits"
        raise InputError(
            f"{task.name} on {task.seq_len} inputs needs a program with {logits}, "
            f"not {program.seq_len} inputs and {program.outputs} logits."
        )


def _check_transformer(transformer: Transformer, task: Task) -> None:
    if not task.is_discrete:
        raise InputError(f"{task.name} is a task for RNNs; transformers are for longest_cycle.")
    if transformer.outputs == 1:
        raise InputError(
            "This transformer has a single output; an accuracy needs a logit for each label."
        )
    sizes = (transformer.seq_len, transformer.tokens, transformer.outputs)
    if sizes != (task.seq_len,) * 3:
        raise InputError(
            f"{task.name} on {task.seq_len} inputs needs a transformer with as many positions, "
            f"tokens and logits, not {sizes[0]}, {sizes[1]} and {sizes[2]}."
        )


if not TYPE_CHECKING:  # a type checker would take it that the module has every name

    def __getattr__(name: str) -> object:
        """Of ``az.tasks`` there is none of that name."""
        like = did_you_mean(name, [known for known in globals() if known[0] != "_"])
        raise AttributeError(f"module 'algzoo_exact.tasks' has no attribute {name!r}{like}")
