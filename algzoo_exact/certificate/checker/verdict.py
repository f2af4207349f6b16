"""The whole certificate, and the verdict on it."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from algzoo_exact.certificate.checker.binding import Asked, check_setting, check_weights
from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.content import MOST_EXPLAINED, WORK_PER_BYTE, check_content
from algzoo_exact.certificate.checker.errors import LimitError, RejectedError, require
from algzoo_exact.certificate.checker.files import (
    FORMAT,
    MOST_BYTES,
    VERSION,
    UnreadableError,
    WeightsFile,
    contents,
    digest_of,
    dump,
    read,
    read_weights,
)
from algzoo_exact.certificate.checker.outcome import TIE_RULES, CheckedCertificate, Statement
from algzoo_exact.certificate.checker.reading import Json, keys_of, natural, text_of, weights_of

HEAD = {"format", "version", "kind", "software", "model", "task", "explanation", "digest"}
ACCURACY = {"ties", "accuracy", "undecided"}
SQUARED_ERROR = {"mean_squared_error", "root_mean_squared_error"}
KEYS = {
    "cells": HEAD | ACCURACY | {"decimals", "cells", "rays"},
    "pieces": HEAD | SQUARED_ERROR | {"decimals", "pieces", "rays"},
    "functions": HEAD | ACCURACY | {"answers"},
    "claims": HEAD | ACCURACY,
}
LISTS = {kind: tuple(sorted(keys & {"cells", "pieces", "rays"})) for kind, keys in KEYS.items()}
"""The long lists of each kind, whose items the digest takes one by one."""


FAILURES = {RejectedError: "rejected", UnreadableError: "unreadable", LimitError: "incomplete"}


def check_certificate(
    path: str | Path,
    weights: str | Path | None = None,
    *,
    task: str | None = None,
    seq_len: int | None = None,
    ties: str | None = None,
    heads: int | None = None,
    sha256: str | None = None,
    work: int = 1,
) -> CheckedCertificate:
    """Check a certificate's file, against the model's .safetensors file if it is given.

    ``task``, ``seq_len``, ``ties`` and ``heads`` demand what the certificate must be about. Where
    they are left out, it must agree with the file's metadata. ``sha256`` demands the model's hash,
    by which rational weights are known without a file. ``work`` multiplies the work that is
    allowed, and the size of files.
    """

    def check(outcome: CheckedCertificate, budget: Budget) -> None:
        most = work * MOST_BYTES
        document = read(Path(path), most)
        content = None if weights is None else contents(Path(weights), most)
        _check(document, content, Asked(task, seq_len, ties, heads, sha256), budget, outcome)

    return _guarded(check, Budget(work))


def check_document(
    document: Json, weights_file: bytes | None = None, asked: Asked | None = None
) -> CheckedCertificate:
    """Check a parsed certificate, against the content of the weights' file if there is one."""

    def check(outcome: CheckedCertificate, budget: Budget) -> None:
        _check(document, weights_file, asked or Asked(), budget, outcome)

    return _guarded(check, Budget())


def _guarded(
    check: Callable[[CheckedCertificate, Budget], None], budget: Budget
) -> CheckedCertificate:
    """What a check finds, whatever becomes of it: nothing but Ctrl-C gets out of here."""
    outcome, reason = CheckedCertificate(), ""
    most_digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)  # digits are counted where numbers are read
    try:
        check(outcome, budget)
        whole = outcome.complete and outcome.weights != "inside"
        status = "accepted" if whole else "incomplete"
    except (RejectedError, UnreadableError, LimitError) as error:
        status, reason = FAILURES[type(error)], f"{error}."
    except RecursionError:
        status, reason = "incomplete", "it is nested too deeply."
    except MemoryError:
        status, reason = "incomplete", "there is not enough memory."
    except Exception as error:
        status, reason = "failed", f"{type(error).__name__}: {error}. Nothing is known of it."
    finally:
        sys.set_int_max_str_digits(most_digits)
    if reason:
        outcome = CheckedCertificate(status, printable(reason), outcome.statement)
    outcome.status, outcome.operations = status, budget.spent
    outcome.checked = list(map(printable, outcome.checked))
    outcome.not_checked = list(map(printable, outcome.not_checked))
    return outcome


