"""Load a model from a file, a shipped or handcrafted name, or a torch module."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.names import printable
from algzoo_exact.program.fingerprint import weights_sha256
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import (
    READOUT_KEY,
    is_mlp,
    is_transformer,
    lift,
    lift_transformer,
)
from algzoo_exact.program.problems.order import SECOND_ARGMAX
from algzoo_exact.program.task import PROBLEMS, Task, tasks_for
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.zoo.algzoo import FAMILIES
from algzoo_exact.zoo.fetching import Remote, fetch, find_remote
from algzoo_exact.zoo.handcrafted import SIZES, handcrafted_second_argmax
from algzoo_exact.zoo.modules import check_computes, check_module, module_heads, unwrapped
from algzoo_exact.zoo.naming import with_our_names
from algzoo_exact.zoo.reading import (
    dtype_name,
    file_like,
    parsed,
    raw_tensors,
    read_file,
    to_arrays,
)
from algzoo_exact.zoo.storage import RawTensor, to_safetensors

if TYPE_CHECKING:
    import torch

HANDCRAFTED = tuple(f"handcrafted:2nd_argmax_{n}" for n in SIZES)
SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".pth.tar", ".npz")
_KINDS = ".safetensors, .pth, .pt or .npz"
_JOIN = "join the dictionaries of all parts in one, and save that"
# What is known of files that are not read, by their ends.
_CURES = {
    ".index.json": f"lists the parts of a model; {_JOIN}",
    ".gz": "is compressed; unpack it first",
    ".onnx": "is a graph of ONNX; save the weights of the module that it was made of, with "
    "torch.save(module.state_dict(), path)",
    ".pkl": "is a pickle, which could run anything; save its arrays with numpy.savez(path, "
    "**arrays)",
}
_PART = re.compile(r"-\d+-of-(\d+)\.")
_MLP = "mlp"
_LONGEST_NAME = 200  # characters of a name in messages

# {task} or {task}_{d}_{n}, alone or between other words; 2nd_argmax is no argmax.
_NAME = r"(?:^|(?<!2nd)_)({})(?:_(\d+)_(\d+))?(?![^_])"
_BETWEEN_WORDS = re.compile(r"[-. ]")


@dataclass(frozen=True)
class Model(Shown):
    """A model as it was stored. What cannot be printed of its ``name`` is escaped.

    ``network`` is exact: the program of an RNN or a perceptron, or a transformer. ``task`` is None
    where neither the caller, the file's metadata nor its name tells it. ``sha256`` is of the file's
    bytes; for a torch module, of the safetensors file that holds just its weights; for a
    handcrafted model, of its weights written as fractions. ``dtype`` is the stored type:
    ``float32``, ..., or ``rational`` for handcrafted models. ``heads_assumed``: nobody states a
    transformer's number of attention heads, and 1 is taken. ``taken`` tells which tensors have
    names of their own, and were taken by those or by their shapes: our name and theirs.
    """

    name: str
    sha256: str
    network: Program | Transformer
    task: Task | None
    metadata: dict[str, str]
    dtype: str
    heads_assumed: bool = False
    taken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))

    def __repr__(self) -> str:
        task = "no task" if self.task is None else self.task.name
        inside = repr(self.network).strip("<>")
        return f"<{self.name} (sha256 {self.sha256[:12]}): {task}, {inside}, {self.dtype}>"

    @cached_property
    def weights_sha256(self) -> str:
        """Of the weights, the same in every file that holds them (``program.fingerprint``)."""
        return weights_sha256(self.network)

    @property
    def program(self) -> Program:
        """The program; InputError for a transformer."""
        if isinstance(self.network, Transformer):
            raise InputError(
                f"{self.name} is a transformer, which has no piecewise linear program; "
                "accuracy() scores it by trying all of its inputs."
            )
        return self.network

    @property
    def transformer(self) -> Transformer:
        """The transformer; InputError for another network."""
        if isinstance(self.network, Program):
            raise InputError(f"{self.name} is no transformer; use its program.")
        return self.network


@dataclass(frozen=True)
class _Stated:
    """What the metadata or the name (``where``) say about a model."""

    where: str
    task: str | None = None
    hidden_size: str | None = None
    seq_len: str | None = None
    heads: str | None = None
    architecture: str | None = None


@dataclass(frozen=True)
class _Said:
    """What the caller says about a model, and what is ``stated``, the most reliable first."""

    task: str | None
    seq_len: int | None
    heads: int | None
    architecture: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    stated: tuple[_Stated, ...] = ()

    def number(self, key: Literal["seq_len", "heads"]) -> int | None:
        """What the caller says, or else is stated."""
        asked: int | None = getattr(self, key)
        if asked is not None:
            return asked
        for claim in self.stated:
            text: str | None = getattr(claim, key)
            if text is not None:
                if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
                    raise InputError(
                        f"The {claim.where} says {key} {text[:20]!r}, not a whole number."
                    )
                return int(text)
        return None

    @property
    def perceptron(self) -> bool:
        """Whether the matrices are said to be a perceptron's."""
        said = (self.architecture, *(claim.architecture for claim in self.stated))
        found = next((text for text in said if text is not None), None)
        if found not in (None, _MLP):
            raise InputError(f"The architecture is {found[:20]!r}, and only 'mlp' is known.")
        return found is not None

    def check_no_heads(self) -> None:
        if self.heads is not None:
            raise InputError("This is no transformer and has no attention heads; leave heads out.")


