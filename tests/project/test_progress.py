"""Bars of progress: where somebody looks on, after a while, one at a time, and gone at the end."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from algzoo_exact import progress
from algzoo_exact.progress import bar, counted, in_words, is_watched, shows_progress


class _Displays(ModuleType):
    """What IPython offers: displays with an identity, which are written anew."""

    def __init__(self) -> None:
        super().__init__("IPython.display")
        self.shown: list[str] = []

    def HTML(self, text: str) -> str:  # noqa: N802
        return text

    def display(self, text: str, display_id: bool) -> Any:
        assert display_id
        self.shown.append(text)
        return SimpleNamespace(update=self.shown.append)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> _Displays:
    displays = _Displays()
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", kernel)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "IPython.display", displays)
    monkeypatch.setattr(progress, "_AFTER", 0.0)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    return displays


@shows_progress("counting", counted)
def count(most: int, *, progress: Any = None) -> int:
    """A long call that tells how far it is."""
    for k in range(most):
        if progress is not None:
            progress(k + 1, most)
    return most


def test_nobody_looks_on() -> None:
    """pytest's stderr is no terminal: the function is called as it is."""
    assert not is_watched()
    assert count(3) == 3
    assert count.__doc__ == "A long call that tells how far it is."


def test_in_a_notebook(notebook: _Displays) -> None:
    assert count(4) == 4
    assert "counting: 1 of 4; about 0 s left" in notebook.shown[0]
    assert 'value="0.2500"' in notebook.shown[0]
    assert notebook.shown[-1] == ""  # it is gone at the end


def test_a_given_progress_takes_its_place(notebook: _Displays) -> None:
    told: list[tuple[int, int]] = []
    count(2, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert notebook.shown == []


def test_one_at_a_time(notebook: _Displays) -> None:
    with bar("outer", 0.0) as tell:
        tell(0.5, "half")
        assert not is_watched()
        count(3)
    assert is_watched()
    assert not any("counting" in text for text in notebook.shown)


def test_it_goes_where_a_call_fails(notebook: _Displays) -> None:
    def fail() -> None:
        with bar("failing", 0.0) as tell:
            in_words(tell)("<b>")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "failing: &lt;b&gt;" in notebook.shown[0]
    assert notebook.shown[-1] == ""
    assert is_watched()


def test_short_calls_show_none(notebook: _Displays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_AFTER", 60.0)
    count(5)
    assert notebook.shown == []
