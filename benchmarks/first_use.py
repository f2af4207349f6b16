"""First use: what a machine without compiled code compiles, and when it answers.

usage: python benchmarks/first_use.py [MODEL ...]. Prints tables; without models, all shipped ones
of up to five inputs. Each process starts with an empty cache.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import algzoo_exact.score.kernels  # noqa: F401 (it registers them)
from algzoo_exact.compiling import KERNELS

MODELS = Path(__file__).parents[1] / "models"
_TIMED = """
import time
import algzoo_exact.analysis.pair_facets
import algzoo_exact.analysis.slopes
from algzoo_exact.compiling import compile_kernel
began = time.process_time()
compile_kernel({kernel!r})
print(time.process_time() - began)
"""


def compile_seconds(cache: Path) -> dict[str, float]:
    """Processor time to compile each kernel."""
    return {
        kernel: float(_run([sys.executable, "-c", _TIMED.format(kernel=kernel)], cache))
        for kernel in KERNELS
    }


def first_answer(model: str, cache: Path) -> tuple[float, float, str]:
    """Seconds by the clock and of the processor, and the kind of the answer, for one command."""
    before, began = _children(), time.monotonic()
    command = [sys.executable, "-m", "algzoo_exact", "accuracy", model, "--json"]
    answer = json.loads(_run(command, cache))
    return time.monotonic() - began, _children() - before, answer["kind"]


def _run(command: list[str], cache: Path) -> str:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    models = sys.argv[1:]
    for card in () if models else sorted(MODELS.glob("*.json")):
        if int(card.stem.rsplit("_", 1)[1]) <= 5:
            models.append(card.stem)
    print(f"On {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.\n")
    print("| compiled | processor s |\n| --- | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for kernel, seconds in compile_seconds(Path(folder)).items():
            print(f"| {kernel} | {seconds:.1f} |", flush=True)
    print("\n| model | first answer, s | processor s | kind |\n| --- | ---: | ---: | --- |")
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            wall, processor, kind = first_answer(model, Path(folder))
        print(f"| {model} | {wall:.1f} | {processor:.1f} | {kind} |", flush=True)


if __name__ == "__main__":
    main()
