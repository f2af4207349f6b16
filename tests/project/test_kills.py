"""Runs that are killed go on to the results of others: a few kills of benchmarks/kills.py.

ALGZOO_EXACT_KILLS says how many; the benchmark makes 50.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.paths import ROOT

KILLS = int(os.environ.get("ALGZOO_EXACT_KILLS", "3"))
KINDS = ("exact", "bounds", "training")


@pytest.mark.slow
def test_killed_runs_go_on() -> None:
    script = ROOT / "benchmarks" / "kills.py"
    line = [sys.executable, script, "--count", str(KILLS), "--kinds", ",".join(KINDS)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [row.strip("| ").split(" | ") for row in done.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == list(KINDS)
    assert sum(int(row[1]) + int(row[2]) for row in rows) == KILLS
    assert all(row[4] == "the same" for row in rows)
