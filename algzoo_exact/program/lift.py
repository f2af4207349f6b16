"""From stored weights to the exact network: no rounding anywhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.errors import InputError, demand
from algzoo_exact.program.ir import HasProgram as HasProgram
from algzoo_exact.program.ir import Matrix, Program, mlp, program_of, rnn
from algzoo_exact.program.readers import as_model
from algzoo_exact.program.task import Task
from algzoo_exact.program.transformer import AttentionLayer, Transformer, check_heads

INPUT_KEY, RECURRENT_KEY, READOUT_KEY = "rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight"
KEYS = (INPUT_KEY, RECURRENT_KEY, READOUT_KEY)
"""AlgZoo's names for W_hi (d, 1), W_hh (d, d) and W_oh (n or 1, d)."""

EMBED_KEY, POSITION_KEY, UNEMBED_KEY = "embed.weight", "pos_embed.weight", "unembed.weight"
IN_KEY, OUT_KEY = "attns.{}.in_proj_weight", "attns.{}.out_proj.weight"
"""AlgZoo's names for a layer's W_q, W_k, W_v, stacked (3 H, H), and W_o (H, H)."""

MLP_KEY = "{}.weight"
"""torch's names for the matrices of ``Sequential(Linear, ReLU, Linear, ..)``: 0, 2, 4, .."""

_FLOATS = (np.float16, np.float32, np.float64)
_LAYER = re.compile(r"attns\.(\d+)\.", re.ASCII)
_NUMBERED = re.compile(r"\d+\.(weight|bias)", re.ASCII)

Arrays = Mapping[str, NDArray[Any]]
Shapes = Mapping[str, tuple[int, ...]]


@runtime_checkable
class HasNetwork(Protocol):
    """Anything that carries an RNN or a transformer, such as a loaded model."""

    @property
    def network(self) -> Program | Transformer: ...


def lift(model: Program | HasProgram | Arrays, *, seq_len: int | None = None) -> Program:
    """The exact program of a network without biases, or of its weight arrays.

    An RNN's mapping holds ``rnn.weight_ih_l0`` (d, 1), ``rnn.weight_hh_l0`` (d, d) and
    ``linear.weight`` (n or 1, d). The sequence length is the number of logits; an RNN with a single
    output needs ``seq_len``. The mapping of a ``torch.nn.Sequential`` of Linear and ReLU in turn
    holds ``0.weight``, ``2.weight``, .. Entries are float16, float32 or float64, and become the
    rationals that they are.

    Raises InputError, naming the tensor, for other keys, shapes or types and for NaN or infinity.
    """
    model = cast("Program | HasProgram | Arrays", as_model(model))
    if isinstance(model, Mapping):
        return _lift_arrays(model, seq_len)
    if not isinstance(model, Program | HasProgram):
        raise InputError(
            f"Cannot lift a {type(model).__name__}; give a Program, a model from load(), "
            "or a mapping of numpy arrays."
        )
    program = program_of(model)
    if seq_len not in (None, program.seq_len):
        raise InputError(f"The program has {program.seq_len} inputs, not {seq_len} as asked.")
    return program


def _lift_arrays(arrays: Arrays, seq_len: int | None) -> Program:
    shapes = {key: np.shape(array) for key, array in arrays.items()}
    if is_transformer(shapes):
        raise InputError("These are the weights of a transformer; use lift_transformer().")
    check_layout(shapes)
    for key, array in arrays.items():
        _check_entries(key, array)
    if is_mlp(shapes):
        program = mlp([array.tolist() for _, array in sorted(arrays.items(), key=_position)])
        return lift(program, seq_len=seq_len)
    outputs = len(arrays[READOUT_KEY])
    if outputs == 1 and seq_len is None:
        raise InputError(
            "This RNN has a single output (AlgZoo's median family), so that its weights do not "
            "tell the number of inputs; give it as seq_len (--seq-len on the command line)."
        )
    if outputs > 1 and seq_len not in (None, outputs):
        raise InputError(
            f"The model has {outputs} logits, thus {outputs} inputs, not {seq_len} as asked."
        )
    return rnn(
        tuple(arrays[INPUT_KEY][:, 0].tolist()),
        tuple(map(tuple, arrays[RECURRENT_KEY].tolist())),
        tuple(map(tuple, arrays[READOUT_KEY].tolist())),
        seq_len=outputs if seq_len is None else seq_len,
    )


