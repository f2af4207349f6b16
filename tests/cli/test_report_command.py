"""``algzoo-exact report``: files, exit codes, refusals, and folders of reports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.command_line import json_of, refused, run, text_of, write
from support.reports import check_page

import algzoo_exact as az
from algzoo_exact.present import reports
from algzoo_exact.present.writers import pdf
from algzoo_exact.zoo.loading import shipped_folder

FEW = ("--samples", 1000, "--workers", 1)


def test_a_report_and_its_certificate(tmp_path: Path) -> None:
    target = tmp_path / "a.html"
    text = text_of("report", "2nd_argmax_2_2", "-o", target, *FEW)
    assert "0.99994163813611268984" in text
    assert str(target) in text
    certificate = tmp_path / "a.certificate.json.gz"
    file = shipped_folder() / "2nd_argmax_2_2.safetensors"
    assert az.check_certificate(certificate, file).status == "accepted"
    page = target.read_text("utf-8")
    check_page(page)
    assert "algzoo-exact check a.certificate.json.gz" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == [certificate.name, "a.html"]


def test_json_and_pictures_beside(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    found = json_of("report", "2nd_argmax_2_2", "-o", target, "--no-certificate", *FEW)
    assert found["certificate"] is None
    assert found["kind"] == "exact"
    assert found["sample_agrees"] is True
    assert found["explanation"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "a.regions.svg"]
    assert "](a.regions.svg)" in target.read_text("utf-8")


def test_a_refuted_explanation_sets_the_exit_code(tmp_path: Path) -> None:
    """The report is written all the same: it says what is refuted."""
    target = tmp_path / "a.tex"
    result = run(
        "report", "2nd_argmax_2_2", "--explanation", "handcrafted_2nd_argmax_2", "-o", target,
        "--no-certificate", *FEW,
    )  # fmt: skip
    assert result.exit_code == 1
    assert "refuted" in result.stdout
    assert r"\kind{refuted}" in target.read_text("utf-8")
    assert (tmp_path / "a.regions.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-o", "a.html"), "Give one MODEL"),
        (("2nd_argmax_2_2", "--all", ".", "-o", "a"), "Give one MODEL"),
        (("2nd_argmax_2_2", "-o", "a.doc"), r"\.html, \.md, \.tex, \.pdf"),
        (("2nd_argmax_2_2", "-o", "nowhere/a.html"), "no folder nowhere"),
        (("2nd_argmax_2_2",), "--output"),
        (("no_model", "-o", "a.html"), "no file or shipped model"),
        (("2nd_argmax_2_2", "-o", "a.html", "--explanation", "nothing"), "no file or shipped"),
        (("2nd_argmax_2_2", "-o", "a.html", "--explanation", "2nd_argmax_4_3"),
         "on 3 inputs"),
        (("2nd_argmax_2_2", "-o", "a.html", "--ties", "any"), "Unknown tie rule"),
        (("2nd_argmax_2_2", "-o", "a.html", "--certificate", "c.txt"), r"\.json"),
        (("2nd_argmax_2_2", "-o", "a.html", "--certificate", "c.json", "--no-certificate"),
         "contradict"),
        (("2nd_argmax_16_10", "-o", "a.html", "--certificate", "c.json"), "There is no cert"),
        (("--all", "nowhere", "-o", "a"), "no folder nowhere"),
        (("--all", ".", "-o", "a"), "There are no models in the folder ."),
        (("--all", ".", "-o", "a", "--no-certificate"), "leave out"),
    ],
)  # fmt: skip
def test_refusals(
    arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, one line, no file."""
    monkeypatch.chdir(tmp_path)
    assert re.search(says, refused("report", *arguments, *FEW))
    assert not list(tmp_path.iterdir())


def test_no_latex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "ENGINES", ("no-such-engine",))
    monkeypatch.setattr(pdf, "BROWSERS", ())
    assert "needs LaTeX" in refused("report", "2nd_argmax_2_2", "-o", tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_a_folder(tmp_path: Path) -> None:
    """Two models and a broken file: the index leads to the reports, and says what is missing."""
    source, target = tmp_path / "source", tmp_path / "reports"
    source.mkdir()
    for name in ("2nd_argmax_2_2", "median_2_2"):
        shutil.copy(shipped_folder() / f"{name}.safetensors", source)
    (source / "broken.safetensors").write_bytes(b"not a model")
    write(source / "unknown.pth")
    command = ("report", "--all", source, "-o", target, *FEW)
    told = run(*command, "--json")
    assert told.exit_code == 2
    found = json.loads(told.stdout)
    assert sorted(found["reports"]) == ["2nd_argmax_2_2", "median_2_2"]
    assert sorted(found["failed"]) == ["broken", "unknown"]
    assert "give the task" in found["failed"]["unknown"]
    text = (target / "index.html").read_text("utf-8")
    page = check_page(text)
    files = {link for link in page.links if not link.startswith(("#", "data:"))}
    assert files == {path.name for path in target.iterdir()} - {"index.html"}
    assert "0.999941638136" in text
    for name, report in found["reports"].items():
        back = check_page(Path(report).read_text("utf-8"))
        assert "index.html" in back.links
        row, score = found["models"][name], az.load(name)
        proved = az.accuracy(score) if name[0] == "2" else az.squared_error(score)
        shown = proved.enclosure if name[0] == "2" else proved.root
        assert Fraction(row["score_lower"]) <= shown.lower <= Fraction(row["score_upper"])


def test_a_folder_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves what is done, with an index; then only the others are made."""
    source, target = tmp_path / "source", tmp_path / "reports"
    source.mkdir()
    for name in ("a", "b", "c"):
        write(source / f"{name}.pth")
    made: list[str] = []
    first: list[az.Report] = []
    report_of = reports.report_of

    def stopping(model: az.Model, *others: Any) -> az.Report:
        if model.name == "b" and "b" not in made:
            made.append("b")
            raise KeyboardInterrupt
        made.append(model.name)
        if not first:
            first.append(report_of(model, *others))
        return first[0]  # whose it is matters little, and another one takes its time

    monkeypatch.setattr(reports, "report_of", stopping)
    command = ("report", "--all", source, "-o", target, "--task", "argmax", *FEW)
    told = run(*command)
    assert told.exit_code == 130
    assert "2 are left; the same command goes on" in told.stdout
    assert "Not yet" in (target / "index.html").read_text("utf-8")
    told = run(*command)
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.stdout.splitlines()[:3]] == ["a", "b", "c"]
    assert made == ["a", "b", "b", "c"]
    assert "Not yet" not in (target / "index.html").read_text("utf-8")
    assert {path.name for path in target.iterdir() if path.suffix == ".partial"} == set()


@pytest.mark.slow
def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    """An interrupt while bounds are computed, which by themselves would answer with what they
    have: exit code 130, and nothing written."""
    code = (
        "import sys, signal, threading, os\n"
        "from algzoo_exact.cli.app import app\n"
        "import algzoo_exact.score.compute\n"
        "threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "app(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "report", "2nd_argmax_8_5", "-o", tmp_path / "a.html",
         "--time-limit", "60s"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert not list(tmp_path.iterdir())