def printable(text: str) -> str:
    """In ASCII, with escapes for all else."""
    return "".join(
        c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def _check(
    document: Json,
    content: bytes | None,
    asked: Asked,
    budget: Budget,
    outcome: CheckedCertificate,
) -> None:
    kind, version = document.get("kind"), natural(document.get("version"), "version")
    require(document.get("format") == FORMAT, f"its format must be {FORMAT}")
    require(version == VERSION, f"this checks version {VERSION}, not {version}")
    require(type(kind) is str and kind in KEYS, f"its kind must be {', '.join(KEYS)}")
    keys_of(document, KEYS[str(kind)], "the certificate")
    model = {"name", "sha256", "dtype", "weights"} | ({"heads"} if kind == "functions" else set())
    model_of = keys_of(document["model"], model, "model")
    statement = outcome.statement = statement_of(document, model_of)
    software = document["software"]
    named = isinstance(software, dict) and all(type(v) is str for v in software.values())
    require(named, "software must be an object of texts")
    _pay_digits(document, budget)
    weights = weights_of(model_of["weights"], "weights")
    file, unread = _weights_file(content, statement.sha256, weights.keys())
    known, line = check_weights(weights, model_of["dtype"], statement.sha256, file, asked)
    outcome.weights = known
    checked, not_checked = check_setting(statement, weights, file, asked)
    (not_checked if known == "inside" else checked).insert(0, line)
    long = LISTS[str(kind)]
    require(all(isinstance(document[key], list) for key in long), f"{long} must be lists")
    rest = {key: value for key, value in document.items() if key not in (*long, "digest")}
    found = digest_of(rest, [document[key] for key in long])
    budget.allow(WORK_PER_BYTE * min(MOST_EXPLAINED, len(dump(document["explanation"]))))
    check_content(document, weights, statement, outcome, budget)
    require(document["digest"] == found, "its digest does not fit its content")
    outcome.checked += [*checked, "the digest of the whole certificate"]
    outcome.not_checked += [*not_checked, *unread]


def _pay_digits(document: Json, budget: Budget) -> None:
    """For reading long numbers: from decimals, in lowest terms, and back to compare."""
    for digits in re.finditer(rb"[0-9]{300,}", dump(document)):
        budget.pay(10 * len(digits[0]) // 3, 2)


def _weights_file(
    content: bytes | None, sha256: str, names: Collection[str]
) -> tuple[WeightsFile | None, list[str]]:
    """The weights' file, if it can be read. One that has the stated hash, but another format or
    other names, is the model's, but what is in it cannot be compared; a line says so."""
    if content is None:
        return None, []
    try:
        file = read_weights(content)
        if file.sha256 == sha256 and file.weights.keys() != names:
            return None, ["what is in the file, which has that sha256 but other names"]
        return file, []
    except UnreadableError:
        if hashlib.sha256(content).hexdigest() != sha256:
            raise
        return None, ["what is in the file, which has that sha256 but is no .safetensors file"]


def statement_of(document: Json, model: Json) -> Statement:
    """What the certificate says that it is about."""
    name, task = model["name"], keys_of(document["task"], {"name", "seq_len"}, "task")
    require(type(name) is str, "model.name must be a text")
    require(type(task["name"]) is str, "task.name must be a text")
    ties = document.get("ties")
    known = document["kind"] == "pieces" or (type(ties) is str and ties in TIE_RULES)
    require(known, "the tie rule is unknown")
    return Statement(
        name,
        text_of(model["sha256"], "[0-9a-f]{64}", "model.sha256"),
        task["name"],
        natural(task["seq_len"], "task.seq_len"),
        ties,
        natural(model["heads"], "model.heads") if "heads" in model else None,
    )
