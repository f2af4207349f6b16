"""Everything that README.md and docs/ show is run, and compared with what comes out.

How blocks are read and outputs compared: `support/shown.py`. Besides,

* links between documents lead somewhere, and every document is in the index;
* public names, their arguments, and all options of all commands are documented, and what the pages
  say of them is what docstrings and parsers say now;
* the table of shipped models is computed again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.paths import ROOT
from support.shown import BLOCK, agree, assert_output, pieces, read, run_session, save_file
from typer.main import get_command

import algzoo_exact as az
from algzoo_exact import Score, accuracy, load
from algzoo_exact.cli.app import app
from algzoo_exact.program.problems.median import MEDIAN
from algzoo_exact.program.task import PROBLEMS, TIE_RULES, TieRule

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# The README verifies an explanation of ten inputs, and docs/cli.md runs every command: a minute.
SLOW_COMMANDS = {"README.md", "docs/cli.md", "docs/notes/economy.md"}
SLOW_TUTORIALS = {"docs/tutorials/checking-an-explanation.md"}
SLOW_TUTORIALS |= {"docs/tutorials/estimators-racing.md", "docs/tutorials/your-own-model.md"}
SLOW_TUTORIALS |= {"docs/tutorials/tables-and-graphs.md", "docs/notes/experiments.md"}


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


ADDED_BY_DOCS = ("2nd_argmin",)  # tasks


@pytest.mark.parametrize("path", having("python", slow=SLOW_TUTORIALS))
def test_python_blocks(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ADDED_BY_DOCS:
        monkeypatch.setitem(PROBLEMS, name, MEDIAN)  # is taken away again after the test
        del PROBLEMS[name]
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


def test_documents_that_sources_name_exist() -> None:
    sources = [p for p in (ROOT / "algzoo_exact").rglob("*") if p.suffix in (".py", ".json")]
    named = {
        name
        for path in sources
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert not [name for name in named if not (ROOT / name).exists()]


# `measure/flow.py` or `measure/`
PLACE = re.compile(r"`((?:\w+/)*(?:\w+\.(?:py|json)|(?<=/)))`")


def test_architecture_names_every_room_and_only_what_there_is() -> None:
    text = page("architecture.md")
    places = set(PLACE.findall(text))
    package = ROOT / "algzoo_exact"
    assert len(places) > 40
    assert not [name for name in places if not (package / name).exists()]
    rooms = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert rooms <= places
    assert len(text.split()) < 1000


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_public_names_are_documented() -> None:
    headings = re.findall(r"^### (?:class )?(\w+)$", page("api.md"), re.MULTILINE)
    assert len(set(headings)) == len(headings)
    assert {*headings} >= {*az.__all__} - {"__version__", "tasks"}
    assert "`tasks.second_argmax(n)`" in page("api.md")
    assert "`algzoo_exact.__version__`" in page("api.md")


def filled(text: str) -> str:
    """What docs/site/reference.py makes of a page."""
    place = ROOT / "docs" / "site" / "reference.py"
    spec = importlib.util.spec_from_file_location("reference", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.filled(text))


@pytest.mark.parametrize("name", ["api.md", "cli.md", "notes/estimators.md"])
def test_generated_parts_are_current(name: str) -> None:
    """If this fails: python docs/site/reference.py."""
    assert filled(page(name)) == page(name)


def test_stale_parts_are_noticed() -> None:
    for name, said in (
        ("api.md", "exactly as stored"),
        ("cli.md", "Decimals of all measures"),
        ("notes/estimators.md", "| deductive |"),
    ):
        stale = page(name).replace(said, "..")
        assert stale != page(name) == filled(stale)


@pytest.mark.slow
def test_picture(tmp_path: Path) -> None:
    """The README's picture, but for the colours that its palette lacks, is what the command that
    stands below it draws now."""
    script = Path(sys.executable).with_name("algzoo-exact")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [command] = re.findall("`algzoo-exact (regions .* --picture) ", text)
    subprocess.run([script, *command.split(), tmp_path / "now.png"], check=True, stdout=PIPE)
    drawn, shown = (
        np.asarray(Image.open(path).convert("RGB"), float)
        for path in (tmp_path / "now.png", ROOT / "docs" / "regions.png")
    )
    assert np.abs(drawn - shown).mean() < 2 < np.abs(drawn - shown[:, ::-1]).mean()


@pytest.mark.parametrize("name", ["api.md", "cli.md"])
def test_anchors_are_unique(name: str) -> None:
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", page(name)), re.MULTILINE)
    assert len({heading.lower() for heading in headings}) == len(headings)


SIGNATURE = re.compile(r"^### (\w+)\n\n`\1\((.*?)\)(?: -> .*)?`$", re.MULTILINE)


def test_signatures_are_current() -> None:
    """Arguments shown in api.md, with their defaults, are those of the code."""
    checked = set()
    for name, shown in SIGNATURE.findall(page("api.md")):
        parameters = inspect.signature(getattr(az, name)).parameters
        for argument in filter(None, (part.strip() for part in shown.split(","))):
            if argument == "*":
                continue
            key, _, default = argument.partition("=")
            assert key in parameters, f"{name} has no argument {key}"
            value = parameters[key].default
            if default == "...":
                assert len(repr(value)) > 40, f"{name}: {argument}"
            elif default:
                assert f'"{value}"' == default or repr(value) == default, f"{name}: {argument}"
        assert len([a for a in shown.split(",") if a.strip(" *")]) == len(parameters), name
        checked.add(name)
    functions = {name for name in az.__all__ if inspect.isfunction(getattr(az, name))}
    assert checked == functions >= {"load", "accuracy", "sample", "region_graph"}


def options_of(command: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each command's name, and for each option the ways to write it."""
    for key, inner in getattr(command, "commands", {}).items():
        yield from options_of(inner, f"{name} {key}".strip())
    for option in command.params:
        if name and option.opts[0].startswith("-") and option.name != "help":
            yield name, option.opts


def undocumented(text: str) -> list[str]:
    """Options that their command's section of cli.md does not tell of."""
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part for part in parts}
    return [
        f"{name} {' '.join(ways)}"
        for name, ways in options_of(get_command(app))
        if not any(
            re.search(rf"(?<![\w-]){way}(?![\w-])", sections.get(name.split()[0], ""))
            for way in ways
        )
    ]


def test_options_are_documented() -> None:
    text = page("cli.md")
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
    result = accuracy(model.program, model.task, ties=ties, digits=20, method="exact")
    assert result.kind == "exact"
    assert digits_are_right(TABLE[name][column], result), str(result.enclosure)


def digits_are_right(shown: str, result: Score) -> bool:
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
