"""Every value that a public function returns shows itself: in a few lines, and as a piece of HTML
that is closed, small, and touches nothing around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from project.test_public_functions import CALLS, OTHERS, median
from safetensors.numpy import load_file
from support.browser import CHROMIUM, browser
from support.paths import MODELS

import algzoo_exact as az
from algzoo_exact.shown import Shown

LONGEST, LINES, LARGEST = 1000, 6, 200_000
# Plain values, and the checker's, which stands alone; an estimator of the race is a function.
PLAIN = {"check_certificate", "estimator", "list_models", "probability", "standardize"}
PLAIN |= {"exact_score", "suggest", "write_table"}
FOREIGN = {"attention"}  # an Arrow table shows itself
SLOW = {"compare", "importance", "make_report", "polish", "surprise", "train", "write_reports"}
FEWER: dict[str, dict[str, Any]] = {
    "compare": {"variants": 2, "seeds": 2, "budgets": [1e4], "estimators": ["sobol"]},
    "train": {"sequences": 2048, "seeds": 1},
}


class _Tags(HTMLParser):
    """The elements left open, and all names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("br", "rect", "progress", "path", "use", "image"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def result(name: str, at: Path) -> Any:
    arguments = CALLS[name](at) if name in CALLS else []
    if name == "lift_transformer":
        arrays = load_file(MODELS / "longest_cycle_4_4.safetensors")
        arguments = [arrays]
    if name == "check_certificate":
        az.write_certificate(at / "c.json", az.load("2nd_argmax_2_2"))
        arguments = [at / "c.json"]
    if name == "write_reports":
        (at / "models").mkdir()
        for file in MODELS.glob("2nd_argmax_2_2.*"):
            (at / "models" / file.name).write_bytes(file.read_bytes())
        arguments = [at / "models", at / "reports"]
    found = getattr(az, name)(*arguments, **FEWER.get(name, {}))
    return next(found) if isinstance(found, Iterator) else found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else [])
        for n in sorted(({*CALLS} | OTHERS) - FOREIGN)
    ],
)
def test_what_public_functions_return(name: str, tmp_path: Path) -> None:
    value = result(name, tmp_path)
    assert len(repr(value)) <= LONGEST
    assert repr(value).count("\n") < LINES
    assert isinstance(value, Shown) != (name in PLAIN)
    if isinstance(value, Shown):
        html = value._repr_html_()
        assert len(html) < LARGEST
        assert not _Tags(html).open
        assert "<script" not in html
        # All rules are nested in one that names our own box, or name it themselves.
        if "<iframe" not in html:
            (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
            assert all(".algzoo-exact" in head for head in _outermost(style))


def _outermost(style: str) -> list[str]:
    """The heads of rules that are in no other."""
    heads, depth, since = [], 0, 0
    for at, character in enumerate(style):
        if character == "{":
            if depth == 0:
                heads.append(style[since:at])
            depth += 1
        elif character == "}":
            depth -= 1
            since = at + 1
    return heads


def test_a_rule_outside_is_noticed() -> None:
    assert _outermost("a { b { c } } .algzoo-exact { d }") == ["a ", " .algzoo-exact "]


def test_a_saved_page_is_shown_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an address from where the notebook is; its name is a stranger's."""
    monkeypatch.chdir(tmp_path)
    page = az.explore(az.load("2nd_argmax_3_3"))
    assert len(page._repr_html_()) < 20_000
    saved = page.save(tmp_path / "a b<>.html")
    html = saved._repr_html_()
    assert 'src="a%20b%3C%3E.html"' in html
    assert len(html) < 1000
    assert (tmp_path / "a b<>.html").stat().st_size > LARGEST


@pytest.mark.parametrize("name", ["2nd_argmax_16_10", "median_8_5", "longest_cycle_8_6"])
def test_large_models_show_little(name: str) -> None:
    model = az.load(name)
    for value in (model, model.network):
        assert len(repr(value)) < 200
        assert len(value._repr_html_()) < 50_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2nd_argmax_16_3", "median_4_3"])
def test_large_reports_show_little(name: str) -> None:
    """With pictures of many regions, and closed forms of hundreds of terms."""
    report = az.make_report(az.load(name), samples=10_000)
    assert len(report.html()) > 1.5 * LARGEST
    html = report._repr_html_()
    assert len(html) < LARGEST
    assert "The closed form in full" in html


def test_long_parts_are_cut() -> None:
    @dataclass(frozen=True)
    class Thing(Shown):
        number: Fraction
        many: tuple[int, ...]
        words: str

    shown = repr(Thing(Fraction(1, 3**5000), tuple(range(10**5)), "long " * 10**4))
    assert len(shown) <= LONGEST
    assert "…" in shown
    assert shown.startswith("Thing(number=")


def test_a_picture_is_shown_and_saved(tmp_path: Path) -> None:
    drawing = az.picture(median())
    assert "<svg" in drawing._repr_html_()
    for suffix in ("svg", "png", "pdf"):
        drawing.save(tmp_path / f"a.{suffix}")
    assert (tmp_path / "a.svg").read_bytes() == drawing.drawn("svg")
    az.picture(median(), None, tmp_path / "b.svg")
    assert (tmp_path / "b.svg").read_bytes() == drawing.drawn("svg")
    with pytest.raises(az.InputError, match=r"\.svg, \.png, \.pdf"):
        drawing.save(tmp_path / "a.gif")


_AROUND = """<!DOCTYPE html><meta charset="utf-8">
<style>td {{ color: rgb(1, 2, 3); text-align: center }}</style>
<body data-jp-theme-light="{light}"><p id="outside">text</p>
<table><tr><td id="theirs">1</td></table>
{inside}"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_styles_do_not_leak(tmp_path: Path) -> None:
    """In a browser: the page's own texts look as they do without ours, ours have the scheme of the
    notebook's theme, whatever the system's is, and tables stay ours in a page with other rules."""
    inside = az.region_graph(az.load("2nd_argmax_2_2"), az.tasks.second_argmax(2))._repr_html_()
    looks = (
        "[...document.querySelectorAll('#outside, #theirs, body')].map(e => { const s ="
        " getComputedStyle(e); return [s.color, s.font, s.textAlign, s.backgroundColor]; })"
    )
    path = tmp_path / "page.html"
    with browser() as page:
        path.write_text(_AROUND.format(light="true", inside=""), encoding="utf-8")
        page.open(path)
        before = page.evaluate(looks)
        grounds = {}
        for light in ("true", "false"):
            path.write_text(_AROUND.format(light=light, inside=inside), encoding="utf-8")
            page.open(path, dark=light == "true")
            if light == "false":
                assert page.evaluate(looks) == before
            grounds[light] = page.evaluate(
                "getComputedStyle(document.querySelector('.algzoo-exact')).backgroundColor"
            )
            assert (
                page.evaluate("getComputedStyle(document.querySelector('.algzoo-exact td')).color")
                != "rgb(1, 2, 3)"
            )
        assert page.complaints() == []
    assert grounds == {"true": "rgb(252, 252, 250)", "false": "rgb(22, 24, 28)"}
