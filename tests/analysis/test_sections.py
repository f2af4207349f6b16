"""Sections: models on subspaces of their inputs.

Oracles: smaller networks made by hand, random inputs in torch, masses of orders known by symmetry,
and sums that are 1.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.command_line import json_of, refused, text_of
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.analysis.sections import read_basis
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program

ARGMAX = az.tasks.argmax(3)


def _largest_of(rows: list[list[int]]) -> az.Program:
    """Logits that are these forms of two inputs, by the positive and negative parts of each."""
    split = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    return az.mlp([split, [[a, -a, b, -b] for a, b in rows]])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("zero", [0, 1])
def test_zeros_are_a_smaller_network(seed: int, zero: int) -> None:
    """An RNN whose first input is 0 is one of fewer steps; where the second is, the step between
    is W_hh alone. The labels are those of a network that states the three inputs."""
    program = random_program(np.random.default_rng(seed), 2, 3)
    if zero == 0:
        small = az.rnn(program.input_weights, program.recurrent, program.readout, 2)
        labels = _largest_of([[0, 0], [1, 0], [0, 1]])
    else:
        nothing = [[0, 0] for _ in program.input_weights]
        layers = [
            az.Layer(p.state, rows)
            for p, rows in zip(
                program.layers,
                (
                    [[w, 0] for w in program.input_weights],
                    nothing,
                    [[0, w] for w in program.input_weights],
                ),
                strict=True,
            )
        ]
        small = Program(tuple(layers), program.readout)
        labels = _largest_of([[1, 0], [0, 0], [0, 1]])
    section = az.section(program, task=ARGMAX, zero=[zero])
    found = section.accuracy(digits=25).enclosure
    other = az.accuracy(small, az.teacher(labels), digits=25).enclosure
    assert found.intersect(other).width < Fraction(1, 10**20)
    assert section.unlabelled.upper == 0


@pytest.mark.parametrize(
    ("n", "where", "unlabelled"),
    [
        (4, {"zero": [1, 2]}, Fraction(3, 4)),  # the second largest is 0 unless both are positive
        (4, {"zero": [1]}, Fraction(0)),
        (4, {"equal": [(0, 1)]}, Fraction(2, 3)),  # the pair is not below the two others
        (4, {"equal": [(0, 1), (2, 3)]}, Fraction(1)),
        (5, {"equal": [(0, 1), (1, 4)]}, Fraction(2, 3)),
        (5, {"zero": [0, 3], "equal": [(1, 2)]}, Fraction(1)),  # the pair, or the zeros, are second
        (3, {"zero": [0, 1]}, Fraction(1)),
        (3, {"basis": [[1, 0], [1, 1], [0, "1/3"]]}, Fraction(0)),
    ],
)
def test_masses(n: int, where: dict[str, list[int]], unlabelled: Fraction) -> None:
    """What has no single label is known by symmetry; right, wrong and unlabelled are all."""
    program = random_program(np.random.default_rng(n), 2, n)
    section = az.section(program, task=az.tasks.second_argmax(n), **where)  # type: ignore[arg-type]
    assert section.unlabelled.contains(unlabelled)
    assert section.unlabelled.width < 1e-15
    score = section.accuracy()
    if unlabelled == 1:
        assert score.enclosure.upper == 0
        assert section.share(score) is None
        return
    wrong = az.find_errors(section).total
    whole = score.enclosure.plus(wrong).plus(section.unlabelled)
    assert whole.contains(1)
    assert whole.width < 1e-12


@pytest.mark.parametrize("shared", ["none", "lowest"])
@pytest.mark.parametrize("ties", ["lowest", "uniform"])
def test_against_samples(shared: az.tasks.SharedLabels, ties: az.tasks.TieRule) -> None:
    program = random_program(np.random.default_rng(12), 3, 4)
    task = az.tasks.second_argmax(4)
    for where in ({"zero": [0, 2]}, {"equal": [(1, 3)]}):
        section = az.section(program, task=task, shared=shared, **where)  # type: ignore[arg-type]
        known = float(section.accuracy(ties=ties).enclosure.midpoint)
        found = az.sample(section, None, 100_000, dtype="float64", ties=ties)
        assert abs(found.accuracy - known) < 5 * max(found.standard_error, 1e-5)


def test_the_whole_space_is_a_section() -> None:
    model = az.load("2nd_argmax_3_3")
    turned = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    for where in ({}, {"basis": turned}):
        found = az.section(model, **where).accuracy().enclosure  # type: ignore[arg-type]
        assert found.intersect(az.accuracy(model).enclosure).width < 1e-20


def test_words() -> None:
    model = az.load("2nd_argmax_4_4")
    one = az.section(model, zero=[3], equal=[(0, 2)])
    assert one.names == ("x[0] = x[2]", "x[1]")
    assert one.conditions == ("x[0] = x[2]", "x[3] = 0")
    other = az.section(model, [[1, 0], [1, 1], [0, 1], [2, -1]])
    assert other.conditions[-1] == "x[3] = 2 y[0] - y[1]"


def test_a_basis_file_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "E.json"
    path.write_text('[[0.1, 1], ["2/3", -4], [1e-2, 0]]')
    assert read_basis(path) == (
        (Fraction(1, 10), Fraction(1)),
        (Fraction(2, 3), Fraction(-4)),
        (Fraction(1, 100), Fraction(0)),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[1], [2]]", "must have 3 rows"),
        ("[[1, 2], [2, 4], [3, 6]]", "are dependent"),
        ("[[1], [1e999], [2]]", "An entry of a basis"),
        ('[[1], ["1/0"], [2]]', "divides by 0"),
        ("[[1], [NaN], [2]]", "An entry of a basis"),
        ('[[1], [{"a": 1}], [2]]', "An entry of a basis"),
        ("[" * 100_000, "is not JSON"),
        (f"[[{'9' * 100_000}], [1], [1]]", "An entry of a basis"),
        ("{}", "a list of rows"),
        ("\xff", "is not JSON"),
    ],
)
def test_bad_bases(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "E.json"
    path.write_bytes(text.encode("latin-1"))
    assert problem in refused("sections", "2nd_argmax_3_3", "--basis", path)


def test_bad_sections() -> None:
    model = az.load("2nd_argmax_3_3")
    with pytest.raises(InputError, match="All inputs are 0"):
        az.section(model, zero=[0, 1], equal=[(1, 2)])
    with pytest.raises(InputError, match="There is no input"):
        az.section(model, zero=[3])
    with pytest.raises(InputError, match="not both"):
        az.section(model, [[1], [1], [1]], zero=[0])
    with pytest.raises(InputError, match="Unknown rule"):
        az.section(model, zero=[0], shared="any")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="Several labels qualify for all inputs"):
        az.accuracy(az.section(model, zero=[0, 1]))


def test_the_command() -> None:
    subspace = ("2nd_argmax_4_4", "--zero", "1,2")
    shown = text_of("sections", *subspace, "--equal", "0,3", "--shared", "lowest", "--workers", "1")
    assert "x[0] = x[3]; x[1] = x[2] = 0" in shown
    data = json_of("sections", *subspace, "--workers", "1")
    assert data["basis"] == [["1", "0"], ["0", "0"], ["0", "0"], ["0", "1"]]
    assert Fraction(data["unlabelled"]["lower"]) <= 0.75 <= Fraction(data["unlabelled"]["upper"])
    assert float(data["share"]["lower"]) > float(data["right"]["lower"])
    refused("sections", "2nd_argmax_4_4", "--zero", "1", "--positive", "2")
