"""Every writer writes every block: what is said is in what is written, escaped where it must be.

Oracles: the texts of the document itself, and for the formulas their characters in the language of
explanations, written down by hand.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.typeset import typeset
from algzoo_exact.present.writers.data import to_json
from algzoo_exact.present.writers.registry import WRITERS, write
from algzoo_exact.present.writers.terminal import plain, to_terminal

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>'
TABLE = d.Table(
    "Captioned",
    (d.Column("named"), d.Column("counted", True)),
    ((("one",), ("11",)), ((d.Mono("two"),), ("2,222",))),
    foot=((("summed",), ("33",)),),
    below=((("about the first",),), ()),
)
BLOCKS: tuple[d.Block, ...] = (
    d.paragraph("worded ", d.Strong("strongly"), d.Kind("exact"), d.Link("linked", "there")),
    d.Display(f.row(f.Name("a"), "=", f.Number("17"))),
    d.Facts((("fact", ("first\nsecond ", d.Mark("unknown"))),)),
    TABLE,
    d.Picture("drawn", lambda kind: SVG if kind == "svg" else b"%PDF", "pictured", "described"),
    d.Bar((d.Part(1.0, 0.5, "whole"),), "barred", "described"),
    d.Statement("Lemma", "named", (d.paragraph("stated"),), "refuted"),
    d.Bullets((("bulleted",),)),
    d.Commands(("commanded --now",)),
    d.Folded("folded", (d.paragraph("long"),), "long"),
)
DOCUMENT = d.Document(
    "Titled", "subtitled", (d.Section("s", "Sectioned", BLOCKS),), "footed", data={"x": [1]}
)
SAID = (
    "Titled", "subtitled", "Sectioned", "worded", "strongly", "exact", "linked", "17", "fact",
    "first", "second", "undecided", "Captioned", "named", "counted", "one", "11", "two", "2,222",
    "summed", "33", "about the first", "Lemma", "stated", "refuted", "bulleted", "commanded",
    "folded", "footed",
)  # fmt: skip


@pytest.mark.parametrize("suffix", sorted(WRITERS.keys() - {".pdf", ".json"}))
def test_every_writer_writes_every_block(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    write(DOCUMENT, path)
    text = path.read_text("utf-8")
    assert [word for word in SAID if word not in text] == []
    beside = {".md": "a.drawn.svg", ".tex": "a.drawn.pdf"}.get(suffix)
    assert {file.name for file in tmp_path.iterdir()} == {path.name, *filter(None, [beside])}
    if beside:
        assert beside in text
        assert "pictured" in text


def test_nothing_is_written_where_a_part_fails(tmp_path: Path) -> None:
    def broken(kind: str) -> bytes:
        raise InputError("no paint")

    document = d.untitled(d.Picture("p", broken, "c", "d"), data={})
    with pytest.raises(InputError, match="no paint"):
        write(document, tmp_path / "a.md")
    assert not list(tmp_path.iterdir())


def test_columns_and_facts_are_aligned() -> None:
    lines = to_terminal(d.untitled(TABLE, BLOCKS[2], data={})).splitlines()
    assert lines == [
        "Captioned",
        "named   counted",
        "one          11",
        "        about the first",
        "two       2,222",
        "summed       33",
        "",
        "fact         first",
        "             second undecided",
    ]


def test_a_terminal_is_not_commanded() -> None:
    """Colours are of verdicts alone; control characters of names are escaped."""
    hostile = d.untitled(d.paragraph("a\x1b[2Jb ", d.Mono("\x07"), d.Mark("proved")), data={})
    assert to_terminal(hostile) == "a\\x1b[2Jb \\x07proved\n"
    assert to_terminal(hostile, colours=True) == "a\\x1b[2Jb \\x07\x1b[1;32mproved\x1b[0m\n"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("h[1][0] - 2*x[0] <= 1/3", "h[1,0] − 2 x[0] ≤ 1/3"),
        ("-x[0] + relu(x[1]) > 0", "−x[0] + max(0, x[1]) > 0"),
        ("(x[0] + 1)/2 == abs(x[1])", "(x[0] + 1)/2 = |x[1]|"),
        ("x[0] > 0 and x[1] < 0 implies logit[0] != 0", "x[0] > 0 and x[1] < 0 ⇒ logit[0] ≠ 0"),
    ],
)
def test_formulas_in_characters(said: str, shown: str) -> None:
    assert plain(typeset(said)) == shown


def test_json_keeps_numbers_exact() -> None:
    third = Fraction(1, 3)
    data = {"third": third, "known": Enclosure(third, third), "path": Path("a"), "no": None}
    found = json.loads(to_json(d.untitled(data=data)))
    assert found["third"] == "1/3"
    assert Fraction(found["known"]["lower"]) < third < Fraction(found["known"]["upper"])
    assert (found["path"], found["no"], found["version"]) == ("a", None, az.__version__)
    with pytest.raises(TypeError, match="object"):
        to_json(d.untitled(data={"x": object()}))


def test_html_runs_its_own_script_alone(tmp_path: Path) -> None:
    """Texts make none, and the page's policy names the hash of the one that there is."""
    write(d.untitled(d.paragraph("<script>a</script>"), data={}), tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{hashed}'" in page
