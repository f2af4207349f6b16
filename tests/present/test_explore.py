"""The page that ``explore`` writes: what it holds, held against the tables of the API."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_line import json_of, refused
from support.paths import MODELS

import algzoo_exact as az
from algzoo_exact.present.explore.answers import Answers
from algzoo_exact.present.explore.sections import basis_of
from algzoo_exact.present.explore.sequences import Sequences


def index_of(page: az.Exploration) -> Answers:
    assert isinstance(page.found, Answers)
    return page.found


HOSTILE = "</script><script>hacked = 1</script><img src=x onerror=hacked=1>'\"&"


class _Elements(HTMLParser):
    """The scripts of a page, and which elements it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.policy, self.tags = "", set[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        if tag == "script":
            self.scripts.append((found, ""))
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self.lasttag = ""

    def handle_data(self, data: str) -> None:
        if self.scripts and self.lasttag == "script":
            self.scripts[-1] = self.scripts[-1][0], self.scripts[-1][1] + data


def data_of(page: str) -> Any:
    """What the page knows."""
    scripts = _Elements(page).scripts
    return json.loads(next(text for attrs, text in scripts if attrs.get("id") == "data"))


def floats(text: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.frombuffer(base64.b64decode(text), "<f8")


@pytest.fixture(scope="module")
def model() -> az.Model:
    return az.load("2nd_argmax_3_3")


@pytest.fixture(scope="module")
def page(model: az.Model) -> az.Exploration:
    return az.explore(model)


def test_regions_are_those_of_the_graph(model: az.Model, page: az.Exploration) -> None:
    """Oracle: the region graph, which enumerates regions and measures each as one cone."""
    found, graph = data_of(page.html)["regions"], az.region_graph(model, model.task)
    assert found["count"] == len(index_of(page).regions) == len(graph)
    assert set(found["pattern"]) == {str(p) for p in graph.graph}
    by_text = {str(p): p for p in graph.graph}
    columns = [found["pattern"], found["answers"]]
    columns += [floats(found[k]) for k in ("measure", "radius", "share", "share_radius")]
    for pattern, answers, measure, radius, share, share_radius in zip(*columns, strict=True):
        one = by_text[pattern]
        exact, right = graph.measure(one), graph.right_share(one)
        assert abs(Fraction(float(measure)) - exact.midpoint) <= Fraction(radius) + exact.width
        assert abs(Fraction(float(share)) - right.midpoint) <= Fraction(share_radius) + right.width
        assert radius < 1e-15
        assert share_radius < 1e-9
        assert answers == " ".join(sorted({str(min(w)) for w in graph.answers(one)}))
    assert index_of(page).accuracy.contains(az.accuracy(model).enclosure.midpoint)


def test_the_heaviest_come_first(page: az.Exploration) -> None:
    data = data_of(page.html)
    for table in ("regions", "errors"):
        measures = floats(data[table]["measure"])
        assert len(measures) > 10
        assert (np.diff(measures) <= 0).all()
    assert data["errors"]["count"] == index_of(page).wrong_cells
    assert dict(data["facts"])["wrong cells"] == str(index_of(page).wrong_cells)


def test_strangers_texts_are_texts(model: az.Model, page: az.Exploration) -> None:
    """A hostile name ends no element, and the page runs only the scripts whose hashes it states."""
    hostile = replace(page, model=replace(model, name=HOSTILE))
    elements = _Elements(hostile.html)
    assert "<script>" in hostile.model.name
    assert "img" not in elements.tags
    assert data_of(hostile.html)["name"] == hostile.model.name
    ours = [text for attrs, text in elements.scripts if attrs.get("type") != "application/json"]
    assert len(ours) == len(elements.scripts) - 1 == 6
    for script in ours:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in elements.policy
    assert "default-src 'none'" in elements.policy
    assert "unsafe-inline" not in re.findall("script-src[^;]*", elements.policy)[0]
    assert HOSTILE not in hostile._repr_html_()


def test_nothing_is_fetched(page: az.Exploration) -> None:
    outside = re.findall(r"""(?:src|href)=["'](?!data:)[^"']*""", page.html.split("<script")[0])
    assert outside == []
    assert "@import" not in page.html.split("</style>")[0]


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("*,*", [(1, 0), (0, 1)]),
        ("*,0,*", [(1, 0), (0, 0), (0, 1)]),
        ("*,1,-1/2", [(1, 0), (0, 1), (0, Fraction(-1, 2))]),
        ("*,*,1e-1", [(1, 0, 0), (0, 1, 0), (0, 0, Fraction(1, 10))]),
    ],
)
def test_sections(text: str, basis: list[tuple[Any, ...]]) -> None:
    assert list(basis_of(text.split(","), len(basis))) == basis


@pytest.mark.parametrize(
    "text", ["", "*", "*,0", "*,*,x", "*,*,1/0", "*,*,*,*", "1,1,1", "None,*,*"]
)
def test_sections_that_are_none(model: az.Model, text: str) -> None:
    with pytest.raises(az.InputError, match="section"):
        az.explore(model, section=text)


