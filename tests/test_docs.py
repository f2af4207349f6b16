"""Everything that README.md and docs/ show is run, and compared with what comes out.

How blocks are read and outputs compared: `documents_for_tests`. Besides,

* links between documents lead somewhere, and every document is in the index;
* public names, their arguments, and all options of all commands are documented;
* the table of shipped models is computed again.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from algzoo_exact.score.whole import whole_accuracy
from documents_for_tests import BLOCK, agree, assert_output, pieces, read, run_session, save_file
from typer.main import get_command

import algzoo_exact as az
from algzoo_exact import Accuracy, accuracy, load
from algzoo_exact.cli.app import app
from algzoo_exact.program.task import TIE_RULES, TieRule

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# The README verifies an explanation of ten inputs, and docs/cli.md runs every command: a minute.
SLOW_COMMANDS = {"README.md", "docs/cli.md"}
SLOW_TUTORIALS = {"docs/tutorials/checking-an-explanation.md"}
SLOW_TUTORIALS |= {"docs/tutorials/estimators-racing.md"}


def having(language: str, slow: set[str]) -> list[Any]:
    """The documents with blocks in a language, as parameters of a test."""
    found = [path for path in DOCS if any(b.language == language for b in read(path).blocks)]
    return [
        pytest.param(path, marks=pytest.mark.slow if name in slow else (), id=name)
        for path, name in zip(found, map(name_of, found), strict=True)
    ]


@pytest.mark.parametrize(
    ("shown", "actual"),
    [
        ("a ... b ... c", "a b x b y c"),
        ("... x ...", "a x b"),
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
        ("a ... b ... a", "a b"),
        ("... x ...", "a b"),
        ("sha256 93e5ab", "sha256 93e5ac"),
    ],
)
def test_wrong_output_is_noticed(shown: str, actual: str) -> None:
    assert not agree(pieces(shown), pieces(actual))


@pytest.mark.parametrize("path", having("python", slow=SLOW_TUTORIALS))
def test_python_blocks(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    doc = read(path)
    namespace: dict[str, object] = {"__name__": "example"}
    for position, block in enumerate(doc.blocks):
        save_file(block, tmp_path)
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


@pytest.mark.parametrize("path", having("console", slow=SLOW_COMMANDS | SLOW_TUTORIALS))
def test_commands(path: Path, tmp_path: Path) -> None:
    for block in read(path).blocks:
        save_file(block, tmp_path)
        if block.language == "console":
            run_session(block.text, tmp_path, f"{name_of(path)}, line {block.line}")


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


# `measure/flow.py` or `flow.py`
SOURCE = re.compile(r"`((?:[a-z]\w*/)*[a-z]\w*\.(?:py|json))`")


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_sources_that_documents_name_exist(path: Path) -> None:
    package = ROOT / "algzoo_exact"
    known = {file.relative_to(package).as_posix() for file in package.rglob("*.*")}
    known |= {file.name for file in package.rglob("*.py")}
    named = {name.removeprefix("algzoo_exact/") for name in SOURCE.findall(path.read_text("utf-8"))}
    assert not named - known


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


def options_of(command: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each command's name, and for each option the ways to write it."""
    for key, inner in getattr(command, "commands", {}).items():
        yield from options_of(inner, f"{name} {key}".strip())
    for option in command.params:
        if name and option.opts[0].startswith("-") and option.name != "help":
            yield name, option.opts


def undocumented(text: str) -> list[str]:
    """Options that neither their command's section of cli.md tells of, nor what comes before all
    sections."""
    general, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part for part in parts}
    return [
        f"{name} {' '.join(ways)}"
        for name, ways in options_of(get_command(app))
        if not any(
            re.search(rf"(?<![\w-]){way}(?![\w-])", general + sections.get(name.split()[0], ""))
            for way in ways
        )
    ]


def test_options_are_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert not undocumented(text)
    assert undocumented(text.replace("--by-label", "")) == ["accuracy --by-label"]


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
