"""Hostile explanation files cost bounded time and memory, and run nothing.

They are read in one process under limits on memory and processor time, where an audit hook notes
whatever they make Python do. The oracle is the operating system, and Python's own audit events.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT
from support.stories import GOOD

HEAD = GOOD[: GOOD.index("[definitions]")]
ALWAYS = HEAD + '[[claim]]\nname = "c"\nkind = "always"\nstatement = "{}"\n'
DOUBLING = "\n".join(f'd{k} = "d{k - 1} + d{k - 1}"' for k in range(1, 60))
CROWDED = "\n".join(f'd{k} = "x[0]"' for k in range(20_000))
SURPRISE = GOOD + "[surprise]\nbits_of_optimization = "

HOSTILE: dict[str, str] = {
    "code": ALWAYS.format("__import__('os').system('touch pwned') == 0"),
    "attributes": ALWAYS.format("x.__class__.__base__.__subclasses__() == 0"),
    "a name like Python's": ALWAYS.format("__import__ == __builtins__"),
    "a call like Python's": ALWAYS.format("eval(open) == exec(1)"),
    "an f-string": ALWAYS.format("{open('pwned', 'w')} == 0"),
    "huge exponent": ALWAYS.format("x[0] > 1e999999999"),
    "huge decimal": ALWAYS.replace("always", "measure") + "equals = 1e-999999999",
    "huge integer": SURPRISE + "9" * 1_000_000,
    "tower of powers": ALWAYS.format("x[0] > " + "*".join(["1e99"] * 50)),
    "tower of quotients": ALWAYS.format("x[0] > 1" + "/1e99" * 500),
    "huge index": ALWAYS.format("x[99999999*99999999*99999999] > 0"),
    "deep parentheses": ALWAYS.format("(" * 9_000 + "x[0] > 0" + ")" * 9_000),
    "deep functions": ALWAYS.format("relu(" * 3_000 + "x[0]" + ")" * 3_000 + " > 0"),
    "many nots": ALWAYS.format("not " * 4_000 + "true"),
    "many minuses": ALWAYS.format("-" * 15_000 + "x[0] > 0"),
    "deep lists": SURPRISE + "[" * 100_000,
    "deep tables": HEAD + "[" + ".".join("a" * 200_000) + "]",
    "deep implications": ALWAYS.format("true implies " * 1_500 + "true"),
    "long expression": ALWAYS.format("x[0] + " * 100_000 + "x[1] > 0"),
    "large sum": ALWAYS.format("sum(i in 0..999999999: x[0]) > 0"),
    "empty ranges": ALWAYS.format("all(i in 0..99999999 if i < 0: x[0] > 0)"),
    "doubling definitions": HEAD + f'[definitions]\nd0 = "x[0]"\n{DOUBLING}\n',
    "many definitions": HEAD + f"[definitions]\n{CROWDED}\n",
    "many instances": ALWAYS.format("true") + 'for = "i in 0..999, j in 0..999"\n',
    "large file": GOOD + "#" * (5 << 20),
    "large sizes": GOOD.replace("hidden_size = 2", "hidden_size = 99999999999"),
    "price in the heavens": GOOD.replace("count = 2", f"count = {10**400}"),
    "nothing but noise": "\x00" * 100_000,
}  # fmt: skip

# Refused at the limit of what is expanded, after some seconds.
LARGE: dict[str, str] = {
    "nested sums": ALWAYS.format("sum(i in 0..999, j in 0..999, k in 0..999: x[0]) > 0"),
    "many claims": HEAD + "".join(
        f'[[claim]]\nname = "c{k}"\nkind = "always"\nfor = "i in 0..9999"\nstatement = "true"\n'
        for k in range(500)
    ),
}  # fmt: skip

# Legal, and hard: the verdict may be any, within a second for each statement.
HARD: dict[str, str] = {
    "thousands of terms": ALWAYS.format("x[0] + " * 2_800 + "x[1] > 0"),
    "many maxima": ALWAYS.format(
        " + ".join(f"max({k}*x[0], x[1], {k % 7} - x[0], {k % 5}*x[1])" for k in range(400))
        + " >= 0"
    ),
    "deep maxima": ALWAYS.format("max(x[0], " * 70 + "x[1]" + ")" * 70 + " >= x[0]"),
    "a large definition": HEAD + '[definitions]\n"f(k)" = "sum(i in 0..k: relu(i*x[0] - x[1]))"\n'
    + ALWAYS.format("f(60)*f(1) - f(59) >= sum(i in 0..60: f(i))")[len(HEAD):].replace("*f(1)", ""),
    "many cases": HEAD + '[[case]]\nname = "c"\nfor = "i in 0..40"\nverdict = "right"\n'
    'when = "relu(i*x[0] - x[1]) > abs(x[0] - i*x[1])"\n',
    "a chance": HEAD + '[[claim]]\nname = "c"\nkind = "measure"\nat_most = 0.5\n'
    'condition = "sum(i in 0..30, j in 0..30: abs(i*x[0] - j*x[1])) > 9*x[0]"\n',
    "huge coefficients": ALWAYS.format("relu(1e99*x[0]) - 1e-99*x[1] >= 1e99*1e99*1e99*x[0]"),
}  # fmt: skip

# Read by a process of its own: memory and processor time are limited, and an audit hook notes what
# it runs, imports, starts, connects to and writes.
HARNESS = """
import json, resource, sys
stories, options = json.load(sys.stdin)
from support.command_line import run

