"""Speed, memory and growth, measured in one go; `make bench` runs this.

    python benchmarks/run.py [--quick] [--long] [--out FOLDER]

Writes results.md, results.json, growth.csv and growth.svg. Each measurement runs alone, in a fresh
process held to one core or two (``measure.py`` says how it counts). Takes some ten minutes on two
idle cores, under one with ``--quick``; ``--long`` adds an exact enclosure for n = 6. A measurement
that fails is reported in its place, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent

SMALL = ("2nd_argmax_2_2", "2nd_argmax_3_3", "2nd_argmax_4_3", "2nd_argmax_4_4", "2nd_argmax_6_4")
MODELS = (*SMALL, "2nd_argmax_8_5", "random_14_5", "random_3_6", "random_5_6")
DIGITS = {**dict.fromkeys(SMALL, 30), "2nd_argmax_8_5": 20}
SIX_DIGITS = ("2nd_argmax_8_5",)
LONG_DIGITS = {"random_3_6": 9}
BRUTE_FORCE = ("2nd_argmax_3_3", "2nd_argmax_4_3")
VARIANTS = "2nd_argmax_4_3"
FIRST_CALL = "2nd_argmax_4_4"

MANY = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32)
GROWTH = {
    2: MANY,
    3: MANY,
    4: (1, 2, 3, 4, 6, 8, 11, 16),
    5: (1, 2, 3, 4, 6, 8, 10),
    6: (1, 2, 3, 4),
}

QUICK_MODELS = ("2nd_argmax_2_2", "2nd_argmax_3_3", "2nd_argmax_4_4")
QUICK_GROWTH = {2: (1, 2, 4), 3: (1, 2)}

STARTS = 5
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

Spec = dict[str, Any]
"""What to measure: ``kind``, ``model``, ``cores`` and the options of that kind."""


def plan(cores: int, quick: bool, long: bool) -> list[Spec]:
    """Everything to measure, each thing once."""
    specs: list[Spec] = []

    def add(kind: str, model: str, cores: int, **options: Any) -> None:
        spec = {"kind": kind, "model": model, "cores": cores, **options}
        if spec not in specs:
            specs.append(spec)

    digits = {**DIGITS, **(LONG_DIGITS if long else {})}
    both = range(1, min(cores, 2) + 1)
    for model in QUICK_MODELS if quick else MODELS:
        add("regions", model, 1)
        for k in both:
            add("floats", model, k)
            if model in digits:
                add("exact", model, k, digits=digits[model])
            if model in SIX_DIGITS:
                add("six_digits", model, k)
            add("sampling", model, k, samples=10**5 if quick else 10**7)
    for model in BRUTE_FORCE[:1] if quick else BRUTE_FORCE:
        for at_once in (1, 256):
            add("brute_force", model, 1, masks_at_once=at_once)
    for k in both:
        add("variants", VARIANTS, k, count=16 if quick else 256)
    for n, sizes in (QUICK_GROWTH if quick else GROWTH).items():
        for d in sizes:
            add("floats", f"random_{d}_{n}", 1)
    return specs


def measure(spec: Spec, **environment: str) -> Spec:
    """The spec and its result; where it failed, ``error`` is the last line of its complaint."""
    threads = dict.fromkeys(THREADS, str(spec["cores"]))
    done = subprocess.run(
        [sys.executable, HERE / "measure.py", json.dumps(spec)],
        env={**os.environ, **threads, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        complaint = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return {**spec, "error": complaint[-1]}
    result: Spec = json.loads(done.stdout)
    return {**spec, **result}


def compile_times() -> Iterator[Spec]:
    """The first accuracy of a process in float64, before and after the compiled code is stored."""
    with TemporaryDirectory() as folder:
        for cache in ("empty", "filled"):
            spec = {"kind": "first_call", "model": FIRST_CALL, "cores": 1}
            yield {**measure(spec, NUMBA_CACHE_DIR=folder), "cache": cache}


def start_times() -> Iterator[Spec]:
    """Whole processes, from start to end: nothing, the import, and the command's help."""
    command = Path(sysconfig.get_path("scripts")) / "algzoo-exact"
    commands: dict[str, list[str | Path]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import algzoo_exact": [sys.executable, "-c", "import algzoo_exact"],
        "algzoo-exact --help": [command, "--help"],
    }
    for name, arguments in commands.items():
        seconds = []
        for _ in range(1 + STARTS):  # the first one reads the disk and is not counted
            start = time.perf_counter()
            subprocess.run(arguments, capture_output=True, check=True)
            seconds.append(time.perf_counter() - start)
        yield {"kind": "start", "command": name, "seconds": median(seconds[1:])}


def machine(cores: int) -> dict[str, Any]:
    packages = ("numpy", "numba", "torch", "python-flint", "algzoo-exact")
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": cores,
        "load_at_start": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a few small models, no compile time")
    parser.add_argument("--long", action="store_true", help="exact for n = 6 too: very long")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    cores = _cores()
    found = machine(cores)
    specs = plan(cores, options.quick, options.long)
    results: list[Spec] = []
    # Stores the compiled code, so that no measurement pays for it in time or memory.
    measure({"kind": "first_call", "model": FIRST_CALL, "cores": 1})
    for spec in specs:
        results.append(measure(spec))
        _report(f"[{len(results)}/{len(specs)}]", results[-1])
    for result in (*start_times(), *(() if options.quick else compile_times())):
        results.append(result)
        _report("[start]", result)

    # Only now: a child's peak memory is at least what its parent held when it began.
    from tables import write

    write(options.out, found, results)
    _say(f"Wrote results.md, results.json, growth.csv and growth.svg to {options.out}")
    return int(any("error" in result for result in results))


def _report(where: str, result: Spec) -> None:
    what = " ".join(str(v) for k, v in result.items() if k in ("kind", "model", "command", "cache"))
    cores = f" on {result['cores']}" if "cores" in result else ""
    outcome = f"{result['seconds']:.3g} s" if "seconds" in result else ""
    _say(f"{where} {what}{cores}: {result.get('error', outcome or 'counted')}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
