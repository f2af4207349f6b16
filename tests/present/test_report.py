"""Reports: their numbers against each other and against other code, and what is written."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from fractions import Fraction
from html import escape
from pathlib import Path

import numpy as np
import pytest
from support.browser import CHROMIUM
from support.programs import (
    dead_mass_program,
    exact_program,
    handcrafted_2_2,
    random_program,
)
from support.reports import SAMPLES, check_page, report_of

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.document import Statement, Table
from algzoo_exact.present.findings.partition import observed_regions
from algzoo_exact.present.report import Report
from algzoo_exact.present.writers import pdf
from algzoo_exact.runtime.observed import observe
from algzoo_exact.zoo.explanations import explanation_path
from algzoo_exact.zoo.loading import Model, shipped_folder


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The shipped model of two inputs with its explanation and a certificate."""
    folder = tmp_path_factory.mktemp("explained")
    return az.make_report(
        az.load("2nd_argmax_2_2"),
        explanation=az.load_explanation(explanation_path("2nd_argmax_2_2")),
        certificate=folder / "certificate.json.gz",
        samples=SAMPLES,
    )


def test_numbers_agree(explained: Report) -> None:
    """The accuracy from the boundary of the correct set, by arctangents collected in a closed form;
    errors and regions from the cells of the certificate, each measured on its own."""
    found = explained.findings
    confusion, regions = found.confusion, found.regions
    assert confusion is not None
    assert regions is not None
    wrong = [confusion.mass[a][b] for a in range(2) for b in range(2) if a != b]
    low, high = sum(m.lower for m in wrong), sum(m.upper for m in wrong)
    assert low <= 1 - found.score.enclosure.upper <= 1 - found.score.enclosure.lower <= high
    assert high - low < Fraction(1, 10**18)
    assert regions.complete
    assert regions.count == 6 == len(regions.listed)
    right = [(region.measure, region.right) for region in regions.listed]
    assert all(part is not None for _, part in right)
    low = sum(measure.lower * part.lower for measure, part in right if part is not None)
    high = sum(measure.upper * part.upper for measure, part in right if part is not None)
    assert low <= found.score.enclosure.lower <= found.score.enclosure.upper <= high
    assert regions.rest.lower == 0
    assert regions.rest.upper < Fraction(1, 10**17)


def test_the_certificate_is_the_one_named(explained: Report) -> None:
    written = explained.findings.certificate
    assert written is not None
    assert hashlib.sha256(written.path.read_bytes()).hexdigest() == written.sha256
    assert written.sha256 in explained.html()
    outcome = az.check_certificate(written.path, shipped_folder() / "2nd_argmax_2_2.safetensors")
    assert outcome.status == "accepted"


def test_explanation_and_ledger(explained: Report) -> None:
    """Every claim is a statement with its verdict; the bits are those of the ledger."""
    sections = {section.name: section for section in explained.document.sections}
    statements = [b for b in sections["explanation"].blocks if isinstance(b, Statement)]
    verification = explained.findings.verification
    assert verification is not None
    lemmas = [s for s in statements if s.sort != "Corollary"]
    assert len(lemmas) == len(verification.claims)
    assert {s.status for s in lemmas} == {"proved"}
    (table,) = (b for b in sections["surprise"].blocks if isinstance(b, Table))
    ledger = explained.findings.ledger
    assert ledger is not None
    paid = sum(float(str(row[2][0])) for row in table.rows)
    assert abs(paid - ledger.explanation) < 0.005 * len(table.rows)
    assert [row[0][0] for row in table.foot] == [
        "The explanation",
        "Given the explanation",
        "Total",
    ]


def test_html(explained: Report) -> None:
    text = explained.html()
    page = check_page(text)
    assert page.tags.count("math") > 20
    assert "0.999941638136112689842102563714" in text
    assert page.tags.count("figure") == 2
    for section in explained.document.sections:
        assert f'id="{section.name}"' in text


