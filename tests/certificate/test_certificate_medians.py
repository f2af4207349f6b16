"""Certificates of median models: as they are written, and what they prove.

Oracles: `squared_error` (bends and the squash flow in flint's balls, where the checker sums corners
of whole cones in integers), closed moments of order statistics and of orthants, samples in float64,
exact evaluation at points.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from operator import mul
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from support.certificates import VALIDATOR, Json, asking, by_hash, dumped, reject, run_bare, seal
from support.command_line import json_of, run, text_of
from support.cones import random_cones
from support.median_certificates import certificates
from support.medians import median_of_two, medians, one_output, silent
from support.programs import programs, random_program, stretched
from support.stories import claim, story

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.program.ir import Program
from algzoo_exact.zoo.loading import shipped_folder

P = 140


def checked_square(rows: Sequence[Any], rays: list[tuple[int, ...]], a: tuple[int, ...]) -> float:
    """E[(a.x)^2] on a cone, as the checker computes it."""
    facets: dict[int, tuple[int, ...]] = {}
    for row in rows:
        zeros = (k for k, ray in enumerate(rays) if sum(map(mul, row, ray)) == 0)
        facets.setdefault(sum(1 << k for k in zeros), row)
    n = len(a)
    kept = check.complete_facets(n, facets, len(rays), check.Budget())
    gram = [[sum(map(mul, p, q)) for q in rays] for p in rays]
    measure, cone = check.Measure(check.Fixed(P), check.Budget()), check.Cone(n, gram, kept)
    found = measure.of(cone, (1 << len(rays)) - 1) + measure.bent(cone, facets, a)
    return found / (1 << P) * sum(c * c for c in a)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_moments_of_an_orthant(n: int) -> None:
    """Half-normal variables: E[x_i^2; orthant] = 2^-n, E[x_i x_j; orthant] = 2^(1-n) / pi."""
    axes = [tuple(int(i == k) for i in range(n)) for k in range(n)]
    a = (3, -1, 2, 5, -4)[:n]
    squares = sum(c * c for c in a)
    expected = squares / 2**n + (sum(a) ** 2 - squares) * 2 ** (1 - n) / math.pi
    assert abs(checked_square(axes, axes, a) - expected) < 1e-13


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_moments_of_random_cones(n: int) -> None:
    """Against the package's moments, by the squash flow in balls."""
    rng = random.Random(n)
    for rows, cone in islice(random_cones(rng, n), 3 if n == 5 else 8):
        a = tuple(rng.choice([-1, 1]) * rng.randint(1, 9) for _ in range(n))
        expected = float(second_moment(cone, a, digits=20).midpoint)
        assert abs(checked_square(rows, list(cone.rays), a) - expected) < 1e-12


def encloses_the_squared_error(
    program: Program, document: Json, name: str, file: Path | None = None
) -> None:
    task = az.tasks.median(program.seq_len)
    known = az.squared_error(program, task, digits=40, method="exact").enclosure
    outcome = check.check_document(document, file and file.read_bytes(), asking(document))
    assert outcome.status == "accepted", (name, outcome.reason)
    assert outcome.accuracy is None
    assert outcome.squared_error is not None
    assert outcome.root is not None
    lower, upper = outcome.squared_error
    # Where it vanishes, the exact enclosure may have a width of its own.
    assert lower <= known.upper, name
    assert known.lower <= upper, name
    assert outcome.root[0] ** 2 <= lower
    assert upper <= outcome.root[1] ** 2
    assert outcome.root[1] ** 2 - upper <= 3 * max(1, outcome.root[1]) / 10**36
    # No wider than by rounding to nearest: no facet is left to one piece alone.
    width = Fraction(2, 10**36)
    for piece in document["pieces"]:
        if piece["square"] != "0":
            width += Fraction(10) ** int(piece["square"].partition("e")[2]) / 10**30
    assert upper - lower <= width * Fraction(1001, 1000), name


def test_the_value_is_that_of_squared_error() -> None:
    for name, program, document, file in certificates():
        encloses_the_squared_error(program, document, name, file)
        if name == "the median":
            assert {Fraction(bound) for bound in document["mean_squared_error"].values()} == {0}


def test_closed_forms() -> None:
    """Moments of the median (Jones 1948): 1/2 of two inputs, 1 - sqrt(3)/pi of three."""
    with mpmath.workdps(40):
        of_three = Fraction(str(1 - mpmath.sqrt(3) / mpmath.pi))
    for n, value in ((2, Fraction(1, 2)), (3, of_three)):
        found = az.certify(silent(n), az.tasks.median(n))["mean_squared_error"]
        assert Fraction(found["lower"]) < value < Fraction(found["upper"])
        assert Fraction(found["upper"]) - Fraction(found["lower"]) < Fraction(1, 10**26)