def lift_transformer(arrays: Arrays, *, heads: int = 1) -> Transformer:
    """The exact transformer of AlgZoo's weight arrays.

    The mapping holds ``embed.weight`` (tokens, H), ``pos_embed.weight`` (n, H), ``unembed.weight``
    (outputs, H), and for layers i = 0, 1, .. ``attns.{i}.in_proj_weight`` (3 H, H), which is W_q,
    W_k and W_v stacked, and ``attns.{i}.out_proj.weight`` (H, H), in float16, float32 or float64.
    The number of ``heads`` cannot be told from the weights.

    Raises InputError, naming the tensor, for other keys, shapes or types and for NaN or infinity.
    """
    demand(arrays, Mapping, "lift_transformer takes a mapping of numpy arrays")
    shapes = {key: np.shape(array) for key, array in arrays.items()}
    _check_transformer(shapes)
    check_heads(heads, shapes[EMBED_KEY][1])
    for key, array in arrays.items():
        _check_entries(key, array)
    rows = {key: tuple(map(tuple, array.tolist())) for key, array in arrays.items()}
    size = shapes[EMBED_KEY][1]
    layers = []
    for i in range(_depth(shapes)):
        stacked, output = rows[IN_KEY.format(i)], rows[OUT_KEY.format(i)]
        blocks = (stacked[:size], stacked[size : 2 * size], stacked[2 * size :])
        layers.append(AttentionLayer(*blocks, output))
    return Transformer(rows[EMBED_KEY], rows[POSITION_KEY], tuple(layers), rows[UNEMBED_KEY], heads)


def named_weights(network: Program | Transformer) -> dict[str, Matrix]:
    """The weights under AlgZoo's or torch's names, as ``lift`` and ``lift_transformer`` take them.

    Those of a program that is neither an RNN nor a perceptron have names of our own.
    """
    if isinstance(network, Program) and not network.is_rnn:
        layers = network.layers
        if network.is_mlp:
            matrices = (layers[0].input, *(layer.state for layer in layers[1:]), network.readout)
            return {MLP_KEY.format(2 * i): rows for i, rows in enumerate(matrices)}
        named = {f"layers.{t}.input": layer.input for t, layer in enumerate(layers)}
        named |= {f"layers.{t}.state": layer.state for t, layer in enumerate(layers) if t}
        return named | {"readout": network.readout}
    if isinstance(network, Program):
        return {
            INPUT_KEY: tuple((w,) for w in network.input_weights),
            RECURRENT_KEY: network.recurrent,
            READOUT_KEY: network.readout,
        }
    named = {EMBED_KEY: network.embed, POSITION_KEY: network.pos_embed}
    for i, layer in enumerate(network.layers):
        named[IN_KEY.format(i)] = (*layer.query, *layer.key, *layer.value)
        named[OUT_KEY.format(i)] = layer.output
    return named | {UNEMBED_KEY: network.unembed}


def network_of(model: Program | Transformer | HasNetwork | HasProgram) -> Program | Transformer:
    """The network that a model carries, or the model where it is one."""
    if isinstance(model, Program | Transformer):
        return model
    model = cast("HasNetwork | HasProgram", as_model(model))
    return model.network if isinstance(model, HasNetwork) else lift(model)


def task_of(model: object, task: Task | None) -> Task:
    """The task that is given, else that of a loaded model; InputError if neither states one."""
    if task is not None:
        demand(task, Task, "What is asked of a model is a task, such as tasks.second_argmax(4)")
        return task
    found = getattr(as_model(model), "task", None)
    if not isinstance(found, Task):
        raise InputError(
            f"What the {type(model).__name__} should answer is stated nowhere; give a task, such "
            "as tasks.second_argmax(4)."
        )
    return found


def is_transformer(keys: Collection[str]) -> bool:
    """Whether names of tensors are those of a transformer, right or wrong in detail."""
    prefixes = ("embed.", "pos_embed.", "attns.", "unembed.")
    return any(str(key).startswith(prefixes) for key in keys)


def is_mlp(keys: Collection[str]) -> bool:
    """Whether names of tensors are those of a ``torch.nn.Sequential``."""
    return bool(keys) and all(_NUMBERED.fullmatch(str(key)) for key in keys)


