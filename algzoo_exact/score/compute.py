"""Scores: choose a method, run it, say what kind of number came out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from algzoo_exact.compiling import COMPILING, LOADING_SECONDS, compiling, done
from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.errors import InputError, demand
from algzoo_exact.jobs import outcomes
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.processes import Workers, check_workers, processes_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasNetwork, HasProgram, lift, network_of, task_of
from algzoo_exact.program.task import Task, TieRule, check_fit, median
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.regions.exact_search import ExactSearch, new_search
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score import kernels  # noqa: F401 (it registers them)
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.boxes import BOXES
from algzoo_exact.score.by_closed_form import CLOSED_FORM, CLOSED_FORM_UP_TO
from algzoo_exact.score.cones import CONES
from algzoo_exact.score.counting import PATIENCE, SMALL_PATIENCE, count_leaves, sharing
from algzoo_exact.score.enumeration import ENUMERATION
from algzoo_exact.score.metric import Metric
from algzoo_exact.score.question import MANY_DIGITS, Method, Question, Wish, floats_serve
from algzoo_exact.score.result import Score
from algzoo_exact.score.squared_error import SQUARED_ERROR
from algzoo_exact.state import Place, opened

METRICS: dict[str, Metric] = {metric.name: metric for metric in (ACCURACY, SQUARED_ERROR)}
METHODS: tuple[Method, ...] = (ENUMERATION, CLOSED_FORM, CONES, BOXES)

AUTO_SECONDS = 60.0  # for cones, beside what counting and compiling take
BOX_SECONDS = 10.0  # boxes and a transformer's inputs narrow slowly
# Trying all n^n inputs of a transformer takes 13 s for n = 7, minutes for n = 8, hours for n = 9.
_TRIED_AT_ONCE, _TRIED_AT_ALL = 7, 9
_FORM_SHARE = 0.4  # of a time limit, for a closed form
_SOON = 3.0  # seconds, which ball arithmetic may take before compiled code is asked for
# Integers work so long beside compiling: within a limit about as long as that takes; without one,
# both cores are left to it.
_MEANWHILE_LIMITED, _MEANWHILE = 30.0, 1.0
_DIGITS_OF_BOUNDS = 20  # of each cone that is decided while others are not
# Seconds of work on one cone that may be lost, and the share of a limit.
_LONG_JOB, _JOB_SHARE = 5.0, 0.2


def metric_for(task: Task) -> Metric:
    """The first that scores the task."""
    return next(metric for metric in METRICS.values() if metric.scores(task))


@shows_progress("accuracy")
def accuracy(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    digits: int | None = None,
    method: Wish = "auto",
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: Workers | None = None,
    state: Place = None,
    by_label: bool = False,
    progress: Progress | None = None,
) -> Score:
    """The probability that ``model`` gives the label of ``task`` on random inputs; a loaded model
    knows its task.

    They are standard Gaussian for an RNN. For a transformer, on longest_cycle, they are uniform
    among all n^n functions, every one of which is tried: the result is a fraction of n^n, and
    ``exact`` unless a limit strikes or a tie stays undecided (n <= 9; "auto" is limited to ten
    seconds for n >= 8).

    ``method`` "exact" (n <= 9) decides every input, with a closed form for n <= 3; "bounds" is a
    certified enclosure that narrows until ``time_limit`` seconds or ``max_cells`` cells are used
    up. "auto" counts cells, and takes what says most within a minute, beside what counting and
    compiling take. Either limit makes "exact" end early too, for n >= 4, with what is decided by
    then. ``by_label`` adds the split by true label (n <= 9, if every input is decided).

    ``digits``: the width is at most 10**-``digits``, for n <= 6, unless "auto" has no time for
    that. By default it is as narrow as comes at the speed of float64 (30 digits where cells are
    few).

    ``workers`` is a number of processes, by default two if the run is expected to be long; or a
    ``concurrent.futures.Executor`` that runs the jobs. ``state`` is a file for what is done, from
    which the same call goes on after a kill.
    KeyboardInterrupt ends "bounds", and "exact" for n >= 4, with what is decided so far.

    InputError for sizes that do not fit, or a method that cannot serve this n.
    """
    question = Question(
        ACCURACY, network_of(model), task_of(model, task), ties, digits, method,
        _deadline(time_limit), max_cells, workers, by_label=by_label, progress=progress,
    )  # fmt: skip
    result = answer(question, state)
    return result if by_label else replace(result, by_label=None)


def accuracies(
    models: Iterable[Program | HasProgram],
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    workers: Workers = 1,
) -> Iterator[Score]:
    """Accuracies of many models, such as noisy variants of one, n <= 9: every input is decided, and
    they are as narrow as comes at the speed of float64. Loaded models know their tasks.

    For n <= 3 that is faster than the closed form. Several ``workers`` share the models, or the
    cells of a single one.
    """
    demand(models, Iterable, "accuracies takes a list of programs or models")
    check_workers(workers)
    questions = (_asked(model, task, ties) for model in models)
    if workers == 1:
        yield from map(_at_float_speed, questions)
        return
    waiting, early, due = list(enumerate(questions))[::-1], dict[int, Score](), 0
    if len(waiting) == 1:  # whose cells are shared instead
        yield _at_float_speed(replace(waiting[0][1], workers=workers))
        return
    for (k, _), score in outcomes(waiting, _numbered, NEVER, workers):
        early[k] = score
        while due in early:
            yield early.pop(due)
            due += 1


def _asked(model: Program | HasProgram, task: Task | None, ties: TieRule) -> Question:
    program, asked = lift(model), task_of(model, task)
    check_fit(program, asked, ties)
    question = Question(ACCURACY, program, asked, ties, None, "exact", workers=1)
    question.check()
    return question


def _numbered(job: tuple[int, Question]) -> Score:
    return _at_float_speed(job[1])


def _at_float_speed(question: Question) -> Score:
    *_, last = CONES.steps(question)
    return replace(last, by_label=None)


def accuracy_bounds(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    digits: int = 30,
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: Workers = 1,
) -> Iterator[Score]:
    """Nested certified enclosures, each true when it is yielded; stop whenever you like.

    n <= 6: cones decided one at a time, until nothing is left (the last value is then ``exact``).
    n >= 7: boxes, which narrow slowly; expect wide enclosures.
    A transformer's inputs are tried one by one, ``max_cells`` of them at most.
    """
    question = Question(
        ACCURACY, network_of(model), task_of(model, task), ties, digits, "bounds",
        _deadline(time_limit), max_cells, workers, budgeted=False,
    )  # fmt: skip
    question.check()
    yield from steps(question)


@shows_progress("squared error")
def squared_error(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    method: Wish = "auto",
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: Workers | None = None,
    state: Place = None,
    progress: Progress | None = None,
) -> Score:
    """The mean of (f(x) - median(x))^2 over standard Gaussian inputs, f a program of one output.

    For n <= 3 there is a closed form. ``method`` "exact" (n <= 9) decides every input. "bounds"
    and "auto" are a certified enclosure that narrows with each value cell of the median that is
    decided, for a minute beside what counting and compiling take, or until ``time_limit`` seconds
    or ``max_cells`` cells are used up; it is ``exact`` if all was decided by then. Either limit
    ends "exact" early too. For n >= 10 there is one quick and wide enclosure.

    ``digits``: an exact enclosure is no wider than 10**-``digits``, for n <= 6. By default it is as
    narrow as comes at the speed of float64.

    ``workers`` is a number of processes, by default two if the run is expected to be long; or a
    ``concurrent.futures.Executor`` that runs the jobs. ``state`` is a file for what is done, from
    which the same call goes on after a kill.
    KeyboardInterrupt ends a run for n >= 4 with what is decided so far.

    InputError for a program with several outputs, another task, or a method that cannot serve n.
    """
    program = lift(model)
    return answer(
        Question(
            SQUARED_ERROR, program, numeric_task(model, program, task), None, digits, method,
            _deadline(time_limit), max_cells, workers, progress=progress,
        ),
        state,
    )  # fmt: skip


def squared_error_bounds(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: Workers | None = None,
) -> Iterator[Score]:
    """Nested certified enclosures, each true when it is yielded; stop whenever you like.

    n <= 9: one after each value cell of the median; the last is ``exact`` if no limit struck.
    n >= 10: one, without any enumeration.
    """
    program = lift(model)
    question = Question(
        SQUARED_ERROR, program, numeric_task(model, program, task), None, digits, "bounds",
        _deadline(time_limit), max_cells, workers, budgeted=False,
    )  # fmt: skip
    question.check()
    yield question.known()
    yield from steps(question)


def numeric_task(model: object, program: Program, task: Task | None) -> Task:
    """The task, and where nothing states one, the median."""
    stated = task is not None or getattr(model, "task", None) is not None
    return task_of(model, task) if stated else median(program.seq_len)


def answer(question: Question, place: Place = None) -> Score:
    """The best that can be said, or was said by a KeyboardInterrupt, n >= 4; with the run's state
    in that place.

    InputError for sizes that do not fit, or a wish that cannot be granted for this n.
    """
    question.check()
    with opened(place, question.identity) as state:
        question = replace(question, state=state)
        if CLOSED_FORM.accepts(question):
            # Bounds take about as long, and have something to show when the time is up.
            short = replace(question, deadline=question.deadline.part(_FORM_SHARE))
            with suppress(TimeIsUpError):
                return next(CLOSED_FORM.steps(short))
        return last_step(steps(question), question.known(), question.progress)


def decided(question: Question) -> Score:
    """Every input decided, where a method can do that, by steps that no clock chooses; else what is
    known without any work. So it is the same whenever and wherever it is asked, but for a limit."""
    question.check()
    known = question.known()
    way = next((way for way in METHODS if way.decides_all and way.accepts(question)), None)
    return known if way is None else last_step(way.steps(question), known, question.progress)


def steps(question: Question) -> Iterator[Score]:
    """Nested enclosures by the method that says most in the time that there is. The one of an exact
    score is not cut by those before it, which depend on the order in which jobs ended."""
    best = known = question.known().enclosure
    for step in _chosen(question):
        best = (known if step.kind == "exact" else best).intersect(step.enclosure)
        if question.state is not None and question.state.command == question.metric.name:
            question.state.tell(best)
        yield replace(step, enclosure=best)


class _Plan(NamedTuple):
    """How a question is answered: by boxes or by cones, and with other digits; by cones of so many
    leaves at most, in compiled code or in integers."""

    boxes: bool
    changes: dict[str, Any]


def _chosen(q: Question) -> Iterator[Score]:
    if ENUMERATION.accepts(q):
        yield from ENUMERATION.steps(_limited_trial(q))
        return
    early = next((way for way in METHODS if not way.decides_all and way.accepts(q)), None)
    plan = _settled(q, lambda: _at_once(q, early))
    if plan is None or plan.changes.get("compiled"):
        try:
            yield from _while_compiling(q)
        except TimeIsUpError:
            return
    plan = plan or _settled(q, lambda: _by_counting(q, early))
    assert plan is not None
    q = replace(q, **plan.changes)
    if not plan.boxes:
        q = _shared(q) if q.compiled else replace(q, workers=1)
        yield from CONES.steps(q.within(AUTO_SECONDS))
    elif early:
        yield from early.steps(q.within(BOX_SECONDS))


def _settled(q: Question, find: Callable[[], _Plan | None]) -> _Plan | None:
    """What is found, once for a whole run: plans depend on times."""
    found = find() if q.state is None else q.state.settled("plan", find)
    return found and _Plan(*found)


def _at_once(q: Question, early: Method | None) -> _Plan | None:
    """What needs no compiled code, or is only bounds anyway."""
    small, short = q.n <= CLOSED_FORM_UP_TO, q.deadline.left < LOADING_SECONDS
    if not CONES.accepts(q) or (early and (q.wish == "bounds" or q.max_cells is not None or short)):
        return _Plan(True, {})
    few = _SOON / q.metric.ball_seconds.get(q.n, math.inf)
    leaves = count_leaves(ExactSearch(q.rnn, q.ties), q.task, SMALL_PATIENCE, 2 * few)
    if not (small or short or leaves <= few):
        return None
    q = replace(q, digits=q.digits or MANY_DIGITS, workers=1, compiled=False)
    return _by_cones(q.within(AUTO_SECONDS), leaves)


def _by_counting(q: Question, early: Method | None) -> _Plan:
    """By the number of cells, which compiled code counts."""
    search, starts = new_search(q.rnn, q.ties, compiled=True), len(starting_cones(q.task))
    leaves = count_leaves(search, q.task, PATIENCE)
    q = _shared(replace(q, leaves=leaves)).within(AUTO_SECONDS)
    seconds, left = CONES.seconds(q, leaves), q.deadline.left * processes_for(q.workers or 1)
    if q.wish != "exact" and seconds > left and floats_serve(q.rnn):
        q = replace(q, digits=None)
        seconds = CONES.seconds(q, leaves)
    if early and q.wish == "auto" and seconds / starts > q.deadline.left / 2:  # none is decided
        return _Plan(True, {"digits": _DIGITS_OF_BOUNDS})
    # Where not even the first start was finished, they are as many at least.
    return _by_cones(q, min(leaves, search.leaves * starts))


def _by_cones(q: Question, leaves: float) -> _Plan:
    asked = replace(in_parts(q, leaves), leaves=leaves)
    changes = ("compiled", "digits", "most_leaves", "leaves")
    return _Plan(False, {name: getattr(asked, name) for name in changes})


def _shared(q: Question) -> Question:
    """The same, with workers: as many as its leaves are worth, unless that was said."""
    if q.workers is not None:
        return q
    workers, threads = sharing(CONES.seconds(q, q.leaves))
    return replace(q, workers=workers, threads=threads)


def in_parts(q: Question, leaves: float) -> Question:
    """The same, to be decided in parts where a cone of so many ``leaves`` in all takes long."""
    seconds = min(_LONG_JOB, _JOB_SHARE * q.deadline.left)
    a_leaf = CONES.seconds(q, 1.0)
    most = max(1.0, seconds / a_leaf if a_leaf < math.inf else 1.0)
    if q.max_cells is not None:
        most = min(most, max(1.0, _JOB_SHARE * q.max_cells))
    if leaves <= most * len(starting_cones(q.task)):
        return q
    return replace(q, most_leaves=most, leaves=leaves)


def _limited_trial(q: Question) -> Question:
    """A transformer's inputs: all of them, or for some time."""
    if q.wish == "auto" and q.n > _TRIED_AT_ONCE:
        q = replace(q, wish="bounds")
    if q.wish != "bounds" and q.n > _TRIED_AT_ALL and not q.limited:
        raise InputError(
            f"There are {q.n}^{q.n} inputs, and all can be tried for n <= {_TRIED_AT_ALL}; "
            "give a time limit, or use sampling."
        )
    return q.within(BOX_SECONDS) if q.wish == "bounds" else q