def test_a_section_is_scored() -> None:
    """Oracle: random inputs of the section, answered by exact evaluation."""
    model = az.load("2nd_argmax_4_4")
    found = index_of(az.explore(model, section="*,1,*,-1/2"))
    rng, right = np.random.default_rng(0), 0
    for a, b, c in rng.standard_normal((400, 3)):
        x = [Fraction(v) for v in (a, c, b, -c / 2)]
        logits = model.program.evaluate(x).logit
        right += logits.index(max(logits)) == model.task.label(x)  # type: ignore[union-attr]
    low, high = (float(end) for end in (found.accuracy.lower, found.accuracy.upper))
    assert high - low < 1e-12
    assert abs(right / 400 - low) < 4 * (low * (1 - low) / 400) ** 0.5


@pytest.mark.slow
def test_a_story_comes_along() -> None:
    model = az.load("2nd_argmax_2_2")
    story = az.load_explanation(MODELS / "explanations" / "2nd_argmax_2_2.toml")
    found = az.explore(model, explanation=story, against=model)
    data = data_of(found.html)
    assert found.verification is not None
    checked = [part for result in found.verification.claims for part in result.instances]
    checked += [part for case in found.verification.cases for part in case.instances]
    assert len(data["story"]["lemmas"]) == len(checked)
    assert data["differences"]["count"] == 0
    assert data["against"]["layers"] == data["network"]["layers"]


def test_shared_labels_are_told() -> None:
    """On x = (a, b, 0, 0) the second largest is single just where both are positive, which is one
    quadrant of four; elsewhere it is one of two zeros."""
    facts = dict(az.explore(az.load("2nd_argmax_4_4"), section="*,*,0,0").facts())
    assert facts["of it several labels"] == "75.0%"


def test_a_median_by_what_adds_to_its_error() -> None:
    """Oracle: the error's cells as ``errors`` lists them, each in exact arithmetic, and the score
    by walls; regions are sums of them."""
    model = az.load("median_4_3")
    found, errors = data_of(az.explore(model).html), az.median_errors(model)
    cells, regions = found["errors"], found["regions"]
    assert cells["count"] == len(errors)
    for i, cell in enumerate(errors.cells(5)):
        assert cells["pattern"][i] == str(cell.pattern)
        off = floats(cells["square_radius"])[i]
        assert abs(floats(cells["square"])[i] - float(cell.square.midpoint)) <= off + 1e-17
        label = found["labels"][int(floats(cells["label"])[i])]
        assert [k for k, part in enumerate(label["value"]) if part] == list(cell.middle)
    squares = floats(regions["square"])
    assert (np.diff(squares) <= 0).all()
    score = float(az.squared_error(model).enclosure.midpoint)
    assert squares.sum() == pytest.approx(score, rel=1e-12)
    assert floats(regions["share"]).sum() == pytest.approx(1, rel=1e-12)
    shares = dict.fromkeys(regions["pattern"], 0.0)
    for pattern, square in zip(cells["pattern"], floats(cells["square"]), strict=True):
        shares[pattern] += square / score
    assert list(shares.values()) == pytest.approx(list(floats(regions["share"])), abs=1e-14)
    assert floats(regions["measure"]).sum() == pytest.approx(1, abs=1e-12)


def test_a_transformer_by_its_sequences() -> None:
    """Oracle: ``wrong_functions``, and its difference from a model with another read-out."""
    model = az.load("longest_cycle_6_5")
    assert isinstance(model.network, az.Transformer)
    turned = replace(model.network, unembed=model.network.unembed[::-1])
    page = az.explore(model, against=replace(model, network=turned))
    found, wrong = data_of(page.html), az.wrong_functions(model)
    assert isinstance(page.found, Sequences)
    assert found["whole"]
    assert found["errors"]["input"] == [" ".join(map(str, f)) for f in wrong.inputs]
    assert list(floats(found["errors"]["label"])) == list(wrong.label)
    assert list(floats(found["errors"]["answer"])) == list(wrong.answer)
    answers = found["differences"]
    assert (floats(answers["answer"]) == 4 - floats(answers["other"])).all()
    assert page.found.accuracy.contains(1 - Fraction(174, 3125))


def test_models_that_do_not_fit(model: az.Model) -> None:
    with pytest.raises(az.InputError, match="median is a number"):
        az.explore(az.load("median_2_2"), against=az.load("median_2_2"))
    for name in ("median_2_2", "longest_cycle_4_4"):
        with pytest.raises(az.InputError, match="Sections are of tasks that ask for an index"):
            az.explore(az.load(name), section="*,*")
    with pytest.raises(az.InputError, match="as many inputs and logits"):
        az.explore(model, against=az.load("2nd_argmax_2_2"))


def test_the_command(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    said = json_of("explore", "2nd_argmax_2_2", "-o", target, "--workers", "1")
    assert said["regions"] == data_of(target.read_text())["regions"]["count"]
    assert said["accuracy"]["lower"] < said["accuracy"]["upper"]
    assert "must end in .html" in refused("explore", "2nd_argmax_2_2", "-o", tmp_path / "page.pdf")
    assert list(tmp_path.iterdir()) == [target]
