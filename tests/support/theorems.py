"""What a certificate says, and whether that is true, without the checker.

A certificate passes if the checker finds nothing wrong with it and meets no limit. A spoiled one
may pass only if one of these holds; anything else is a false acceptance.

1. It states the same theorem as before (``theorem``): the same weights, task, tie rule, score and
   formulas, with the same verdicts. Free text (``is_free``) is no part of it, nor is evidence:
   other evidence that the checker can follow is evidence too.
2. It states another theorem, which is true. ``counterexample`` looks for an error, with nothing of
   the checker's: the package's exact scores, exact evaluation of formulas at random inputs by
   ``explain.language.expression``, and samples by ``explain.prove.sampled_figures`` for
   probabilities.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from math import sqrt
from random import Random
from typing import Any, cast

import algzoo_exact as az
from algzoo_exact.explain.claims.equivalent import product
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Truth,
    evaluate,
    evaluate_term,
    values_at,
)
from algzoo_exact.explain.prove.sampled_figures import sampled_probability
from algzoo_exact.explain.prove.setting import Inside, Setting
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.standardize import rescale
from algzoo_exact.program.transformer import AttentionLayer
from support.certificates import Json
from support.spoiled import Place

Point = tuple[Fraction, ...]

# What is written for people, and compared with nothing; the last is said not to be checked.
_TEXTS = ("title", "text", "written", "parameters", "said")


def is_free(document: Json, place: Place) -> bool:
    """Whether a part is free text: names and texts, the author's expressions and parameters, what
    wrote the certificate; and what is said not to be checked."""
    if place[:2] == ("model", "name") or place[0] == "software":
        return True
    return place[0] == "explanation" and (place[-1] == "name" or bool(set(place) & set(_TEXTS)))


def theorem(document: Json) -> str:
    """All that it states, as one text."""
    kind, model = document["kind"], document["model"]
    found: list[Any] = [kind, document["task"], model["sha256"], model["dtype"], model["weights"]]
    found += [document.get(key) for key in ("ties", "accuracy", "undecided")]
    found += [document.get(key) for key in ("mean_squared_error", "root_mean_squared_error")]
    found.append(model.get("heads"))
    if document["explanation"] is not None:
        found.append(_Said(document).claims())
    return json.dumps(found, sort_keys=True)


class _Said:
    """What an explanation states, in full."""

    def __init__(self, document: Json) -> None:
        self.story: Json = document["explanation"]
        self.own = expressions(self.story["nodes"])
        self.others = [expressions(other["nodes"]) for other in self.story["others"]]

    def claims(self) -> list[Any]:
        story = self.story
        found: list[Any] = [story["factors"], story["accuracy"], story["disjoint"] is None]
        for claim in story["claims"]:
            about = claim["about"]
            nodes = self.own if about is None else self.others[about]
            weights = None if about is None else story["others"][about]["weights"]
            for part in claim["instances"]:
                parts = [self._part(inner, nodes) for inner in part["parts"]]
                found.append([weights, parts, part["inside"] is None])
        for case in story["cases"]:
            for part in case["instances"]:
                parts = [part["probability"], *part["parts"]]
                parts += [] if part["lies_in"] is None else [part["lies_in"]]
                said = [self._part(inner, self.own) for inner in parts]
                when = str(self.own[part["when"]])
                found.append([when, part["answer"], said, part["inside"] is None])
        return found

    def _part(self, part: Json, nodes: list[Any]) -> list[Any]:
        found: list[Any] = [verdict_of(part)]
        found += [str(nodes[part[key]]) for key in _FORMULAS if key in part]
        return found + [part.get(key) for key in ("for", "at_least", "at_most")]


_SETTING = ("where", "instead")
_FORMULAS = ("statement", "domain", "condition", *_SETTING)


def verdict_of(part: Json) -> str:
    """What the evidence for a part amounts to, if it is any good; of a probability, unknown."""
    if "said" in part:
        return "said"
    if part.get("proof") is part.get("witness") is None:
        return "unknown"
    return "proved" if (part["witness"] is None) is (part["for"] != "some") else "refuted"


def expressions(nodes: list[Any]) -> list[Any]:
    """Each node as an expression of the package's."""
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, bool):
            found.append(Truth(node))
        elif isinstance(node, str):
            found.append(Number(Fraction(node)))
        elif node[0] in ("x", "z", "h", "logit", "W_hi", "W_hh", "W_oh"):
            found.append(Entry(node[0], tuple(node[1:])))
        else:
            parts = tuple(found[k] for k in node[1:])
            if node[0] in ("<", "<=", ">", ">=", "==", "!="):
                found.append(Compare(node[0], *parts))
            elif node[0] in ("and", "or", "not", "implies"):
                found.append(Logic(node[0], parts))
            else:
                found.append(Apply(node[0], parts))
    return found


