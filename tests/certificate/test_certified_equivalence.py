"""Claims that another model is the same, in certificates: the checker decides them itself.

Oracles: models that are the same by construction (neurons permuted, and scaled by powers of two),
and exact evaluation at a witness and at random inputs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.certificates import Json, by_hash, dumped, run_bare
from support.changes import Change, put, reason
from support.every_claim import TWO, checked_story
from support.programs import exact_program, random_program
from support.stories import claim, verified

import algzoo_exact as az
from algzoo_exact.certificate.story import story_part
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import TieRule

ZEROS = [["0", "0"], ["0", "0"]]


def held_against(program: Program, other: Program, folder: Path, mode: str, ties: TieRule) -> str:
    """What becomes of the claim that the two are the same; the checker agrees, and trusts nobody.

    A witness is one, and a hundred other inputs refute no proof.
    """
    verification = claimed(program, other, folder, mode, ties)
    judge = checked_story(verification)
    assert judge.not_checked == []
    (checked,) = verification.claims[0].instances
    status = checked.verdict.status
    assert judge.counts[f"claims {status}"] == 1
    if checked.witness is not None:
        assert not agree_at(checked.witness, program, other, mode, ties)
    if status == "proved":
        random = Random(0)
        for _ in range(100):
            x = [Fraction(random.randint(-(10**6), 10**6)) for _ in range(program.seq_len)]
            assert agree_at(x, program, other, mode, ties)
    return status


def agree_at(
    x: Sequence[Fraction], program: Program, other: Program, mode: str, ties: TieRule
) -> bool:
    one, two = (p.evaluate(x).logit for p in (program, other))
    if mode == "function":
        return one == two
    if ties == "lowest":
        return one.index(max(one)) == two.index(max(two))
    return greatest(one) == greatest(two)


def claimed(
    program: Program, other: Program, folder: Path, mode: str, ties: TieRule
) -> Verification:
    path = folder / "other.safetensors"
    save_file({k: np.array(v, dtype=np.float64) for k, v in named_weights(other).items()}, path)
    says = claim("same", "equivalent", other=str(path), mode=mode)
    return verified(program, says, ties=ties)


def greatest(logits: tuple[Fraction, ...]) -> list[int]:
    return [k for k, v in enumerate(logits) if v == max(logits)]


def rearranged(program: Program, rng: np.random.Generator) -> Program:
    """The same function: neurons permuted, and scaled by powers of two."""
    order = [int(j) for j in rng.permutation(program.hidden_size)]
    s = [Fraction(2) ** int(k) for k in rng.integers(-3, 4, program.hidden_size)]
    return rnn(
        tuple(s[j] * program.input_weights[j] for j in order),
        tuple(tuple(s[j] * program.recurrent[j][k] / s[k] for k in order) for j in order),
        tuple(tuple(row[j] / s[j] for j in order) for row in program.readout),
        program.seq_len,
    )


@pytest.mark.parametrize("ties", ["lowest", "incorrect", "uniform"])
@pytest.mark.parametrize(("d", "n"), [(1, 2), (2, 2), (2, 3)])
def test_the_same_and_another(tmp_path: Path, ties: TieRule, d: int, n: int) -> None:
    rng = np.random.default_rng([d, n])
    program = random_program(rng, d, n)
    same = rearranged(program, rng)
    inputs = same.input_weights
    other = rnn((-inputs[0], *inputs[1:]), same.recurrent, same.readout, n)
    louder = rnn(inputs, same.recurrent, tuple(_doubled(row) for row in same.readout), n)
    for mode in ("function", "labels"):
        assert held_against(program, same, tmp_path, mode, ties) == "proved"
        status = held_against(program, other, tmp_path, mode, ties)
        assert status == "refuted" or mode == "labels"
    assert held_against(program, louder, tmp_path, "function", ties) == "refuted"
    assert held_against(program, louder, tmp_path, "labels", ties) == "proved"


def _doubled(row: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return tuple(2 * w for w in row)


def test_in_a_bare_python(tmp_path: Path) -> None:
    same = rearranged(TWO, np.random.default_rng(0))
    verification = claimed(TWO, same, tmp_path, "function", "lowest")
    document = az.certify(TWO, explanation=verification)
    code, text = run_bare(dumped(document, tmp_path / "c.json"), *by_hash(document))
    assert code == 0, text
    assert "not checked: that the weights of other models are those of " in text
    (other,) = document["explanation"]["others"]
    assert other["weights"]["rnn.weight_ih_l0"] == [[str(w)] for w in same.input_weights]


def test_the_same_in_another_way(tmp_path: Path) -> None:
    """relu(v) = v + relu(-v) for v = x[1] + relu(x[0]); the proof is by cones."""
    one = exact_program([1, 1], [[0, 0], [1, 0]], [[0, 1], [0, 0]], 2)
    recurrent = [[0, 0, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    two = exact_program([1, -1, -1, 0], recurrent, [[1, 1, -1, 1], [0, 0, 0, 0]], 2)
    assert held_against(one, two, tmp_path, "function", "lowest") == "proved"
    verification = claimed(one, two, tmp_path, "function", "lowest")
    (part,) = story_part(verification, one).data["claims"][0]["instances"][0]["parts"]
    assert part["proof"]["cells"]["tree"]


def about(name: str, number: Any) -> Change:
    def change(data: Json) -> None:
        (claim,) = (part for part in data["claims"] if part["name"] == name)
        claim["about"] = number

    return change


def dropped_claim(data: Json) -> None:
    data["claims"] = [part for part in data["claims"] if part["name"] != "same"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("others 0 weights rnn.weight_ih_l0 0 0", "2"), "the inputs that occur are"),
        (put("others 0 weights linear.weight 0 0", "-1"), "the inputs that occur are"),
        (put("others 0 weights linear.weight 0", ["1"]), "shapes do not fit each other"),
        (put("others 0 weights bias", [["0"]]), "the weights must be"),
        (put("others 0 weights", None), "weights must be an object"),
        (put("others 0 name", None), "its name must be a text"),
        (put("others 0 nodes", [True, "0"]), "is no node"),
        (put("others 0 nodes", [["==", 0, 0]]), "node 0: a part of it comes after it"),
        (put("others 1 weights linear.weight", ZEROS), "claim there: .*fails on one of its cells"),
        (dropped_claim, "no claim is about one of the others"),
        (put("claim same parts 0 domain", 1), "its domain is a node of a wrong sort"),
        (about("same", None), "no claim is about one of the others"),
        (about("same", 2), "it is about a model that is not there"),
        (about("same", False), "what it is about must be a whole number"),
        (put("claim same inside", ["0", "0", "0"]), "a point is an input"),
        (put("claim other parts 0 witness", ["0", "0"]), "its witness does not show it"),
        (put("claim others_labels parts 0 witness", ["0", "0"]), "its witness does not show it"),
    ],
)
def test_changes(change: Change, why: str) -> None:
    assert re.search(why, reason("kinds", change))
