"""The checker of certificates: its mathematics, what it accepts alone, and what it rejects."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from fractions import Fraction
from itertools import islice
from operator import mul
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.certificates import (
    CHECKER,
    Json,
    asking,
    by_hash,
    dumped,
    reject,
    run_bare,
    seal,
    without,
)
from support.cones import random_cones
from support.median_certificates import certificates as median_certificates
from support.programs import (
    dead_mass_program,
    degenerate_programs,
    programs,
    random_program,
    stretched,
)

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.geometry.cone import Cone, NotPointedError
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.zoo.loading import shipped_folder


@pytest.mark.parametrize("p", [70, 126, 200])
def test_functions_stay_within_their_bounds(p: int) -> None:
    """Against mpmath with 3 p bits: errors in units of 2^-p, below what C9 and C10 state."""
    fixed, exponential, rng = check.Fixed(p), check.Exponential(p), random.Random(p)
    one = 1 << p
    with mpmath.workprec(3 * p):
        for _ in range(25):
            r = rng.choice([rng.random(), 1 - rng.random() * 1e-7, rng.random() ** 20])
            angle = rng.choice([rng.uniform(-3.2, 3.2), rng.random() ** 20])
            x, y = int(r * np.cos(angle) * one), int(r * np.sin(angle) * one)
            z = mpmath.mpc(x, y) / one
            assert abs(mpmath.polylog(2, z).real * one - fixed.dilogarithm(x, y)) < 1 << 19
            if x or y:
                assert abs(mpmath.atan2(y, x) * one - fixed.angle(y, x)) < 8
                size = x * x + y * y
                assert abs(mpmath.log(abs(z)) * 2 * one - fixed.log(size, 2 * p)) < 1 << 10
            t = int(rng.choice([rng.random(), 40 * rng.random()]) * one)
            assert abs(mpmath.exp(-mpmath.mpf(t) / one) * one - exponential(t)) < 16
        assert abs(mpmath.pi * one - fixed.pi) < 1
        assert fixed.dilogarithm(one, 0) == fixed.pi_squared_over_6


def checked_measure(normals: list[tuple[int, ...]], rays: list[tuple[int, ...]]) -> Fraction:
    masks = [
        sum(1 << k for k, ray in enumerate(rays) if sum(map(mul, row, ray)) == 0) for row in normals
    ]
    n = len(rays[0])
    facets = check.complete_facets(n, masks, len(rays), check.Budget())
    gram = [[sum(map(mul, a, b)) for b in rays] for a in rays]
    measure = check.Measure(check.Fixed(140), check.Budget())
    found = measure.of(check.Cone(n, gram, facets), (1 << len(rays)) - 1)
    return Fraction(found, 1 << 140)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_measures_of_known_cones(n: int) -> None:
    """Theorems: an orthant is 1/2^n; x1 >= .. >= xn >= 0 is 1/(2^n n!)."""
    axes = [tuple(int(i == k) for i in range(n)) for k in range(n)]
    assert abs(checked_measure(axes, axes) - Fraction(1, 2**n)) < Fraction(1, 10**35)
    chain = [tuple((i == k) - (i == k + 1) for i in range(n)) for k in range(n)]
    steps = [tuple(int(i <= k) for i in range(n)) for k in range(n)]
    size = 2**n
    for k in range(1, n + 1):
        size *= k
    assert abs(checked_measure(chain, steps) - Fraction(1, size)) < Fraction(1, 10**35)


def test_measure_of_a_reflection_group() -> None:
    """F4 has 1152 elements, so that its fundamental cone has the measure 1/1152."""
    walls = [(0, 1, -1, 0), (0, 0, 1, -1), (0, 0, 0, 1), (1, -1, -1, -1)]
    cone = Cone.from_inequalities(walls)
    assert cone is not None
    assert abs(checked_measure(walls, list(cone.rays)) - Fraction(1, 1152)) < Fraction(1, 10**35)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_measures_against_the_squash_flow(n: int) -> None:
    """An independent formula and other arithmetic: the flow, in flint's balls."""
    rng = random.Random(n)
    for rows, cone in islice(random_cones(rng, n), 6):
        expected = cone_measure(cone, digits=36)
        found = checked_measure(rows, list(cone.rays))
        assert abs(found - expected.midpoint) < Fraction(1, 10**35)