# Whether it is true.


def counterexample(document: Json, random: Random, checked: Collection[str] = ()) -> str | None:
    """Something that is stated and false; None where nothing of that kind was found. ``checked``:
    the checker's lines, which must count the claims as they are."""
    said = {key: document[key] for key in ("kind", "task", "model")}
    if document["kind"] == "pieces":
        score, stated = "squared_error", document["mean_squared_error"]
    else:
        score, stated = "accuracy", document["accuracy"]
    if document["kind"] != "claims":
        low, high = _score(json.dumps(said, sort_keys=True), document.get("ties"))
        if Fraction(stated["lower"]) > high or Fraction(stated["upper"]) < low:
            return f"the {score} is from {low} to {high}, not {stated}"
    if document["explanation"] is None:
        return None
    truth = _Truth(document, random)
    expected = truth.counted() if checked else None
    line = f"the explanation's claims: {expected}"
    if expected and document["explanation"]["claims"] and line not in checked:
        return f"{line}, other than the checker has it"
    return next(truth.errors(), None)


@lru_cache(maxsize=4096)
def _score(said: str, ties: Any) -> tuple[Fraction, Fraction]:
    """The exact score, by the package."""
    told = json.loads(said)
    task = az.Task(told["task"]["name"], told["task"]["seq_len"])
    weights = {
        key: tuple(tuple(map(Fraction, row)) for row in rows)
        for key, rows in told["model"]["weights"].items()
    }
    if told["kind"] == "functions":
        transformer = _transformer(weights, told["model"]["heads"])
        found = az.accuracy(transformer, task, ties=ties).enclosure
    elif told["kind"] == "pieces":
        found = az.squared_error(_program(weights, task.seq_len), task).enclosure
    else:
        found = az.accuracy(_program(weights, task.seq_len), task, ties=ties).enclosure
    return found.lower, found.upper


def _program(weights: dict[str, Any], n: int) -> Program:
    inputs = weights["rnn.weight_ih_l0"]
    column = tuple(row[0] for row in inputs)
    return rnn(column, weights["rnn.weight_hh_l0"], weights["linear.weight"], n)


def _transformer(weights: dict[str, Any], heads: int) -> az.Transformer:
    layers = []
    size = len(weights["embed.weight"][0])
    for i in range(sum(key.endswith("in_proj_weight") for key in weights)):
        inward = weights[f"attns.{i}.in_proj_weight"]
        parts = (inward[k * size : (k + 1) * size] for k in range(3))
        layers.append(AttentionLayer(*parts, weights[f"attns.{i}.out_proj.weight"]))
    names = "embed.weight", "pos_embed.weight", "unembed.weight"
    embed, places, unembed = (weights[name] for name in names)
    return az.Transformer(embed, places, tuple(layers), unembed, heads)


_POINTS, _SAMPLES, _EXACT_SAMPLES = 60, 1 << 15, 1 << 11


