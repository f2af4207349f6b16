"""Which formats there are, by the suffixes of their files; others can be added from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from algzoo_exact.errors import InputError
from algzoo_exact.files import check_place, check_suffix, staged, write_whole
from algzoo_exact.names import plain_name
from algzoo_exact.present.document import Document
from algzoo_exact.present.writers.data import to_json
from algzoo_exact.present.writers.html import to_html
from algzoo_exact.present.writers.latex import to_latex
from algzoo_exact.present.writers.markdown import to_markdown
from algzoo_exact.present.writers.pdf import no_pdf, to_pdf
from algzoo_exact.present.writers.terminal import to_terminal


@dataclass(frozen=True)
class Writer:
    """What makes a file of a document.

    ``written`` gets the names of the files with pictures, by the pictures' names: there are some
    where ``pictures`` says that they are files of their own, and of which kind, svg or pdf.
    ``hindrance`` says why nothing can be written here; empty if it can.
    """

    written: Callable[[Document, Mapping[str, str]], bytes]
    pictures: str = ""
    hindrance: Callable[[], str] = lambda: ""


WRITERS: dict[str, Writer] = {
    ".html": Writer(lambda document, _: to_html(document).encode()),
    ".md": Writer(lambda document, files: to_markdown(document, files).encode(), "svg"),
    ".tex": Writer(lambda document, files: to_latex(document, files).encode(), "pdf"),
    ".pdf": Writer(to_pdf, hindrance=no_pdf),
    ".txt": Writer(lambda document, _: to_terminal(document).encode()),
    ".json": Writer(lambda document, _: to_json(document).encode()),
}
"""By suffix. To add a format is to add an entry."""


def write(document: Document, path: str | Path) -> None:
    """Write a document by its file's suffix; it appears whole or not at all.

    Pictures that are files of their own are beside it, as NAME.PICTURE.svg or .pdf; there are all
    or none. InputError as for ``check_target``.
    """
    target = Path(path)
    check_target(target)
    writer = WRITERS[target.suffix]
    names = {
        picture.name: f"{plain_name(target.stem)}.{picture.name}.{writer.pictures}"
        for picture in document.pictures
        if writer.pictures
    }
    with ExitStack() as stack:
        for picture in document.pictures:
            if picture.name in names:
                part = stack.enter_context(staged(target.with_name(names[picture.name])))
                write_whole(part, picture.drawn(writer.pictures))
        write_whole(target, writer.written(document, names))


def check_target(target: Path) -> None:
    """InputError for a file that could not be written, before the work rather than after it: by
    its suffix, where its folder is missing, and for a format that needs what is not here."""
    check_suffix(target, "Reports", WRITERS)
    check_place(target)
    if hindrance := WRITERS[target.suffix].hindrance():
        raise InputError(hindrance)
