"""What all tests share, so that none depends on the machine, its load or who starts them."""

from __future__ import annotations

import os
import signal
import sys

from hypothesis import HealthCheck, settings

# Examples are the same in each run. However long one takes, that is no failure.
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")

# What a terminal or GitHub Actions sets changes what is printed, in colours and widths.
for name in ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR", "PY_COLORS", "TERM"):
    os.environ.pop(name, None)

# Tests run in as many processes as there are cores: numpy's threads would wait for each other.
for name in ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# Compiled modules are kept: else each process that a test starts compiles the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Shells start background jobs with Ctrl-C ignored, and the processes of tests would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
