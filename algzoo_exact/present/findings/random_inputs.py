"""What needs torch, random inputs and random initialisations, here or in a process beside the exact
work. What either finds is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import FloatRangeError, InputError
from algzoo_exact.processes import FreshContext, may_start_processes
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.program.transformer import Transformer

if TYPE_CHECKING:
    from algzoo_exact.runtime.chances import Untrained
    from algzoo_exact.runtime.sampled import Estimate, Observed

Progress = Callable[[int, int], None]
"""Called with the number of inputs that are done, and of all."""
_SECONDS = 0.2  # between two messages about progress


@dataclass(frozen=True)
class Order:
    """What is to be run: ``samples`` inputs for the score, and before it, if ``observing``, those
    that show patterns and answers.

    Inputs are ``rounded`` where float64 makes no error then, for accuracies. After the deadline no
    more of them are drawn.
    ``untrained``: of which task and hidden size random initialisations are to be scored as well.
    """

    network: Program | Transformer
    task: Task
    ties: TieRule
    samples: int
    seed: int
    observing: bool = False
    rounded: bool = True
    untrained: tuple[Task, int] | None = None
    deadline: Deadline = NEVER


@dataclass(frozen=True, eq=False)
class Sampled:
    """What random inputs showed, and ``untrained`` models if any were ordered.

    ``failure`` says why no input could be run: a number is beyond the range of floats, or the time
    was up. Then all but ``untrained`` is None.

    ``bits`` after the point are those that normal inputs were rounded to, so that float64 makes no
    error; None where they were not.
    """

    observed: Observed | None
    score: Estimate | None
    bits: int | None
    untrained: Untrained | None = None
    failure: str = ""


_Message: TypeAlias = tuple[int, int] | Sampled | InputError

Beside: TypeAlias = Callable[[Order], Callable[[Progress], Sampled]]
"""Give an order at once, and ask for the result when it is needed."""


@contextmanager
def sampler(*, apart: bool) -> Iterator[Beside]:
    """Where orders are carried out: when their result is asked for; or ``apart``, at once and in a
    process of its own, if this one may start it.

    The process is started here, and ended with the block; Ctrl-C is left to this one.
    """
    if not (apart and may_start_processes()):
        yield lambda order: lambda progress: carry_out(order, progress)
        return
    context = FreshContext()
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()

    def begin(order: Order) -> Callable[[Progress], Sampled]:
        _send(here, order)
        return lambda progress: _result(here, order, progress)

    try:
        yield begin
    finally:
        process.terminate()
        process.join()
        here.close()


def carry_out(order: Order, progress: Progress) -> Sampled:
    """Run the network on random inputs, in float64: closest to the real-valued function."""
    try:
        found = _sampled(order, progress)
    except FloatRangeError as error:
        found = Sampled(None, None, None, failure=str(error))
    if order.untrained is None:
        return found
    from algzoo_exact.runtime.untrained import untrained

    return replace(found, untrained=untrained(*order.untrained, order.ties))


def _sampled(order: Order, progress: Progress) -> Sampled:
    from algzoo_exact.runtime.exact_inputs import exact_bits
    from algzoo_exact.runtime.observed import observe
    from algzoo_exact.runtime.sampled_squares import sample_squares
    from algzoo_exact.runtime.sampling import Draw, sample_drawn

    network, task, seed = order.network, order.task, order.seed
    squares = task.is_numeric
    draw = Draw(order.samples, seed, progress=progress, deadline=order.deadline)
    bits = observed = None
    if isinstance(network, Program):
        if order.rounded and not squares:
            bits = exact_bits(network)
        if order.observing:
            observed = observe(network, task, seed, bits)
        if squares:
            return Sampled(observed, sample_squares(network, task, draw), None)
    found = sample_drawn(network, task, replace(draw, bits=bits), order.ties)
    return Sampled(observed, found, bits)


def _serve(connection: Connection) -> None:
    """The other process: one order, messages about progress, and the result."""
    from algzoo_exact.runtime import observed  # noqa: F401, loads torch before there is an order

    try:
        order = connection.recv()
        told = monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal told
            if monotonic() - told > _SECONDS:
                told = monotonic()
                connection.send((done, total))

        message: _Message
        try:
            message = carry_out(order, progress)
        except InputError as error:
            message = error
        connection.send(message)
    except (EOFError, BrokenPipeError):  # nobody listens any more
        return


def _send(connection: Connection, order: Order) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # asking for the result shows it, too
        connection.send(order)


def _result(connection: Connection, order: Order, progress: Progress) -> Sampled:
    patience = Deadline(order.deadline.at + _SECONDS)
    while True:
        if not connection.poll(patience.timeout):
            return Sampled(None, None, None, failure="There was no time for it.")
        try:
            message: _Message = connection.recv()
        except (EOFError, ConnectionResetError):  # the other process is gone: out of memory, say
            return carry_out(order, progress)
        if isinstance(message, InputError):
            raise message
        if isinstance(message, Sampled):
            return message
        progress(*message)
