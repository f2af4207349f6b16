"""Exact accuracies of transformers, all of whose inputs are tried.

Oracles: torch's own attention in float64, mpmath, algebra (planted ties, invariances), published
figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.weight_files import ALGZOO, needs_algzoo

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, working_precision
from algzoo_exact.program.ir import Matrix
from algzoo_exact.program.problems.longest_cycle import functions, longest_cycles
from algzoo_exact.program.task import Task, longest_cycle
from algzoo_exact.program.transformer import AttentionLayer, Transformer
from algzoo_exact.score.attention import ball_attention, float_attention
from algzoo_exact.score.enumeration import Judge
from algzoo_exact.zoo.architectures import DistTransformer, to_module
from algzoo_exact.zoo.loading import load
from algzoo_exact.zoo.tasks import targets

SIZES = [(2, 3, 2, 1), (4, 4, 2, 1), (4, 3, 1, 2), (6, 3, 3, 3), (8, 4, 2, 4)]
"""(H, n, layers, heads)."""


@cache
def transformer(hidden: int, n: int, layers: int = 2, heads: int = 1, seed: int = 0) -> Transformer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return load(DistTransformer(hidden, n, layers=layers, heads=heads)).transformer


def all_inputs(n: int) -> list[tuple[int, ...]]:
    return list(product(range(n), repeat=n))


def torch_logits(model: Transformer) -> np.ndarray:
    """By torch.nn.MultiheadAttention in float64, on every input."""
    with torch.no_grad():
        found = to_module(model)(torch.tensor(all_inputs(model.seq_len)))
    return found.numpy()  # type: ignore[no-any-return]


def answers(model: Transformer) -> list[frozenset[int] | None]:
    judge = Judge(model)
    return [found.indices for found in judge.answers(np.array(all_inputs(model.seq_len)))]


# --- inputs and labels ---


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_functions_and_labels_on_all_inputs(n: int) -> None:
    inputs = all_inputs(n)
    assert functions(n, 0, n**n).tolist() == [list(f) for f in inputs]
    expected = [Task("longest_cycle", n).label(f) for f in inputs]
    assert longest_cycles(np.array(inputs)).tolist() == expected
    assert targets(longest_cycle(n), torch.tensor(inputs).T).tolist() == expected
    # Oracle: of the n^n functions, n! / n are a single cycle (OEIS A000142).
    assert expected.count(n - 1) == np.prod(range(1, n))


# --- which logit is the largest ---


@pytest.mark.parametrize("sizes", SIZES)
def test_answers_are_those_of_torchs_attention(sizes: tuple[int, int, int, int]) -> None:
    model = transformer(*sizes)
    logits = torch_logits(model)
    top = np.sort(logits, 1)
    # torch's error is some 1e-14 here, since weights and logits are below 10.
    clear = top[:, -1] - top[:, -2] > 1e-9
    for found, row, sure in zip(answers(model), logits, clear, strict=True):
        if sure:
            assert found == {int(row.argmax())}
    right = sum(
        row.argmax() == Task("longest_cycle", model.seq_len).label(f)
        for row, f in zip(logits, all_inputs(model.seq_len), strict=True)
    )
    accuracy = az.accuracy(model, longest_cycle(model.seq_len))
    assert clear.all()
    assert accuracy.kind == "exact"
    assert accuracy.enclosure.lower == accuracy.enclosure.upper
    assert accuracy.enclosure.lower == Fraction(int(right), model.seq_len**model.seq_len)


def mp_logits(model: Transformer, tokens: Sequence[int]) -> list[mpmath.mpf]:
    """By the formulas, a number at a time, in mpmath's arithmetic."""

    def exact(matrix: Matrix) -> list[list[mpmath.mpf]]:
        return [[mpmath.mpf(w.numerator) / w.denominator for w in row] for row in matrix]

    def times(matrix: Matrix, vector: list[mpmath.mpf]) -> list[mpmath.mpf]:
        return [mpmath.fdot(row, vector) for row in exact(matrix)]

    rows = [
        [a + b for a, b in zip(exact(model.embed)[token], position, strict=True)]
        for token, position in zip(tokens, exact(model.pos_embed), strict=True)
    ]
    size = model.hidden_size // model.heads
    for layer in model.layers:
        queries, keys, values = (
            [times(matrix, row) for row in rows] for matrix in (layer.query, layer.key, layer.value)
        )
        changes = []
        for query in queries:
            mixed: list[mpmath.mpf] = []
            for start in range(0, model.hidden_size, size):
                block = slice(start, start + size)
                powers = [
                    mpmath.exp(mpmath.fdot(query[block], key[block]) / mpmath.sqrt(size))
                    for key in keys
                ]
                for i in range(start, start + size):
                    told = mpmath.fdot(powers, [value[i] for value in values])
                    mixed.append(told / mpmath.fsum(powers))
            changes.append(times(layer.output, mixed))
        rows = [
            [a + b for a, b in zip(*pair, strict=True)] for pair in zip(rows, changes, strict=True)
        ]
    return times(model.unembed, rows[-1])