@shows_progress("loading")
def load(
    model: str | os.PathLike[str] | torch.nn.Module | Mapping[str, torch.Tensor],
    *,
    task: str | None = None,
    seq_len: int | None = None,
    heads: int | None = None,
    architecture: str | None = None,
    rename: Mapping[str, str] | None = None,
    seed: int | None = None,
    n_seqs: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Model:
    """Load a model, exactly as stored.

    ``model`` is a ``.safetensors``, ``.pth``, ``.pt`` or ``.npz`` file of weights, a
    ``torch.nn.Module``, its state dict, the name of a shipped model (``list_models()``), or
    ``handcrafted:2nd_argmax_2``, ``_3`` or ``_10``. A checkpoint that holds the state dict does too
    (also ``.ckpt``, ``.bin`` and ``.pth.tar``). Downloaded once, and then kept in a cache: AlgZoo's
    own models, by names such as ``algzoo:2nd_argmax_16_10`` (``catalogue()`` lists them), and files
    at ``https://..`` addresses.

    An RNN is h = relu(W_hi x + W_hh h), then W_oh h: its matrices are ``rnn.weight_ih_l0`` (d, 1),
    ``rnn.weight_hh_l0`` (d, d) and ``linear.weight`` (n or 1, d). A prefix that all names share is
    left out, and so are biases that are all 0. Under other names they are known by those of
    ``nn.RNN`` and by their shapes, where one assignment alone fits (``Model.taken`` tells which);
    ``rename`` says it otherwise: our name and the file's, such as ``{"linear.weight": "head.w"}``,
    where ``.T`` after the file's name transposes.

    A perceptron is a ``torch.nn.Sequential`` of ``Linear(bias=False)`` and ``ReLU`` in turn: the
    module, or matrices of which ``architecture``, or the metadata of that name, says ``mlp``,
    because names do not tell what stands between them. They are in the order of the numbers in
    their names (``0.weight``, ``2.weight``, ..; ``fc1``, ``fc2``, ..), else in the only one that
    fits.

    ``seed`` and ``n_seqs`` choose among AlgZoo's files for a size; by default the best seed after
    2^30 sequences. ``progress(fraction, text)`` hears of a download.

    What the weights do not tell comes from the caller, else from the file's metadata or the
    checkpoint's hyper-parameters, else from its name: the ``task`` (unless the network is of a kind
    that only one is for); the number of inputs ``seq_len`` of an RNN with a single output (for
    others it must be what the weights say); and the number of ``heads`` of a transformer, by
    default 1 as in AlgZoo.

    Raises InputError, in one sentence, for anything that cannot be used.
    """
    said = _Said(task, seq_len, heads, architecture, rename or {})
    name = os.fspath(model) if isinstance(model, str | os.PathLike) else type(model).__name__
    if remote := find_remote(name, seed, n_seqs):
        return _load_remote(remote, said, progress)
    if isinstance(model, Mapping):
        return _load_tensors(raw_tensors(model), "state dict", said)
    if not isinstance(model, str | os.PathLike):
        return _load_module(model, said)
    if name.startswith("handcrafted:"):
        return _load_handcrafted(name, said)
    return _load_file(_find(name), said)


def list_models() -> tuple[str, ...]:
    """Names of the models that come with the package."""
    return tuple(sorted(path.stem for path in shipped_folder().glob("*.safetensors")))


def shipped_folder() -> Path:
    """``models`` is a package of its own in a wheel, and beside the package in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def _find(name: str) -> Path:
    if not name.strip():
        raise InputError("The name of the model is empty; give a file or the name of a model.")
    path, short = Path(name), name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}.."
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise InputError(f"Cannot read {short!r}: {error.strerror}.") from error
    if name in list_models() and not exists:
        return shipped_folder() / f"{name}.safetensors"
    if is_folder:
        raise InputError(f"{path} is a folder; give a {_KINDS} file in it.")
    if exists and not path.is_file():
        raise InputError(f"{path} is a pipe or a device; give a {_KINDS} file.")
    if exists and not suffix_of(name):
        cure = next((said for end, said in _CURES.items() if name.endswith(end)), "")
        raise InputError(
            f"{path} {cure}."
            if cure
            else f"{path} is not a {_KINDS} file, nor a checkpoint named .ckpt, .bin or .pth.tar; "
            "rename it if it is one, else save its matrices with numpy.savez(path, **{'name': "
            "matrix, ..})."
        )
    if not exists and suffix_of(name):
        raise InputError(f"There is no file {short!r}{file_like(path, SUFFIXES)}.")
    if not exists:
        like = did_you_mean(name, _names()) or file_like(path, SUFFIXES)
        known = "" if like else f"; shipped models: {', '.join(_names())}"
        raise InputError(
            f"There is no file or shipped model {short!r}{like}{known}; "
            "AlgZoo's own have names such as algzoo:2nd_argmax_16_10."
        )
    return path


def suffix_of(name: str) -> str:
    """The suffix by which a file's name says that it holds weights, or nothing."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def _names() -> tuple[str, ...]:
    return (*list_models(), *HANDCRAFTED)


def _load_file(path: Path, said: _Said) -> Model:
    if (part := _PART.search(path.name)) and int(part[1]) > 1:
        raise InputError(f"{path} is one of {int(part[1])} parts of a model; {_JOIN}.")
    content, suffix = read_file(path), suffix_of(path.name)
    try:
        return _from_bytes(content, path.name.removesuffix(suffix), suffix, said)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _from_bytes(content: bytes, stem: str, suffix: str, said: _Said) -> Model:
    tensors, metadata = parsed(content, suffix)
    model = _load_tensors(tensors, stem, replace(said, stated=_stated(metadata, stem)))
    return replace(model, sha256=hashlib.sha256(content).hexdigest(), metadata=metadata)


def _load_remote(
    remote: Remote, said: _Said, progress: Callable[[float, str], None] | None
) -> Model:
    stem, suffix = os.path.splitext(remote.file_name)
    if suffix not in SUFFIXES:
        raise InputError(f"The address {remote.url} must end in {_KINDS}.")
    content = fetch(remote, lambda found: _check_remote(found, suffix, remote), progress)
    if remote.size is not None:  # all that the name of the file could say
        task, _, n = remote.size
        seq_len = n if said.seq_len is None else said.seq_len
        discrete = PROBLEMS[task].is_discrete
        heads = 1 if said.heads is None and discrete else said.heads
        stem, said = "", _Said(said.task or task, seq_len, heads)  # AlgZoo's have one head
    try:
        model = _from_bytes(content, stem, suffix, said)
    except InputError as error:
        raise InputError(f"{remote.name}: {error}") from error
    return replace(model, name=remote.name, metadata=model.metadata | remote.metadata)


def _check_remote(content: bytes, suffix: str, remote: Remote) -> None:
    """InputError for content that is no model, or of another size than its name says."""
    tensors, _ = parsed(content, suffix)
    if remote.size is None:
        # What the weights do not tell is for the caller to say, and no fault of the file.
        return
    arrays = to_arrays(tensors)
    task, d, n = remote.size
    network = _network(arrays, _Said(task, n, None))
    parameters = FAMILIES[task].parameters(d, n)
    if (network.hidden_size, network.parameters) != (d, parameters):
        raise InputError(
            f"It should have hidden size {d} and {parameters} parameters, "
            f"not {network.hidden_size} and {network.parameters}."
        )


def _load_module(module: torch.nn.Module, said: _Said) -> Model:
    import torch

    if not isinstance(module, torch.nn.Module):
        raise InputError(
            f"Cannot load a {type(module).__name__}; give a file, a model's name, a torch module "
            "or its state dict."
        )
    module = unwrapped(module)
    check_module(module, ordered=said.architecture == _MLP)
    mlp = _MLP if isinstance(module, torch.nn.Sequential) else None
    stated = (_Stated("module", heads=module_heads(module), architecture=mlp),)
    name = type(module).__name__
    model = _load_tensors(raw_tensors(module.state_dict()), name, replace(said, stated=stated))
    if not (said.rename or said.architecture):  # else the caller knows
        check_computes(module, model.network)
    return model


def _load_tensors(tensors: Mapping[str, RawTensor], name: str, said: _Said) -> Model:
    named, taken = with_our_names(tensors, said.rename, perceptron=said.perceptron)
    network = _network(to_arrays(named), said)
    digest = hashlib.sha256(to_safetensors(named, {})).hexdigest()
    assumed = isinstance(network, Transformer) and said.number("heads") is None
    task = _task(network, said)
    return Model(name, digest, network, task, {}, dtype_name(named), assumed, taken)


def _load_handcrafted(name: str, said: _Said) -> Model:
    if name not in HANDCRAFTED:
        raise InputError(
            f"There is no {name}{did_you_mean(name, HANDCRAFTED)}; handcrafted models: "
            f"{', '.join(HANDCRAFTED)}."
        )
    said.check_no_heads()
    short = name.removeprefix("handcrafted:")
    program = handcrafted_second_argmax(int(short.rpartition("_")[2]))
    if said.seq_len not in (None, program.seq_len):
        raise InputError(f"{name} has {program.seq_len} inputs, not {said.seq_len} as asked.")
    chosen = _task(program, replace(said, stated=(_Stated("name", SECOND_ARGMAX.name),)))
    return Model(name, weights_sha256(program), program, chosen, {}, "rational")


def _stated(metadata: Mapping[str, str], stem: str) -> tuple[_Stated, ...]:
    """What a file's metadata and its name say."""
    keys = ("task", "hidden_size", "seq_len", "heads", "architecture")
    claims = [_Stated("metadata", **{key: metadata.get(key) for key in keys})]
    words = _BETWEEN_WORDS.sub("_", stem)
    found = re.findall(_NAME.format("|".join(PROBLEMS)), words, re.ASCII)
    found = [match for match in found if match[1]] or found  # one with a size is the model's
    if len({match[0] for match in found}) == 1:
        claims.append(_Stated("name", *(text or None for text in found[-1])))
    return tuple(claims)


def _network(arrays: Mapping[str, NDArray[Any]], said: _Said) -> Program | Transformer:
    if is_transformer(arrays):
        heads = said.number("heads")
        network = lift_transformer(arrays, heads=1 if heads is None else heads)
        if said.seq_len not in (None, network.seq_len):
            raise InputError(
                f"The transformer has {network.seq_len} positions, not {said.seq_len} as asked."
            )
        return network
    said.check_no_heads()
    if is_mlp(arrays):
        if not said.perceptron:
            raise InputError(
                "These are the matrices of a torch.nn.Sequential, and names do not tell what "
                "stands between them; if it is ReLU, say so with --architecture mlp "
                "(architecture='mlp' in Python, or as metadata), or load the module."
            )
        return lift(arrays, seq_len=said.seq_len)
    single = len(arrays[READOUT_KEY]) == 1
    return lift(arrays, seq_len=said.number("seq_len") if single else said.seq_len)


def _task(network: Program | Transformer, said: _Said) -> Task | None:
    """The task, from the first of: the caller, the metadata, the name."""
    n = network.seq_len
    if said.task is not None:
        return _fitting(network, Task(said.task, n))
    claim = next((claim for claim in said.stated if claim.task is not None), None)
    if claim is None or claim.task is None:
        possible = tasks_for(network)
        with suppress(InputError):  # one that this n does not suit
            return _fitting(network, Task(possible[0], n)) if len(possible) == 1 else None
        return None
    sizes = {"seq_len": n, "hidden_size": network.hidden_size}
    if isinstance(network, Program) and not network.is_rnn:
        del sizes["hidden_size"]  # layers differ
    elif network.outputs == 1 and said.seq_len is not None:
        del sizes["seq_len"]  # the weights do not tell, and the caller comes first
    for key, actual in sizes.items():
        value = getattr(claim, key)
        if value not in (None, str(actual)):
            raise InputError(
                f"The {claim.where} says {key} {value}, but the weights say {actual}; "
                "rename the file, or state the task yourself."
            )
    return _fitting(network, Task(claim.task, n))


def _fitting(network: Program | Transformer, task: Task) -> Task:
    """The task; InputError if it is one for another kind of network."""
    transformer = isinstance(network, Transformer)
    if transformer != task.is_discrete:
        kinds = ("an RNN", "a transformer") if transformer else ("a transformer", "none")
        raise InputError(f"{task.name} is a task for {kinds[0]}, and this is {kinds[1]}.")
    if not transformer and task.outputs != network.outputs:
        raise InputError(
            f"{task.name} on {task.seq_len} inputs needs {task.outputs} outputs, "
            f"but the model has {network.outputs}."
        )
    return task
