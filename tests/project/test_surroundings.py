"""Where a command runs and what files are called does not matter.

Oracles: the file system (a link leads to a file that is there), bash (a word is one argument), and
urllib (an address is the name's bytes).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from support.command_line import refused, run
from support.programs import handcrafted_2_2
from support.reports import check_page, model_of, report_of

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.files import staged, write_whole
from algzoo_exact.names import address, plain_name, printable, shell_word
from algzoo_exact.present.report import Report
from algzoo_exact.present.reports import write_reports
from algzoo_exact.present.writers.registry import WRITERS
from algzoo_exact.zoo.loading import shipped_folder

ODD = (
    "run #1",
    "10%",
    "my report (v1)",
    "[a](b)",
    'it\'s "quoted" `x`',
    "back\\slash",
    "caf\udce9",
    "two\nlines",
    "\x1b[31mred",
    "-o",
    "$(touch x)",
    "日本",
    "a&b<c>_d^e~f{g}",
    "\\end{verbatim}",
)
names = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=40
)


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(handcrafted_2_2(), az.tasks.second_argmax(2))


def renamed(report: Report, name: str) -> Report:
    found = report.findings
    return Report(replace(found, model=replace(found.model, name=name)))


@given(names | st.sampled_from(ODD))
def test_names(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    assert (shown == name) == name.isprintable()
    assert address(name).isascii()
    assert not set(address(name)) & set(" #?\"'()<>[]\\`|{}^\n")
    assert unquote_to_bytes(address(name)) == os.fsencode(name)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", plain_name(name))
    assert not plain_name(name).startswith(("-", "."))


def test_plain_names_differ() -> None:
    assert len({plain_name(name) for name in (*ODD, "10#", "10", "10-")}) == len(ODD) + 3
    assert plain_name("2nd_argmax_2_2.v1") == "2nd_argmax_2_2.v1"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_name_is_one_word_for_a_shell() -> None:
    words = " ".join(map(shell_word, ODD))
    found = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True
    )
    expected = [os.fsencode("./-o" if name == "-o" else name) for name in ODD]
    assert found.stdout.split(b"\0")[:-1] == expected


@pytest.mark.parametrize("name", ODD)
def test_reports_find_their_pictures(report: Report, tmp_path: Path, name: str) -> None:
    odd = renamed(report, name)
    check_page(odd.html())
    odd.write(tmp_path / f"{name}.html")
    odd.write(tmp_path / f"{name}.md")
    odd.write(tmp_path / f"{name}.tex")
    markdown = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    latex = (tmp_path / f"{name}.tex").read_text(encoding="utf-8")
    (linked,) = re.findall(r"^!\[.*\]\((.*)\)$", markdown, re.MULTILINE)
    (included,) = re.findall(r"\\includegraphics\[.*\]\{(.*)\}", latex)
    for picture in (linked, included):
        assert re.fullmatch(r"[\w.-]+", picture, re.ASCII)
        assert (tmp_path / picture).is_file()
    assert len(list(tmp_path.iterdir())) == 5
    assert r"\end{verbatim}" not in latex
    assert not re.search(r"(?<!\\)%", latex)


def test_folders_that_killed_processes_left_go(tmp_path: Path) -> None:
    """But not those that a living one writes to."""
    gone, living = (f".writing.{process}.abc" for process in (1 << 23, os.getppid()))
    for name in (gone, living, ".writing-by-hand"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").touch()
    write_whole(tmp_path / "a.csv", b"text")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.csv", living, ".writing-by-hand"}


@pytest.mark.slow
def test_reports_of_odd_names(tmp_path: Path) -> None:
    """Each link of the index leads to a file, and a model named index has a report as well."""
    shipped = shipped_folder() / "2nd_argmax_2_2.safetensors"
    folder, output = tmp_path / "models", tmp_path / "reports"
    folder.mkdir()
    for name in ("run #1 [x]_2nd_argmax_2_2", "caf\udce9_2nd_argmax_2_2"):
        (folder / f"{name}.safetensors").write_bytes(shipped.read_bytes())
    for name in ("index", "index-1"):
        save_file(load_file(shipped), folder / f"{name}.safetensors", {"task": "2nd_argmax"})
    made = write_reports(folder, output, samples=1000)
    assert made.failed == {}
    assert len(made.reports) == 4
    page = (output / "index.html").read_text(encoding="utf-8")
    links = [unescape(link) for link in re.findall(r'<a href="([^"#]*)"', page)]
    assert len(links) == 8
    for link in links:
        assert (output / os.fsdecode(unquote_to_bytes(link))).is_file(), link
    assert {made.index, *made.reports.values()} == set(output.glob("*.html"))
    assert "Exact reports" in page


def test_a_failed_report_leaves_nothing(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> bytes:
        raise InputError("This is planted.")

    for suffix in (".tex", ".html"):
        monkeypatch.setitem(WRITERS, suffix, replace(WRITERS[suffix], written=fail))
    with pytest.raises(InputError, match="planted"):
        report.write(tmp_path / "a.tex")
    assert "planted" in refused(
        "report", "2nd_argmax_2_2", "--samples", 1000, "-o", tmp_path / "a.html"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_failed_list_of_regions_leaves_nothing(tmp_path: Path) -> None:
    wanted = ("--picture", tmp_path / "a.svg", "--graph", tmp_path / "a.graphml")
    refused("regions", "2nd_argmax_2_2", "--max-regions", 2, *wanted)
    assert list(tmp_path.iterdir()) == []
    assert run("regions", "2nd_argmax_2_2", *wanted).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a.svg", "a.graphml"}


def test_staged_files(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with staged(target) as part:
        part.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    with pytest.raises(FileNotFoundError), staged(target) as part:
        part.with_name("other").rename(part)
    with staged(target):  # writes nothing
        pass
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]
    for wrong, said in ((tmp_path, "it is a folder"), (tmp_path / "b" / "c", "no folder")):
        with pytest.raises(InputError, match=said), staged(wrong):
            pass


def test_pictures_do_not_depend_on_settings(report: Report) -> None:
    import matplotlib

    program, task = handcrafted_2_2(), az.tasks.second_argmax(2)
    with matplotlib.rc_context({"font.size": 30, "patch.linewidth": 9, "savefig.bbox": "tight"}):
        again = report_of(program, task).findings.picture
        assert again is not None
        drawn = again.drawn("svg")
        assert matplotlib.rcParams["font.size"] == 30
    assert report.findings.picture is not None
    assert drawn == report.findings.picture.drawn("svg")


_DRAWN = """
import os
from algzoo_exact.plotting import plain_matplotlib
with plain_matplotlib():
    from matplotlib.figure import Figure
    Figure().savefig(os.devnull, format="svg")
