"""What the checker rejects in certificates of median models, and for which reason.

Each fault is planted in a certificate that was accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from support.certificates import Json, reject, seal, without
from support.median_certificates import certificates

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.zoo.loading import shipped_folder

TRAINED = shipped_folder() / "median_4_3.safetensors"


def trained() -> Json:
    return next(document for name, _, document, _ in certificates() if name == "median_4_3")


def with_piece(document: Json, number: int, **changes: Any) -> Json:
    pieces = list(document["pieces"])
    pieces[number] = pieces[number] | changes
    return seal(document | {"pieces": pieces})


def moved(text: str, step: int) -> str:
    """A decimal, off by so many units of its last place."""
    head, dot, tail = text.partition("e")
    digits = str(int(head[2:]) + step).rjust(len(head) - 2, "0")
    return f"0.{digits}{dot}{tail}"


def other_bit(pattern: str, place: int) -> str:
    return pattern[:place] + str(1 - int(pattern[place])) + pattern[place + 1 :]


PLANTED: list[tuple[str, str, Callable[[Json], Json]]] = [
    ("pattern", "its rays and walls|a ray that does not agree|its error is",
     lambda p: {"pattern": other_bit(p["pattern"], 0)}),
    ("middle", "its inputs in the middle are", lambda p: {"middle": [(p["middle"][0] + 1) % 3]}),
    ("error", "its error is", lambda p: {"error": [*p["error"][:2], p["error"][0]]}),
    ("sign", "its error is",
     lambda p: {"error": [str(-Fraction(entry)) for entry in p["error"]]}),
    ("unreduced", "its error is",
     lambda p: {"error": [*p["error"][:2], p["error"][2].replace("/", "0/", 1) + "0"]}),
    ("measure", "its measure is", lambda p: {"measure": moved(p["measure"], 1)}),
    ("square up", ", not 0.", lambda p: {"square": moved(p["square"], 1)}),
    ("square down", ", not 0.", lambda p: {"square": moved(p["square"], -1)}),
    ("power", "to be written with e", lambda p: {"square": p["square"] + "0"}),
    ("nothing", "its mean square is not written", lambda p: {"square": "0"}),
    ("ray", "too few rays|do not close up|no extreme ray|agree with",
     lambda p: {"rays": p["rays"][1:]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "reason", "change"), PLANTED, ids=[p[0] for p in PLANTED])
def test_planted_faults(name: str, reason: str, change: Callable[[Json], Json]) -> None:
    """Each is found by what it says, with a digest that fits."""
    document = trained()
    for number in (0, 57, 115):
        piece = document["pieces"][number]
        found = reject(with_piece(document, number, **change(piece)))
        assert found.startswith(f"piece {number}: "), found
        assert any(part in found for part in reason.split("|")), found


def test_swapped_and_doubled_pieces() -> None:
    document = trained()
    first, second, *rest = document["pieces"]
    patterns = {"pattern": second["pattern"]}, {"pattern": first["pattern"]}
    swapped = [first | patterns[0], second | patterns[1], *rest]
    assert reject(seal(document | {"pieces": swapped})).startswith("piece 0: ")
    doubled = [first, second, *rest, first]
    assert "the same inputs as an earlier one" in reject(seal(document | {"pieces": doubled}))
    # In another order they say the same.
    turned = seal(document | {"pieces": [*rest, second, first]})
    assert check.check_document(turned, TRAINED.read_bytes()).status == "accepted"


def restated(document: Json) -> Json:
    """With all that follows from its pieces said as it is."""
    n, places = document["task"]["seq_len"], document["decimals"] + 6
    weights = check.weights_of(document["model"]["weights"], "model.weights")
    judge = check.Pieces(document, weights, "median", n, check.Budget())
    for piece in document["pieces"]:
        judge.add(piece)
    bounds = check.outward(judge.lower, places, False), check.outward(judge.upper, places, True)
    roots = check.root_of(bounds[0], places, False), check.root_of(bounds[1], places, True)
    return seal(
        document
        | {
            "mean_squared_error": dict(zip(("lower", "upper"), bounds, strict=True)),
            "root_mean_squared_error": dict(zip(("lower", "upper"), roots, strict=True)),
        }
    )


def test_a_part_of_the_pieces_proves_nothing() -> None:
    """Whether the total is smaller by the share of the piece that was left out, or is not."""
    document = trained()
    largest = max(range(116), key=lambda k: Fraction(document["pieces"][k]["measure"]))
    fewer = without(document, largest)
    for broken in (seal(fewer), restated(fewer)):
        assert "a facet does not belong to two pieces" in reject(broken)


@pytest.mark.parametrize("key", ["mean_squared_error", "root_mean_squared_error"])
def test_totals_that_do_not_follow(key: str) -> None:
    """Shifted by 1e-6, or by one unit of the last place; wider, which would be true."""
    document = trained()
    stated = document[key]
    places = document["decimals"] + 6
    for steps in ((10 ** (places - 6),) * 2, (1, 1), (-1, 1), (1, 0), (0, -1)):
        bounds = {
            end: moved(stated[end], step)
            for end, step in zip(("lower", "upper"), steps, strict=True)
        }
        assert "not as stated" in reject(seal(document | {key: bounds}))


def test_other_weights_and_tasks() -> None:
    document = trained()
    other = (shipped_folder() / "2nd_argmax_4_3.safetensors").read_bytes()
    assert "sha256" in reject(document, other)
    readme = document["model"] | {"sha256": "0" * 64}
    own = (shipped_folder() / "median_4_3.safetensors").read_bytes()
    assert "sha256" in reject(seal(document | {"model": readme}), own)
    weights = dict(document["model"]["weights"])
    (readout,) = weights["linear.weight"]
    changed = [str(Fraction(readout[0]) + 1), *readout[1:]]
    weights["linear.weight"] = [changed]
    nudged = seal(document | {"model": document["model"] | {"weights": weights}})
    assert reject(nudged).startswith("piece 0: its error is")
    for name, n in (("argmedian", 3), ("median", 2), ("median", 4), ("median", 6), ("mean", 3)):
        assert reject(seal(document | {"task": {"name": name, "seq_len": n}}))
    cells = {key: value for key, value in document.items() if key != "pieces"}
    assert reject(cells | {"kind": "cells", "cells": document["pieces"]})
    index = az.certify(az.load("2nd_argmax_2_2"))
    assert reject(seal(index | {"task": {"name": "median", "seq_len": 2}}))