@given(st.data(), st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_measures_add_up(data: st.DataObject, n: int) -> None:
    """A cone and its two parts, cut by any hyperplane; small integers make right angles."""
    row = st.tuples(*[st.integers(-3, 3)] * n)
    try:
        cone = Cone.from_inequalities(data.draw(st.lists(row, min_size=n, max_size=n + 2)))
    except NotPointedError:
        cone = None
    assume(cone is not None)
    assert cone is not None
    parts = cone.split(data.draw(row), len(cone.walls) + 9)
    whole = checked_measure(list(cone.inequalities), list(cone.rays))
    found = [checked_measure(list(p.inequalities), list(p.rays)) for p in parts if p is not None]
    assert abs(whole - sum(found)) < Fraction(1, 10**35)
    assert 0 < whole < Fraction(1, 2)


SQUARE_WALLS = [0b0011, 0b0110, 0b1100, 0b1001]


def test_faces_close_up() -> None:
    """A square pyramid; and the same with something missing, or too much."""
    budget = check.Budget()
    assert sorted(check.complete_facets(3, SQUARE_WALLS, 4, budget)) == sorted(SQUARE_WALLS)
    # Walls that touch an edge at most.
    check.complete_facets(3, [*SQUARE_WALLS, 0b0001, 0], 4, budget)
    for masks, rays in (
        (SQUARE_WALLS[:3], 4),
        ([0b0011, 0b0110, 0b0100, 0b0001], 4),
        (SQUARE_WALLS, 5),  # a ray inside
        ([0b10011, *SQUARE_WALLS[1:]], 5),  # a ray on a facet, between two others
        ([], 3),
    ):
        with pytest.raises(check.RejectedError):
            check.complete_facets(3, masks, rays, budget)


@pytest.fixture(scope="module")
def small() -> list[tuple[str, Json, Path | None]]:
    """Small ones of every kind, with the file of the weights where there is one."""
    rng = np.random.default_rng(11)
    found: list[tuple[str, Json, Path | None]] = [
        ("argmedian", az.certify(random_program(rng, 2, 3), az.tasks.argmedian(3)), None),
        ("dead", az.certify(dead_mass_program(), az.tasks.argmax(3), ties="uniform"), None),
    ]
    for name in ("2nd_argmax_2_2", "longest_cycle_4_4"):
        path = shipped_folder() / f"{name}.safetensors"
        found.append((name, az.certify(az.load(name)), path))
    return found


def test_accepted_by_a_bare_interpreter(
    small: list[tuple[str, Json, Path | None]], tmp_path: Path
) -> None:
    """The file alone, copied elsewhere, in Python without site-packages."""
    alone = Path(shutil.copy(CHECKER, tmp_path / "alone.py"))
    medians = [(name, document, file) for name, _, document, file in median_certificates()]
    for name, document, weights in [*small, *medians[::3]]:
        path = dumped(document, tmp_path / "certificate.json")
        known_by = [weights] if weights else by_hash(document)
        code, text = run_bare(path, *known_by, checker=alone)
        assert code == 0, (name, text)
        assert text.startswith("accepted: on "), name
        numeric = document["kind"] == "pieces"
        for word in ("mean squared error", "root of it") if numeric else ("accuracy",):
            assert word in text.splitlines()[0], name


@given(programs(d=(1, 2)), st.sampled_from(TIE_RULES))
@settings(max_examples=15, deadline=None)
def test_any_program(program: Program, ties: TieRule) -> None:
    document = az.certify(program, az.tasks.second_argmax(program.seq_len), ties=ties)
    outcome = check.check_document(document)
    assert outcome.accuracy is not None
    known = az.accuracy(program, az.tasks.second_argmax(program.seq_len), ties=ties).enclosure
    assert outcome.accuracy[0] <= known.upper
    assert known.lower <= outcome.accuracy[1]


def test_huge_and_tiny_weights() -> None:
    """From 1e-200 to 1e200: rays of a thousand digits and more, angles far below one unit."""
    rng = np.random.default_rng(9)
    program = stretched(rng, random_program(rng, 2, 3), 200)
    document = az.certify(program, az.tasks.second_argmax(3))
    assert max(map(len, document["rays"])) > 1000
    assert check.check_document(document, asked=asking(document)).status == "accepted"


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 4])
def test_many_models_are_accepted(n: int, tmp_path: Path) -> None:
    """Random and degenerate ones under all tie rules; the accuracy is that of `accuracy`."""
    rng = np.random.default_rng(n)
    count = 4 if n == 4 else 13
    chosen = [program for _, program in degenerate_programs(rng, count, (1, 4 - n // 2), n)]
    chosen += [random_program(rng, 4 - n // 2, n) for _ in range(3)]
    names = ["2nd_argmax", "argmax", "argmedian", "argoutlier"]
    for k, program in enumerate(chosen):
        name = names[k % 2 if n == 2 else 2 * (k % 2) if n == 4 else k % 4]
        task = az.Task("argoutlier" if (name, n) == ("argmedian", 4) else name, n)
        ties = TIE_RULES[k % 3]
        document = az.certify(program, task, ties=ties)
        code, text = run_bare(dumped(document, tmp_path / "c.json"), *by_hash(document))
        assert code == 0, text
        known = az.accuracy(program, task, ties=ties, method="exact", digits=15).enclosure
        assert Fraction(document["accuracy"]["lower"]) <= known.upper
        assert known.lower <= Fraction(document["accuracy"]["upper"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["2nd_argmax_3_3", "2nd_argmax_4_3", "argmedian_4_3", "longest_cycle_6_5", "2nd_argmax_4_4"],
)
def test_shipped_models_are_accepted(name: str, tmp_path: Path) -> None:
    written = az.write_certificate(tmp_path / "c.json.gz", az.load(name))
    code, text = run_bare(written.path, shipped_folder() / f"{name}.safetensors")
    assert code == 0, text


def test_last_decimal(small: list[tuple[str, Json, Path | None]]) -> None:
    """A measure that is off by one unit of its last place is wrong."""
    document = small[0][1]
    for step in (-1, 1):
        cell = document["cells"][0]
        text = str(int(cell["measure"][2:]) + step).rjust(20, "0")
        cells = [cell | {"measure": f"0.{text}"}, *document["cells"][1:]]
        assert "its measure is" in reject(seal(document | {"cells": cells}))


def test_doubled_cells_are_rejected(small: list[tuple[str, Json, Path | None]]) -> None:
    document = small[0][1]
    cells = [*document["cells"], document["cells"][0]]
    assert "the same inputs as an earlier one" in reject(seal(document | {"cells": cells}))


def test_a_part_of_the_cells_proves_a_wider_enclosure(
    small: list[tuple[str, Json, Path | None]],
) -> None:
    """Dropping a cell and saying so is true, and accepted; dropping it alone is rejected."""
    document = small[0][1]
    dropped = max(document["cells"], key=lambda cell: Fraction(cell["measure"]))
    smaller = without(document, document["cells"].index(dropped))
    assert "undecided" in reject(seal(smaller))
    weights = check.weights_of(document["model"]["weights"], "model.weights")
    judge = check.Cells(smaller, weights, "argmedian", 3, check.Budget())
    for cell in smaller["cells"]:
        judge.add(cell)
    places = document["decimals"] + 6
    smaller["undecided"] = check.outward(1 - judge.right - judge.wrong, places, up=True)
    smaller["accuracy"] = {
        "lower": check.outward(judge.right, places, up=False),
        "upper": check.outward(1 - judge.wrong, places, up=True),
    }
    outcome = check.check_document(seal(smaller), asked=asking(document))
    assert outcome.status == "accepted"
    assert outcome.accuracy is not None
    lower, upper = outcome.accuracy
    width = Fraction(dropped["measure"])
    assert abs(upper - lower - width) < Fraction(1, 10**15)
    assert lower <= Fraction(document["accuracy"]["lower"])
    assert Fraction(document["accuracy"]["upper"]) <= upper


def test_other_weights_are_rejected(small: list[tuple[str, Json, Path | None]]) -> None:
    """A file of other weights; and other weights with their own hash, whose cells are others."""
    document = next(d for name, d, _ in small if name == "2nd_argmax_2_2")
    other = (shipped_folder() / "2nd_argmax_4_3.safetensors").read_bytes()
    assert "sha256" in reject(document, other)
    program = az.load("2nd_argmax_2_2").program
    first, *rest = program.recurrent
    changed = ((first[0] + Fraction(1, 2**20), *first[1:]), *rest)
    moved = rnn(program.input_weights, changed, program.readout, 2)
    theirs = az.certify(moved, az.tasks.second_argmax(2))["model"]
    assert reject(seal(document | {"model": theirs})).startswith("cell 0: it has a ray")


def test_undecided_and_tied_answers() -> None:
    """A transformer whose unembedding vanishes ties on every input."""
    model = az.load("longest_cycle_4_4").transformer
    zero = tuple((Fraction(0),) * model.hidden_size for _ in range(model.outputs))
    blank = az.Transformer(model.embed, model.pos_embed, model.layers, zero, model.heads)
    document = az.certify(blank, az.tasks.longest_cycle(4), ties="uniform")
    assert document["answers"].split(" ") == ["0123"] * 256
    assert check.check_document(document).accuracy == (Fraction(1, 4), Fraction(1, 4))
    open_ = seal(document | {"answers": " ".join(["?", *["0123"] * 255])})
    assert "proves the accuracy" in reject(open_)
    document = open_ | {
        "accuracy": {"lower": "255/1024", "upper": "259/1024"},
        "undecided": "1/256",
    }
    outcome = check.check_document(seal(document))
    assert outcome.accuracy == (Fraction(255, 1024), Fraction(259, 1024))


def test_not_certificates(tmp_path: Path) -> None:
    """Exit code 2, one sentence, and no traceback."""
    path = tmp_path / "c.json"
    for content in ('{"format": "x"}', "[1]", "no", '{"a": 1, "a": 1}', '{"x": 1.5}', "\x1f\x8b"):
        path.write_text(content, encoding="latin-1")
        code, text = run_bare(path)
        assert code == 2
        assert text.startswith("unreadable: ")
    assert run_bare(tmp_path / "none.json")[0] == 2
    nothing = subprocess.run([sys.executable, CHECKER], capture_output=True, text=True, check=False)
    assert nothing.returncode == 2
    assert nothing.stderr.startswith("usage: check.py")
    good = dumped(az.certify(az.load("2nd_argmax_2_2")), path)
    assert run_bare(good, tmp_path / "none.safetensors")[0] == 2
    short = tmp_path / "short.safetensors"
    short.write_bytes(b"\x00" * 4)
    code, text = run_bare(good, short)
    assert code == 2
    assert "no .safetensors file" in text


@pytest.mark.slow
def test_five_and_six_inputs() -> None:
    """Complete for n = 5; for n = 6 it says what it did not check, and proves nothing."""
    rng = np.random.default_rng(8)
    document = az.certify(random_program(rng, 1, 5), az.tasks.argmax(5))
    assert check.check_document(document, asked=asking(document)).status == "accepted"
    zero = Fraction(0)
    blank = rnn((zero,), ((zero,),), ((zero,),) * 6, 6)  # all logits tie on all inputs
    document = az.certify(blank, az.tasks.argmax(6), ties="uniform")
    assert Fraction(document["accuracy"]["lower"]) <= Fraction(1, 6)
    outcome = check.check_document(document)
    assert (outcome.status, outcome.exit_code, outcome.accuracy) == ("incomplete", 3, None)
    assert any("measures" in line for line in outcome.not_checked)
