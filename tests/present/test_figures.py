"""Pictures: areas are measures, files repeat byte for byte, and nothing degenerate breaks them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import pi
from pathlib import Path

import numpy as np
import pytest
from support.programs import (
    KINDS,
    dead_mass_program,
    degenerate_program,
    handcrafted_2_2,
    handcrafted_4_3,
    random_program,
)

from algzoo_exact.analysis.sections import section
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.present.pictures import circle, drawing, sphere
from algzoo_exact.present.pictures import picture as figures
from algzoo_exact.present.pictures.picture import picture
from algzoo_exact.program.task import Task, argmax, index_tasks, second_argmax
from algzoo_exact.regions.enumerate import cells


def shoelace(points: drawing.Floats) -> float:
    x, y = points.T
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2


def test_areas_on_the_sphere_are_measures() -> None:
    """Each hemisphere is a disc of area pi for a measure of 1/2.

    Polygons replace arcs by chords of at most one degree: their sagitta is below h^2 / 8 = 4e-5
    (twice that for the projection's distortion of at most sqrt 2 each way), along a perimeter
    of at most 2 pi.
    """
    for cell in cells(dead_mass_program(), second_argmax(3)):
        area = 0.0
        for sign in (1, -1):
            part = cell.cone.split((sign,) * 3, 60)[1]
            if part is not None:
                outline = sphere._outline(part)
                points = sphere._project(sphere._path([*outline, outline[0]]), sign)
                assert np.all(np.hypot(*points.T) < 1 + 1e-12)
                area += shoelace(points)
        assert (
            abs(area / (2 * pi) - float(cell.measure(15).midpoint)) < 8e-5
        )  # times 2 pi for the perimeter, over 2 pi


def test_angles_on_the_circle_are_measures() -> None:
    for cell in cells(random_program(np.random.default_rng(2), 4, 2), second_argmax(2)):
        angle = circle._between(*circle._wedge(cell.cone))
        assert abs(angle / (2 * pi) - float(cell.measure(20).midpoint)) < 1e-14


def test_thin_wedges_keep_their_digits() -> None:
    assert circle._between((10**20, 1), (10**20, 2)) == pytest.approx(1e-20, rel=1e-15)


def test_errors_are_announced() -> None:
    """Adjacent wedges of errors are one error, and their angles add up to the error's measure."""
    found = list(cells(random_program(np.random.default_rng(6), 5, 2), second_argmax(2)))
    wrong = sum(float(cell.measure(20).midpoint) for cell in found if cell.credit == 0)
    notes = circle._error_notes(found)
    shown = sum(float(text.split()[1].split("°")[0]) for _, text, _ in notes)
    assert wrong > 0
    assert abs(shown - 360 * wrong) < 0.5 * len(notes)  # three digits of at most 360 degrees
    assert circle._error_notes(list(cells(handcrafted_2_2(), second_argmax(2)))) == []


def test_notes_do_not_overlap() -> None:
    angles = sorted([*np.linspace(-0.01, 0.01, 20).tolist(), -3.1, 3.1, 3.12])
    moved = circle._spread(angles)
    gaps = np.diff([*moved, moved[0] + 2 * pi])
    assert np.all(gaps > 0.95 * circle._LINE)
    assert circle._spread([1.0]) == [1.0]


def test_neurons_are_named_together() -> None:
    assert circle._neurons({(0, 0), (0, 1), (0, 2), (1, 3), (1, 5)}) == "z[0][0-2]  z[1][3,5]"


@pytest.mark.parametrize("suffix", figures.SUFFIXES)
@pytest.mark.parametrize("n", [2, 3])
def test_files_repeat(tmp_path: Path, n: int, suffix: str) -> None:
    program = handcrafted_2_2() if n == 2 else handcrafted_4_3()
    for name in ("a", "b"):
        picture(program, second_argmax(n), tmp_path / f"{name}{suffix}")
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert first == second
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert first.startswith(start)
    assert len(list(tmp_path.iterdir())) == 2


def test_different_programs_look_different(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        picture(random_program(rng, 2, 2), second_argmax(2), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "b.svg").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_programs(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(1)
    for n in (2, 3):
        program = degenerate_program(kind, rng, 3, n)
        picture(program, second_argmax(n), tmp_path / "a.svg", ties="incorrect")


@pytest.mark.parametrize("name", index_tasks())
def test_all_tasks(tmp_path: Path, name: str) -> None:
    picture(dead_mass_program(), Task(name, 3), tmp_path / "a.svg", ties="uniform")


def test_titles() -> None:
    """100% is said of a program that is right everywhere alone: not where rounding would say so."""
    found = list(cells(handcrafted_2_2(), second_argmax(2)))
    assert figures._said(found, Enclosure.exactly(1)) == "accuracy exactly 100%"
    wrong = [replace(found[0], credit=Fraction(0)), *found[1:]]
    nearly = Enclosure(1 - Fraction(1, 10**20), Fraction(1))
    assert figures._said(wrong, nearly) == "accuracy > 99.999999999999%"


@pytest.mark.parametrize(
    "where", [{"zero": [1, 2]}, {"zero": [2]}, {"equal": [(0, 1)]}, {"equal": [(0, 3), (1, 2)]}]
)
def test_sections(tmp_path: Path, where: dict[str, list[int]]) -> None:
    """What is said of a section is its own score; its inputs have the names of the model's."""
    program = random_program(np.random.default_rng(4), 2, 4)
    one = section(program, task=second_argmax(4), **where)  # type: ignore[arg-type]
    drawn = picture(one, None, tmp_path / "a.svg")
    figure, given = drawn.figure(), one.share(one.accuracy())
    if given is None:
        assert drawn.title.endswith("no label is the only one")
    elif one.unlabelled.upper > 0:
        assert drawn.title.endswith(f"right on {percent(given, 3)} of inputs with one label")
    else:
        assert drawn.title.endswith(f"accuracy {percent(given, 3)}")
    notes = " ".join(text.get_text() for text in figure.texts)
    assert ("no single label" in notes) == (one.unlabelled.upper > 0)
    names = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {drawing.typeset(name) for name in one.names} <= names


def test_refusals(tmp_path: Path) -> None:
    program = handcrafted_2_2()
    with pytest.raises(InputError, match=r"\.svg, \.png, \.pdf"):
        picture(program, second_argmax(2), tmp_path / "a.jpg")
    with pytest.raises(InputError, match="2 and 3 inputs, not for 4"):
        picture(random_program(np.random.default_rng(0), 1, 4), argmax(4), tmp_path / "a.svg")
    with pytest.raises(InputError, match="needs a program"):
        picture(program, second_argmax(3), tmp_path / "a.svg")
    with pytest.raises(InputError, match="no folder"):
        picture(program, second_argmax(2), tmp_path / "nowhere" / "a.svg")
    assert not list(tmp_path.iterdir())
