"""The whole certificate, and the verdict on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cells import Cells, Pieces
from algzoo_exact.certificate.checker.errors import LimitError, RejectedError, require
from algzoo_exact.certificate.checker.files import (
    FLOATS,
    VERSION,
    UnreadableError,
    digest_of,
    is_float,
    read,
    read_safetensors,
)
from algzoo_exact.certificate.checker.functions import Functions
from algzoo_exact.certificate.checker.labels import INDEX_TASKS
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED
from algzoo_exact.certificate.checker.networks import RNN_KEYS, Weights
from algzoo_exact.certificate.checker.reading import (
    Json,
    indices,
    keys_of,
    natural,
    text_of,
    weights_of,
)
from algzoo_exact.certificate.checker.story import Story
from algzoo_exact.certificate.checker.transformers import Attention


@dataclass
class CheckedCertificate:
    """What a check found. ``accuracy`` is what the certificate proves, if it is accepted; for a
    median model it is None, and ``squared_error`` encloses the mean squared error, ``root`` its
    square root."""

    status: str = "accepted"
    reason: str = ""
    accuracy: tuple[Fraction, Fraction] | None = None
    squared_error: tuple[Fraction, Fraction] | None = None
    root: tuple[Fraction, Fraction] | None = None
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return {"accepted": 0, "rejected": 1, "unreadable": 2, "incomplete": 3}[self.status]


HEAD = {"format", "version", "kind", "software", "model", "task", "explanation", "digest"}
ACCURACY = {"ties", "accuracy", "undecided"}
SQUARED_ERROR = {"mean_squared_error", "root_mean_squared_error", "undecided"}
LISTS = {
    "cells": ("cells", "rays"),
    "pieces": ("pieces", "rays"),
    "functions": ("tied",),
    "claims": (),
}
"""The long lists of each kind, whose items the digest takes one by one."""
KEYS = {
    "cells": HEAD | ACCURACY | {"decimals", "cells", "rays"},
    "pieces": HEAD | SQUARED_ERROR | {"decimals", "pieces", "rays"},
    "functions": HEAD | ACCURACY | {"answers", "tied"},
    "claims": HEAD | ACCURACY,
}


def check_document(document: Json, weights_file: bytes | None = None) -> CheckedCertificate:
    """Check a parsed certificate, against the weights' file if there is one."""
    outcome = CheckedCertificate()
    try:
        _check(document, weights_file, outcome)
    except RejectedError as error:
        return CheckedCertificate("rejected", printable(f"{error}."))
    except LimitError as error:
        return CheckedCertificate("incomplete", printable(f"it cannot be checked: {error}."))
    except (ArithmeticError, ValueError) as error:
        return CheckedCertificate("rejected", printable(f"it cannot be checked: {error}."))
    except RecursionError:
        return CheckedCertificate("rejected", "it cannot be checked: it is nested too deeply.")
    outcome.checked = list(map(printable, outcome.checked))
    outcome.not_checked = list(map(printable, outcome.not_checked))
    return outcome