@pytest.mark.parametrize("sizes", SIZES)
def test_logits_lie_in_the_balls(sizes: tuple[int, int, int, int]) -> None:
    model = transformer(*sizes)
    inputs = all_inputs(model.seq_len)[:: model.seq_len**model.seq_len // 4]
    floats = float_attention(model).logits(np.array(inputs))
    for k, tokens in enumerate(inputs):
        with mpmath.workdps(60):
            expected = [mp_fraction(value) for value in mp_logits(model, tokens)]
        with working_precision(200):
            (logits,) = ball_attention(model).logits(np.array([tokens]))
            balls = [Enclosure.from_arb(ball) for ball in logits]
        for i, value in enumerate(expected):
            assert (
                balls[i].lower - Fraction(1, 10**50)
                <= value
                <= balls[i].upper + Fraction(1, 10**50)
            )
            assert balls[i].width < Fraction(1, 10**45)
            middle, radius = Fraction(floats.mid[k, i]), Fraction(floats.rad[k, i])
            assert abs(value - middle) <= radius < Fraction(1, 10**7)


def mp_fraction(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def test_logits_closer_than_float64_sees_are_told_apart() -> None:
    """Row 1 of the unembedding is row 0 times 1 + 2^-200: logit 1 is larger where 0 is positive."""
    model = transformer(4, 3)
    near = tuple(w * (1 + Fraction(1, 2**200)) for w in model.unembed[0])
    low = tuple(-1000 * w for w in model.unembed[0])
    found = answers(replace(model, unembed=(model.unembed[0], near, low)))
    for tokens, winners in zip(all_inputs(3), found, strict=True):
        positive = mp_logits(model, tokens)[0] > 0
        assert winners == ({1} if positive else {2})
    twice = answers(replace(model, unembed=(model.unembed[0], near, model.unembed[0])))
    assert set(twice) == {frozenset({1}), frozenset({0, 2})}


# --- ties ---


def test_equal_rows_of_the_unembedding_tie() -> None:
    model = transformer(4, 4, seed=3)
    first, second, third, _ = model.unembed
    tied = replace(model, unembed=(first, second, third, second))
    task = longest_cycle(4)
    logits = torch_logits(tied)[:, :3]
    winners = [{0: {0}, 1: {1, 3}, 2: {2}}[int(k)] for k in logits.argmax(1)]
    assert answers(tied) == winners
    both = sum(len(w) == 2 for w in winners)
    assert 0 < both < 256
    pairs = list(zip(winners, (task.label(f) for f in all_inputs(4)), strict=True))
    expected = {
        "lowest": Fraction(sum(label == min(w) for w, label in pairs), 256),
        "incorrect": Fraction(sum({label} == w for w, label in pairs), 256),
        "uniform": sum((Fraction(label in w, len(w)) for w, label in pairs), Fraction(0)) / 256,
    }
    assert len(set(expected.values())) == 3
    for rule, value in expected.items():
        result = az.accuracy(tied, task, ties=rule)  # type: ignore[arg-type]
        assert (result.kind, result.enclosure.lower, result.enclosure.upper) == (
            "exact",
            value,
            value,
        )
        assert result.counts is not None
        assert result.counts.tied == both


ONE, ZERO = ((1, 0), (0, 1)), ((0, 0), (0, 0))
Plain = tuple[tuple[int, ...], ...]


def plain(unembed: Plain, *, query: Plain = ONE, value: Plain = ONE, n: int = 3) -> Transformer:
    """Two layers on the diagonal: every residual vector has two equal entries."""
    layer = AttentionLayer(query, ONE, value, ONE)  # type: ignore[arg-type]
    embed = [(k, k) for k in range(n)]
    return Transformer(embed, [(0, 0)] * n, (layer, layer), unembed)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", [{"query": ZERO}, {"value": ZERO}])
def test_ties_are_proved_where_attention_is_rational(option: dict[str, Plain]) -> None:
    """Weights 1/3, or layers that add nothing: logits 0 and 1 are the same rational."""
    model = plain(((1, 2), (2, 1), (-1, -1)), **option)
    for tokens, found in zip(all_inputs(3), answers(model), strict=True):
        nothing = tokens[-1] == 0 if "value" in option else not any(tokens)
        assert found == ({0, 1, 2} if nothing else {0, 1})
    assert az.accuracy(model, longest_cycle(3)).kind == "exact"


def test_a_tie_that_cannot_be_proved_stays_undecided() -> None:
    """Logits 0 and 1 are equal for reasons that the judge does not know; it must not guess."""
    model = plain(((1, 2), (2, 1), (-1, -1)))
    result = az.accuracy(model, longest_cycle(3), ties="uniform")
    constant = 3  # f(0) = f(1) = f(2): rational, so that these ties are proved; their label is 0
    right = sum(longest_cycles(functions(3, 0, 27)) < 2)
    assert result.kind == "certified"
    assert result.counts is not None
    assert result.counts.undecided == 27 - constant
    # f = 0 ties all three logits at 0, the other two constants tie logits 0 and 1.
    least = Fraction(1, 3) + 2 * Fraction(1, 2)
    assert result.enclosure.lower == least / 27
    assert result.enclosure.upper == (least + int(right) - constant) / 27
    assert result.undecided == result.enclosure.width


# --- changes that leave the function as it is, exactly ---


def permuted(matrix: Matrix, rows: Sequence[int] | None, columns: Sequence[int] | None) -> Matrix:
    chosen = matrix if rows is None else tuple(matrix[i] for i in rows)
    return chosen if columns is None else tuple(tuple(row[j] for j in columns) for row in chosen)


def scaled(matrix: Matrix, factor: Fraction) -> Matrix:
    return tuple(tuple(w * factor for w in row) for row in matrix)


SMALL = st.sampled_from([(4, 3, 2, 1), (4, 3, 2, 2), (4, 3, 1, 4)])


@settings(max_examples=20, deadline=None)
@given(SMALL, st.integers(0, 99), st.permutations(range(4)), st.integers(-3, 3), st.data())
def test_invariances(
    sizes: tuple[int, int, int, int],
    seed: int,
    order: list[int],
    power: int,
    data: st.DataObject,
) -> None:
    model = transformer(*sizes, seed=seed)
    each = model.hidden_size // model.heads
    heads = data.draw(st.permutations(range(model.heads)))
    within = [head * each + k for head in heads for k in range(each)]
    factor = Fraction(2) ** power
    added = model.unembed[0]
    same = Transformer(
        # The residual stream's entries in another order.
        permuted(model.embed, None, order),
        permuted(model.pos_embed, None, order),
        tuple(
            AttentionLayer(
                # Heads in another order; and what they tell, and how it is heard, rescaled.
                permuted(layer.query, within, order),
                permuted(layer.key, within, order),
                scaled(permuted(layer.value, within, order), factor),
                scaled(permuted(layer.output, order, within), 1 / factor),
            )
            for layer in model.layers
        ),
        # All logits scaled by a positive factor, and the same number added to them.
        tuple(
            tuple(5 * (w + a) for w, a in zip(row, column, strict=True))
            for row, column in (
                (row, [added[j] for j in order]) for row in permuted(model.unembed, None, order)
            )
        ),
        model.heads,
    )
    assert answers(same) == answers(model)
    # The check can fail: with the unembedding's rows moved on by one, every answer changes.
    moved = replace(model, unembed=(*model.unembed[1:], model.unembed[0]))
    assert all(a != b for a, b in zip(answers(moved), answers(model), strict=True))


# --- published figures, limits, errors ---


@needs_algzoo
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("name", "inputs"), [("longest_cycle_2_3", 27), ("longest_cycle_4_4", 256)]
)
def test_published_models_are_right_on_every_input(name: str, inputs: int, suffix: str) -> None:
    model = load(ALGZOO / f"{name}{suffix}")
    assert model.task is not None
    result = az.accuracy(model, model.task, by_label=True)  # published: 100%
    assert (result.kind, result.enclosure.lower, result.enclosure.upper) == ("exact", 1, 1)
    assert result.counts is not None
    assert (result.counts.inputs, result.counts.undecided) == (inputs, 0)
    # The confusion is diagonal, and by label adds up to all.
    confusion = np.array(result.counts.confusion)
    assert confusion.sum() == np.trace(confusion) == inputs
    assert result.by_label is not None
    assert [part.lower * inputs for part in result.by_label.values()] == np.diag(confusion).tolist()


def test_limits_give_nested_enclosures() -> None:
    model, task = transformer(4, 4, seed=1), longest_cycle(4)
    exact = az.accuracy(model, task).enclosure.lower
    previous = None
    for tried in (0, 1, 100, 255, 256):
        result = az.accuracy(model, task, max_cells=tried, by_label=True)
        assert result.enclosure.contains(exact)
        assert result.enclosure.width == result.undecided == Fraction(256 - tried, 256)
        assert result.kind == ("exact" if tried == 256 else "certified")
        assert previous is None or previous.contains(result.enclosure)
        previous = result.enclosure
    stopped = az.accuracy(model, task, time_limit=0)
    assert (stopped.kind, stopped.undecided) == ("certified", 1)


def test_progress_is_told() -> None:
    heard: list[float] = []
    az.accuracy(transformer(2, 5), longest_cycle(5), progress=lambda done, _: heard.append(done))
    assert heard == pytest.approx([done / 3125 for done in (1024, 2048, 3072, 3125)])  # 5^5 inputs
    steps = list(az.accuracy_bounds(transformer(2, 6), longest_cycle(6)))
    assert len(steps) == 46  # 6^6 inputs
    assert [step.kind for step in steps] == ["certified"] * 45 + ["exact"]


def test_what_cannot_be_scored() -> None:
    model = transformer(2, 3)
    scalar = replace(model, unembed=model.unembed[:1])
    rnn = load("handcrafted:2nd_argmax_3").program
    cases = [
        (model, az.tasks.argmax(3), {}, "argmax is a task for RNNs"),
        (model, longest_cycle(4), {}, "needs a transformer with as many positions"),
        (scalar, longest_cycle(3), {}, "single output"),
        (model, longest_cycle(3), {"method": "numeric"}, "choose from auto, exact, bounds"),
        (model, longest_cycle(3), {"ties": "highest"}, "Unknown tie rule"),
        (transformer(2, 10), longest_cycle(10), {"method": "exact"}, "There are 10^10 inputs"),
        (rnn, longest_cycle(3), {}, "this program is none"),
    ]
    for network, task, options, expected in cases:
        with pytest.raises(InputError) as caught:
            az.accuracy(network, task, **options)  # type: ignore[arg-type]
        assert expected in str(caught.value)


def test_what_needs_a_program() -> None:
    model, task = transformer(2, 3), longest_cycle(3)
    for use in (
        lambda: next(iter(az.cells(model, task))),  # type: ignore[arg-type]
        lambda: next(az.accuracies([model], task)),  # type: ignore[list-item]
        lambda: az.region_graph(model, task),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError, match="a Transformer"):
            use()


# --- sampling ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ties", ["lowest", "uniform"])
def test_a_sample_agrees(dtype: str, ties: az.tasks.TieRule) -> None:
    model, task = transformer(8, 4, 2, 4), longest_cycle(4)
    exact = az.accuracy(model, task, ties=ties).value
    estimate = az.sample(model, task, 100_000, dtype=dtype, ties=ties)
    assert 0.1 < exact < 0.9
    # 5 standard errors: a false alarm in 1.7 million; the seed is fixed.
    assert abs(estimate.z_score(exact)) < 5
