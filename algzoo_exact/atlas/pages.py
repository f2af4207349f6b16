"""The pages of an atlas: one that leads to all sizes, and one for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from algzoo_exact.atlas.curves import curve_of, plate_of
from algzoo_exact.atlas.table import OfSize, by_size
from algzoo_exact.files import make_folder, write_whole
from algzoo_exact.names import address
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.scores import errors_text, score_text
from algzoo_exact.present.sections.registry import kinds_section
from algzoo_exact.present.wording import several
from algzoo_exact.present.writers.html import to_html
from algzoo_exact.program.task import PROBLEMS
from algzoo_exact.progress import Progress
from algzoo_exact.tables import Row
from algzoo_exact.version import __version__

INDEX, FOLDER = "index.html", "sizes"

_MARKS = "A line is a seed; dots are exact or nearly, crosses sampled, bars certified bounds."
_FOOTER = f"Made by algzoo-exact {__version__}."
_SIZES = (
    "size", "#neurons", "#inputs", "#weights", "#models", "#exact", "best", "#its seed",
    "#AlgZoo states",
)  # fmt: skip
_MODELS = ("#seed", "#sequences", "score", "#errors", "#regions", "weights", "file")


def write_pages(output: Path, rows: Sequence[Row], left: int, progress: Progress) -> Path:
    """Write the pages and pictures, and last the one that leads to all others: its path. ``left``
    models are not among the rows."""
    sizes, others = by_size(rows)
    folder = output / FOLDER
    make_folder(folder)
    for k, size in enumerate(sizes):
        progress(k / len(sizes), f"page of {size.name}")
        picture = curve_of(size).drawn("svg") if size.scored else None
        if picture is not None:
            write_whole(folder / f"{size.name}.svg", picture)
        write_whole(folder / _page(size), to_html(_of_size(size, picture), sortable=True).encode())
    write_whole(output / INDEX, to_html(_index(sizes, others, left), sortable=True).encode())
    return output / INDEX


def _page(size: OfSize) -> str:
    return f"{size.name}.html"


def _index(sizes: Sequence[OfSize], others: Sequence[Row], left: int) -> d.Document:
    rows = [*others, *(row for size in sizes for row in size.rows)]
    kinds = [row["kind"] for row in rows]
    known = ((kinds.count("exact"), "exact"), (kinds.count("certified"), "certified"),
             (kinds.count(None), "without a score"))  # fmt: skip
    counts = ", ".join(f"{number:,} {words}" for number, words in known if number)
    return d.Document(
        "An atlas of exact scores",
        f"{several(len(rows), 'model')} of {several(len(sizes), 'size')}: {counts}",
        (*_tasks(sizes), *_rest(others, left), _tables(), kinds_section()),
        _FOOTER,
        wide=True,
    )


def _tasks(sizes: Sequence[OfSize]) -> Iterator[d.Section]:
    for task, problem in PROBLEMS.items():
        some = [size for size in sizes if size.size[0] == task]
        if not some:
            continue
        score = "root mean squared error" if problem.is_numeric else "accuracy"
        caption = (
            f"Models that should give {problem.words}, by {score}. Best: of those trained longest, "
            "the one of which most is proved."
        )
        blocks: list[d.Block] = [d.table(caption, _SIZES, map(_cells, some))]
        if drawn := [size for size in some if size.scored]:
            plate = plate_of(drawn)
            told = f"{score.capitalize()} over training, of all sizes. {_MARKS}"
            alt = "A small picture for each size: neurons downwards, inputs to the right."
            blocks.insert(0, d.Picture(f"plate-{task}", plate.drawn, told, alt))
        yield d.Section(task, task, tuple(blocks))


def _cells(size: OfSize) -> tuple[str | d.Text, ...]:
    best, stated = size.best, size.published
    exact = sum(row["kind"] == "exact" for row in size.rows)
    seed = None if best is None else best["seed"]
    return (
        (d.Link(size.name, address(FOLDER) + "/" + address(_page(size))),),
        str(size.size[1]),
        str(size.size[2]),
        "" if best is None else f"{best['parameters']:,}",
        f"{len(size.rows):,}",
        f"{exact:,}",
        "none" if best is None else score_text(best),
        "" if seed is None else str(seed),
        "" if stated is None else f"{stated.score:.3f} (seed {stated.seed})",
    )


def _rest(others: Sequence[Row], left: int) -> Iterator[d.Section]:
    """What has no place among the sizes."""
    if others:
        items = (f"{row['file']}: {row['error']}" for row in others)
        blocks = (d.paragraph("Of these not even the size is known:"), d.bullets(*items))
        yield d.Section("failed", "Without a size", blocks)
    if left:
        text = f"{several(left, 'model')} more: the same command goes on with them."
        yield d.Section("left", "Not yet", (d.paragraph(text),))


def _tables() -> d.Section:
    text = d.paragraph(
        "All scores, with a row for each model: ",
        d.Link("scores.parquet", "scores.parquet"),
        " and ",
        d.Link("scores.csv", "scores.csv"),
        ".",
    )
    return d.Section("tables", "Tables", (text,))


def _of_size(size: OfSize, picture: bytes | None) -> d.Document:
    task, hidden_size, seq_len = size.size
    blocks: list[d.Block] = []
    if picture is not None:
        caption = f"Scores over training, and how far they are from the best possible. {_MARKS}"
        alt = "Two diagrams with a line for each seed; the numbers are in the table below."
        blocks.append(d.Picture(f"curve-{size.name}", lambda kind: picture, caption, alt))
        link = d.Link(f"{size.name}.svg", address(f"{size.name}.svg"))
        blocks.append(d.paragraph("The picture as a file: ", link, "."))
    caption = f"{several(len(size.rows), 'model')}, by seed and length of training."
    blocks.append(d.table(caption, _MODELS, map(_model, size.rows)))
    return d.Document(
        size.name,
        f"{task}, {several(seq_len, 'input')}, {several(hidden_size, 'hidden neuron')}",
        (d.Section("models", "Models", tuple(blocks)),),
        _FOOTER,
        wide=True,
        back=d.Link("All sizes", f"../{INDEX}"),
    )


def _model(row: Row) -> tuple[str | d.Text, ...]:
    file = (d.Mono(row["file"]),)
    numbers = ("" if row[name] is None else f"{row[name]:,}" for name in ("seed", "sequences"))
    if row["error"]:
        return (*numbers, f"none: {row['error']}", "", "", "", file)
    regions = "" if row["regions"] is None else f"{row['regions']:,}"
    weights = (d.Mono(row["weights_sha256"][:12]),)
    return (*numbers, score_text(row), errors_text(row), regions, weights, file)
