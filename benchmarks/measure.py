"""One measurement, in a process of its own: prints its result as one line of JSON.

    python benchmarks/measure.py '{"kind": "floats", "model": "2nd_argmax_4_3", "cores": 1}'

A call on a tiny model comes first and is not counted: it imports, and loads the compiled code.
``seconds`` is then the median of as many calls as fit into half a second, at least one and at most
101. ``peak_mib`` is the largest resident size that this process, or one that it started, had up to
then, libraries included.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from math import log10
from statistics import median
from typing import Any, TypeVar

Result = dict[str, Any]
_T = TypeVar("_T")

ENOUGH_SECONDS, ENOUGH_CALLS = 0.5, 101


def floats(model: str, cores: int) -> Result:
    """``accuracies`` of one: proved in float64."""
    from algzoo_exact import accuracies

    return _accuracy(model, lambda p, task: next(accuracies([p], task, workers=cores)))


def exact(model: str, cores: int, digits: int) -> Result:
    """``accuracy(method="exact")``: a rigorous enclosure of width at most 10**-digits.

    Of 10**-6, for ``six_digits``: float64 balls prove that for n = 5 but for a few cells.
    """
    from algzoo_exact import accuracy

    return _accuracy(
        model, lambda p, task: accuracy(p, task, method="exact", digits=digits, workers=cores)
    )


def _accuracy(model: str, call: Callable[[Any, Any], Any]) -> Result:
    from programs import find

    def prepare(name: str) -> Callable[[], Any]:
        program, task = find(name)
        return lambda: call(program, task)

    prepare(_tiny(model))()
    times, result = _timed(prepare(model))
    width = float(result.enclosure.width)
    lower, upper = result.enclosure.decimal(5 + (round(-log10(width)) if width else 16))
    return {
        **times,
        "accuracy": result.value,
        "lower": lower,
        "upper": upper,
        "width": width,
        "number": result.kind,
        "leaves": result.cells,
    }


def regions(model: str, cores: int) -> Result:
    """Activation patterns, and leaves of the enumeration: patterns within a cone of constant
    label."""
    from programs import find

    from algzoo_exact.regions.search import Search
    from algzoo_exact.regions.starts import starting_cones

    program, task = find(model)
    search = Search(program, "lowest")
    for start in starting_cones(task):
        for _ in search.cells(start):
            pass
    return {"regions": len(search.patterns), "leaves": search.leaves}


def brute_force(model: str, cores: int, masks_at_once: int) -> Result:
    """All masks times all orders, n = 3 (``brute_force.py``)."""
    import brute_force
    from programs import find

    from algzoo_exact.program.floats import rounded_weights

    def prepare(name: str) -> Callable[[], float]:
        program, _ = find(name)
        weights = rounded_weights(program)
        return lambda: brute_force.accuracy(*weights, masks_at_once)

    prepare(_tiny(model))()
    times, value = _timed(prepare(model))
    return {**times, "accuracy": value}


def sampling(model: str, cores: int, samples: int) -> Result:
    """``sample`` in torch on the CPU, float32."""
    from programs import find

    from algzoo_exact import sample

    program, task = find(model)
    sample(program, task, 1 << 16)
    times, result = _timed(lambda: sample(program, task, samples))
    return {**times, "accuracy": result.accuracy, "standard_error": result.standard_error}


def variants(model: str, cores: int, count: int) -> Result:
    """``accuracies`` of noisy variants, proved in float64, in one call."""
    from programs import find, noisy_variants

    from algzoo_exact import accuracies

    program, task = find(model)
    programs = noisy_variants(program, count)

    def call() -> list[float]:
        return [one.value for one in accuracies(programs, task, workers=cores)]

    call()
    times, values = _timed(call)
    return {**times, "accuracies": values}


def first_call(model: str, cores: int) -> Result:
    """The first accuracy of a process in float64: imports, loading or compiling, and the call."""
    start = time.perf_counter()
    from programs import find

    from algzoo_exact import accuracies

    program, task = find(model)
    (result,) = accuracies([program], task, workers=cores)
    return {"seconds": time.perf_counter() - start, "accuracy": result.value}


KINDS: dict[str, Callable[..., Result]] = {
    "floats": floats,
    "exact": exact,
    "six_digits": partial(exact, digits=6),
    "regions": regions,
    "brute_force": brute_force,
    "sampling": sampling,
    "variants": variants,
    "first_call": first_call,
}


def _tiny(model: str) -> str:
    """One hidden neuron, and as many inputs as ``model`` has: AlgZoo's names end in d_n."""
    return f"random_1_{model.rsplit('_', 1)[1]}"


def _timed(call: Callable[[], _T]) -> tuple[Result, _T]:
    seconds: list[float] = []
    while not seconds or (sum(seconds) < ENOUGH_SECONDS and len(seconds) < ENOUGH_CALLS):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return {"seconds": median(seconds), "calls": len(seconds)}, result


def _peak_mib() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, KiB elsewhere
    return max(resource.getrusage(w).ru_maxrss for w in who) / unit


def main() -> None:
    options = json.loads(sys.argv[1])
    kind, cores = options.pop("kind"), options["cores"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    result = KINDS[kind](**options)
    print(json.dumps({**result, "peak_mib": _peak_mib()}))


if __name__ == "__main__":
    main()