def _while_compiling(q: Question) -> Iterator[Score]:
    """What integers decide until compiled code is there, which takes long on its first use."""
    with compiling(*q.metric.kernels) as futures:
        if not futures:
            return
        if q.progress is not None:
            q.progress(0.0, COMPILING)
        if q.n <= LARGEST_DIMENSION and q.state is None:
            deadline = q.deadline.within(_MEANWHILE_LIMITED if q.limited else _MEANWHILE)
            meanwhile = replace(
                q, digits=_DIGITS_OF_BOUNDS, deadline=deadline, workers=1, compiled=False
            )
            for step in CONES.steps(in_parts(meanwhile, math.inf)):
                yield replace(step, method=f"{step.method}; {COMPILING}")
                if done(futures, 0.0):
                    return
        if not done(futures, q.deadline.timeout) or q.deadline.passed:
            raise TimeIsUpError


def last_step(found: Iterator[Score], nothing: Score, progress: Progress | None) -> Score:
    """The last step, or the last one before a KeyboardInterrupt; ``nothing`` before the first."""
    last = nothing
    try:
        for last in found:
            if progress is not None:
                low, high = last.enclosure.decimal(4)
                note = f"; {COMPILING}" if last.method.endswith(COMPILING) else ""
                progress(1 - float(last.undecided), f"between {low} and {high}{note}")
    except KeyboardInterrupt:
        pass  # what is decided so far is true
    return last


def _deadline(time_limit: float | None) -> Deadline:
    if time_limit is not None and not time_limit >= 0:
        raise InputError(f"time_limit must be at least 0 seconds, not {time_limit}.")
    return Deadline.after(time_limit)
