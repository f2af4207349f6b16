"""The page that ``explore`` writes in a real browser, where Chromium is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from support.browser import CHROMIUM, CONTRAST, Page, browser
from support.paths import ALGZOO
from support.shipped_stories import ALGZOO_2_2

import algzoo_exact as az
from algzoo_exact.analysis import cells
from algzoo_exact.jobs import outcomes
from algzoo_exact.present.explore.answers import Answers
from algzoo_exact.present.explore.exploration import SavedPage
from algzoo_exact.zoo.explanations import explanation_path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.skipif(not ALGZOO_2_2.exists(), reason="needs ../shared/algzoo"),
]

_LARGEST = 5_000_000  # bytes of the page of a model of three inputs
_SECONDS = 2.0  # of processor time, to open a page

SECTION = ("*", 1, Fraction(1, 2), "*", -1)  # of the page of five inputs
BASIS = ((1, 0, 0), (0, 0, 1), (0, 0, Fraction(1, 2)), (0, 1, 0), (0, 0, -1))  # the same

_ROWS = "table.initialized && document.querySelector('.tabulator-row') !== null"


def _explored(name: str) -> az.Exploration:
    match name:
        case "2_2":
            story = az.load_explanation(explanation_path("algzoo_2nd_argmax_2_2"))
            return az.explore(az.load(ALGZOO_2_2), explanation=story, seconds=600)
        case "argmedian":
            return az.explore(az.load("argmedian_4_3"))
        case "4_3":
            return az.explore(az.load("2nd_argmax_4_3"), against=az.load("2nd_argmax_3_3"))
        case "8_5":
            return az.explore(az.load("2nd_argmax_8_5"), section=",".join(map(str, SECTION)))
        case _:
            return az.explore(az.load(ALGZOO / "example_2nd_argmax_16_10.safetensors"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[az.Exploration, Path]]:
    folder, made = tmp_path_factory.mktemp("explore"), {}
    for name in ("2_2", "argmedian", "4_3", "8_5", "16_10"):
        found = _explored(name)
        found.save(folder / f"{name}.html")
        made[name] = found, folder / f"{name}.html"
    return made


Pages = dict[str, tuple[az.Exploration, Path]]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


def _open(page: Page, path: Path, **look: Any) -> None:
    page.open(path, **look)
    page.until("document.body.dataset.ready && table.initialized")


def _pixel(page: Page, y: list[float]) -> list[float]:
    """Where in the window a vector of the section is seen."""
    place: list[float] = page.evaluate(f"""(() => {{
      document.getElementById('stage').scrollIntoView();
      const box = document.getElementById('stage').getBoundingClientRect(), y = {json.dumps(y)};
      if (picture instanceof Circle) {{
        const at = picture.pixel(0.6 * y[0], 0.6 * y[1]);
        return [box.left + at[0], box.top + at[1]];
      }}
      picture.turnTo(y);
      return [box.left + box.width / 2, box.top + box.width / 2];
    }})()""")
    return place


def _selected(page: Page) -> Any:
    return page.evaluate("table.getSelectedData().map(row => row.pattern)")


def _figure(page: Page, name: str) -> Any:
    return page.evaluate(f"document.querySelector('[data-figure={name}]').textContent")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["2_2", "4_3", "8_5", "16_10"])
def test_page(page: Page, pages: Pages, name: str, width: int, dark: bool) -> None:
    """Opens soon; nothing on the console, nothing asked for, nothing wider than the page, and text
    that stands out from its ground."""
    path = pages[name][1]
    before = page.seconds()
    _open(page, path, width=width, dark=dark)
    assert page.seconds() - before < _SECONDS
    assert page.complaints() == []
    assert page.requests() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    assert path.stat().st_size < _LARGEST


@pytest.mark.parametrize("name", ["2_2", "4_3", "8_5", "16_10"])
def test_what_is_drawn_is_what_the_api_says(page: Page, pages: Pages, name: str) -> None:
    """Oracle: the tables, found in exact arithmetic. Cells as the page finds them have the same
    patterns, the same accuracy, and each region the same share."""
    found, path = pages[name]
    accuracy = found.found.figures()["accuracy"]
    _open(page, path)
    drawn = page.evaluate("""cells.reduce((sums, cell) => {
      const share = shareOf(cell.corners);
      sums.right += cell.credit * share;
      sums.all += share;
      sums.regions[cell.pattern] = (sums.regions[cell.pattern] || 0) + share;
      return sums; }, {right: 0, all: 0, regions: {}})""")
    assert drawn["all"] == pytest.approx(1, abs=1e-12)
    assert drawn["right"] == pytest.approx(float(accuracy.midpoint), abs=1e-10)
    table = page.evaluate("Object.fromEntries(regions.map(row => [row.pattern, row.measure]))")
    assert set(drawn["regions"]) == set(table)
    assert max(abs(drawn["regions"][p] - table[p]) for p in table) < 1e-10


def _graph_of(name: str, model: az.Model) -> az.RegionGraph:
    """The regions of a page, by the API."""
    if name == "8_5":
        section = az.section(model, BASIS, shared="lowest")
        return az.region_graph(section.program, section.task)
    return az.region_graph(model, model.task)


@pytest.mark.parametrize("name", ["2_2", "argmedian", "4_3", "8_5"])
def test_picture_to_table(page: Page, pages: Pages, name: str) -> None:
    """A click chooses a region: its row is highlighted, and its figures are those of the API; with
    an explanation, with a second model, and on a section too, where maps are of all inputs."""
    found, path = pages[name]
    graph = _graph_of(name, found.model)
    basis = np.array(BASIS if name == "8_5" else np.eye(found.task.seq_len), float)
    _open(page, path)
    for pattern in graph.heaviest()[:12:4]:
        inside = graph.region(pattern).interior_point()
        size = max(map(abs, inside))
        page.click(*_pixel(page, [c / size for c in inside]))
        assert _selected(page) == [str(pattern)]
        assert page.evaluate("document.querySelector('#detail .pattern').textContent") == str(
            pattern
        )
        low, high = (float(end) for end in graph.measure(pattern).decimal(20))
        assert float(_figure(page, "measure")) == pytest.approx((low + high) / 2, rel=1e-7)
        share = float(graph.right_share(pattern).midpoint)
        assert float(_figure(page, "right").rstrip("%")) == pytest.approx(100 * share, rel=1e-7)
        exact = [[float(w) for w in row] for row in graph.region(pattern).linear_map]
        drawn = page.evaluate(f"linearMap(data.network, '{pattern}')")
        assert np.array(drawn) @ basis == pytest.approx(np.array(exact), rel=1e-9, abs=1e-9)
    assert page.complaints() == []


def test_a_difference_is_chosen(page: Page, pages: Pages) -> None:
    """Rows are those of ``diff``; the point that one leads to has both answers, as exact arithmetic
    says."""
    found, path = pages["4_3"]
    models = found.model, az.load("2nd_argmax_3_3")
    between = az.diff(*models, top=1000)
    _open(page, path)
    page.evaluate("document.getElementById('tab-differences').click()")
    page.until(_ROWS)
    rows = page.evaluate("table.getData().map(row => row.measure)")
    assert rows == pytest.approx(between.measure.tolist(), abs=1e-12)
    for i in (0, 5, 9):
        page.evaluate(f"document.querySelectorAll('.tabulator-row')[{i}].click()")
        (row,) = page.evaluate("table.getSelectedData()")
        point = list(map(Fraction, page.evaluate("state.y")))
        answers = []
        for model in models:
            logits = model.program.evaluate(point).logit
            answers.append(logits.index(max(logits)))
        assert [row["answer"], row["other"]] == answers
        assert answers == [between.first[i], between.second[i]]
        assert row["label"] == models[0].task.label(point)
    assert page.complaints() == []


def test_part_of_a_large_model(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of five inputs as when the time is up after two of forty parts: it has what was
    found, and says how much is left out."""
    monkeypatch.setattr(cells, "outcomes", lambda jobs, *others: outcomes(jobs[:2], *others))
    found = az.explore(az.load("2nd_argmax_8_5"), workers=1)
    found.save(tmp_path / "page.html")
    _open(page, tmp_path / "page.html", width=390, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    facts = page.evaluate("document.querySelector('header').textContent")
    assert "not looked at" in facts
    rows = page.evaluate("regions.map(row => [row.pattern, row.measure])")
    assert sum(measure for _, measure in rows) == pytest.approx(1 - float(found.found.open))
    page.until("document.querySelectorAll('.tabulator-row').length > 2")
    page.evaluate("document.querySelectorAll('.tabulator-row')[2].click()")
    page.until("state.region !== null && cells.some(cell => cell.pattern === state.region)")
    (pattern,) = _selected(page)
    drawn = "evaluate(data.network, times(section.basis, state.y)).pattern"
    assert page.evaluate(drawn) == pattern == page.evaluate("state.region")
    assert page.complaints() == []


@pytest.mark.parametrize("name", ["2_2", "4_3", "8_5", "16_10"])
def test_table_to_picture(page: Page, pages: Pages, name: str) -> None:
    """A click on a row marks a point of that region, and each error is one."""
    _open(page, pages[name][1])
    for tab in ("regions", "errors"):
        page.evaluate(f"document.getElementById('tab-{tab}').click()")
        page.until(_ROWS)
        page.evaluate("document.querySelectorAll('.tabulator-row')[1].click()")
        (pattern,) = _selected(page)
        assert page.evaluate("state.region") == pattern
        at = "evaluate(data.network, times(section.basis, state.y))"
        assert page.evaluate(f"{at}.pattern") == pattern
        if tab == "errors":
            row = page.evaluate(
                "(({label, answer}) => [label, answer])(table.getSelectedData()[0])"
            )
            assert row == page.evaluate(f"[labelAt(data.labels, {at}.x), {at}.answer]")
    assert page.complaints() == []


def test_a_section_through_a_region(page: Page, tmp_path: Path) -> None:
    """With more than three inputs, a row is shown on a section through its region."""
    model = az.load("2nd_argmax_4_4")
    az.explore(model).save(tmp_path / "page.html")
    _open(page, tmp_path / "page.html")
    for i in (3, 7):
        number = page.evaluate("document.body.dataset.ready")
        page.evaluate(f"document.querySelectorAll('.tabulator-row')[{i}].click()")
        page.until(f"document.body.dataset.ready !== '{number}'")
        (pattern,) = _selected(page)
        assert pattern in page.evaluate("cells.map(cell => cell.pattern)")
        assert (
            page.evaluate(
                "patternAt = evaluate(data.network, times(section.basis, state.y)).pattern"
            )
            == pattern
        )
    page.evaluate("document.querySelector('#inputs input').value = 'one'")
    page.evaluate("document.querySelector('#section [type=submit]').click()")
    assert "x0 is * or a number" in page.evaluate(
        "document.getElementById('wrong-section').textContent"
    )
    assert page.complaints() == []


def test_hover(page: Page, pages: Pages) -> None:
    """The pointer shows the region below it and the neurons that are on; the choice stays."""
    _open(page, pages["2_2"][1])
    chosen = page.evaluate("state.region")
    seen = set()
    for y in ([1.0, 0.1], [-1.0, -0.1], [0.1, 1.0], [0.5, -1.0]):
        page.move(*_pixel(page, y))
        page.until(f"hovered && Math.abs(hovered[0] * {y[1]} - hovered[1] * {y[0]}) < 0.02")
        pattern = page.evaluate("evaluate(data.network, hovered).pattern")
        page.until(f"document.querySelector('#detail .pattern').textContent === '{pattern}'")
        on = page.evaluate(
            "[...nodes.values()].map(node => Number(node.hasAttribute('data-on'))).join('')"
        )
        assert on == pattern.replace("|", "")
        seen.add(pattern)
    assert len(seen) > 2
    assert page.evaluate("state.region") == chosen


def test_filter_and_sort(page: Page, pages: Pages) -> None:
    """Oracle: the numbers of the API."""
    found, path = pages["4_3"]
    graph = az.region_graph(found.model, found.model.task)
    _open(page, path)
    page.evaluate("document.querySelector('[tabulator-field=share]').click()")
    page.until("table.getData('active')[0].share <= table.getData('active')[1].share")
    shares = page.evaluate("table.getData('active').map(row => row.share)")
    assert shares == sorted(shares)
    assert len(shares) == len(graph)
    heavy = {str(p) for p in graph.graph if graph.measure(p).lower >= 0.01}
    for field, text, left in (
        (1, "0.01", heavy),
        (0, "1100|0", {p for p in heavy if "1100|0" in p}),
    ):
        page.evaluate(
            f"document.querySelectorAll('.tabulator-header-filter input')[{field}].focus()"
        )
        page.press(text)
        page.until(f"table.getDataCount('active') === {len(left)}")
        assert set(page.evaluate("table.getData('active').map(row => row.pattern)")) == left
        assert 0 < len(left) < len(graph)


def test_lemmas(page: Page, pages: Pages) -> None:
    """A case is drawn where it is, with its probability (oracle: the verifier's), and the point
    tells which lemmas speak of it."""
    found, path = pages["2_2"]
    verification = found.verification
    assert verification is not None
    _open(page, path)
    page.evaluate("document.getElementById('tab-lemmas').click()")
    page.until(_ROWS)
    names = page.evaluate("lemmas.map(lemma => lemma.name)")
    checked = [case for result in verification.cases for case in result.instances]
    first = len(names) - len(checked)
    for i, case in enumerate(checked):
        page.evaluate(f"Object.assign(state, {{lemma: {first + i + 1}, y: null}}); look(null)")
        share = page.evaluate("lemmaCones().map(shareOf).reduce((a, b) => a + b, 0)")
        enclosure = case.probability.enclosure
        assert enclosure is not None
        assert share == pytest.approx(float(enclosure.midpoint), abs=1e-9)
        inside = page.evaluate("centre(lemmaCones()[0])")
        page.evaluate(f"choose({json.dumps(inside)})")
        applies = page.evaluate("lemmas.filter(lemma => lemma.applies).map(lemma => lemma.name)")
        assert names[first + i] in applies
        assert len(set(applies) & set(names[first:])) == 1  # cases are a partition
    assert page.complaints() == []


def test_links_and_saved_views(page: Page, pages: Pages, tmp_path: Path) -> None:
    """A link and a saved view show the same again; what is no state is left aside."""
    path = pages["4_3"][1]
    _open(page, path)
    page.evaluate("document.getElementById('tab-errors').click()")
    page.until(_ROWS)
    page.evaluate("document.querySelectorAll('.tabulator-row')[2].click()")
    page.evaluate("nodes.get('1.2').click()")
    state, address = page.evaluate("JSON.stringify(state)"), page.evaluate("location.hash")
    page.evaluate("home()")
    page.evaluate(f"restore(cleaned({state}))")
    assert page.evaluate("JSON.stringify(state)") == state
    (tmp_path / "other.html").write_text("another page")
    page.open(tmp_path / "other.html")
    _open(page, path, at=address)
    assert json.loads(page.evaluate("JSON.stringify(state)")) == json.loads(state)
    assert page.evaluate("nodes.get('1.2').getAttribute('aria-pressed')") == "false"
    for text in ('{"region":"<img src=x>","y":[1,"2"],"tab":"__proto__","view":{"scale":-1}}', "%"):
        page.evaluate("document.getElementById('tab-differences').click()")
        page.evaluate(f"location.hash = {json.dumps(quote(text))}")
        page.until("state.tab === START.tab")
        kept = "['hidden', 'region', 'lemma', 'section'].map(key => [state[key], START[key]])"
        assert all(now == then for now, then in page.evaluate(kept))
    assert page.complaints() == []


def test_keyboard(page: Page, pages: Pages) -> None:
    """All that the mouse does, keys do: walk around the circle, choose, let go, and move between
    neurons and tabs; a screen reader hears of the region."""
    _open(page, pages["2_2"][1])
    page.evaluate("document.getElementById('stage').focus()")
    regions = []
    for _ in range(12):
        page.press("ArrowRight")
        regions.append(page.evaluate("state.region"))
        assert regions[-1] in page.evaluate("document.getElementById('live').textContent")
        assert _selected(page) == [regions[-1]]
    assert len(set(regions)) == 6
    page.press("Escape")
    assert page.evaluate("state.region") is None
    page.evaluate("nodes.get('0.0').focus()")
    page.press("ArrowRight")
    page.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.name") == "1.1"
    page.evaluate("document.getElementById('tab-regions').focus()")
    page.press("ArrowRight")
    assert page.evaluate("state.tab") == "errors"
    named = """[...document.querySelectorAll('button, input, select, [tabindex="0"]')].filter(e =>
      !(e.textContent.trim() || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
        || (e.labels && e.labels.length) || e.placeholder || e.closest('.tabulator')))
      .map(e => e.outerHTML)"""
    assert page.evaluate(named) == []


@pytest.fixture(scope="module")
def median_page(tmp_path_factory: pytest.TempPathFactory) -> tuple[az.MedianErrors, Path]:
    model, path = az.load("median_4_3"), tmp_path_factory.mktemp("median") / "page.html"
    az.explore(model).save(path)
    return az.median_errors(model), path


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_median(
    page: Page, median_page: tuple[az.MedianErrors, Path], width: int, dark: bool
) -> None:
    """Oracle: the cells of the API. What is drawn has their patterns, their measures and, on random
    directions, the mean squared error: E[(e.x)^2] is 3 times its mean over directions."""
    errors, path = median_page
    _open(page, path, width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    measures: dict[str, float] = {}
    for i, measure in enumerate(errors.table.measure.tolist()):
        pattern = str(errors.table.pattern(i))
        measures[pattern] = measures.get(pattern, 0.0) + measure
    drawn = page.evaluate("""cells.reduce((sums, cell) => {
      sums[cell.pattern] = (sums[cell.pattern] || 0) + shareOf(cell.corners);
      return sums; }, {})""")
    assert drawn == pytest.approx(measures, abs=1e-10)
    # Of random directions, by the functional of the cell that each lies in.
    mean, error = page.evaluate("""(() => {
      let seed = 1, sum = 0, squares = 0;
      const random = () => (seed = seed * 16807 % 2147483647) / 2147483647, count = 20000;
      for (let i = 0; i < count; i++) {
        const z = 2 * random() - 1, turn = 2 * Math.PI * random(), r = Math.sqrt(1 - z * z);
        const y = [r * Math.cos(turn), r * Math.sin(turn), z];
        const cell = cells.find(({ corners }) => contains(corners, y));
        const e = 3 * dot(cell.error, y) ** 2;
        sum += e;
        squares += e * e;
      }
      return [sum / count, Math.sqrt((squares / count - (sum / count) ** 2) / count)]; })()""")
    assert abs(mean - float(errors.total.midpoint)) < 4 * error
    page.evaluate("document.getElementById('tab-errors').click()")
    page.until(_ROWS)
    page.evaluate("document.querySelectorAll('.tabulator-row')[1].click()")
    cell = errors.cells(2)[1]
    assert page.evaluate("state.region") == str(cell.pattern)
    at = "evaluate(data.network, times(section.basis, state.y))"
    said = page.evaluate(f"minus(linearMap(data.network, state.region)[0], valueAt({at}.x))")
    assert said == pytest.approx([float(c) for c in cell.error], abs=1e-12)
    page.evaluate("document.getElementById('tab-regions').click()")
    page.until(_ROWS)
    assert _selected(page) == [str(cell.pattern)]
    assert float(_figure(page, "measure")) == pytest.approx(measures[str(cell.pattern)], rel=1e-7)
    assert page.complaints() == []
    assert page.requests() == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_transformer(page: Page, tmp_path: Path, width: int, dark: bool) -> None:
    """Oracle: ``attention``, whose numbers are proved. A row, a typed sequence and a link show the
    same; what is none is refused in words."""
    model, path = az.load("longest_cycle_6_5"), tmp_path / "page.html"
    az.explore(model).save(path)
    _open(page, path, width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    page.evaluate("document.getElementById('tab-all').click()")
    page.until(_ROWS)
    wrong = az.wrong_functions(model)
    rows = page.evaluate("table.getData().map(row => [row.input, row.label, row.answer])")
    assert len(rows) == 5**5
    assert sum(label != answer for _, label, answer in rows) == len(wrong)
    table = az.attention(model).to_pylist()
    assert [
        [" ".join(map(str, row["input"])), row["label"], row["answer"]] for row in table
    ] == rows
    for row in table[::1000]:
        said = page.evaluate(f"evaluate(data.network, {row['input']})")
        assert said["logit"] == pytest.approx(row["logits"], abs=1e-9)
        for heads, shown in zip(row["attention"], said["attention"], strict=True):
            for weights, head in zip(heads, shown, strict=True):
                for line, drawn in zip(weights, head["rows"], strict=True):
                    assert drawn == pytest.approx(line, abs=1e-12)
    page.evaluate("document.querySelectorAll('.tabulator-row')[2].click()")
    assert page.evaluate("state.input") == page.evaluate("table.getSelectedData()[0].input")
    for text, chosen in (("4,0 1 2,3", "4 0 1 2 3"), ("4 0 1 2 9", "4 0 1 2 3")):
        page.evaluate(f"document.getElementById('sequence').value = '{text}'")
        page.evaluate("document.querySelector('#typed button').click()")
        assert page.evaluate("state.input") == chosen
        assert page.evaluate("table.getSelectedData()[0].input") == chosen
    assert "5 numbers below 5" in page.evaluate("document.getElementById('drawing').textContent")
    address = page.evaluate("location.hash")
    page.evaluate(f"location.hash = {json.dumps(address + 'x')}")
    page.until("state.input === START.input")
    page.evaluate(f"location.hash = {json.dumps(address)}")
    page.until("state.input === '4 0 1 2 3'")
    assert page.complaints() == []
    assert page.requests() == []


def test_walls(page: Page, pages: Pages) -> None:
    """Without walls, the circle has no more lines than its labels and errors need."""
    _open(page, pages["2_2"][1])
    ink = """(() => {
      let rays = 0;
      const ray = picture.ray;
      picture.ray = () => { rays++; };
      picture.draw();
      picture.ray = ray;
      return rays; })()"""
    everything = page.evaluate(ink)
    page.evaluate("nodes.get('1.0').click()")
    fewer = page.evaluate(ink)
    page.evaluate("document.getElementById('walls-off').click()")
    none = page.evaluate(ink)
    assert everything > fewer > none > 0


def test_strangers_texts_run_nothing(page: Page, pages: Pages, tmp_path: Path) -> None:
    """In a page, and in a notebook's frame, whose scripts are as free as the page lets them be."""
    found = pages["4_3"][0]
    subject = found.found
    assert isinstance(subject, Answers)
    assert subject.against is not None
    name = "</script><script>top.hacked = 1</script><img src=x onerror='top.hacked = 1'>\"'"
    other = replace(subject, against=replace(subject.against, name=name))
    hostile = replace(found, model=replace(found.model, name=name), found=other)
    hostile.save(tmp_path / "page.html")
    _open(page, tmp_path / "page.html")
    assert page.evaluate("window.hacked === undefined && document.images.length === 0")
    assert page.evaluate("document.getElementById('name').textContent") == name
    page.evaluate("document.getElementById('tab-differences').click()")
    page.until(_ROWS)
    assert page.evaluate("document.images.length") == 0
    assert page.complaints() == []
    frame, shown = tmp_path / "notebook.html", SavedPage(tmp_path / "page.html")._repr_html_()
    address = f'src="{(tmp_path / "page.html").as_uri()}"'
    shown = re.sub('src="[^"]*"', address, shown)
    frame.write_text(f"<!DOCTYPE html><title>notebook</title>{shown}")
    page.open(frame)
    assert page.evaluate("window.hacked === undefined && document.images.length === 0")
    assert page.complaints() == []
