"""Everything that README.md and docs/ show is run, and compared with what comes out.

* ``python`` blocks run in order, those of one file in one namespace, in an empty folder. A
  ``text`` block straight after one is what it prints.
* ``console`` blocks hold commands (``$ algzoo-exact ..``, ``$ echo $?``) and their output.
* Numbers must agree in the digits that both show; running times are not compared; ``...`` stands
  for any text.
* Links between documents lead somewhere.
* The table of shipped models is computed again.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

import algzoo_exact as az
from algzoo_exact import Accuracy, accuracy, load
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.score.whole import whole_accuracy

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


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


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def having(language: str) -> list[Path]:
    return [path for path in DOCS if any(b.language == language for b in read(path).blocks)]


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
    if not shown:
        return not actual
    first, rest = shown[0], shown[1:]
    if first.kind == "anything":
        return any(agree(rest, actual[k:]) for k in range(len(actual) + 1))
    return bool(actual) and same(first, actual[0]) and agree(rest, actual[1:])


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


@pytest.mark.parametrize(
    ("shown", "actual"),
    [
        ("0.1234 (exact, width 3e-31) in 0.3 s", "0.12341 (exact, width 9e-31) in 12.81 s"),
        ("44 regions", "44   regions\n"),
        ("{...}", '{"a": 1}'),
        ("a\n...\nz", "a\nb\nc\nz"),
        ('"seconds": 0.52', '"seconds": 11.2'),
    ],
)
def test_matching_output_is_accepted(shown: str, actual: str) -> None:
    assert agree(pieces(shown), pieces(actual))


@pytest.mark.parametrize(
    ("shown", "actual"),
    [
        ("0.1234", "0.1236"),
        ("0.1234", ""),
        ("44 regions", "45 regions"),
        ("44 regions", "44 cells"),
        ("(exact)", "(numeric)"),
        ("width 3e-31", "width 3e-28"),
        ("a ... z", "a b c"),
        ("sha256 93e5ab", "sha256 93e5ac"),
    ],
)
def test_wrong_output_is_noticed(shown: str, actual: str) -> None:
    assert not agree(pieces(shown), pieces(actual))


@pytest.mark.parametrize("path", having("python"), ids=name_of)
def test_python_blocks(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    doc = read(path)
    namespace: dict[str, object] = {"__name__": "example"}
    for position, block in enumerate(doc.blocks):
        if block.language != "python":
            continue
        where = f"{name_of(path)}, line {block.line}"
        code = compile("\n" * (block.line - 1) + block.text, str(path), "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        shown = doc.output_of(position)
        if shown is not None:
            assert_output(shown, printed.getvalue(), where)


WITH_COMMANDS = [
    # The README verifies an explanation of ten inputs: half a minute.
    pytest.param(path, marks=pytest.mark.slow if path.name == "README.md" else (), id=name_of(path))
    for path in having("console")
]


@pytest.mark.parametrize("path", WITH_COMMANDS)
def test_commands(path: Path, tmp_path: Path) -> None:
    for block in read(path).blocks:
        if block.language == "console":
            run_session(block.text, tmp_path, f"{name_of(path)}, line {block.line}")


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


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    prose = BLOCK.sub("", text)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_links(path: Path) -> None:
    broken = []
    for link in LINK.findall(BLOCK.sub("", path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    assert not broken


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in LINK.findall(index)}
    missing = [name_of(path) for path in DOCS[1:] if path.name != "index.md"]
    assert not [name for name in missing if (ROOT / name).resolve() not in linked]


def test_public_names_are_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert not [name for name in az.__all__ if not re.search(rf"\b{name}\b", text)]


SIGNATURE = re.compile(r"`(\w+)\(([^`]*?)\)(?: ->[^`]*)?`")


def test_signatures_are_current() -> None:
    """Arguments shown in api.md, with their defaults, are those of the code."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    checked = set()
    for name, shown in SIGNATURE.findall(text):
        function = getattr(az, name, None)
        if not callable(function) or isinstance(function, type):
            continue
        parameters = inspect.signature(function).parameters
        for argument in filter(None, (part.strip() for part in shown.split(","))):
            if argument == "*":
                continue
            key, _, default = argument.partition("=")
            assert key in parameters, f"{name} has no argument {key}"
            if default:
                value = parameters[key].default
                assert f'"{value}"' == default or repr(value) == default, f"{name}: {argument}"
        assert len([a for a in shown.split(",") if a.strip(" *")]) == len(parameters), name
        checked.add(name)
    assert {"load", "accuracy", "sample", "region_graph"} <= checked


# | `model` | lowest | incorrect | uniform |
ROW = re.compile(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", re.M)
TABLE = {row[0]: row[1:] for row in ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))}


def test_the_table_of_tie_rules_is_there() -> None:
    assert len(TABLE) >= 2


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize(("column", "ties"), list(enumerate(TIE_RULES)))
def test_table(name: str, column: int, ties: TieRule) -> None:
    model = load(name)
    assert model.task is not None
    result = whole_accuracy(model.program, model.task, ties, 20)
    assert result.kind == "exact"
    assert digits_are_right(TABLE[name][column], result), str(result.enclosure)


def digits_are_right(shown: str, result: Accuracy) -> bool:
    """Shown digits are cut off, not rounded: shown <= accuracy < shown + one unit."""
    value = Fraction(shown)
    unit = Fraction(1, 10 ** len(shown.partition(".")[2]))
    return value <= result.enclosure.lower and result.enclosure.upper < value + unit


def test_wrong_digits_are_noticed() -> None:
    model = load("2nd_argmax_2_2")
    assert model.task is not None
    result = accuracy(model.program, model.task)
    right, _ = result.enclosure.decimal(12)
    assert digits_are_right(right, result)
    assert not digits_are_right(str(Decimal(right) + Decimal("1e-12")), result)
    assert not digits_are_right(str(Decimal(right) - Decimal("1e-12")), result)
