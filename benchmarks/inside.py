"""What it takes to look inside a model: each command as a process of its own.

    python benchmarks/inside.py

Writes inside.md. Compiled code has to be stored (``algzoo-exact warm``), and the machine idle. It
takes some ten minutes on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

TABLE = Path(__file__).with_suffix(".md")
NAME = "2nd_argmax_8_5"
UNIT = "accuracy MODEL"  # what the ratios are to
COMMANDS = (
    UNIT,
    "regions MODEL",
    "errors MODEL",
    "diff MODEL --noise 0.01",
    "diff MODEL --prune 0.1",
    "diff MODEL --prune 0.3",
    "diff MODEL --round int8",
    "diff MODEL --round float16",
    "diff MODEL argmedian_8_5",
    "ask MODEL 'h[1][0] > 0 and x[0] > x[1]'",
    "neurons MODEL",
    "gradient MODEL",
    "ablate MODEL W_hh[1][2]",
    "importance MODEL",
    "sections MODEL --zero 1,2",
)


def main() -> None:
    unit, lines = 0.0, list[str]()
    for command in COMMANDS:
        seconds, peak = timed(command.replace("MODEL", NAME))
        unit = unit or seconds
        lines.append(f"| `{command}` | {seconds:.1f} | {seconds / unit:.1f} | {peak:.0f} |")
        print(lines[-1], flush=True)
    TABLE.write_text(
        f"# Looking inside `{NAME}`\n\nBy `python benchmarks/inside.py`, on {os.cpu_count()} "
        f"cores: whole processes, with the ratio to `{UNIT}` in the same run, and the largest "
        "resident size of a process.\n\n"
        "| command | seconds | ratio | MiB |\n| --- | ---: | ---: | ---: |\n"
        + "\n".join(lines) + "\n"
    )  # fmt: skip


def timed(command: str) -> tuple[float, float]:
    """The seconds that a command takes, and the peak of its largest process in MiB."""
    began = time.monotonic()
    process = subprocess.Popen(
        f"{sys.executable} -m algzoo_exact {command}", shell=True, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"algzoo-exact {command} failed")
    return time.monotonic() - began, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