def test_against_a_sample() -> None:
    """400,000 random inputs, in float64; further off than 5 sigmas once in 10^6."""
    _, program, document, _ = next(c for c in certificates() if c[0] == "median_4_3")
    x = np.random.default_rng(1).standard_normal((400_000, 3))
    w_hi, w_hh, w_oh = (
        np.array(part, dtype=float)
        for part in (program.input_weights, program.recurrent, program.readout)
    )
    h = np.zeros((len(x), len(w_hi)))
    for t in range(3):
        h = np.maximum(0, h @ w_hh.T + np.outer(x[:, t], w_hi))
    squares = ((h @ w_oh.T)[:, 0] - np.sort(x, axis=1)[:, 1]) ** 2
    stated = float(Fraction(document["mean_squared_error"]["lower"]))
    z = (squares.mean() - stated) / (squares.std() / math.sqrt(len(x)))
    assert abs(z) < 5


@given(programs(d=(1, 2)))
@settings(max_examples=12, deadline=None)
def test_any_program(program: Program) -> None:
    program = one_output(program)
    document = az.certify(program, az.tasks.median(program.seq_len))
    encloses_the_squared_error(program, document, "any")


def test_huge_and_tiny_weights() -> None:
    """From 1e-60 to 1e60: squares from far below to far above the decimals."""
    rng = np.random.default_rng(9)
    wild = stretched(rng, random_program(rng, 2, 3, 1), 60)
    document = az.certify(wild, az.tasks.median(3))
    encloses_the_squared_error(wild, document, "wild")


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 4])
def test_many_models_are_accepted(n: int) -> None:
    most = {2: 4, 3: 2, 4: 1}[n]
    for name, program in medians(n, 18 if n < 4 else 4, (1, most), n):
        document = az.certify(program, az.tasks.median(n))
        encloses_the_squared_error(program, document, name)


@pytest.mark.slow
def test_five_inputs() -> None:
    program = silent(5)
    document = az.certify(program, az.tasks.median(5))
    encloses_the_squared_error(program, document, "silent")


def test_claims_of_a_median_model(tmp_path: Path) -> None:
    """Claims are checked as for other models; a median has no labels to be right about."""
    program = median_of_two()
    told = story(
        program,
        claim("mean", "always", statement="logit[0] == (x[0] + x[1]) / 2"),
        claim("not_first", "always", statement="logit[0] == x[0]"),
        claim("likely", "measure", condition="logit[0] > 0", at_least=0.49, at_most=0.51),
        task="median",
    )
    task = az.tasks.median(2)
    document = az.certify(program, task, explanation=az.verify(told, program))
    VALIDATOR.validate(document)
    code, text = run_bare(dumped(document, tmp_path / "c.json"), *by_hash(document))
    assert code == 0
    assert "checked: the explanation's claims: 2 proved, 1 refuted\n" in text
    data = document["explanation"]
    for changes, reason in (
        ({"cases": [{}]}, "no labels"),
        ({"claims": []}, "claims nothing"),
    ):
        assert reason in reject(seal(document | {"explanation": data | changes}))


def test_refused() -> None:
    with pytest.raises(az.InputError, match=r"n ≤ 5, not for n = 6"):
        az.certify(silent(6), az.tasks.median(6))
    with pytest.raises(az.InputError, match="one output"):
        az.certify(az.load("2nd_argmax_2_2"), az.tasks.median(2))
    with pytest.raises(az.InputError, match="as many inputs"):
        az.certify(silent(3), az.tasks.median(2))
    with pytest.raises(az.InputError, match="from 4 to 40"):
        az.certify(silent(3), az.tasks.median(3), decimals=41)


def test_files(tmp_path: Path) -> None:
    """Written piece by piece, it is the same document; the same bytes each time."""
    model = az.load("median_2_2")
    heard: list[float] = []
    written = [
        az.write_certificate(
            tmp_path / f"{k}.json", model, progress=lambda share, text: heard.append(share)
        )
        for k in range(2)
    ]
    assert json.loads(written[0].path.read_bytes()) == az.certify(model)
    assert written[0].sha256 == written[1].sha256
    assert (written[0].kind, written[0].count, written[0].accuracy) == ("pieces", 8, None)
    assert written[0].squared_error is not None
    known = az.squared_error(model).enclosure
    assert written[0].squared_error.contains(known.midpoint)
    assert heard[-1] == 1


def test_commands(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    text = text_of("certify", "median_2_2", "-o", path)
    assert "8 pieces" in text
    assert "\nroot mean squared error  between 0.00000047222046356" in text
    file = shipped_folder() / "median_2_2.safetensors"
    text = text_of("check", path, file)
    assert "\nverdict                  accepted: on median with 2 inputs, the model in the " in text
    assert "\nmean squared error       between 0.00000000000022299216" in text
    found = json_of("certify", "median_2_2", "-o", path)
    assert (found["count"], found["ties"], found["accuracy"]) == (8, None, None)
    assert found["mean_squared_error"]["lower"].startswith("0.00000000000022299216")
    found = json_of("check", path, file)
    assert (found["status"], found["accuracy"]) == ("accepted", None)
    assert found["root_mean_squared_error"]["upper"].startswith("0.00000047222046356")
    document = json.loads(path.read_text())
    document["pieces"][0]["middle"] = [0]
    result = run("check", dumped(document, path))
    assert result.exit_code == 1
    assert "rejected: piece 0: its inputs in the middle are [0, 1]" in result.stdout