def test_markdown_and_latex(explained: Report) -> None:
    markdown, latex = explained.markdown("a.svg"), explained.latex("a.pdf")
    assert "](a.svg)" in markdown
    assert "{a.pdf}" in latex
    assert markdown.count("$$") % 2 == 0
    for kind in ("exact", "sampled"):
        assert f"*({kind})*" in markdown
        assert f"\\kind{{{kind}}}" in latex
    begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", latex) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended)
    assert latex.isascii() or not set(re.sub(r"[\x00-\x7f]", "", latex)) - set("Φ")
    rows = [line for line in markdown.split("\n") if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_reports_repeat(explained: Report, tmp_path: Path) -> None:
    explained.write(tmp_path / "a.html")
    explained.write(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_refuted_claim_is_shown() -> None:
    """The handcrafted model is not the trained one: the report says so, with the input."""
    report = az.make_report(
        az.load("2nd_argmax_2_2"),
        explanation=az.load_explanation(explanation_path("handcrafted_2nd_argmax_2")),
        samples=SAMPLES,
    )
    text = report.html()
    assert "✗ refuted" in text
    assert "torch sees the same" in text
    verification = report.findings.verification
    assert verification is not None
    checks = [c for result in verification.claims for c in result.instances if c.witness]
    assert checks
    for checked in checks:
        assert escape(checked.verdict.reason, quote=False) in text


def test_a_perfect_model() -> None:
    """Accuracy 1, no error anywhere, and a name that needs escaping everywhere."""
    report = report_of(handcrafted_2_2(), az.tasks.second_argmax(2))
    text = report.html()
    check_page(text)
    assert "no error, except on a set of probability 0" in text
    assert "<model>" not in text
    assert "a&lt;model&gt;" in text
    assert report.findings.certificate is None


@pytest.mark.parametrize(
    "ties",
    [
        "uniform",
        pytest.param("lowest", marks=pytest.mark.slow),
        pytest.param("incorrect", marks=pytest.mark.slow),
    ],
)
def test_ties(ties: az.tasks.TieRule) -> None:
    """Rows add up to the probability of the label, 1/3 by symmetry; the diagonal and what ties
    earn to the accuracy, which other code computed."""
    report = report_of(dead_mass_program(), az.tasks.second_argmax(3), ties=ties)
    confusion, score = report.findings.confusion, report.findings.score
    assert confusion is not None
    for row, tied in zip(confusion.mass, confusion.tied, strict=True):
        total = [*row, tied]
        assert sum(m.lower for m in total) <= Fraction(1, 3) <= sum(m.upper for m in total)
        assert sum(m.upper - m.lower for m in total) < Fraction(1, 10**15)
    assert any(tied.lower > Fraction(1, 100) for tied in confusion.tied)
    right = [confusion.mass[k][k] for k in range(3)] + [confusion.credited]
    assert sum(m.lower for m in right) <= score.enclosure.lower
    assert score.enclosure.upper <= sum(m.upper for m in right)
    assert "the rule of ties earns" in report.markdown()


def test_finitely_many_inputs_are_counted() -> None:
    """Oracle: the list of those that are wrong."""
    model = az.load("longest_cycle_6_5")
    text = az.make_report(model, samples=SAMPLES).markdown()
    assert f"That is {len(az.wrong_functions(model))} errors in 3,125 inputs." in text
    assert "none of them tie" in text
    assert "other rules for ties" not in text


def test_longest_cycle() -> None:
    report = az.make_report(az.load("longest_cycle_4_4"), samples=SAMPLES)
    text = report.markdown()
    assert "> $$\n> A=1\n> $$" in text
    (table,) = (
        b for s in report.document.sections if s.name == "errors" for b in s.blocks
        if isinstance(b, Table)
    )  # fmt: skip
    # Functions of four points by their longest cycle: 125 have fixed points only (4^3 + .. by
    # Cayley: rooted forests on 4 labelled nodes, 5^3), and 6 are cycles of length 4.
    assert [table.rows[k][-1] for k in (0, 3)] == [("125",), ("6",)]
    assert not any(section.name == "regions" for section in report.document.sections)
    check_page(report.html())


@pytest.mark.slow
def test_median() -> None:
    """The silent model's error is the variance of the median of three, 1 - sqrt(3)/pi."""
    silent = exact_program([1], [[0]], [[0]], 3)
    report = report_of(silent, az.tasks.median(3))
    source = report.latex()
    assert r"$\displaystyle E$ & \wide{=1-\frac{\sqrt{3}}{\pi }}" in source
    assert "0.448671" in source
    check_page(report.html())


def test_a_teacher_may_say_what_is_right() -> None:
    """No picture and no certificate; errors are counted on random inputs. Oracle: the accuracy."""
    model = az.load("2nd_argmax_2_2")
    other = az.teacher(az.perturb(model, 0.5, 1).program, "another's answers")
    report = az.make_report(model, other, samples=SAMPLES)
    found = report.findings
    assert "The label is the answer of another network" in report.markdown()
    assert "the checker knows no task" in report.html()
    assert "another's answers" in report.latex()
    assert found.picture is None
    assert found.confusion is not None
    samples = found.confusion.samples
    assert samples is not None
    right = float(sum(found.confusion.mass[k][k].lower for k in range(2)))
    exact = float(az.accuracy(model, other).enclosure.midpoint)
    assert 0.1 < exact < 0.9999
    assert abs(right - exact) < 5 * (exact * (1 - exact) / samples) ** 0.5


def test_bounds_are_never_called_exact() -> None:
    """Seven inputs: certified bounds in the theorem, the sample before it and not in it; and where
    the bounds hold for every network, no theorem, but the sample."""
    program = random_program(np.random.default_rng(0), 2, 7)
    report = report_of(program, az.tasks.second_argmax(7), time_limit=0.2)
    for low, theorems in ((Fraction(1, 4), 1), (Fraction(0), 0)):
        score = replace(report.findings.score, enclosure=Enclosure(low, Fraction(1)))
        found = Report(replace(report.findings, score=score)).document.sections[0].blocks
        stated = [block for block in found if isinstance(block, Statement)]
        assert len(stated) == theorems
        assert all("'certified'" in repr(theorem) for theorem in stated)
        assert "'exact'" not in repr(stated)
        assert "'sampled'" not in repr(stated)
        assert "'sampled'" in repr(found[0])
    assert "Nothing is proved" in repr(found[1])
    assert "which is possible for n ≤ 6" in report.markdown()
    assert "No certificate" in report.markdown()


def test_observed_regions_are_measured_exactly() -> None:
    """Where not all cells are measured: the same measures as the region graph's."""
    program = random_program(np.random.default_rng(3), 3, 3)
    task = az.tasks.second_argmax(3)
    graph = az.region_graph(program)
    seen = observe(program, task, 0)
    regions = observed_regions(program, seen, len(graph))
    by_text = {str(pattern): pattern for pattern in graph.graph}
    assert len(regions.listed) == min(12, len(graph))
    for region in regions.listed:
        other = graph.measure(by_text[region.pattern])
        assert max(region.measure.lower, other.lower) <= min(region.measure.upper, other.upper)
        # 5 standard errors of a share of 2^18 inputs, of at most 1/2 sqrt(1/2^18) each.
        share = seen.patterns[by_text[region.pattern].bits] / seen.samples
        assert abs(share - float(other.midpoint)) < 5 * 0.5 / 2**9
    listed = sum(region.measure.midpoint for region in regions.listed)
    assert regions.rest.lower <= 1 - listed <= regions.rest.upper


def test_observed_answers_are_those_of_exact_arithmetic() -> None:
    """The first inputs, evaluated as fractions; ties at exactly 0 included."""
    program, task = dead_mass_program(), az.tasks.second_argmax(3)
    seen = observe(program, task, 5)
    assert sum(map(sum, seen.answers)) + sum(seen.tied) == seen.samples
    exact = az.accuracy(program, task, ties="incorrect")
    right = sum(seen.answers[k][k] for k in range(3)) / seen.samples
    assert abs(right - exact.value) < 5 * 0.5 / 2**9


def test_an_interrupted_report_leaves_nothing(
    explained: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("an older report")
    original = Path.write_bytes

    def half(self: Path, data: bytes) -> int:
        original(self, data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(KeyboardInterrupt):
        explained.write(target)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text() == "an older report"


def test_progress_and_interrupts() -> None:
    heard: list[float] = []

    def progress(fraction: float, text: str) -> None:
        heard.append(fraction)
        if text == "picture":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report_of(handcrafted_2_2(), az.tasks.second_argmax(2), progress=progress)
    assert heard == sorted(heard)
    assert all(0 <= fraction <= 1 for fraction in heard)


def test_refusals(explained: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"\.html, \.md, \.tex, \.pdf"):
        explained.write(tmp_path / "report.doc")
    with pytest.raises(InputError, match="no folder"):
        explained.write(tmp_path / "nowhere" / "report.html")
    (tmp_path / "a.html").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        explained.write(tmp_path / "a.html")
    monkeypatch.setattr(pdf, "ENGINES", ("no-such-engine",))
    monkeypatch.setattr(pdf, "BROWSERS", ())
    with pytest.raises(InputError, match="needs LaTeX"):
        explained.write(tmp_path / "report.pdf")
    with pytest.raises(InputError, match="task"):
        az.make_report(Model("m", "0" * 64, handcrafted_2_2(), None, {}, "rational"))
    with pytest.raises(InputError, match="There is no certificate"):
        az.make_report(
            az.load("2nd_argmax_16_10"), certificate=tmp_path / "c.json", samples=SAMPLES
        )


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, pdf.ENGINES)), reason="needs pdflatex or tectonic")
@pytest.mark.parametrize("name", ["2nd_argmax_2_2", "median_4_3", "longest_cycle_4_4"])
def test_latex_compiles(name: str, tmp_path: Path) -> None:
    report = az.make_report(az.load(name), samples=SAMPLES)
    report.write(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, pdf.ENGINES)), reason="needs pdflatex or tectonic")