def _position(item: tuple[str, object]) -> int:
    return int(item[0].partition(".")[0])


def check_layout(shapes: Shapes) -> None:
    """InputError unless the tensors' names and shapes are those of a network that we know."""
    if is_transformer(shapes):
        _check_transformer(shapes)
        return
    if biases := [key for key, shape in shapes.items() if _is_bias(key, shape)]:
        raise InputError(
            f"Models with biases ({biases[0]!r}) are not supported, because their activation "
            "regions are not cones; train with bias=False."
        )
    if is_mlp(shapes):
        _check_mlp(shapes)
        return
    _check_keys(shapes, KEYS)
    d, outputs = shapes[INPUT_KEY][0], shapes[READOUT_KEY][0]
    expected = {INPUT_KEY: (d, 1), RECURRENT_KEY: (d, d), READOUT_KEY: (outputs, d)}
    _check_shapes(shapes, expected, f"{d} hidden neurons (the rows of {INPUT_KEY})")


def _is_bias(key: str, shape: tuple[int, ...]) -> bool:
    """By its name, or as a vector beside the matrices."""
    return "bias" in str(key) or (len(shape) == 1 and key not in KEYS and not is_mlp([key]))


def _check_mlp(shapes: Shapes) -> None:
    names = [MLP_KEY.format(2 * i) for i in range(max(2, len(shapes)))]
    _check_keys(shapes, tuple(names))
    for one, other in pairwise(names):
        expected = (shapes[other][0], shapes[one][0])
        _check_shapes(shapes, {other: expected}, f"{shapes[one][0]} rows of {one}")


def _check_transformer(shapes: Shapes) -> None:
    if biases := [key for key in shapes if "bias" in str(key)]:
        raise InputError(
            f"Transformers with biases ({biases[0]!r}) are not supported, since AlgZoo's have "
            "none; train with bias=False."
        )
    depth = _depth(shapes)
    layers = [key.format(i) for i in range(max(1, depth)) for key in (IN_KEY, OUT_KEY)]
    _check_keys(shapes, (EMBED_KEY, POSITION_KEY, *layers, UNEMBED_KEY))
    size = shapes[EMBED_KEY][1]
    expected = {key: (shapes[key][0], size) for key in (EMBED_KEY, POSITION_KEY, UNEMBED_KEY)}
    for i in range(depth):
        expected |= {IN_KEY.format(i): (3 * size, size), OUT_KEY.format(i): (size, size)}
    _check_shapes(shapes, expected, f"{size} hidden entries (the columns of {EMBED_KEY})")


def _depth(shapes: Shapes) -> int:
    """How many layers the names speak of: they are numbered from 0 on."""
    return len({match[1] for key in shapes if (match := _LAYER.match(str(key)))})


def _check_keys(shapes: Shapes, expected: tuple[str, ...]) -> None:
    names = ", ".join(expected)
    if missing := [key for key in expected if key not in shapes]:
        found = ", ".join(repr(key) for key in [*shapes][:6]) or "nothing"
        cure = f" Say which it is: --rename {missing[0]}=NAME, in Python load(.., rename=..)."
        if expected == KEYS and len(shapes) > 1:
            cure += " Of a perceptron say --architecture mlp."
        cure = cure if shapes else ""
        raise InputError(f"There is no {missing[0]} (found: {found}); expected {names}.{cure}")
    if extra := [key for key in shapes if key not in expected]:
        raise InputError(f"Unexpected tensor {extra[0]!r}; expected only {names}.")
    for key in expected:
        if len(shapes[key]) != 2 or 0 in shapes[key]:
            raise InputError(f"{key} must be a nonempty matrix, but has shape {shapes[key]}.")


def _check_shapes(shapes: Shapes, expected: Shapes, reason: str) -> None:
    for key, shape in expected.items():
        if shapes[key] != shape:
            raise InputError(f"{key} has shape {shapes[key]}; with {reason} it must be {shape}.")


def _check_entries(key: str, array: NDArray[Any]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.type not in _FLOATS:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise InputError(f"{key} has type {kind}; expected float16, float32 or float64 entries.")
    finite = np.isfinite(array)
    if not finite.all():
        i, j = (int(k) for k in np.argwhere(~finite)[0])
        raise InputError(f"{key}[{i}, {j}] is {array[i, j]}; every weight must be a finite number.")
