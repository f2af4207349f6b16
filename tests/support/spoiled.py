"""Certificates of all kinds, and ways to spoil them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import safetensors.torch
import torch

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.program.task import TIE_RULES
from algzoo_exact.zoo.loading import shipped_folder
from support.certificates import Json, seal
from support.every_claim import SILENT, TWO, told
from support.medians import median_of_two, silent
from support.programs import (
    dead_mass_program,
    degenerate_program,
    exact_program,
    handcrafted_4_3,
    random_program,
)
from support.stories import Entry, case, claim, story, verified
from support.weight_files import attention_state
from support.weight_files import state as rnn_state

Place = tuple[Any, ...]
"""Keys and positions, from the document down to one of its parts."""


@dataclass(frozen=True)
class Specimen:
    """A genuine certificate, with the content of its weights' file where there is one."""

    name: str
    document: Json
    weights: bytes | None


def examined(document: Json, weights: bytes | None) -> check.CheckedCertificate:
    """What the checker finds. That it fails itself is an error of the test's."""
    found = check.check_document(document, weights)
    assert found.status != "failed", found.reason
    return found


def passes(found: check.CheckedCertificate) -> bool:
    """Nothing wrong was found, and no limit met."""
    return not found.reason


# The collection.


@cache
def collection() -> tuple[Specimen, ...]:
    """Over 40, as small as each kind allows."""
    found = (*_cells(), *_files(), *_medians(), *_functions(), *_explanations())
    return tuple(
        Specimen(name, json.loads(json.dumps(document)), weights)
        for name, document, weights in found
    )


Found = Iterator[tuple[str, Json, bytes | None]]


def _cells() -> Found:
    """Rational weights, under all tie rules and tasks; some tie, or are dead, on many inputs."""
    rng = np.random.default_rng(40)
    for k, ties in enumerate(TIE_RULES):
        for task in (az.tasks.argmax(2), az.tasks.second_argmax(2)):
            model = random_program(rng, 1 + k % 2, 2)
            yield f"{task.name}, n = 2, {ties}", az.certify(model, task, ties=ties), None
        task = (az.tasks.argmedian(3), az.tasks.argoutlier(3), az.tasks.argmax(3))[k]
        model = random_program(rng, 1, 3)
        yield f"{task.name}, n = 3, {ties}", az.certify(model, task, ties=ties), None
        model = degenerate_program("equal logits", rng, 1, 2)
        yield f"equal logits, {ties}", az.certify(model, az.tasks.argmax(2), ties=ties), None
    dead = az.certify(dead_mass_program(), az.tasks.second_argmax(3), ties="uniform", decimals=8)
    yield "dead mass", dead, None
    for n in (4, 5, 6):
        blank = exact_program([0], [[0]], [[0]] * n, n)  # all logits tie, on every input
        yield f"blank, n = {n}", az.certify(blank, az.tasks.argmax(n), ties="uniform"), None
    model = exact_program([1], [[1]], [[1], [-1], [2], [-2]], 4)
    yield "small integers, n = 4", az.certify(model, az.tasks.argmax(4)), None


def _files() -> Found:
    """Weights from files, of each type of floats."""
    path = shipped_folder() / "2nd_argmax_2_2.safetensors"
    yield "shipped", az.certify(az.load("2nd_argmax_2_2")), path.read_bytes()
    with TemporaryDirectory() as folder:
        for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            stored = Path(folder) / "model.safetensors"
            safetensors.torch.save_file(rnn_state(1, 2, dtype), stored)
            document = az.certify(az.load(stored, task="argmax"))
            yield str(dtype).removeprefix("torch."), document, stored.read_bytes()


def _medians() -> Found:
    path = shipped_folder() / "median_2_2.safetensors"
    yield "shipped median", az.certify(az.load("median_2_2")), path.read_bytes()
    models = {
        "median, exact": median_of_two(),
        "median, silent": silent(3),
        "median, random": random_program(np.random.default_rng(41), 1, 3, 1),
    }
    for name, program in models.items():
        yield name, az.certify(program, az.tasks.median(program.seq_len), decimals=10), None


