"""Pictures in a page: colours that follow its scheme, and enough contrast in both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.programs import dead_mass_program, handcrafted_2_2
from support.reports import check_page, report_of

import algzoo_exact as az
from algzoo_exact.present.pictures.drawing import AXIS, BLACK, PAPER, roles

STYLE = (Path(az.__file__).parent / "present/writers/style.css").read_text()
TEXTS = ("black", "ink", "error", "axis", "note")
LINES = ("black", "ink")


def palette(dark: bool) -> dict[str, str]:
    """The colours of pictures by role."""
    found = {name: colour for colour, name in roles().items()}
    pattern = r"--pic-([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)"
    schemes = re.findall(pattern, STYLE)
    assert {name: light for name, light, _ in schemes} == found
    return {name: colour for name, _, colour in schemes} if dark else found


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_example() -> None:
    """Black on white is 21 to 1, and #767676 the lightest grey with 4.5 (WebAIM's table)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert 4.5 < contrast("#767676", "#ffffff") < 4.6
    assert contrast("#777777", "#ffffff") < 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_drawn_stands_out(dark: bool) -> None:
    """WCAG AA: 4.5 to 1 for texts on the picture's ground; 3 to 1 for walls between cells, for
    strong fills and the ring on the ground, in the light scheme where the palette allows it."""
    found = palette(dark)
    assert set(found) == set(roles().values())
    for name in TEXTS:
        assert contrast(found[name], found["paper"]) >= 4.5, name
    fills = [colour for name, colour in found.items() if name.startswith("pale")]
    for fill in fills:
        assert all(contrast(found[line], fill) >= 3 for line in LINES)
    strong = [colour for name, colour in found.items() if name.startswith("answer")]
    # Okabe and Ito's orange has 2.2 on white; errors in it are hatched and outlined.
    assert all(contrast(colour, found["paper"]) >= (3 if dark else 2) for colour in strong)
    assert len(set(fills)) == len(fills)


def test_paper_is_white_on_paper() -> None:
    """Other colours are for dark screens alone: printers keep those of the file."""
    printed = STYLE[STYLE.index("@media print") :]
    assert "color-scheme: light;" in printed
    assert "--pic-" not in printed


@pytest.mark.parametrize("n", [2, 3])
def test_no_colour_is_fixed(n: int) -> None:
    """Every colour of a drawing is a variable of the page, with its own as fallback; in the file
    beside a Markdown report there are none."""
    program = handcrafted_2_2() if n == 2 else dead_mass_program()
    report = report_of(program, az.tasks.second_argmax(n), ties="incorrect")
    text = report.html()
    check_page(text)
    drawing = text[text.index('<div class="paper"') : text.index("</div>", text.index("</svg>"))]
    variables = re.findall(r"var\(--pic-([a-z0-9-]+), (#[0-9a-f]{6})\)", drawing)
    assert {"paper", "black", "ink", "answer-0", "pale-0", "note"} <= {
        name for name, _ in variables
    }
    assert all(roles()[colour] == name for name, colour in variables)
    rest = re.sub(r"var\([^)]*\)", "", drawing)
    assert not re.findall(r'[: "]#[0-9a-f]{3,8}[;"]', rest)
    assert report.findings.picture is not None
    drawn = report.findings.picture.drawn("svg")
    assert b"var(" not in drawn
    assert PAPER.lower() in drawn.decode()


def test_roles_are_distinct() -> None:
    assert len(roles()) == 6 + 2 + 20
    assert {BLACK.lower(), AXIS.lower()} <= set(roles())
