"""Sampling beside a report: inputs without rounding, and a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import replace
from fractions import Fraction
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.programs import exact_program, handcrafted_2_2, handcrafted_4_3, random_program
from support.reports import report_of

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.findings import random_inputs
from algzoo_exact.present.findings.random_inputs import Order, Sampled, carry_out, sampler
from algzoo_exact.present.report import Report
from algzoo_exact.program.ir import Program
from algzoo_exact.runtime.exact_inputs import MOST, exact_bits
from algzoo_exact.runtime.networks import network_for
from algzoo_exact.runtime.sampling import Draw, inputs, sample_drawn
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax

CPU = torch.device("cpu")
TEN = Fraction(91279, 92160)  # handcrafted:2nd_argmax_10, counted by hand in test_standard_stories


def logits(program: Program, x: list[Fraction]) -> list[Fraction]:
    h = [Fraction(0)] * program.hidden_size
    for entry in x:
        h = [
            max(Fraction(0), sum((w * v for w, v in zip(row, h, strict=True) if w), a * entry))
            for row, a in zip(program.recurrent, program.input_weights, strict=True)
        ]
    return [sum((w * v for w, v in zip(row, h, strict=True) if w), Fraction(0))
            for row in program.readout]  # fmt: skip


def wrong_logits(program: Program, x: np.ndarray) -> int:
    """How many float64 logits of the inputs (n, N) are not those of exact arithmetic."""
    x = np.ascontiguousarray(x)  # other layouts would be compiled for
    found = network_for(program, torch.float64, CPU).outputs(torch.from_numpy(x)).numpy()
    wrong = 0
    for k in range(x.shape[1]):
        exact = logits(program, [Fraction(float(v)) for v in x[:, k]])
        wrong += sum(Fraction(float(a)) != b for a, b in zip(found[:, k], exact, strict=True))
    return wrong


dyadics = st.builds(Fraction, st.integers(-12, 12), st.sampled_from([1, 2, 8]))


@given(st.data(), st.integers(1, 3), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_float64_is_exact_on_these_inputs(data: st.DataObject, d: int, n: int, seed: int) -> None:
    """Oracle: the same in fractions, also at the ends of the range, where sums are largest."""
    row = st.lists(dyadics, min_size=d, max_size=d)
    program = exact_program(
        data.draw(row), [data.draw(row) for _ in range(d)], [data.draw(row) for _ in range(n)], n
    )
    bits = exact_bits(program)
    if bits is None:
        return
    rng = np.random.default_rng(seed)
    x = np.rint(rng.uniform(-MOST, MOST, (n, 20)) * 2.0**bits) / 2.0**bits
    x[:, :8] = np.where(rng.random((n, 8)) < 0.5, MOST, -MOST)
    x[:, 8:12] -= np.sign(x[:, 8:12]) * 2.0**-bits
    assert wrong_logits(program, x) == 0


def test_rounding_is_noticed() -> None:
    """The check above can fail: on normal inputs, and with three bits more than there may be."""
    program = handcrafted_second_argmax(10)
    bits = exact_bits(program)
    assert bits is not None
    x = inputs(az.tasks.second_argmax(10), 0, 0, torch.float64, CPU).numpy()[:, :40]
    assert wrong_logits(program, x) > 0
    x = inputs(az.tasks.second_argmax(10), 0, 0, torch.float64, CPU, bits).numpy()[:, :40]
    assert wrong_logits(program, x) == 0
    sums = exact_program([1], [[1]], [[1], [2]], 2)
    assert exact_bits(sums) == 46
    # Both are doubles; their sum has 54 bits.
    x = MOST - np.array([[2.0**-49], [2.0**-48]])
    assert wrong_logits(sums, x) > 0


def test_models_without_such_inputs() -> None:
    assert exact_bits(handcrafted_2_2()) == 47  # 16 + 16 = 2^5 and 2^47 times that are 52 bits
    assert exact_bits(handcrafted_second_argmax(3)) is None  # thirds
    assert exact_bits(handcrafted_4_3()) is None  # 201ths, rounded to float64
    assert exact_bits(random_program(np.random.default_rng(0), 3, 3)) is None
    model = az.load("2nd_argmax_2_2").network
    assert isinstance(model, Program)
    assert exact_bits(model) is None


def test_ties_stay_ties() -> None:
    """2^18 inputs against the accuracy counted by hand, within 5 standard errors; where ties count
    as wrong, plain inputs are right more often, by ties that rounding breaks."""
    program, task = handcrafted_second_argmax(10), az.tasks.second_argmax(10)
    found = sample_drawn(program, task, Draw(2**18, bits=exact_bits(program)))
    assert abs(found.z_score(float(TEN))) < 5
    strict = [
        sample_drawn(program, task, Draw(2**18, bits=bits), "incorrect").correct
        for bits in (exact_bits(program), None)
    ]
    assert strict[0] < strict[1]


def test_the_report_says_what_was_sampled() -> None:
    report = report_of(handcrafted_2_2(), az.tasks.second_argmax(2))
    assert report.findings.check.bits == 47
    assert "rounded to multiples of 2^−47" in report.markdown()
    plain = report_of(random_program(np.random.default_rng(1), 2, 2), az.tasks.second_argmax(2))
    assert plain.findings.check.bits is None
    assert "rounded to multiples" not in plain.markdown()


def order(samples: int = 3 * 2**16) -> Order:
    model = az.load("2nd_argmax_2_2")
    assert model.task is not None
    return Order(model.network, model.task, "lowest", samples, 4, observing=True)


def same(a: Sampled, b: Sampled) -> bool:
    assert a.observed is not None
    assert b.observed is not None
    return (
        a.observed.patterns == b.observed.patterns
        and repr(a.score).split("seconds")[0] == repr(b.score).split("seconds")[0]
    )


def test_without_a_sample_none_is_spoken_of() -> None:
    """Bounds of a model with a card, and of one without, where no input was run in time."""
    report = az.make_report(az.load("argmedian_8_5"), samples=1000, time_limit=1)
    late = Sampled(None, None, None, failure="There was no time for it.")
    half = Enclosure(Fraction(1, 4), Fraction(3, 4))
    score = replace(report.findings.score, enclosure=half, undecided=Fraction(1, 2))
    found = replace(report.findings, score=score, sampled=late, regions=None, confusion=None)
    text = Report(found).markdown()
    assert "Beside the theorem, and no part of it:** its card says 0.6815" in text
    assert "those are listed that random inputs meet; none was run" in text
    other = replace(found, model=replace(found.model, sha256="0" * 64))
    text = Report(other).markdown()
    assert "Beside the theorem" not in text
    assert "Part of the inputs is undecided; the bounds count it either way." in text


def test_what_the_other_process_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its side of the pipe, run in a thread: progress, then just what this process would find."""
    monkeypatch.setattr(random_inputs, "_SECONDS", 0.0)
    here, there = Pipe()
    thread = threading.Thread(target=random_inputs._serve, args=(there,))
    thread.start()
    here.send(order())
    heard: list[tuple[int, int]] = []
    found = random_inputs._result(here, order(), lambda done, of: heard.append((done, of)))
    thread.join()
    assert same(found, carry_out(order(), lambda done, of: None))
    assert heard == [(2**16 * k, 3 * 2**16) for k in (1, 2, 3)]