def printable(text: str) -> str:
    """With escapes for all else: a name in a certificate must not look like lines of the checker's,
    nor move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _check(document: Json, weights_file: bytes | None, outcome: CheckedCertificate) -> None:
    kind = document.get("kind")
    version = natural(document.get("version"), "version")
    require(version == VERSION, f"this checks version {VERSION}, not {version}")
    require(type(kind) is str and kind in KEYS, f"its kind must be {', '.join(KEYS)}")
    keys_of(document, KEYS[str(kind)], "the certificate")
    known = kind == "pieces" or document["ties"] in ("lowest", "incorrect", "uniform")
    require(known, "the tie rule is unknown")
    task = keys_of(document["task"], {"name", "seq_len"}, "task")
    n = natural(task["seq_len"], "task.seq_len")
    extra = {"heads"} if kind == "functions" else set()
    model = keys_of(document["model"], {"name", "sha256", "dtype", "weights"} | extra, "model")
    software = document["software"]
    named = isinstance(software, dict) and all(type(v) is str for v in software.values())
    require(named and type(model["name"]) is str, "software and model.name must be texts")
    weights = weights_of(model["weights"], "model.weights")
    if kind == "cells":
        _check_cells(document, weights, task["name"], n, outcome)
    elif kind == "pieces":
        _check_pieces(document, weights, task["name"], n, outcome)
    elif kind == "functions":
        heads = natural(model["heads"], "model.heads")
        _check_functions(document, weights, heads, task["name"], n, outcome)
    story = _check_story(document, weights, task["name"], n, outcome)
    if kind == "claims":
        require(story is not None, "without cells it needs an explanation")
        assert story is not None
        _check_derived(document, story, outcome)
    _check_model(model, weights, weights_file, outcome)
    long = LISTS[str(kind)]
    rest = {key: value for key, value in document.items() if key not in (*long, "digest")}
    found = digest_of(rest, [document[key] for key in long])
    require(document["digest"] == found, "its digest does not fit its content")
    outcome.checked.append("the digest of the whole certificate")


def _check_cells(
    document: Json, weights: Weights, task: Any, n: int, outcome: CheckedCertificate
) -> None:
    _check_task(task, n)
    require(n <= 6, "cells are for up to 6 inputs")
    cells = Cells(document, weights, task, n)
    require(isinstance(document["cells"], list), "cells must be a list")
    for k, cell in enumerate(document["cells"]):
        try:
            cells.add(cell)
        except RejectedError as error:
            raise RejectedError(f"cell {k}: {error}") from None
    found = cells.conclude(document)
    outcome.checked += [
        f"{len(document['cells'])} cells: each ray lies where pattern, label and winners say",
        "the rays of each cell are the extreme rays of a cone, and its facets close up",
        "no two cells share an interior point",
        "label, winners and credit of each cell, under the tie rule",
    ]
    if cells.closed:
        outcome.checked.append("each facet is shared by two cells, so that nothing is left out")
    if cells.measured:
        outcome.accuracy = found
        outcome.checked += [
            f"the measure of each cell, to {cells.decimals} decimals, by another formula",
            "the cells leave no more than the stated mass undecided",
        ]
    else:
        outcome.status = "incomplete"
        outcome.not_checked.append(
            f"the measures of the cells (this checker reaches n = {LARGEST_MEASURED}): the "
            "accuracy rests on the measures stated"
            + ("" if cells.closed else ", and so does that there are no other cells")
        )


def _check_pieces(
    document: Json, weights: Weights, task: Any, n: int, outcome: CheckedCertificate
) -> None:
    require(task == "median", "the task is unknown")
    require(2 <= n <= LARGEST_MEASURED, "the task's number of inputs is wrong")
    pieces = Pieces(document, weights, n)
    require(isinstance(document["pieces"], list), "pieces must be a list")
    for k, piece in enumerate(document["pieces"]):
        try:
            pieces.add(piece)
        except RejectedError as error:
            raise RejectedError(f"piece {k}: {error}") from None
    outcome.squared_error, outcome.root = pieces.conclude(document)
    outcome.checked += [
        f"{len(document['pieces'])} pieces: each ray lies where pattern and middle inputs say",
        "the rays of each piece are the extreme rays of a cone, and its facets close up",
        "no two pieces share an interior point",
        "the error of the model on each piece, from its weights",
        f"measure and mean square of each piece, to {pieces.decimals} decimals, by other formulas",
        "each facet is shared by two pieces, so that nothing is left out"
        if pieces.closed
        else "the pieces leave no more than the stated mass undecided, which is allowed for",
    ]


def _check_story(
    document: Json, weights: Weights, task: Any, n: int, outcome: CheckedCertificate
) -> Story | None:
    """The explanation, if there is one."""
    if document["explanation"] is None:
        return None
    require(document["kind"] != "functions", "explanations are of RNNs")
    if document["kind"] == "pieces":
        story = Story(document["explanation"], weights, task, n, "lowest", Budget())
    else:
        _check_task(task, n)
        story = Story(document["explanation"], weights, task, n, document["ties"], Budget())
    story.check()
    outcome.checked += story.lines()
    if story.findings.not_checked:
        outcome.status = "incomplete"
        outcome.not_checked += story.findings.not_checked
    outcome.not_checked.append(
        "that the claims' texts, and what is written of them, say what their formulas say"
    )
    if story.others:
        names = ", ".join(dict.fromkeys(name for name, _ in story.others))
        outcome.not_checked.append(
            f"that the weights in claims about {names} are those of that name"
        )
    return story


def _check_derived(document: Json, story: Story, outcome: CheckedCertificate) -> None:
    """Without cells, the accuracy is what follows from the explanation."""
    low, high = story.accuracy or (Fraction(0), Fraction(1))
    stated = keys_of(document["accuracy"], {"lower", "upper"}, "accuracy")
    require(
        (stated["lower"], stated["upper"]) == (str(low), str(high)),
        f"the explanation proves an accuracy from {low} to {high}, not as stated",
    )
    require(document["undecided"] == str(high - low), f"{high - low} is undecided")
    if story.accuracy is None or story.proved_accuracy:
        outcome.accuracy = low, high
    else:
        outcome.not_checked.append("the accuracy, which rests on what was not checked")


def _check_task(task: Any, n: int) -> None:
    require(task in INDEX_TASKS, "the task is unknown")
    require(n >= 2 + (task == "argoutlier"), "the task's number of inputs is wrong")
    require(task != "argmedian" or n % 2 == 1, "argmedian needs an odd number of inputs")


def _check_functions(
    document: Json, weights: Weights, heads: int, task: Any, n: int, outcome: CheckedCertificate
) -> None:
    require(task == "longest_cycle", "the task is unknown")
    require(2 <= n <= 7, "the task's number of inputs is wrong")
    answers = text_of(document["answers"], rf"[0-{n - 1}?]{{{n**n}}}", "answers")
    require(isinstance(document["tied"], list), "tied must be a list")
    tied: dict[int, list[int]] = {}
    for entry in document["tied"]:
        keys_of(entry, {"function", "winners"}, "a tie")
        number, winners = (
            natural(entry["function"], "a tie's function"),
            indices(entry["winners"], n),
        )
        require(number < n**n and number > max(tied, default=-1), "ties must be in order")
        require(len(winners) > 1, "a tie needs several winners")
        tied[number] = winners
    functions = Functions(Attention(weights, n, heads), document["ties"])
    for number, f in enumerate(product(range(n), repeat=n)):
        try:
            functions.add(f, answers[number], tied.get(number, ()))
        except RejectedError as error:
            raise RejectedError(f"input {number}, {f}: {error}") from None
    lower = functions.right / n**n
    upper = lower + Fraction(functions.undecided, n**n)
    stated = keys_of(document["accuracy"], {"lower", "upper"}, "accuracy")
    require(
        (stated["lower"], stated["upper"]) == (str(lower), str(upper)),
        f"the answers prove an accuracy from {lower} to {upper}, not as stated",
    )
    require(document["undecided"] == str(upper - lower), f"{upper - lower} is undecided")
    outcome.accuracy = lower, upper
    outcome.checked += [
        f"the answer to each of {n**n} inputs, by logits with proved error bounds",
        "the true label of each input, and the credit under the tie rule",
    ]


def _check_model(
    model: Json, weights: Weights, weights_file: bytes | None, outcome: CheckedCertificate
) -> None:
    digest = text_of(model["sha256"], "[0-9a-f]{64}", "model.sha256")
    stored = [w for matrix in weights.values() for row in matrix for w in row]
    if model["dtype"] == "rational":
        matrices = [weights[key] for key in sorted(weights)]
        if RNN_KEYS[0] in weights:  # the input weights, which are a column, as one row
            inputs, recurrent, readout = (weights[key] for key in RNN_KEYS)
            matrices = [(tuple(row[0] for row in inputs),), recurrent, readout]
        lines = [" ".join(map(str, row)) for matrix in matrices for row in matrix]
        found = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        require(found == digest, "the weights do not have the stated sha256")
        outcome.checked.append("the sha256 of the weights, written as fractions")
    else:
        names = text_of(model["dtype"], "[a-z0-9/]+", "model.dtype").split("/")
        require(set(names) <= set(FLOATS), "model.dtype is unknown")
        fits = all(any(is_float(w, FLOATS[name]) for name in names) for w in stored)
        require(fits, f"a weight is no {model['dtype']}")
    if weights_file is not None:
        found = hashlib.sha256(weights_file).hexdigest()
        require(found == digest, f"the weights' file has sha256 {found}, not {digest}")
        stated, dtype = read_safetensors(weights_file)
        require(stated == weights, "the weights are not those of the file")
        require(model["dtype"] == dtype, f"the weights' file has dtype {dtype}")
        outcome.checked.append("sha256 and weights, against the file")
    elif model["dtype"] != "rational":
        outcome.not_checked.append(
            f"that the weights are those of the file with sha256 {digest}: no file was given"
        )


def check_certificate(path: str | Path, weights: str | Path | None = None) -> CheckedCertificate:
    """Check a certificate's file, against the model's .safetensors file if it is given."""
    try:
        document = read(Path(path))
        try:
            content = None if weights is None else Path(weights).read_bytes()
        except OSError as error:
            raise UnreadableError(f"cannot read {weights}: {error.strerror or error}") from error
        return check_document(document, content)
    except UnreadableError as error:
        return CheckedCertificate("unreadable", f"{error}.")