from algzoo_exact.cli.stories import Story

path, watching, seen = sys.argv[1], False, []
forbidden = ("exec", "compile", "os.", "subprocess.", "socket.", "import", "ctypes.", "shutil.")
allowed = ("os.listdir", "os.scandir")

def hook(event, details):
    writing = event == "open" and details[1] not in ("r", "rb")
    if watching and (writing or event.startswith(forbidden) and event not in allowed):
        seen.append(f"{event} {details}"[:200])

def watched(function):
    # The command line itself compiles its annotations at each call.
    def run_watched(*arguments):
        global watching
        watching = True
        try:
            return function(*arguments)
        finally:
            watching = False
    return run_watched

sys.addaudithook(hook)
run("verify", path)  # whatever is imported late is imported now
Story.verified = watched(Story.verified)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
results = {}
for name, text in stories.items():
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    seen.clear()
    result = run("verify", path, *options)
    results[name] = result.exit_code, result.stdout, result.stderr, list(seen)

def planted(*arguments):
    # What a reader that ran stories would do.
    eval("1")
    open(path, "a").close()
    return verified(*arguments)

seen.clear()
verified, Story.verified = Story.verified, watched(planted)
run("verify", path)
results["planted"] = 0, "", "", list(seen)
json.dump(results, sys.stdout)
"""


Outcome = tuple[int, str, str, list[str]]


def read_all(stories: dict[str, str], folder: Path, *options: str) -> dict[str, Outcome]:
    """(exit code, stdout, stderr, what was noted) for each story."""
    path = folder / "story.toml"
    path.write_text(GOOD, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, str(path), str(4 << 30)],
        input=json.dumps([stories, options]),
        # Each thread takes some memory, and machines of many cores would start many.
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "tests"), "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [entry.name for entry in folder.iterdir()] == ["story.toml"]
    found: dict[str, Outcome] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return read_all(HOSTILE, tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, refusals: dict[str, Outcome]) -> None:
    check_refused(refusals[name])


@pytest.mark.slow
def test_large_files_are_refused(tmp_path: Path) -> None:
    outcomes = read_all(LARGE, tmp_path)
    for name in LARGE:
        check_refused(outcomes[name])


def check_refused(outcome: Outcome) -> None:
    code, out, message, noted = outcome
    assert (code, out, noted) == (2, "", [])
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert message.endswith(".\n")
    assert len(message) < 400


@pytest.mark.slow
def test_hard_files_end(tmp_path: Path) -> None:
    outcomes = read_all(HARD, tmp_path, "--seconds", "1s")
    for name in HARD:
        code, out, message, _ = outcomes[name]
        assert code in (0, 1, 3), (name, message)
        assert "verdict" in out
        assert message == ""


def test_the_watch_is_kept(refusals: dict[str, Outcome]) -> None:
    """A reader that evaluates something, and writes to a file, is noticed."""
    noted = refusals["planted"][3]
    assert any(event.startswith("compile") for event in noted)
    assert any(event.startswith("open") and "story.toml" in event for event in noted)
