"""The documentation as a site: it builds without a warning, from these files alone, for no network.

The oracle for links is Sphinx in strict mode, which a planted broken link must fail. What a page
loads is read from its HTML here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.paths import ROOT

# What makes a browser fetch something for a page by itself. Links to click are <a href>.
LOADING = {("link", "href"), ("image", "href"), *((t, "src") for t in ("img", "script", "iframe"))}
LOADING |= {("img", "srcset"), ("object", "data"), ("source", "src"), ("source", "srcset")}

SOURCES = ("docs", "models", "benchmarks", "README.md", "LICENSE", "algzoo_exact/certificate")

# Looked for and not imported, which takes seconds: the site is built in processes of its own.
MISSING = [name for name in ("sphinx", "furo", "latex2mathml") if find_spec(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason="needs the extra docs"),
]


def build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` runs, on other folders."""
    arguments = ["-q", "-W", "--keep-going", "-c", source / "docs" / "site"]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *arguments, "-d", out / "trees", source, out / "site"],
        capture_output=True,
        text=True,
        timeout=300,
    )


def copy_of_sources(folder: Path) -> Path:
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    return folder


class Loads(HTMLParser):
    """The addresses that a browser fetches for a page by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if (tag, key) in LOADING and value]


def loaded_by(page: str) -> list[str]:
    parser = Loads()
    parser.feed(page)
    return parser.found


def test_what_a_page_loads_is_seen() -> None:
    page = '<link href="a.css"><script src="https://b/c.js"></script><a href="https://d">d</a>'
    assert loaded_by(page) == ["a.css", "https://b/c.js"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_site(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    sources = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    expected = {path.relative_to(ROOT).with_suffix(".html") for path in sources}
    assert expected <= {page.relative_to(site) for page in pages}
    assert "docs/index.html" in (site / "index.html").read_text(encoding="utf-8")
    for page in pages:
        addresses = loaded_by(page.read_text(encoding="utf-8"))
        assert not [a for a in addresses if "//" in a and not a.startswith("data:")], page
        for address in (a.partition("?")[0].partition("#")[0] for a in addresses):
            assert not address or address.startswith("data:") or (page.parent / address).exists()
    for style in site.rglob("*.css"):
        assert "http" not in style.read_text(encoding="utf-8").replace("http://www.w3.org", "")


def test_formulas_are_typeset(site: Path) -> None:
    """What MathML can't say would be left as a LaTeX command, or as an ampersand."""
    found = 0
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        formulas = re.findall(r"<math.*?</math>", text, re.DOTALL)
        found += len(formulas)
        assert not [f for f in formulas if "\\" in f or "<mi>&</mi>" in f], page
        # Frames hold reports, which are pages of their own.
        other = r"<pre>.*?</pre>|<code.*?</code>|<iframe.*?</iframe>"
        assert "$" not in re.sub(other, "", text, flags=re.DOTALL), page
    assert found > 100


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    source = copy_of_sources(tmp_path / "source")
    page = source / "docs" / "concepts.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(f"{text}\n[gone](guarantees.md#no-such-heading)\n", encoding="utf-8")
    done = build(source, tmp_path)
    assert done.returncode != 0
    assert "no-such-heading" in done.stderr
    assert "concepts.md" in done.stderr
