"""Reports in a real browser, where Chromium is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from present.test_lemmas import lemmas
from support.browser import CHROMIUM, CONTRAST, Page, browser
from support.shipped_stories import ALGZOO_2_2

import algzoo_exact as az
from algzoo_exact.present import document as d
from algzoo_exact.present.writers.registry import write
from algzoo_exact.zoo.explanations import explanation_path, list_explanations

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.skipif(not ALGZOO_2_2.exists(), reason="needs ../shared/algzoo"),
]

DESKTOP, PHONE = 1280, 390
_WHITE = "rgb(255, 255, 255) on rgb(255, 255, 255)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    az.make_report(
        az.load(ALGZOO_2_2),
        explanation=az.load_explanation(explanation_path("algzoo_2nd_argmax_2_2")),
        samples=1000,
    ).write(path)
    return path


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_report(page: Page, report: Path, tmp_path: Path, width: int, dark: bool) -> None:
    """Nothing on the console, nothing asked for, all formulas drawn, nothing wider than the page,
    text that stands out from its ground (WCAG AA: 4.5 to 1), and a picture in the page's scheme."""
    page.open(report, width=width, dark=dark)
    assert page.complaints() == []
    assert page.requests() == []
    sizes = page.evaluate(
        "[...document.querySelectorAll('math')].map(m => { const b = m.getBoundingClientRect();"
        " return [b.width, b.height]; })"
    )
    assert len(sizes) > 40
    assert all(across > 3 and high > 5 for across, high in sizes)
    assert page.evaluate("document.querySelectorAll('math')[0].namespaceURI").endswith("MathML")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    ground = page.evaluate(
        "getComputedStyle(document.querySelector('.paper svg path')).fill + ' on ' +"
        " getComputedStyle(document.querySelector('.paper')).backgroundColor"
    )
    assert ground == ("rgb(31, 34, 40) on rgb(31, 34, 40)" if dark else _WHITE)
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


_LOWERED = """
[...document.querySelectorAll('msub')].map(e => [...e.children].map(
  c => c.getBoundingClientRect().bottom)).filter(([base, index]) => index < base + 1).length
"""
_ALONE = """
[...document.querySelectorAll('math')].map(m => [m, m.nextSibling]).filter(([, text]) =>
  text && text.nodeType === 3 && /^[.,:;)]/.test(text.data)).map(([m, text]) => {
    const end = document.createRange();
    end.setStart(text, 0);
    end.setEnd(text, 1);
    return end.getBoundingClientRect().top > m.getBoundingClientRect().bottom; })
"""


def test_formulas_are_set_as_in_books(page: Page, report: Path) -> None:
    """Indices hang below their letters, no line begins with a full stop or comma, and the command
    lines of the certificate are there in full; all at the width of a phone too."""
    for width in (DESKTOP, PHONE):
        page.open(report, width=width)
        assert page.evaluate("document.querySelectorAll('msub').length") > 40
        assert page.evaluate(_LOWERED) == 0
        ends = page.evaluate(_ALONE)
        assert len(ends) > 5
        assert not any(ends)
        assert page.evaluate(
            "[...document.querySelectorAll('pre')].every(e => e.scrollWidth <= e.clientWidth)"
        )


def test_complaints_and_requests_are_noticed(page: Page, tmp_path: Path) -> None:
    """A planted page that fetches and fails: the checks above are able to fail."""
    path = tmp_path / "bad.html"
    path.write_text("<img src='missing.png'><script>console.error('x'); nothing()</script>")
    page.open(path)
    assert len(page.complaints()) >= 2
    assert page.requests()


WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.parametrize("name", ["median_2_2", "argmedian_8_5", "longest_cycle_6_5"])
def test_no_family_scrolls_sideways(page: Page, tmp_path: Path, name: str) -> None:
    az.make_report(az.load(name), samples=1000, time_limit=1).write(tmp_path / "a.html")
    for width in (DESKTOP, PHONE):
        page.open(tmp_path / "a.html", width=width)
        assert page.complaints() == []
        assert page.evaluate(WIDTH) <= width


@pytest.mark.parametrize("name", list_explanations())
def test_no_lemma_scrolls_sideways(page: Page, tmp_path: Path, name: str) -> None:
    """Those of all shipped stories; and long formulas break, so that few boxes scroll."""
    section = d.Section("lemmas", "Lemmas", tuple(lemmas(name)))
    write(d.Document("Lemmas", "", (section,), ""), tmp_path / "a.html")
    page.open(tmp_path / "a.html", width=PHONE)
    assert page.evaluate(WIDTH) <= PHONE
    boxes = "[...document.querySelectorAll('.display')]"
    wide = page.evaluate(f"{boxes}.filter(e => e.scrollWidth > e.clientWidth + 1).length")
    assert wide <= page.evaluate(f"{boxes}.length") / 10


def test_a_formula_is_copied(page: Page, tmp_path: Path) -> None:
    """The button is there, and offers the closed form in the language of explanations."""
    az.make_report(az.load("2nd_argmax_3_3"), samples=1000).write(tmp_path / "a.html")
    page.open(tmp_path / "a.html")
    assert page.evaluate("document.querySelector('details button').textContent") == "Copy"
    text = page.evaluate("document.querySelector('[data-copied]').dataset.copied")
    assert text == str(az.accuracy(az.load("2nd_argmax_3_3")).form)