def _functions() -> Found:
    """Transformers with 1, 2 and 4 heads; one of them ties on all inputs."""
    with TemporaryDirectory() as folder:
        for heads, n, layers in ((1, 2, 1), (2, 2, 1), (4, 3, 1), (1, 3, 2)):
            stored = Path(folder) / "model.safetensors"
            metadata = {"heads": str(heads), "task": "longest_cycle", "seq_len": str(n)}
            safetensors.torch.save_file(attention_state(4, n, n, layers), stored, metadata)
            yield f"{heads} heads, n = {n}", az.certify(az.load(stored)), stored.read_bytes()
        weights = attention_state(2, 2, 2, 1)
        weights["unembed.weight"][1] = weights["unembed.weight"][0]
        safetensors.torch.save_file(weights, stored, {"heads": "2"})
        model = az.load(stored, task="longest_cycle")
        yield "tied heads", az.certify(model, ties="incorrect"), stored.read_bytes()


STORIES: dict[str, tuple[Entry, ...]] = {
    "weights": (
        claim("a", "weights", statement="W_hi[0] == 1 and W_hh[0][1] * W_hh[1][0] == 1"),
        claim("b", "weights", statement="W_hi[0] > 1"),
    ),
    "always": (
        claim("a", "always", domain="x[0] > x[1]", statement="logit[0] < 0"),
        claim("b", "always", statement="logit[0] < 1"),
    ),
    "inductive": (
        claim("a", "inductive", each="t in 0..1", step="t", statement="h[t][0] + h[t][1] >= 0"),
        claim("b", "inductive", each="t in 0..1", step="t", statement="h[t][0] == relu(x[t])"),
    ),
    "close": (
        claim("a", "close", left="logit[0]", right="x[1]", at_most=1, at_least=0.9),
        claim("b", "close", left="logit[0]", right="x[1]", at_most=0.5),
        claim("c", "close", left="logit[0]", right="x[1]", at_least=1.5),
    ),
    "mean": (claim("a", "close", left="logit[0]", right="x[1]", error="mean", at_most=0.8),),
    "measure": (
        claim("a", "measure", condition="x[0] > x[1] and x[1] > 0", equals="1/8"),
        claim("b", "measure", condition="0 < x[1] < 2*x[0]", at_least=0.17, at_most=0.18),
        claim("c", "measure", condition="0 < logit[1] < x[1]", at_most=0.01),
    ),
    "right and wrong": (
        claim("a", "right", domain="x[0] > x[1]"),
        claim("b", "right", domain="x[0] > 0 and x[1] > 0"),
        claim("c", "wrong", domain="x[1] > 0"),
    ),
    "equivalent": (
        claim("a", "equivalent", other="handcrafted:2nd_argmax_2", mode="function"),
        claim("b", "equivalent", other="2nd_argmax_2_2", mode="function"),
        claim("c", "equivalent", other="2nd_argmax_2_2", mode="labels", domain="x[0] > 0 > x[1]"),
        claim("d", "equivalent", other="2nd_argmax_2_2", mode="labels"),
    ),
    "cases": (
        claim("below", "right", domain="x[0] > x[1]"),
        case("down", "x[0] > x[1]", "claims", claims=["below"]),
        case("up", "x[1] > x[0] and x[1] > 2*x[0]", "right"),
        case("narrow", "x[0] < x[1] <= 2*x[0]", "unknown"),
    ),
    "vacuous": (
        claim("a", "right", domain="x[0] > 1 and x[0] < 1"),
        claim("b", "always", domain="x[0] == 1 and x[1] == 0", statement="logit[1] == 1"),
    ),
    "a gap": (
        case("a", "x[0] > x[1]", "right"),
        case("b", "x[0] < x[1] and x[0] > 0", "wrong"),
    ),
    "an overlap": (case("a", "x[0] > x[1]", "right"), case("b", "x[0] < 3*x[1]", "right")),
}


def _explanations() -> Found:
    """Each kind of claim, with all its verdicts; cases; all kinds together, with proofs by cones
    and by sums; a median model's."""
    for name, tables in STORIES.items():
        yield f"story: {name}", az.certify(TWO, explanation=verified(TWO, *tables)), None
    yield "story: all kinds", az.certify(TWO, explanation=told("kinds")[0]), None
    yield "story: seven inputs", az.certify(SILENT, explanation=told("silent")[0]), None
    document = az.certify(TWO, explanation=verified(TWO, *STORIES["cases"]))
    claims = document["explanation"]["claims"]
    part = claims[0]["instances"][0] | {"parts": [{"said": "proved by z3"}], "inside": None}
    claims.append(claims[0] | {"name": "said", "instances": [part]})
    yield "story: on z3's word", seal(document), None
    three = handcrafted_4_3()
    tables = (
        claim("first", "always", statement="h[0][0] == relu(W_hi[0] * x[0])"),
        case("top", "x[a] > max(k in 0..n-1 if k != a: x[k])", "unknown", each="a in 0..n-1"),
    )
    yield "story: three inputs", az.certify(three, explanation=verified(three, *tables)), None
    model = median_of_two()
    says = claim("half", "always", statement="2 * logit[0] == x[0] + x[1]")
    about = az.verify(story(model, says, task="median"), model)
    yield "story: a median", az.certify(model, explanation=about), None


