"""The notebooks of the docs: run in a clean kernel, they show what they are kept with."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from support.paths import ROOT

FOLDER = ROOT / "docs" / "notebooks"
LARGEST = 500_000

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
InteractiveShell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell


def execute() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(notebook: object) -> list[tuple[str, ...]]:
    """What each cell of code shows as text, and whether as HTML too; bars, which come and go, and
    figures of seconds are left out."""
    found = []
    for cell in notebook.cells:  # type: ignore[attr-defined]
        if cell.cell_type == "code":
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    text = output.data["text/plain"]
                    found.append((re.sub(r"seconds=[\d.e-]+", "", text), *sorted(output.data)))
                else:
                    assert output.output_type == "display_data", output
    return found


def test_an_error_shows_the_line_and_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """None of our own lines, between which the sentence would be lost."""
    shell = InteractiveShell()
    shell.run_cell("import algzoo_exact as az\nmodel = az.load('2nd_argmx_4_3')")
    said = capsys.readouterr().out
    assert "line 2" in said
    assert "model = az.load('2nd_argmx_4_3')" in said
    assert "InputError: There is no file or shipped model '2nd_argmx_4_3' (did you mean" in said
    assert "_find" not in said
    shell.run_cell("1 / 0")
    assert "Traceback" in capsys.readouterr().out


NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_three() -> None:
    assert len(NOTEBOOKS) == 3


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path) -> None:
    kept = nbformat.read(path, as_version=4)
    assert path.stat().st_size < LARGEST
    assert len(shown(kept)) >= 3
    assert any("text/html" in kinds for _, *kinds in shown(kept))
    assert shown(execute().executed(path)) == shown(kept)
