"""Joins the checker's files into the one that stands alone, ``certificate/check.py``.

``python -m algzoo_exact.certificate.checker.join`` writes it anew. Imports of the standard library
are gathered at the top, those of other parts fall away, and each part's docstring becomes the
heading of its section.
"""

from __future__ import annotations

import ast
from pathlib import Path

GROUPS = {
    "The kernel, which sees integers, fractions and tuples alone.": (
        *("errors", "budget", "fixed", "exponential", "cones", "measures", "networks", "labels"),
        "transformers",
    ),
    "Reading: from JSON to what the kernel and the checker of explanations take.": (
        *("reading", "decimals", "files"),
    ),
    "Explanations: formulas, their proofs, and what follows.": (
        *("programs", "formulas", "rewriting", "settings", "points", "sums", "regions", "orders"),
        *("probabilities", "proofs", "answers", "story"),
    ),
    "The whole certificate, and the verdict on it.": (
        *("outcome", "cells", "functions", "binding", "content", "verdict", "main"),
    ),
}
"""In the order of reading: each part uses those before it alone."""
PARTS = tuple(part for parts in GROUPS.values() for part in parts)

FOLDER = Path(__file__).parent
TARGET = FOLDER.parent / "check.py"
_RULE, _BANNER = "# " + 93 * "-", "# " + 93 * "="


def joined_text() -> str:
    """The stand-alone file; ValueError if two parts share a name, or one uses a later one."""
    plain: set[str] = set()
    taken: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    sections: list[str] = []
    for number, part in enumerate(PARTS):
        text = (FOLDER / f"{part}.py").read_text()
        tree = ast.parse(text)
        for name in _defined(tree):
            if name in names:
                raise ValueError(f"{name} is defined in {names[name]} and in {part}")
            names[name] = part
        last = tree.body[0]
        for node in tree.body[1:]:
            if isinstance(node, ast.Import):
                plain |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                *package, module = node.module.split(".")
                if not package or package[0] != "algzoo_exact":
                    taken.setdefault(node.module, set()).update(a.name for a in node.names)
                elif module not in PARTS[:number]:
                    raise ValueError(f"{part} uses {module}, which does not come before it")
            else:
                break
            last = node
        body = "\n".join(text.splitlines()[last.end_lineno :]).strip("\n")
        heading = "\n".join(f"# {line}".rstrip() for line in _docstring(tree).splitlines())
        for group, (first, *_) in GROUPS.items():
            if part == first:
                sections.append(f"{_BANNER}\n# {group}\n")
        sections.append(_section(heading, body))
    taken.pop("__future__")
    head = f'#!/usr/bin/env python3\n"""{_docstring(tree)}\n"""\n\n# Joined from the files in '
    head += "checker/ by checker/join.py: change those.\n\nfrom __future__ import annotations\n\n"
    imports = [f"import {name}" for name in sorted(plain)]
    imports += [
        f"from {module} import {', '.join(sorted(taken[module], key=_as_sorted))}"
        for module in sorted(taken)
    ]
    sections[-1] = _section("# The command line.", body)
    return head + "\n".join(imports) + "\n\n" + "\n\n".join(sections)


def _section(heading: str, body: str) -> str:
    gap = "\n\n" if body.startswith(("class ", "def ", "@")) else "\n"
    return f"{_RULE}\n{heading}\n{gap}{body}\n"


def _as_sorted(name: str) -> tuple[bool, str]:
    """Classes first, as the formatter has it."""
    return not name[0].isupper(), name


def _docstring(tree: ast.Module) -> str:
    return ast.get_docstring(tree) or ""


def _defined(tree: ast.Module) -> set[str]:
    """The names that a file defines, but for those it imports."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            inner = [name for target in targets for name in ast.walk(target)]
            found |= {name.id for name in inner if isinstance(name, ast.Name)}
    return found


if __name__ == "__main__":
    TARGET.write_text(joined_text())
