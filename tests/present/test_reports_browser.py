"""The index of reports in a real browser, where Chromium is installed: it sorts and filters."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.browser import CHROMIUM, browser
from support.weight_files import state, write

import algzoo_exact as az

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]

_NAMES = (
    "[...document.querySelectorAll('tbody tr')].filter(r => !r.hidden && r.querySelector('a'))"
    ".map(r => r.cells[0].textContent)"
)


def test_index(tmp_path: Path) -> None:
    names = ["argmax_2_2", "argmax_2_3", "argmax_3_3"]
    source = tmp_path / "models"
    source.mkdir()
    for name in names:
        torch.manual_seed(len(name) + int(name[-1]))
        weights = state(int(name[-3]), int(name[-1]))
        weights = {key: torch.randn(value.shape) for key, value in weights.items()}
        write(source / f"{name}.safetensors", weights)
    made = az.write_reports(source, tmp_path / "reports", samples=1000)
    with browser() as page:
        page.open(made.index)
        assert page.evaluate(_NAMES) == names
        scores = {name: row["score"] for name, row in made.rows.items()}
        click = "[...document.querySelectorAll('thead button')][2].click()"  # the scores
        for reverse in (False, True):
            page.evaluate(click)
            assert page.evaluate(_NAMES) == sorted(names, key=scores.__getitem__, reverse=reverse)
        page.evaluate(
            "const f = document.querySelector('input'); f.value = 'ARG _3';"
            "f.dispatchEvent(new Event('input'))"
        )
        assert sorted(page.evaluate(_NAMES)) == names[1:]
        assert page.evaluate("document.querySelector('output').textContent.trim()") == "2 of 3"
        for width, dark in ((1280, False), (390, True)):
            page.open(made.index, width=width, dark=dark)
            assert page.complaints() == []
            assert page.requests() == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.open(made.reports[names[0]])
        assert page.evaluate("document.querySelector('.back a').href") == made.index.as_uri()
