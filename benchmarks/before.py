"""This version beside an older one, in one run: what exact scores cost.

usage: python benchmarks/before.py TREE, where TREE is a checkout of the older version. Prints a
table: processor seconds on one core for a whole score, judging by the label cells, all congruent,
that are decided within some seconds after the first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = (("2nd_argmax_8_5", 8), ("median_8_5", 6), ("random_3_6", 8))
LONGEST = 1800.0  # seconds of a child, which may have to compile first

CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
import algzoo_exact as az
from programs import find
name, digits = sys.argv[2], int(sys.argv[3])
program, task = find(name)
score = az.squared_error if name.startswith("median") else az.accuracy
seen = []
def progress(done, text):
    seen.append((done, time.process_time()))
    if done == 1 or (len(seen) > 1 and seen[-1][1] - seen[0][1] > 5):
        raise KeyboardInterrupt
# What has to be compiled is there with the first label cell.
score(program, task, method="exact", digits=digits, workers=1, progress=progress)
(before, began), (after, ended) = seen[0], seen[-1]
print((ended - began) / (after - before))
"""


def seconds(tree: Path, name: str, digits: int) -> float:
    """Processor time of a whole score by the version in ``tree``."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, "-c", CHILD, str(HERE), name, str(digits)]
    done = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, check=True,
        timeout=LONGEST,
    )  # fmt: skip
    return float(done.stdout)


def main(tree: Path) -> None:
    print("| model | digits | older version, s | this version, s | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, digits in CASES:
        old, new = seconds(tree, name, digits), seconds(HERE.parent, name, digits)
        print(f"| {name} | {digits} | {old:,.0f} | {new:,.1f} | {old / new:,.0f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
