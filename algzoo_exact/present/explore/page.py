"""The page: a template, filled in with styles, scripts and data. It fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from algzoo_exact.present.explore.columns import Data
from algzoo_exact.program.task import Task

_STYLES = ("vendor/tabulator.min.css", "explore.css")


@dataclass(frozen=True)
class Layout:
    """What stands on the page, and the scripts that draw it."""

    body: str
    scripts: tuple[str, ...]


_SEQUENCES = Layout("sequences.html", ("sequences.js",))
_REGIONS = ("network.js", "pictures.js", "explore.js")
_SPHERE = "vendor/three.min.js"  # which two inputs do without
_FIRST = ("vendor/tabulator.min.js", "shared.js")


def _layout_of(task: Task) -> Layout:
    """Sequences, or a picture of regions, on a circle or a sphere."""
    if task.is_discrete:
        return _SEQUENCES
    return Layout("regions.html", _REGIONS if task.seq_len == 2 else (_SPHERE, *_REGIONS))


def page_of(title: str, task: Task, data: Data) -> str:
    """The whole page.

    A model's name and a story's texts are a stranger's: inside JSON no ``<`` is left, so that
    nothing ends the element, and the page may run no scripts but those whose hashes it states.
    """
    layout = _layout_of(task)
    scripts = [_static(name) for name in (*_FIRST, *layout.scripts)]
    hashes = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(found).decode()}'" for found in hashes)
    parts = {
        "title": escape(title),
        "policy": f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:",
        "style": "\n".join(map(_static, _STYLES)),
        "body": _static(layout.body),
        "data": json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c"),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _static("explore.html"))


@cache
def _static(name: str) -> str:
    return (files("algzoo_exact.present") / "static" / name).read_text(encoding="utf-8")
