"""Reports in a real browser, where Chromium is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser import CHROMIUM, CONTRAST, Page, browser
from support.shipped_stories import ALGZOO_2_2

import algzoo_exact as az
from algzoo_exact.zoo.explanations import explanation_path

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


def test_complaints_and_requests_are_noticed(page: Page, tmp_path: Path) -> None:
    """A planted page that fetches and fails: the checks above are able to fail."""
    path = tmp_path / "bad.html"
    path.write_text("<img src='missing.png'><script>console.error('x'); nothing()</script>")
    page.open(path)
    assert len(page.complaints()) >= 2
    assert page.requests()
