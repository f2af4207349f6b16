"""Spoiled certificates of all kinds: rejected, or what they say is true all the same.

``support/theorems.py`` says what a false acceptance is, and by which oracles one would be found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

import pytest
from support.certificates import VALIDATOR
from support.spoiled import (
    Specimen,
    at,
    collection,
    examined,
    leaves,
    mutated,
    other_values,
    passes,
    replaced,
)
from support.theorems import counterexample, is_free, theorem

from algzoo_exact.certificate import check
from algzoo_exact.explain.claims.registry import KINDS

# Evidence, of which there may be other, alike, that the checker can follow as well: an input at
# which something fails, facts that a proof does not need, another cut.
EVIDENCE = ("witness", "inside", "facts", "free", "rows", "tree", "rays")
LARGE = ("story: all kinds", "story: seven inputs")


def test_the_collection() -> None:
    """All kinds are there, all verdicts and ways of proof; and all pass."""
    found = collection()
    assert len(found) >= 40
    assert len({specimen.name for specimen in found}) == len(found)
    assert {s.document["kind"] for s in found} == {"cells", "pieces", "functions", "claims"}
    assert {s.document["model"].get("heads") for s in found} >= {1, 2, 4}
    assert len({s.document["model"]["dtype"] for s in found}) == 5
    text = json.dumps([s.document["explanation"] for s in found])
    for word in (*KINDS, "almost all", "some"):
        assert f'"{word}"' in text, word
    for key in ("steps", "cells", "said", "facts", "defined", "free", "witness", "inside"):
        assert f'"{key}": ' in text, key
    for specimen in found:
        assert passes(examined(specimen.document, specimen.weights)), specimen.name


@pytest.mark.slow
def test_genuine_ones_say_what_is_true() -> None:
    """Which shows that the oracles are no stricter than the checker; and they fit the schema."""
    random = Random(0)
    for specimen in collection():
        VALIDATOR.validate(specimen.document)
        found = examined(specimen.document, specimen.weights)
        assert counterexample(specimen.document, random, found.checked) is None, specimen.name


def check_leaves(specimen: Specimen, places: list[tuple[object, ...]], random: Random) -> None:
    """Each leaf replaced by other values: rejected, but where it is free text or evidence, or makes
    the certificate state something else that is true."""
    document, before = specimen.document, theorem(specimen.document)
    values = [at(document, place) for place in leaves(document)]
    for place in places:
        if place == ("digest",):
            continue
        for value in other_values(at(document, place), values, random):
            broken = replaced(document, place, value)
            where = f"{specimen.name}: {place} is {value!r}, not {at(document, place)!r}"
            found = examined(broken, specimen.weights)
            if not passes(found) or is_free(document, place):
                continue
            after = theorem(broken)
            alike = place[0] == "explanation" and set(EVIDENCE) & set(place)
            alike = alike and type(value) is type(at(document, place))
            assert after != before or alike, where
            assert counterexample(broken, random, found.checked) is None, where


def test_leaves() -> None:
    """One of some certificates of all kinds, and more where every kind of claim is."""
    random = Random(1)
    for specimen in random.sample(collection(), 16):
        check_leaves(specimen, random.sample(list(leaves(specimen.document)), 1), random)
    for specimen in collection():
        if specimen.name in LARGE:
            places = [p for p in leaves(specimen.document) if p[0] == "explanation"]
            check_leaves(specimen, random.sample(places, 4), random)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_many_leaves(part: int) -> None:
    """Thirty leaves of each, or a hundred; all of them where they are few."""
    random = Random(part)
    for specimen in collection()[part::8]:
        places = list(leaves(specimen.document))
        if len(places) > 40:
            places = random.sample(places, 100 if specimen.name in LARGE else 30)
        check_leaves(specimen, places, random)


def check_mutants(count: int, seed: int) -> None:
    random = Random(seed)
    passing = 0
    for specimen, donor in pairs(count, random):
        done, broken = mutated(specimen.document, donor.document, random)
        found = examined(broken, specimen.weights)
        if not passes(found):
            continue
        passing += 1
        if theorem(broken) != theorem(specimen.document):
            error = counterexample(broken, random, found.checked)
            assert error is None, f"{specimen.name}: {done}: {error}"
    assert passing < count / 20


def pairs(count: int, random: Random) -> Iterator[tuple[Specimen, Specimen]]:
    found = collection()
    for k in range(count):
        yield found[k % len(found)], random.choice(found)


def test_mutants() -> None:
    check_mutants(200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_very_many_mutants(part: int) -> None:
    """20,000 in all: none makes the checker fail, and none that passes says what is false."""
    check_mutants(2500, seed=100 + part)


def blind_to_cones(patch: pytest.MonkeyPatch) -> None:
    """Whatever a formula asks is false on each cone."""
    patch.setattr(check.Piece, "truth", lambda *_, **__: False)


def blind_to_sums(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(check.Rows, "refuted_by", lambda *_: None)


def blind_to_points(patch: pytest.MonkeyPatch) -> None:
    """A witness need not show anything, nor a point be in a domain."""
    patch.setattr(check, "truth_at", lambda *_, **__: True)


def blind_to_types(patch: pytest.MonkeyPatch) -> None:
    """true and false pass for 1 and 0."""
    strict = check.natural

    def natural(value: object, where: str) -> int:
        return strict(int(value) if isinstance(value, bool) else value, where)

    patch.setattr(check, "natural", natural)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "names"),
    [
        (blind_to_cones, ("always", "right and wrong")),
        (blind_to_sums, ("seven inputs",)),
        (blind_to_points, ("always", "inductive")),
        (blind_to_types, ("always",)),
    ],
)
def test_a_faulty_checker_is_found_out(
    plant: Callable[[pytest.MonkeyPatch], None],
    names: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each fault planted in the checker lets a spoiled certificate pass, which is noticed."""
    chosen = [s for s in collection() if s.name.removeprefix("story: ") in names]
    assert len(chosen) == len(names)

    def check_all() -> None:
        random = Random(9)
        for specimen in chosen:
            places = [p for p in leaves(specimen.document) if p[0] == "explanation"]
            check_leaves(specimen, random.sample(places, min(150, len(places))), random)

    check_all()
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check_all()