# Single leaves.


def leaves(part: Any, place: Place = ()) -> Iterator[Place]:
    """Where a value is that has no parts; an empty list or object is one too."""
    if isinstance(part, dict | list) and part:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from leaves(value, (*place, key))
    else:
        yield place


def at(document: Any, place: Place) -> Any:
    for key in place:
        document = document[key]
    return document


def replaced(document: Json, place: Place, value: Any) -> Json:
    """The document with another value at one place, and a digest that fits."""
    *keys, last = place
    broken = dict(document)
    inner: Any = broken
    for key in keys:
        inner[key] = copy.copy(inner[key])
        inner = inner[key]
    inner[last] = value
    return sealed(broken)


def sealed(document: Json) -> Json:
    """With a digest that fits, if the document can have one at all."""
    try:
        return seal(document)
    except (KeyError, TypeError):
        return document


def other_values(value: Any, others: list[Any], random: Random) -> Iterator[Any]:
    """Near ones, ones of other types, and two of other leaves. No two are alike, and none is like
    the value itself, where JSON tells them apart: 0, false and "0" are three values."""
    near: list[Any] = []
    if type(value) is int:
        near = [value - 1, value + 1, str(value), [value]]
    if isinstance(value, str):
        number = value.lstrip("-")
        near = [str(int(value) + step) for step in (-1, 1)] if number.isdigit() else []
        near += [_digit(value, random), value + "x", value[:-1]]
    anything = [*near, "", 0, 1, False, True, None, [], {}, *random.choices(others, k=2)]
    seen = {json.dumps(value)}
    for found in anything:
        if (text := json.dumps(found)) not in seen:
            seen.add(text)
            yield found


def _digit(text: str, random: Random) -> str:
    places = [k for k, c in enumerate(text) if c.isdigit()]
    if not places:
        return text
    k = random.choice(places)
    return text[:k] + random.choice("0123456789") + text[k + 1 :]


# Structure.


def mutated(document: Json, donor: Json, random: Random) -> tuple[str, Json]:
    """One or more parts deleted, doubled, exchanged, or taken from another certificate; and what
    was done. The digest fits; something else is not as it was."""
    before = json.dumps(document | {"digest": ""}, sort_keys=True)
    while True:
        broken = copy.deepcopy(document)
        done = [_mutate(broken, donor, random) for _ in range(random.choice([1, 1, 1, 2, 3]))]
        if json.dumps(broken | {"digest": ""}, sort_keys=True) != before:
            return "; ".join(done), sealed(broken)


def _mutate(document: Json, donor: Json, random: Random) -> str:
    place = _some_place(document, random)
    *keys, last = place
    holder = at(document, tuple(keys))
    what = random.choice(["delete", "double", "swap", "splice", "splice", "lift", "rename"])
    if what == "delete":
        del holder[last]
    elif what == "double" and isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(holder[last]))
    elif what == "swap" and len(holder) > 1:
        other = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[last], holder[other] = holder[other], holder[last]
    elif what == "lift" and isinstance(holder[last], dict | list) and holder[last]:
        inner = holder[last]
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        holder[last] = inner[random.choice(keys)]
    elif what == "rename" and isinstance(holder, dict):
        holder[random.choice(["", "x", str(last) + "s"])] = holder.pop(last)
    else:
        what = "splice"
        alike = [p for p in _places(donor) if p[-1] == last and type(last) is str]
        source = random.choice(alike) if alike else _some_place(donor, random)
        holder[last] = copy.deepcopy(at(donor, source))
    return f"{what} {' '.join(map(str, place))}"


def _some_place(document: Json, random: Random) -> Place:
    """Any part, small or large, each depth about as often."""
    place: Place = ()
    inner: Any = document
    while isinstance(inner, dict | list) and inner and (not place or random.random() < 0.75):
        key = random.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        place, inner = (*place, key), inner[key]
    return place


def _places(part: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(part, dict | list):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield (*place, key)
            yield from _places(value, (*place, key))
