"""What README.md and docs/ show, taken apart: blocks, commands, and outputs to compare.

* A ``text`` block straight after a ``python`` block is what that prints.
* ``console`` blocks hold commands (``$ algzoo-exact ..``, ``$ echo $?``) and their output.
* A ``toml`` block that begins with a comment such as ``# story.toml`` is that file, for the blocks
  after it; ``# story.toml, continued`` adds to the file.
* Numbers must agree in the digits that both show; running times are not compared; ``...`` stands
  for any text.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w-]+\.toml)(, continued)?\n")
PIECES = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("space", r"\s+"),
        ("time", r"(?<![\w.])\d+(?:\.\d+)?(?=\s?(?:s|ms|us|µs|seconds)\b)"),
        ("time", r'(?<="seconds":\s)[\d.e-]+'),
        ("anything", r"\.\.\.|…"),
        ("number", r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\.?\w)"),
        ("word", r"\w+|."),
    )
]


class Block(NamedTuple):
    """A fenced block: its language, its text, the line it starts on, and where it ends."""

    language: str
    text: str
    line: int
    end: int


class Doc(NamedTuple):
    path: Path
    text: str

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(m[1], m[2], self.text.count("\n", 0, m.start(2)) + 1, m.end())
            for m in BLOCK.finditer(self.text)
        ]

    def output_of(self, position: int) -> str | None:
        """The ``text`` block with nothing but space between it and a block."""
        blocks = self.blocks
        if position + 1 == len(blocks) or blocks[position + 1].language != "text":
            return None
        following = blocks[position + 1]
        between = self.text[blocks[position].end : following.end].split("```text", 1)[0]
        return following.text if not between.strip() else None


def read(path: Path) -> Doc:
    return Doc(path, path.read_text(encoding="utf-8"))


def save_file(block: Block, folder: Path) -> None:
    """The file that a ``toml`` block shows, if its first line names one."""
    named = FILE.match(block.text) if block.language == "toml" else None
    if named is None:
        return
    with (folder / named[1]).open("a" if named[2] else "w", encoding="utf-8") as file:
        file.write(block.text)


class Piece(NamedTuple):
    kind: str  # word, number, time or anything
    text: str


def pieces(text: str) -> list[Piece]:
    """Output cut into words, punctuation, numbers, times and ellipses; white space goes."""
    found: list[Piece] = []
    place = 0
    while place < len(text):
        kind, match = next((k, m) for k, p in PIECES if (m := p.match(text, place)))
        if kind != "space":
            found.append(Piece(kind, match[0]))
        place = match.end()
    return found


def agree(shown: list[Piece], actual: list[Piece]) -> bool:
    """Whether shown output describes the actual one."""
    parts: list[list[Piece]] = [[]]  # of what is shown, between ellipses
    for piece in shown:
        if piece.kind == "anything":
            parts.append([])
        else:
            parts[-1].append(piece)
    first, *others = parts
    if not others:
        return len(first) == len(actual) and begins(first, actual, 0)
    if not begins(first, actual, 0):
        return False
    *middle, last = others
    place, end = len(first), len(actual) - len(last)
    for part in middle:  # the earliest place leaves the most room for the others
        starts = range(place, end - len(part) + 1)
        start = next((k for k in starts if begins(part, actual, k)), None)
        if start is None:
            return False
        place = start + len(part)
    return place <= end and begins(last, actual, end)


def begins(shown: list[Piece], actual: list[Piece], place: int) -> bool:
    """Whether shown pieces, without an ellipsis, describe the actual ones from a place on."""
    there = actual[place : place + len(shown)]
    return len(there) == len(shown) and all(map(same, shown, there))


def same(shown: Piece, actual: Piece) -> bool:
    if shown.kind != actual.kind:
        return False
    if shown.kind == "time":
        return True
    if shown.kind == "number":
        return close(shown.text, actual.text)
    return shown.text == actual.text


def close(shown: str, actual: str) -> bool:
    """Whole numbers are equal. Others differ by one unit of the last digit that both show at
    most; small ones with an exponent (widths, errors) by a factor of 10."""
    a, b = Decimal(shown), Decimal(actual)
    if "e-" in shown and "e-" in actual:
        return abs(a.adjusted() - b.adjusted()) <= 1
    if shown.lstrip("-").isdigit() and actual.lstrip("-").isdigit():
        return shown == actual
    unit = max(Decimal(x).as_tuple().exponent for x in (shown, actual))  # type: ignore[type-var]
    return abs(a - b) <= Decimal(1).scaleb(int(unit))


def assert_output(shown: str, actual: str, where: str) -> None:
    assert agree(pieces(shown), pieces(actual)), f"{where}\nshown:\n{shown}\nactual:\n{actual}"


def run_session(session: str, folder: Path, where: str) -> None:
    """Run the commands of one block in turn; each must print what is shown below it.

    A command succeeds unless the next one is ``echo $?``, which then shows its exit code.
    """
    parts = re.split(r"^\$ ", session, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{where}: a console block begins with a command"
    commands = [part.partition("\n") for part in parts[1:]]
    code = 0
    for k, (command, _, shown) in enumerate(commands):
        if command == "echo $?":
            assert int(shown) == code, f"{where}: exit code {code}"
            continue
        program, *arguments = shlex.split(command)
        if program != "algzoo-exact":  # make, pip, git: shown, not run
            continue
        script = Path(sys.executable).with_name("algzoo-exact")
        done = subprocess.run(
            [script, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
            timeout=300,
        )
        code = done.returncode
        expected_to_fail = k + 1 < len(commands) and commands[k + 1][0] == "echo $?"
        assert code == 0 or expected_to_fail, f"{where}: exit code {code}\n{done.stdout}"
        assert_output(shown, done.stdout, f"{where}: {command}")
