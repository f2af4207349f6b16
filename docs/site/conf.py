"""The documentation as a site: `make docs` runs Sphinx with this file.

Sources are the Markdown files that are read on their own as well: README.md, docs/, and the tables
of models/ and benchmarks/. They keep their places, so that every link between them leads to the
same page here. Nothing is fetched, neither here nor by the pages: no fonts, no scripts from
elsewhere. Formulas are LaTeX between dollars, as GitHub reads it, and become MathML, as in reports.
Notebooks are shown with the outputs that they are kept with.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "algzoo-exact"
html_title = project
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "docs/**.md",
    "docs/notebooks/*.ipynb",
    "models/README.md",
    "benchmarks/**.md",
]
exclude_patterns = [".*", "build", "tests"]  # not searched

suppress_warnings = ["toc.not_included"]  # tables of measurements are reached from the notes

extensions = ["myst_parser"]
source_suffix = {".md": "markdown", ".ipynb": "markdown"}
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
myst_heading_anchors = 4  # the same anchors as on GitHub
smartquotes = False  # a prime is a prime
highlight_language = "text"  # an indented block is a formula

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False  # of Python objects: there are none
html_show_copyright = False

FIRST_PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{project}</title>
<meta http-equiv="refresh" content="0; url={root_doc}.html">
<a href="{root_doc}.html">{project}: documentation</a></html>
"""


def add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """The site's table of contents is what docs/index.md links to, section by section."""
    if docname != root_doc:
        return
    _, *sections = re.split(r"^## ", source[0], flags=re.MULTILINE)
    for section in sections:
        caption, _, body = section.partition("\n")
        pages = re.findall(r"\]\((\S+?)\.(?:md|ipynb)\)", body)
        source[0] += "\n".join(
            ["\n\n```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```\n"]
        )


def read_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """A notebook as Markdown: its texts, its code, and what that showed."""
    if app.env.doc2path(docname).suffix != ".ipynb":
        return
    parts = []
    for cell in json.loads(source[0])["cells"]:
        text = "".join(cell["source"])
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
        for output in cell.get("outputs", ()):
            shown = output.get("data", {})
            kind, fence = (
                ("text/html", "{raw} html") if "text/html" in shown else ("text/plain", "")
            )
            parts.append(f"`````{fence}\n{''.join(shown.get(kind, ''))}\n`````")
    source[0] = "\n\n".join(parts)


def write_formula(writer: Any, node: Any) -> None:
    """A formula in MathML, which browsers draw without a script; long ones can be scrolled."""
    block = isinstance(node, nodes.math_block)
    text = re.sub(r"\\tag\{(.*?)\}", r"\\qquad (\1)", node.astext())  # a formula's number
    formula = convert(text, display="block" if block else "inline")
    writer.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def write_first_page(app: Sphinx, exception: Exception | None) -> None:
    """index.html leads to the index, which is in a folder."""
    if exception is None:
        Path(app.outdir, "index.html").write_text(FIRST_PAGE, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """What Sphinx calls: registers the functions above, and expressions as a language."""
    app.add_lexer("expression", TextLexer)
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("source-read", add_contents)
    app.connect("source-read", read_notebook)
    app.connect("build-finished", write_first_page)
