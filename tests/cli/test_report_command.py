"""``algzoo-exact report``: files, exit codes, refusals, and the atlas."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import json_of, run, text_of, write
from support.reports import check_page

import algzoo_exact as az
from algzoo_exact.present.writers import pdf
from algzoo_exact.zoo.loading import shipped_folder

FEW = ("--samples", 1000)


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
        (("--all", ".", "-o", "a"), "no .safetensors files"),
        (("--all", ".", "-o", "a", "--task", "argmax"), "leave out"),
    ],
)  # fmt: skip
def test_refusals(
    arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, one line, no file."""
    monkeypatch.chdir(tmp_path)
    result = run("report", *arguments, *FEW)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert re.search(says, result.stderr)
    assert not list(tmp_path.iterdir())


def test_no_latex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "ENGINES", ("no-such-engine",))
    monkeypatch.setattr(pdf, "BROWSERS", ())
    result = run("report", "2nd_argmax_2_2", "-o", tmp_path / "a.pdf")
    assert result.exit_code == 2
    assert "needs LaTeX" in result.stderr
    assert not list(tmp_path.iterdir())


def test_atlas(tmp_path: Path) -> None:
    """Two models and a broken file: the index leads to the reports, and says what is missing."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("2nd_argmax_2_2", "median_2_2"):
        shutil.copy(shipped_folder() / f"{name}.safetensors", source)
    (source / "broken.safetensors").write_bytes(b"not a model")
    write(source / "unknown.safetensors")
    target = tmp_path / "atlas"
    found = json_of("report", "--all", source, "-o", target, *FEW)
    assert sorted(found["reports"]) == ["2nd_argmax_2_2", "median_2_2"]
    assert sorted(found["failed"]) == ["broken", "unknown"]
    text = (target / "index.html").read_text("utf-8")
    page = check_page(text)
    files = {link for link in page.links if not link.startswith(("#", "data:"))}
    assert files == {path.name for path in target.iterdir()} - {"index.html"}
    assert "0.999941638136" in text
    assert "broken" in text
    for name in found["reports"]:
        check_page((target / f"{name}.html").read_text("utf-8"))


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
