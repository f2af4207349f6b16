"""What a notebook shows of a value: a document, written as a piece of HTML.

``BLOCKS`` has what is said of each type; of any other, its fields are shown, and tables of those
that hold many values of one type. Commands say the same, by the same documents.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import quote

from algzoo_exact.analysis.ablation import Importance
from algzoo_exact.analysis.difference import Difference
from algzoo_exact.analysis.errors import Errors
from algzoo_exact.analysis.gradient import Gradient
from algzoo_exact.analysis.graph import RegionGraph
from algzoo_exact.analysis.neurons import NeuronFacts
from algzoo_exact.analysis.polish import Polished
from algzoo_exact.analysis.regions import RegionTable
from algzoo_exact.certificate.build import Certificate
from algzoo_exact.certificate.economy import Economy
from algzoo_exact.drafting.draft import Draft
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.ledger.surprise import Ledger
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.statements import Asked
from algzoo_exact.explain.story import Explanation
from algzoo_exact.explain.suggest import Suggestion
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.asked import asked_document, verdict_text
from algzoo_exact.present.documents.catalogue import catalogue_document
from algzoo_exact.present.documents.difference import difference_document
from algzoo_exact.present.documents.draft import draft_document
from algzoo_exact.present.documents.economy import economy_blocks
from algzoo_exact.present.documents.errors import errors_document
from algzoo_exact.present.documents.gradient import gradient_document, polish_document
from algzoo_exact.present.documents.importance import importance_document
from algzoo_exact.present.documents.ledger import ledger_blocks
from algzoo_exact.present.documents.neurons import neurons_document
from algzoo_exact.present.documents.race import race_document
from algzoo_exact.present.documents.regions import Chosen, regions_document
from algzoo_exact.present.documents.score import Wanted, sample_document, score_document
from algzoo_exact.present.documents.verification import suggestion_blocks, verification_document
from algzoo_exact.present.explore.exploration import Exploration, SavedPage
from algzoo_exact.present.pictures.picture import Drawing
from algzoo_exact.present.report import Report
from algzoo_exact.present.sections.theorem import MOST_NEURONS, attention, closed_form, numbers
from algzoo_exact.present.typeset import prose_of
from algzoo_exact.present.wording import digits, figure_text, model_text, several
from algzoo_exact.present.writers.html import to_fragment, to_html
from algzoo_exact.program.ir import Program
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.race.run import Race
from algzoo_exact.regions.enumerate import Region
from algzoo_exact.runtime.sampled import SampledSquaredError, SampleEstimate
from algzoo_exact.score.result import Score
from algzoo_exact.shown import Shown, brief
from algzoo_exact.zoo.catalogue import Catalogue
from algzoo_exact.zoo.loading import Model

_TOP, _TERMS = 10, 50  # rows of a table, and of one of the terms of a closed form
_MEASURED = 5  # inputs, up to which a region's measure takes no time
_HEAVY = 60_000  # bytes, above which a picture in lines becomes one of pixels
_PIXELS, _QUALITY = 1000, 60  # across; WebP's, of 100

Blocks = Iterable[d.Block]


def html_of(value: object) -> str:
    """A piece of HTML with a style of its own, for a notebook's page."""
    if isinstance(value, Report):
        return _frame(value)
    if isinstance(value, SavedPage):
        return _saved(value)
    made = next((make for sort, make in BLOCKS.items() if isinstance(value, sort)), _fields)
    return to_fragment(d.untitled(*made(value), data={}))


def _frame(report: Report) -> str:
    """A page of its own within the page."""
    sections = tuple(
        replace(part, blocks=tuple(map(_lightened, part.blocks)))
        for part in report.document.sections
    )
    page = to_html(replace(report.document, sections=sections))
    return (
        f'<iframe title="{escape(repr(report))}" srcdoc="{escape(page)}" '
        'sandbox="allow-scripts allow-popups" '
        'style="width: 100%; height: 70vh; border: 1px solid #8888; border-radius: 6px"></iframe>'
    )