def test_latex_of_an_explanation_compiles(explained: Report, tmp_path: Path) -> None:
    explained.write(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 50_000


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_prints(
    explained: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no LaTeX is found: the same document, page by page."""
    monkeypatch.setattr(pdf, "ENGINES", ())
    explained.write(tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") > 3
    monkeypatch.setattr(pdf, "BROWSERS", ("false",))  # a program that fails
    with pytest.raises(InputError, match=r"could not print a PDF; try \.html"):
        explained.write(tmp_path / "other.pdf")
    assert not (tmp_path / "other.pdf").exists()


@pytest.mark.slow
def test_an_explanation_proves_the_theorem() -> None:
    """Ten inputs, where bounds say nothing: the fraction is AlgZoo's own derivation's (the sum of
    the probabilities of its cases by symmetry, docs/guarantees.md)."""
    name = "handcrafted_2nd_argmax_10"
    report = az.make_report(
        az.load("handcrafted:2nd_argmax_10"),
        explanation=az.load_explanation(explanation_path(name)),
        time_limit=0.2,
        samples=SAMPLES,
    )
    assert report.findings.by_explanation
    assert report.findings.kind == "exact"
    assert report.findings.enclosure.lower == Fraction(91279, 92160)
    source = report.markdown()
    assert r"A=\frac{91279}{92160}\approx 0.990440" in source
    assert "This follows from the explanation below" in source
