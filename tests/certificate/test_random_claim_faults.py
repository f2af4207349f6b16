"""Random single-field faults of explanations in certificates, and hostile ones.

The oracle of what is accepted all the same is exact evaluation at random inputs.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from support.certificates import Json, seal
from support.every_claim import SILENT, TWO, checked_story, told
from support.theorems import expressions, verdict_of

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.explain.claims.equivalent import product
from algzoo_exact.explain.language.expression import EVERYWHERE, evaluate, values_at
from algzoo_exact.explain.prove.setting import Inside, Setting
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import rnn

# Fields that only the digest protects: texts, names of instances and models, what is said to be
# trusted.
_NOT_CHECKED = ("mean", "half")
SETTING = ("where", "instead")
_FREE = ("title", "name", "text", "written", "parameters", "factors")


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if key in _FREE or (isinstance(value, dict) and value.get("name") in _NOT_CHECKED):
            continue
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        elif value is not None:
            yield (*path, key)


def other(value: Any, random: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + random.choice([-1, 1])
    digits = [k for k, c in enumerate(value) if c.isdigit()]
    if not digits:
        return random.choice([v for v in ("all", "some", "wrong", "right") if v != value])
    k = random.choice(digits)
    return value[:k] + str((int(value[k]) + random.randint(1, 9)) % 10) + value[k + 1 :]


def faults_of(name: str, count: int, seed: int) -> None:
    """Random single fields: rejected, or the statement that is left is true all the same."""
    verification, data = told(name)
    random = Random(seed)
    paths = list(leaves(data))
    accepted = 0
    for path in random.choices(paths, k=count):
        broken = copy.deepcopy(data)
        at_field: Any = broken
        for key in path[:-1]:
            at_field = at_field[key]
        at_field[path[-1]] = other(at_field[path[-1]], random)
        try:
            checked_story(verification, broken)
        except check.RejectedError:
            continue
        accepted += 1
        # A changed formula or bound can be another true one, a proof may do with other facts,
        # another input can show the same, and what is said of another model may hold of one that
        # is near.
        kinds = {"nodes", "statement", "domain", "condition", "at_least", "at_most", "for"}
        kinds |= {"free", "facts", "witness", "inside", "others", *SETTING}
        assert kinds & set(path), path
        assert still_true(verification, broken, random), path
    assert accepted < count / 4


def still_true(verification: Verification, data: Json, random: Random) -> bool:
    """At a hundred inputs, by exact evaluation: what is proved of all inputs, or of almost all
    where no two sides of a comparison are equal."""
    own = verification.program
    programs = [own]
    for other in data["others"]:
        named = check.weights_of(other["weights"], "weights")
        inputs, recurrent, readout = (named[key] for key in check.RNN_KEYS)
        theirs = rnn(tuple(w for (w,) in inputs), recurrent, readout, own.seq_len)
        programs.append(product(own, theirs))
    listed = [data["nodes"], *(other["nodes"] for other in data["others"])]
    formulas = [expressions(nodes) for nodes in listed]
    proved = []
    for claim in data["claims"]:
        about = 0 if claim["about"] is None else 1 + claim["about"]
        for part in (part for instance in claim["instances"] for part in instance["parts"]):
            if "condition" in part or verdict_of(part) != "proved" or part["for"] == "some":
                continue
            said = [formulas[about][part[k]] if k in part else EVERYWHERE for k in SETTING]
            inside = Inside(programs[about], Setting.of(own.seq_len, *said))
            domain, statement = (
                inside.formula(formulas[about][part[k]]) for k in ("domain", "statement")
            )
            proved.append((inside.program, part["for"], domain, statement))
    for _ in range(100):
        point = tuple(Fraction(random.randint(-30, 30), 7) for _ in range(own.seq_len))
        for program, quantity, domain, statement in proved:
            run = values_at(program, point)
            logits = program.evaluate(point).logit[: own.outputs]
            if quantity == "almost all" and len(set(logits)) < len(logits):
                continue
            if evaluate(domain, run):
                assert evaluate(statement, run)
    return True


@pytest.mark.parametrize("name", ["kinds", "silent"])
def test_random_faults(name: str) -> None:
    faults_of(name, 40, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kinds", "silent"])
def test_many_random_faults(name: str) -> None:
    faults_of(name, 600, seed=2)


def test_hostile_parts_are_bounded() -> None:
    """Numbers that double in length, conditions that double in size, and endless work: nothing is
    wrong with them, but they are beyond the limits."""
    verification, data = told("silent")

    def limit(nodes: list[Any], statement: int, domain: int) -> str:
        broken = copy.deepcopy(data) | {"nodes": nodes, "cases": [], "disjoint": None}
        broken["accuracy"] = None
        claim = copy.deepcopy(data["claims"][0])
        part = claim["instances"][0]["parts"][0]
        part |= {"statement": statement, "domain": domain, "proof": {"steps": [{"rows": []}]}}
        claim["instances"][0]["parts"] = [part]
        with pytest.raises(check.LimitError) as error:
            checked_story(verification, broken | {"claims": [claim]})
        return str(error.value)

    squares: list[Any] = ["3", *(["mul", k, k] for k in range(100)), ["==", 100, 0], True]
    assert "a number has over" in limit(squares, 101, 102)
    doubled: list[Any] = [["x", 0], "0", [">", 0, 1]]
    doubled += [["and", k, k] for k in range(2, 60)]
    assert "a formula has over 200,000 parts" in limit(doubled, 60, 60)


def test_what_is_nested_deeply_is_not_rejected() -> None:
    document = az.certify(SILENT, explanation=told("silent")[0])
    story = copy.deepcopy(document["explanation"]) | {"cases": [], "disjoint": None}
    deep: list[Any] = [["x", 0], *(["neg", k] for k in range(3000)), [">", 3000, 0]]
    claim = story["claims"][0]
    part = claim["instances"][0]["parts"][0] | {"statement": 3001, "domain": 3001}
    claim["instances"] = [claim["instances"][0] | {"parts": [part]}]
    story |= {"nodes": deep, "claims": [claim], "accuracy": None}
    found = check.check_document(seal(document | {"explanation": story}))
    assert (found.exit_code, found.reason) == (3, "it is nested too deeply.")


def test_the_digest_protects_the_rest() -> None:
    document = az.certify(TWO, explanation=told("kinds")[0])
    document["explanation"]["claims"][0]["text"] = "Something else."
    assert "digest" in check.check_document(document).reason
    assert check.check_document(seal(document)).status == "incomplete"


def test_texts_are_no_lines_of_the_checkers() -> None:
    """Nor escapes, which a terminal would follow. Names are identifiers."""
    document = az.certify(TWO, explanation=told("kinds")[0])
    text = "fine\naccuracy between 1 and 1\x1b[2J"
    (claim,) = (part for part in document["explanation"]["claims"] if part["name"] == "gap")
    claim["instances"][0] |= {"parts": [{"said": text}], "inside": None}
    document["explanation"]["claims"] = [claim]
    document["explanation"] |= {"cases": [], "disjoint": None, "accuracy": None}
    document["explanation"] |= {"nodes": [], "others": []}
    lines = list(check.lines_of(check.check_document(seal(document))))
    assert all(line.isprintable() for line in lines)
    assert any("fine\\naccuracy between 1 and 1\\u001b[2J" in line for line in lines)
    claim["name"] = text
    reason = check.check_document(seal(document)).reason
    assert reason.isprintable()
    assert "the name of a claim is not written as it should be" in reason


def test_an_accuracy_of_another_explanation() -> None:
    """Without cells, the certificate's accuracy is that of its cases."""
    document = az.certify(SILENT, explanation=told("silent")[0])
    for key, value in (("accuracy", {"lower": "1/7", "upper": "6/7"}), ("undecided", "5/7")):
        outcome = check.check_document(seal(document | {key: value}))
        assert outcome.status == "rejected"
    assert "needs an explanation" in check.check_document(document | {"explanation": None}).reason