def _saved(page: SavedPage) -> str:
    """A frame around a page that stays a file, by its address from the notebook's folder."""
    address = escape(quote(os.path.relpath(page.path)))
    return (
        f'<a href="{address}" target="_blank">{escape(page.path.name)}</a>'
        f'<iframe title="{escape(page.path.name)}" src="{address}" width="100%" height="900" '
        'sandbox="allow-scripts allow-downloads" style="border: 0"></iframe>'
    )


def _of(document: d.Document) -> Blocks:
    return [block for section in document.sections for block in section.blocks]


def _model(model: Model) -> Iterator[d.Block]:
    task = "none is known" if model.task is None else f"{model.task.name}: {model.task.words}"
    yield d.facts(("model", model_text(model)), ("task", task))
    yield from _network(model.network)


def _network(network: Program | Transformer) -> Iterator[d.Block]:
    if isinstance(network, Transformer):
        yield from attention(network)
    elif network.is_rnn and network.hidden_size <= MOST_NEURONS:
        yield d.Display(numbers(network))
    else:
        yield d.paragraph(repr(network).strip("<>"))


def _score(score: Score) -> Iterator[d.Block]:
    yield from _of(score_document(None, score, None, Wanted()))
    if score.form and len(score.form.terms) + len(score.form.roots) <= _TERMS:
        yield from closed_form(score)


def _region(region: Region) -> Iterator[d.Block]:
    rows: list[tuple[str, str | d.Text]] = [("pattern", (d.Mono(str(region.pattern)),))]
    if len(region.cone.rays[0]) <= _MEASURED:
        rows.append(("measure", digits(region.measure(), 12)))
    rows.append(("walls", ", ".join(str(wall) for walls in region.walls for wall in walls)))
    yield d.facts(*rows)


def _graph(graph: RegionGraph) -> Blocks:
    return [d.paragraph(repr(graph).strip("<>"))] if graph.task is None else _regions(graph.table)


def _regions(table: RegionTable) -> Blocks:
    return _of(regions_document(None, None, table, Chosen(table.select(), "measure", _TOP), {}))


def _explanation(story: Explanation) -> Iterator[d.Block]:
    yield d.paragraph(d.Strong(story.title), ". ", *prose_of(story.prose))
    rows = [((d.Mono(claim.name),), claim.kind, prose_of(claim.text)) for claim in story.claims]
    cases = [((d.Mono(case.name),), "case", prose_of(case.text)) for case in story.cases]
    yield d.table("", ("claim", "kind", "says"), rows + cases)


def _outcome(outcome: Outcome) -> Blocks:
    rows: list[tuple[str, str | d.Text]] = [("verdict", verdict_text(outcome, None))]
    rows += [(figure.what, figure_text(figure)) for figure in outcome.figures]
    return [d.facts(*rows, ("details", "\n".join(outcome.details) or "none"))]


def _difference(found: Difference) -> Blocks:
    return _of(difference_document(None, found, found.cells(_TOP)))


def _errors(found: Errors) -> Blocks:
    return _of(errors_document(None, found, found.cells(_TOP), None, None))


def _fields(value: object) -> Blocks:
    """Of a type of which nothing else is known."""
    rows: list[tuple[str, str | d.Text]] = []
    tables: list[d.Block] = []
    for name, part in _parts(value):
        if part is None or (isinstance(part, tuple) and not part):
            continue
        if isinstance(part, tuple) and all(is_dataclass(item) for item in part):
            tables.append(_table(name, part))
        else:
            rows.append((name.replace("_", " "), _shown(part)))
    return [d.facts(*rows), *tables]


def _parts(value: object) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        yield from ((f.name, getattr(value, f.name)) for f in fields(value) if f.repr)