class _Truth:
    """An explanation's statements, at random inputs."""

    def __init__(self, document: Json, random: Random) -> None:
        self.story: Json = document["explanation"]
        self.task = az.Task(document["task"]["name"], document["task"]["seq_len"])
        self.n, self.ties = self.task.seq_len, document.get("ties")
        self.program = self._read(document["model"]["weights"])
        if self.story["factors"] is not None:
            factors = tuple(map(Fraction, self.story["factors"]))
            self.program = rescale(self.program, factors)
        self.formulas = expressions(self.story["nodes"])
        self.points = [self._point(random) for _ in range(_POINTS)]
        self.random = random

    def _read(self, weights: Json) -> Program:
        exact = {k: tuple(tuple(map(Fraction, row)) for row in v) for k, v in weights.items()}
        return _program(exact, self.n)

    def _point(self, random: Random) -> Point:
        """Small integers, where signs and differences vanish, or general ones."""
        if random.random() < 0.5:
            return tuple(Fraction(random.randint(-2, 2)) for _ in range(self.n))
        return tuple(Fraction(random.randint(-(10**6), 10**6), 7) for _ in range(self.n))

    def errors(self) -> Iterator[str]:
        for claim in self.story["claims"]:
            for part in claim["instances"]:
                for error in self._claim(claim, part):
                    yield f"claim {claim['name']}: {error}"
        yield from self._cases()

    def _claim(self, claim: Json, part: Json) -> Iterator[str]:
        program, formulas = self.program, self.formulas
        if claim["about"] is not None:
            other = self.story["others"][claim["about"]]
            program = product(program, self._read(other["weights"]))
            formulas = expressions(other["nodes"])
        for inner in part["parts"]:
            if "statement" in inner:
                yield from self._statement(inner, program, formulas)
        if part["inside"] is not None:
            x = tuple(map(Fraction, part["inside"]))
            if not any(
                self._in_domain(inner, program, formulas, x)
                for inner in part["parts"]
                if "domain" in inner
            ):
                yield f"{part['inside']} is in no domain"

    def _setting(self, part: Json, formulas: list[Any]) -> Setting:
        """The section that a part is about, and what is computed instead."""
        said = (formulas[part[key]] if key in part else EVERYWHERE for key in _SETTING)
        return Setting.of(self.n, *said)

    def _in_domain(self, part: Json, program: Program, formulas: list[Any], x: Point) -> bool:
        setting = self._setting(part, formulas)
        values = values_in(setting, program, x)
        return setting.point(x) == x and evaluate(formulas[part["domain"]], values)

    def _statement(self, part: Json, program: Program, formulas: list[Any]) -> Iterator[str]:
        setting = self._setting(part, formulas)
        statement, domain = (cast(Formula, formulas[part[key]]) for key in ("statement", "domain"))
        quantifier, verdict = part["for"], verdict_of(part)
        if verdict == "unknown":
            return
        if part["witness"] is not None:
            x = tuple(map(Fraction, part["witness"]))
            values = values_in(setting, program, x)
            there = setting.point(x) == x and evaluate(domain, values)
            if not there or (quantifier == "some") is not evaluate(statement, values):
                yield f"its witness {x} shows nothing"
            return
        wanted = quantifier != "some"
        for x in self.points:
            if quantifier == "almost all" and not _general(x):
                continue
            values = values_in(setting, program, setting.point(x))
            if evaluate(domain, values) and evaluate(statement, values) is not wanted:
                yield f"{statement} is {not wanted} at {x}"

    def _answer(self, part: Json) -> Iterator[str]:
        verdicts = {verdict_of(inner) for inner in part["parts"]}
        if part["answer"] == "unknown" or verdicts - {"proved"}:
            return
        when = self.formulas[part["when"]]
        for x in self.points:
            inside = _general(x) and evaluate(when, values_at(self.program, x))
            if inside and not self._answers(x, part["answer"]):
                yield f"it is not {part['answer']} at {x}"

    def _answers(self, x: Point, answer: str) -> bool:
        logits = self.program.evaluate(x).logit
        winners = [k for k, value in enumerate(logits) if value == max(logits)]
        label = self.task.label(x)
        if self.ties == "lowest":
            winners = winners[:1]
        right, some = winners == [label], label in winners
        if answer == "right":
            return right
        return not (some if self.ties == "uniform" else right)

    def probability(self, part: Json) -> str | None:
        """Whether a probability is within its bounds, by samples; None if these do not tell."""
        found, error = self._share(part)
        slack = 6 * error
        low, high = (float(Fraction(part[key])) for key in ("at_least", "at_most"))
        if low + slack < found < high - slack:
            return "proved"
        return "refuted" if found < low - slack or found > high + slack else None

    def _share(self, part: Json) -> tuple[float, float]:
        """How often a part's condition holds at random inputs, and the standard error of that."""
        setting, condition = self._setting(part, self.formulas), self.formulas[part["condition"]]
        inside = Inside(self.program, setting)
        with suppress(az.InputError):  # what is computed instead need not be linear
            told = sampled_probability(inside.program, inside.formula(condition), _SAMPLES)
            assert told.estimate is not None
            assert told.error is not None
            return told.estimate, told.error
        held = 0
        for _ in range(_EXACT_SAMPLES):
            x = setting.point(tuple(Fraction(self.random.gauss()) for _ in range(self.n)))
            held += evaluate(condition, values_in(setting, self.program, x))
        q = (held + 1) / (_EXACT_SAMPLES + 2)
        return held / _EXACT_SAMPLES, sqrt(q * (1 - q) / _EXACT_SAMPLES)

    def _cases(self) -> Iterator[str]:
        parts = [part for case in self.story["cases"] for part in case["instances"]]
        whens = [cast(Formula, self.formulas[part["when"]]) for part in parts]
        for part in parts:
            for error in self._answer(part):
                yield f"a case: {error}"
            told = part["probability"]
            if "condition" in told and self.probability(told) == "refuted":
                yield "a case has another probability"
        if self.story["disjoint"] is None:
            return
        for x in filter(_general, self.points):
            values = values_at(self.program, x)
            count = sum(evaluate(when, values) for when in whens)
            if count > 1:
                yield f"{count} cases hold at {x}"
        yield from self._accuracy()

    def counted(self) -> str | None:
        """What becomes of the claims, in the checker's words; None if samples do not tell."""
        counts: Counter[str] = Counter()
        for claim in self.story["claims"]:
            verdicts = []
            for instance in claim["instances"]:
                parts = instance["parts"]
                found = [self.probability(p) if "condition" in p else verdict_of(p) for p in parts]
                if None in found:
                    return None
                spoken = any(part.get("for", "some") != "some" for part in parts)
                if set(found) == {"proved"} and spoken and instance["inside"] is None:
                    found = ["vacuous"]
                verdicts += found
            order = ("refuted", "unknown", "said", "proved", "vacuous")
            counts[next(verdict for verdict in order if verdict in verdicts)] += 1
        words = {
            "proved": "proved",
            "refuted": "refuted",
            "unknown": "left open",
            "vacuous": "true of no input that is shown",
            "said": "resting on what was not checked",
        }
        return ", ".join(f"{counts[key]} {text}" for key, text in words.items() if counts[key])

    def _accuracy(self) -> Iterator[str]:
        stated = self.story["accuracy"]
        points = [self._point(self.random) for _ in range(400)]
        general = [x for x in points if _general(x)]
        # Uniform inputs have the wrong law, but bounds of 0 and 1 must hold for each of them.
        right = [self._answers(x, "right") for x in general]
        if (stated["lower"] == "1" and not all(right)) or (stated["upper"] == "0" and any(right)):
            yield f"an accuracy of {stated}"


