"""The checker's one file is joined from its parts, and the kernel among them stands by itself."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from support.certificates import CHECKER

from algzoo_exact.certificate.checker import join


def test_the_one_file_is_joined_from_the_parts() -> None:
    assert CHECKER.read_text() == join.joined_text()


PLAIN = {"collections", "dataclasses", "fractions", "functools", "itertools", "math", "operator"}


def test_the_kernel_sees_no_documents() -> None:
    """It uses numbers and containers alone: no JSON, no texts, no files."""
    kernel = next(iter(join.GROUPS.values()))
    for part in kernel:
        tree = ast.parse((join.FOLDER / f"{part}.py").read_text())
        for node in ast.walk(tree):
            assert not isinstance(node, ast.Import), part
            if isinstance(node, ast.ImportFrom):
                package, _, module = str(node.module).rpartition(".")
                own = package == "algzoo_exact.certificate.checker" and module in kernel
                assert own or str(node.module).split(".")[0] in PLAIN | {"__future__"}, part


@pytest.mark.parametrize(
    ("part", "text", "complaint"),
    [
        ("cones", "def require() -> None: ...", "require is defined in errors and in cones"),
        ("main", "MOST_WORK: int = 1", "MOST_WORK is defined in budget and in main"),
        ("fixed", "", "fixed uses cones, which does not come before it"),
    ],
)
def test_parts_that_cannot_be_joined(
    part: str, text: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(join.FOLDER, tmp_path / "checker"))
    monkeypatch.setattr(join, "FOLDER", folder)
    spoiled = folder / f"{part}.py"
    later = "" if text else "from algzoo_exact.certificate.checker.cones import dot"
    future = "from __future__ import annotations\n"
    spoiled.write_text(spoiled.read_text().replace(future, future + later, 1) + text)
    with pytest.raises(ValueError, match=complaint):
        join.joined_text()