def _table(name: str, items: Sequence[object]) -> d.Table:
    heads = [head for head, _ in _parts(items[0])]
    rows = ([_shown(part) for _, part in _parts(item)] for item in items[:_TOP])
    shown = f" The first {_TOP} of {several(len(items), 'row')}." * (len(items) > _TOP)
    return d.table(f"{name.replace('_', ' ').capitalize()}.{shown}", heads, rows)


def _shown(part: object) -> str:
    if isinstance(part, Enclosure):
        return digits(part, 12)
    if isinstance(part, Shown):
        return repr(part)
    return part if isinstance(part, str) else brief(part)


def _exploration(found: Exploration) -> Iterator[d.Block]:
    yield d.facts(("page about", model_text(found.model)), *found.facts())
    yield d.paragraph("To look at it here, write it: ", d.Mono('.save("page.html")'), ".")


def _drawing(drawing: Drawing) -> Blocks:
    return [_light(d.Picture("picture", drawing.drawn, drawing.title, drawing.title))]


def _lightened(block: d.Block) -> d.Block:
    if isinstance(block, d.Folded):
        return d.paragraph(block.summary, ": in the file that ", d.Mono("write"), " makes.")
    return _light(block) if isinstance(block, d.Picture) else block


def _light(picture: d.Picture) -> d.Picture:
    """The picture, as pixels where it has many lines: a notebook keeps all that it shows."""
    svg = picture.drawn("svg")
    if len(svg) <= _HEAVY:
        return replace(picture, drawn=lambda kind: svg)
    from PIL import Image

    buffer = BytesIO()
    pixels = Image.open(BytesIO(picture.drawn("png"))).convert("RGB")
    pixels.thumbnail((_PIXELS, _PIXELS), Image.Resampling.LANCZOS)
    pixels.save(buffer, "webp", quality=_QUALITY, method=6)
    data = b64encode(buffer.getvalue()).decode()
    wrapped = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {pixels.width} {pixels.height}">'
        f'<image width="100%" height="100%" href="data:image/webp;base64,{data}"/></svg>'
    )
    return replace(picture, drawn=lambda kind: wrapped.encode())


def _catalogue(entries: Catalogue) -> Blocks:
    families = dict.fromkeys(entry.task for entry in entries)
    return _of(catalogue_document(entries, tuple(families)))


def _certificate(certificate: Certificate) -> Blocks:
    rows = ((name, f"{len(part):,} items" if isinstance(part, list) else brief(part))
            for name, part in certificate.items())  # fmt: skip
    return [d.facts(*rows)]


BLOCKS: dict[type, Callable[[Any], Blocks]] = {
    Model: _model,
    Program: _network,
    Transformer: _network,
    Enclosure: lambda value: [d.paragraph(digits(value))],
    Score: _score,
    SampleEstimate: lambda found: _of(sample_document(None, None, found.ties, found)),
    SampledSquaredError: lambda found: _of(sample_document(None, None, None, found)),
    Region: _region,
    RegionGraph: _graph,
    RegionTable: _regions,
    Explanation: _explanation,
    Draft: lambda found: _of(draft_document(None, None, found)),
    Verification: lambda found: _of(verification_document(None, None, found)),
    Ledger: lambda ledger: tuple(ledger_blocks(ledger)),
    Economy: lambda made: tuple(economy_blocks(made)),
    Suggestion: lambda found: tuple(suggestion_blocks([found])),
    Outcome: _outcome,
    Asked: lambda asked: _of(asked_document(None, None, None, asked)),
    Errors: _errors,
    Difference: _difference,
    NeuronFacts: lambda found: _of(neurons_document(None, found)),
    Importance: lambda found: _of(importance_document(None, found, None, _TOP)),
    Gradient: lambda found: _of(gradient_document(None, None, found, _TOP)),
    Polished: lambda found: _of(polish_document(None, found, None)),
    Drawing: _drawing,
    Exploration: _exploration,
    Catalogue: _catalogue,
    Certificate: _certificate,
    Race: lambda race: _of(race_document(race)),
}
"""What is said of each type."""