def test_a_process_that_is_gone_is_replaced() -> None:
    here, there = Pipe()
    there.close()
    random_inputs._send(here, order(1000))
    found = random_inputs._result(here, order(1000), lambda done, of: None)
    assert same(found, carry_out(order(1000), lambda done, of: None))


def test_bad_orders_are_refused_here() -> None:
    """An InputError there is one here."""
    here, there = Pipe()
    thread = threading.Thread(target=random_inputs._serve, args=(there,))
    thread.start()
    here.send(order(0))
    with pytest.raises(az.InputError, match="at least 1"):
        random_inputs._result(here, order(0), lambda done, of: None)
    thread.join()


def test_an_order_may_be_carried_out_here() -> None:
    with sampler(apart=False) as begin:
        found = begin(order(1000))(lambda done, of: None)
    assert same(found, carry_out(order(1000), lambda done, of: None))


@pytest.mark.slow
def test_reports_are_the_same_with_two_processes(tmp_path: Path) -> None:
    """In a fresh interpreter, which then never loads torch itself; times of computation aside."""
    script = tmp_path / "script.py"
    script.write_text(
        "import re, sys\n"
        "import algzoo_exact as az\n"
        "if __name__ == '__main__':\n"
        "    report = az.make_report(az.load('2nd_argmax_2_2'), samples=70_000, workers=2)\n"
        "    print(re.sub(r'Time: [0-9.]+ s', '', report.markdown()))\n"
        "    print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    text, loaded, _ = done.stdout.rsplit("\n", 2)
    assert loaded == "False"
    report = az.make_report(az.load("2nd_argmax_2_2"), samples=70_000).markdown()
    assert text.rstrip() == re.sub("Time: [0-9.]+ s", "", report).rstrip()
