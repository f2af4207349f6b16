"""Transformers and the other architectures: torch modules, lifting, loading."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from support.weight_files import ALGZOO, State, attention_state, message, needs_algzoo, write

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import Task
from algzoo_exact.program.transformer import AttentionLayer, Transformer
from algzoo_exact.zoo.architectures import (
    DistRNN,
    DistTransformer,
    ScalarRNN,
    new_module,
    to_module,
    to_state,
)
from algzoo_exact.zoo.loading import load


def rnn_state(d: int = 2, outputs: int = 1) -> State:
    shapes = {"rnn.weight_ih_l0": (d, 1), "rnn.weight_hh_l0": (d, d)}
    shapes["linear.weight"] = (outputs, d)
    return {key: torch.ones(*shape) for key, shape in shapes.items()}


# --- modules ---


def test_state_dicts_have_algzoos_keys_and_shapes() -> None:
    def shapes(module: torch.nn.Module) -> dict[str, tuple[int, ...]]:
        return {key: tuple(value.shape) for key, value in module.state_dict().items()}

    expected = {key: tuple(value.shape) for key, value in attention_state().items()}
    assert shapes(DistTransformer(4, 3)) == expected
    assert list(shapes(DistTransformer(4, 3))) == list(expected)  # in AlgZoo's order
    assert shapes(DistTransformer(4, 3, outputs=1)) == expected | {"unembed.weight": (1, 4)}
    one = {key: shape for key, shape in expected.items() if "attns.1" not in key}
    assert shapes(DistTransformer(4, 3, layers=1, heads=2)) == one
    expected = {key: tuple(value.shape) for key, value in rnn_state(4).items()}
    assert shapes(ScalarRNN(4)) == expected
    assert shapes(DistRNN(4, 3)) == expected | {"linear.weight": (3, 4)}


@needs_algzoo
@pytest.mark.parametrize(
    ("name", "size"), [("longest_cycle_2_3", (2, 3)), ("longest_cycle_4_4", (4, 4))]
)
def test_algzoos_transformers_fit_the_module(name: str, size: tuple[int, int]) -> None:
    module = DistTransformer(*size)
    stored = torch.load(ALGZOO / f"{name}.pth", map_location="cpu", weights_only=True)
    module.load_state_dict(stored)
    assert sorted(module.state_dict()) == sorted(stored)
    pickled, plain = load(ALGZOO / f"{name}.pth"), load(ALGZOO / f"{name}.safetensors")
    assert pickled.network == plain.network == load(module).network
    assert pickled.task == plain.task == Task("longest_cycle", size[1])
    assert load(module).task == plain.task  # no other is for transformers
    # Oracle: the count of torch's parameters.
    assert plain.network.parameters == sum(w.numel() for w in module.parameters())


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_transformers_go_there_and_back(layers: int, heads: int) -> None:
    for module in (
        DistTransformer(4, 3, layers=layers, heads=heads),
        DistTransformer(4, 3, layers=layers, heads=heads, tokens=5, outputs=1),
    ):
        lifted = load(module).transformer
        assert (lifted.depth, lifted.heads, lifted.seq_len) == (layers, heads, 3)
        again = to_module(lifted, torch.float32)
        assert type(again) is type(module)
        assert load(again).transformer == lifted
        x = torch.randint(3, (7, 3))
        assert torch.equal(again(x), module(x))
        assert again(x).shape == ((7,) if lifted.outputs == 1 else (7, 3))


def test_rnns_go_there_and_back() -> None:
    program = rnn(("1/2", -1), ((0, 1), (1, 0)), ((1, 2),), seq_len=5)  # type: ignore[arg-type]
    module = to_module(program)
    assert isinstance(module, ScalarRNN)
    assert load(module, seq_len=5).program == program
    x = torch.randn(4, 5, dtype=torch.float64)
    expected = [float(program.evaluate(row).logit[0]) for row in x.tolist()]
    assert module(x).shape == (4,)
    np.testing.assert_allclose(module(x).detach(), expected, atol=1e-12)


def test_new_modules_by_task() -> None:
    kinds = {"longest_cycle": DistTransformer, "median": ScalarRNN, "argmax": DistRNN}
    for task, kind in kinds.items():
        module = new_module(Task(task, 3), 4, layers=1, heads=2)
        assert type(module) is kind
        assert load(module, task=task, seq_len=3).task == Task(task, 3)


# --- lifting and loading ---


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_are_taken_exactly(tmp_path: Path, suffix: str, dtype: torch.dtype) -> None:
    weights = {key: value.to(dtype) for key, value in attention_state().items()}
    model = load(write(tmp_path / f"longest_cycle_4_3{suffix}", weights))

    def rows(values: torch.Tensor) -> tuple[tuple[Fraction, ...], ...]:
        # Oracle: torch's own conversion of each entry to a Python float.
        return tuple(tuple(map(Fraction, row)) for row in values.tolist())

    network = model.transformer
    assert network.embed == rows(weights["embed.weight"])
    assert network.pos_embed == rows(weights["pos_embed.weight"])
    assert network.unembed == rows(weights["unembed.weight"])
    for i, layer in enumerate(network.layers):
        parts = weights[f"attns.{i}.in_proj_weight"].split(4)
        assert (layer.query, layer.key, layer.value) == tuple(map(rows, parts))
        assert layer.output == rows(weights[f"attns.{i}.out_proj.weight"])
    assert (model.task, model.dtype) == (Task("longest_cycle", 3), str(dtype)[6:])
    assert all(torch.equal(w, weights[key]) for key, w in to_state(network, dtype).items())
    arrays = {key: value.double().numpy() for key, value in weights.items()}
    assert az.lift_transformer(arrays, heads=2).layers == network.layers


def test_where_the_number_of_heads_comes_from(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", attention_state(), heads="2")
    assert load(path).transformer.heads == 2
    assert load(path, heads=4).transformer.heads == 4
    assert load(write(tmp_path / "b.pth", attention_state())).transformer.heads == 1
    assert "3 heads cannot share 4 hidden entries" in message(path, heads=3)
    assert "0 heads" in message(path, heads=0)
    assert "heads 'two', not a whole" in message(
        write(tmp_path / "c.safetensors", attention_state(), heads="two")
    )
    assert "no attention heads" in message(DistRNN(2, 3), heads=1)
    assert "no attention heads" in message("handcrafted:2nd_argmax_2", heads=1)
    mixed = DistTransformer(4, 3)
    mixed.attns[1].num_heads = 2
    assert "[1, 2] heads" in message(mixed)


def test_where_the_length_of_a_scalar_rnn_comes_from(tmp_path: Path) -> None:
    named = write(tmp_path / "median_2_3.pth", rnn_state())
    assert (load(named).task, load(named).program.seq_len) == (Task("median", 3), 3)
    assert load(named, seq_len=7).program.seq_len == 7
    told = write(tmp_path / "a.safetensors", rnn_state(), task="median", seq_len="5")
    assert load(told).task == Task("median", 5)
    both = write(tmp_path / "median_2_4.safetensors", rnn_state(), task="median")
    assert load(both).task == Task("median", 4)
    bare = write(tmp_path / "b.pth", rnn_state())
    assert "give it as seq_len (--seq-len" in message(bare)
    assert load(bare, task="median", seq_len=3).task == Task("median", 3)
    assert load(bare, seq_len=3).task == Task("median", 3)  # no other has one output
    assert "hidden_size 4, but the weights say 2" in message(
        write(tmp_path / "median_4_3.pth", rnn_state())
    )


def test_tasks_of_another_family(tmp_path: Path) -> None:
    transformer = write(tmp_path / "a.pth", attention_state())
    assert load(transformer).task == Task("longest_cycle", 3)
    assert "argmax is a task for an RNN" in message(transformer, task="argmax")
    assert "3 positions, not 4 as asked" in message(transformer, seq_len=4)
    scalar = write(tmp_path / "b.pth", rnn_state())
    assert "longest_cycle is a task for a tr" in message(scalar, task="longest_cycle", seq_len=3)
    assert "argmax on 3 inputs needs 3 outputs" in message(scalar, task="argmax", seq_len=3)
    assert "median on 3 inputs needs 1 outputs" in message(DistRNN(2, 3), task="median")
    assert "seq_len 5, but the weights say 3" in message(
        write(tmp_path / "longest_cycle_4_5.pth", attention_state())
    )


def test_models_say_what_they_are() -> None:
    transformer, rnn = load(DistTransformer(2, 3)), load("handcrafted:2nd_argmax_2")
    for use in (lambda: transformer.program, lambda: az.lift(transformer)):
        with pytest.raises(InputError, match="no piecewise linear program"):
            use()
    with pytest.raises(InputError, match="is no transformer"):
        _ = rnn.transformer
    with pytest.raises(InputError, match="use lift_transformer"):
        az.lift({key: value.numpy() for key, value in attention_state().items()})
    with pytest.raises(InputError, match="2 inputs, not 3"):
        az.lift(rnn, seq_len=3)


def changed(**changes: torch.Tensor | None) -> State:
    result = attention_state()
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del result[key]
        else:
            result[key] = value
    return result


NAN = float("nan")

BAD_STATES = {
    "no positions": (changed(pos_embed__weight=None), "no pos_embed.weight"),
    "half a layer": (changed(attns__1__out_proj__weight=None), "no attns.1.out_proj.weight"),
    "a gap": (changed(attns__3__in_proj_weight=torch.ones(12, 4)), "no attns.2.in_proj_weight"),
    "no layers": (attention_state(layers=0), "no attns.0.in_proj_weight"),
    "norm": (changed(norm__weight=torch.ones(4)), "Unexpected tensor 'norm.weight'"),
    "bias": (changed(attns__0__in_proj_bias=torch.ones(12)), "('attns.0.in_proj_bias')"),
    "width": (changed(unembed__weight=torch.ones(3, 5)), "unembed.weight has shape (3, 5); with 4"),
    "not stacked": (
        changed(attns__0__in_proj_weight=torch.ones(4, 4)),
        "(4, 4); with 4 hidden entries (the columns of embed.weight) it must be (12, 4)",
    ),
    "vector": (changed(embed__weight=torch.ones(4)), "embed.weight must be a nonempty matrix"),
    "nan": (changed(embed__weight=torch.full((3, 4), NAN)), "embed.weight[0, 0] is nan"),
    "mixed": (changed(linear__weight=torch.ones(3, 4)), "Unexpected tensor 'linear.weight'"),
}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("case", BAD_STATES)
def test_states_that_are_no_transformer(tmp_path: Path, suffix: str, case: str) -> None:
    content, expected = BAD_STATES[case]
    path = write(tmp_path / f"a{suffix}", content)
    text = message(path)
    assert expected in text
    assert str(path) in text


def test_modules_that_compute_something_else() -> None:
    module = DistTransformer(4, 3)
    module.attns[0] = torch.nn.MultiheadAttention(4, 1, bias=False, add_zero_attn=True)
    assert "add_zero_attn=False" in message(module)
    module.attns[0] = torch.nn.MultiheadAttention(4, 1, bias=True)
    torch.nn.init.ones_(module.attns[0].in_proj_bias)
    assert "biases" in message(module)


# --- the type ---


def test_shapes_are_checked() -> None:
    square = ((1, 0), (0, 1))
    layer = AttentionLayer(square, square, square, square)  # type: ignore[arg-type]
    rows = ((1, 2), (3, 4), (5, 6))
    good = Transformer(rows, rows[:2], (layer,), rows, 2)  # type: ignore[arg-type]
    sizes = (good.hidden_size, good.seq_len, good.tokens, good.outputs, good.depth)
    assert sizes == (2, 2, 3, 3, 1)
    assert good.parameters == 6 + 4 + 16 + 6
    wide = ((1, 2, 3),) * 3
    large = AttentionLayer(wide, wide, wide, wide)  # type: ignore[arg-type]
    cases = [
        (lambda: Transformer((), rows, (layer,), rows), "embed has shape (0, 0)"),  # type: ignore[arg-type]
        (lambda: Transformer(rows, wide, (layer,), rows), "pos_embed has shape (3, 3)"),  # type: ignore[arg-type]
        (lambda: Transformer(rows, rows, (layer,), ((1, 2), (3,))), "unembed has shape (2, 1)"),  # type: ignore[arg-type]
        (lambda: Transformer(rows, rows, (), rows), "at least one attention layer"),  # type: ignore[arg-type]
        (lambda: Transformer(rows, rows, (layer, large), rows), "Layer 1 has 3 hidden"),  # type: ignore[arg-type]
        (lambda: Transformer(rows, rows, (layer,), rows, 3), "3 heads cannot share"),  # type: ignore[arg-type]
        (lambda: Transformer(((NAN, 1),), rows, (layer,), rows), "embed has an entry"),  # type: ignore[arg-type]
        (lambda: AttentionLayer(square, wide, square, square), "key has shape (3, 3)"),  # type: ignore[arg-type]
        (lambda: AttentionLayer((), (), (), ()), "query has shape (0, 0)"),
    ]
    for build, expected in cases:
        with pytest.raises(InputError) as caught:
            build()
        assert expected in str(caught.value)