print(os.environ["MPLBACKEND"])
"""


@pytest.mark.parametrize(
    "backend",
    [
        "module://no_such_package.backend",
        pytest.param("no such backend", marks=pytest.mark.slow),
        pytest.param("agg", marks=pytest.mark.slow),
    ],
)
def test_a_notebooks_backend(backend: str) -> None:
    """Its kernel sets the variable, for programs that lack the package as well."""
    found = subprocess.run(
        [sys.executable, "-c", _DRAWN], env={**os.environ, "MPLBACKEND": backend},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.returncode, found.stdout.strip()) == (0, backend), found.stderr


@pytest.mark.parametrize(
    "closed",
    [">&-"] + [pytest.param(c, marks=pytest.mark.slow) for c in ("2>&-", "<&-", "<&- >&- 2>&-")],
)
def test_closed_standard_files(tmp_path: Path, closed: str) -> None:
    """What is closed is as /dev/null: the certificate that is written holds nothing else."""
    command = f'"{sys.executable}" -m algzoo_exact certify 2nd_argmax_2_2 -o c.json {closed}'
    found = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert ("certificate" in found.stdout) == (">&-" not in closed.replace("2>&-", ""))
    assert run("check", tmp_path / "c.json").exit_code in (0, 3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("end", "code"), [("> /dev/full", 2), pytest.param("2> /dev/full", 2, marks=pytest.mark.slow)]
)
def test_a_full_disk(end: str, code: int) -> None:
    model = "2nd_argmax_2_2" if end.startswith(">") else "nothing"
    found = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m algzoo_exact show {model} {end}'],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == code
    assert "Traceback" not in found.stderr


def test_a_model_is_named_in_one_line() -> None:
    model = model_of(handcrafted_2_2(), az.tasks.second_argmax(2), "a\x1b[2J\nb\udcff")
    assert model.name == r"a\x1b[2J\nb\xff"


def test_every_file_may_have_an_odd_name(tmp_path: Path) -> None:
    """Tables, graphs, pictures and certificates, in a folder that is no UTF-8."""
    folder = tmp_path / "caf\udce9 #1"
    folder.mkdir()
    options = ("--out", folder / "a.parquet", "--graph", folder / "a.graphml")
    found = run("regions", "2nd_argmax_2_2", *options, "--picture", folder / "a.pdf")
    assert found.exit_code == 0, found.stderr
    assert r"caf\xe9 #1/a.parquet" in found.stdout
    assert run("certify", "2nd_argmax_2_2", "-o", folder / "c.json").exit_code == 0
    assert {path.suffix for path in folder.iterdir()} == {".parquet", ".graphml", ".pdf", ".json"}


def test_a_message_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with pytest.raises(InputError, match="planted") as caught, staged(target) as part:
        raise InputError(f"planted {part}.")
    assert str(caught.value) == f"planted {target}."


def test_a_story_cannot_move_the_cursor(tmp_path: Path) -> None:
    """Its title and notes are the words of somebody else."""
    story = tmp_path / "a.toml"
    story.write_text(
        'title = "t\\u001b[2Jx"\n[model]\ntask = "2nd_argmax"\nhidden_size = 2\nseq_len = 2\n'
        '[[claim]]\nname = "a"\nkind = "weights"\nstatement = "W_hi[0] > 0 or W_hi[0] <= 0"\n'
        '[surprise]\nbits_of_optimization = 1\nnote = "n\\u001b]0;x"\n'
    )
    for command in ("verify", "surprise"):
        found = run(command, story, "--model", "2nd_argmax_2_2")
        assert "\x1b" not in found.stdout
        assert r"t\x1b[2Jx" in found.stdout
    model = ("2nd_argmax_2_2", "--samples", 1000, "--no-certificate")
    found = run("report", *model, "--explanation", story, "-o", tmp_path / "a.tex")
    assert r"t\x1b[2Jx" in found.stdout
    assert "\x1b" not in (tmp_path / "a.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["accuracy", "verify"])
def test_an_empty_name(command: str) -> None:
    assert "is empty; give a file or" in refused(command, " ")
    assert len(run(command, "x" * 10**5 + ".pth").stderr) < 1000
