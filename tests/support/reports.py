"""Reports for tests: small models, and what every page must be."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser

import algzoo_exact as az
from algzoo_exact.present.report import Report
from algzoo_exact.program.ir import Program
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.zoo.loading import Model

SAMPLES = 1000


def model_of(network: Program | Transformer, task: az.Task, name: str = "a<model>") -> Model:
    """A model as ``load`` would give it."""
    sha256 = hashlib.sha256(repr(network).encode()).hexdigest()
    return Model(name, sha256, network, task, {}, "rational")


def report_of(network: Program | Transformer, task: az.Task, **options: object) -> Report:
    return az.make_report(model_of(network, task), samples=SAMPLES, **options)  # type: ignore[arg-type]


class _Page(HTMLParser):
    """Tags in order, identifiers, addresses, and whether all elements are closed."""

    _VOID = ("meta", "link", "rect", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes.append((tag, found))
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [value or "" for key, value in attrs if key in ("href", "src", "xlink:href")]
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self._VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._VOID:
            assert self.open.pop() == tag


def check_page(text: str) -> _Page:
    """One complete file, well formed and accessible as far as its source tells."""
    page = _Page(text)
    assert not page.open
    assert len(set(page.ids)) == len(page.ids)
    assert all(link.startswith(("#", "data:")) or "//" not in link for link in page.links)
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert page.tags.count("script") == 1  # the buttons that copy, and what sorts tables
    headings = [tag for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}
    for tag, found in page.attributes:
        if tag == "html":
            assert found["lang"] == "en"
        if tag == "svg":
            assert found["role"] == "img"
            assert "aria-label" in found or "aria-labelledby" in found
        if tag == "th":
            assert found["scope"] in ("row", "col")
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert all("w3.org" in address for address in addresses)  # names of vocabularies
    return page