def values_in(setting: Setting, program: Program, x: Point) -> Callable[[Entry], Fraction]:
    """The exact values at ``x`` of what a program computes, by their definitions, but for what the
    setting has instead."""
    plain = values_at(program, x)
    known: dict[Entry, Fraction] = {}

    def weighted(row: tuple[Fraction, ...], t: int) -> Fraction:
        return sum((w * value(Entry("h", (t, k))) for k, w in enumerate(row)), Fraction(0))

    def computed(entry: Entry) -> Fraction:
        match entry:
            case Entry("z", (t, j)):
                if (t, j) in setting.instead:
                    return evaluate_term(setting.instead[t, j], value)
                layer = program.layers[t]
                given = zip(layer.input[j], x, strict=True)
                before = weighted(layer.state[j], t - 1) if t else Fraction(0)
                return before + sum((w * number for w, number in given), Fraction(0))
            case Entry("h", (t, j)) if t >= 0:
                return max(Fraction(0), value(Entry("z", (t, j))))
            case Entry("logit", (k,)):
                return weighted(program.readout[k], len(program.layers) - 1)
        return plain(entry)

    def value(entry: Entry) -> Fraction:
        if entry not in known:
            known[entry] = computed(entry)
        return known[entry]

    return value if setting.instead else plain


def _general(x: Point) -> bool:
    """No coincidence: random large numbers, which are off any hyperplane almost surely."""
    return all(value.denominator == 7 or abs(value) > 1000 for value in x)
