"""Downloads, from a server on this machine: what is kept, and one sentence for all that fails."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
from support.command_line import json_of, run
from support.web_server import Answer, Server, serving
from support.weight_files import ALGZOO, needs_algzoo

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import Task
from algzoo_exact.zoo import algzoo, fetching
from algzoo_exact.zoo.architectures import new_module
from algzoo_exact.zoo.fetching import find_remote
from algzoo_exact.zoo.loading import Model, load
from algzoo_exact.zoo.reading import LARGEST_FILE

PATH = "/zoo/2nd_argmax_3_4_1073741824_4.pth"  # (3, 4); seed 4 is the best one
NAME = "algzoo:2nd_argmax_3_4"


def pickled(task: str = "2nd_argmax", d: int = 3, n: int = 4) -> bytes:
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(new_module(Task(task, n), d).state_dict(), file)
    return file.getvalue()


GOOD = pickled()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that holds one good file, as AlgZoo's; the cache is a folder of its own."""
    monkeypatch.setenv("ALGZOO_EXACT_CACHE", str(tmp_path / "cache"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with serving() as found:
        monkeypatch.setenv("ALGZOO_EXACT_MIRROR", found.address + "/")
        found.answers[PATH] = Answer(GOOD)
        yield found


def kept() -> list[Path]:
    """All that is in the cache."""
    return [p for p in Path(os.environ["ALGZOO_EXACT_CACHE"]).rglob("*") if p.is_file()]


def message(name: str = NAME, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        load(name, **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


# --- what loads ---


def test_a_model_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    first, second = load(NAME), load(NAME)
    assert server.asked == [PATH]
    assert first == second
    # Oracle: the same bytes as a local file.
    path = tmp_path / "2nd_argmax_3_4.pth"
    path.write_bytes(GOOD)
    local = load(path)
    assert (first.network, first.sha256, first.dtype) == (local.network, local.sha256, local.dtype)
    assert first.name == NAME
    assert first.task == Task("2nd_argmax", 4)
    assert first.metadata == {
        "source": "AlgZoo",
        "family": "2nd_argmax",
        "seed": "4",
        "n_seqs": "1073741824",
        "url": server.address + PATH,
    }
    (path,) = kept()
    assert path.read_bytes() == GOOD


def test_the_cache_needs_no_server(server: Server) -> None:
    model = load(NAME)
    del server.answers[PATH]
    assert load(NAME) == model


@pytest.mark.parametrize(
    ("task", "d", "n"), [("argmedian", 2, 3), ("median", 2, 5), ("longest_cycle", 3, 4)]
)
def test_every_family(task: str, d: int, n: int, server: Server) -> None:
    seed = algzoo.FAMILIES[task].published[d, n].seed
    server.answers[f"/zoo/{task}_{d}_{n}_1073741824_{seed}.pth"] = Answer(pickled(task, d, n))
    model = load(f"algzoo:{task}_{d}_{n}")
    assert model.task == Task(task, n)
    network = model.network
    assert (network.hidden_size, network.seq_len) == (d, n)
    assert network.parameters == algzoo.FAMILIES[task].parameters(d, n)


def test_seeds_and_lengths_of_training(server: Server) -> None:
    server.answers["/zoo/2nd_argmax_3_4_0_2.pth"] = Answer(GOOD)
    model = load(NAME, seed=2, n_seqs=0)
    assert model.name == "algzoo:2nd_argmax_3_4_0_2"
    assert (model.metadata["seed"], model.metadata["n_seqs"]) == ("2", "0")
    assert load("algzoo:2nd_argmax_3_4_0_2") == model
    assert load(NAME, seed=4, n_seqs=1 << 30).name == NAME
    assert len(server.asked) == 2


def test_the_caller_chooses_another_task(server: Server) -> None:
    assert load(NAME, task="argmax").task == Task("argmax", 4)
    assert "has 4 logits" in message(seq_len=5)


@needs_algzoo
@pytest.mark.parametrize(
    ("name", "path", "file"),
    [
        ("2nd_argmax_2_2", "zoo/2nd_argmax_2_2_1073741824_2", "2nd_argmax_2_2"),
        ("longest_cycle_2_3", "zoo/longest_cycle_2_3_1073741824_0", "longest_cycle_2_3"),
        ("longest_cycle_4_4", "zoo/longest_cycle_4_4_1073741824_1", "longest_cycle_4_4"),
        ("example_2nd_argmax", algzoo.EXAMPLE_FILE[:-4], "example_2nd_argmax_16_10"),
    ],
)
def test_algzoos_own_files(name: str, path: str, file: str, server: Server) -> None:
    content = (ALGZOO / f"{file}.pth").read_bytes()
    server.answers[f"/{path}.pth"] = Answer(content)
    model = load(f"algzoo:{name}")
    local = load(ALGZOO / f"{file}.pth")
    assert (model.network, model.task, model.sha256) == (local.network, local.task, local.sha256)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
def test_addresses(suffix: str, server: Server) -> None:
    content = GOOD
    if suffix == ".safetensors":
        state = torch.load(io.BytesIO(GOOD))
        content = safetensors.torch.save(state, {"task": "argmax", "seq_len": "4"})
    path = f"/a/argmedian_3_4{suffix}?download=1" if suffix == ".pt" else f"/a/argmax_3_4{suffix}"
    server.answers[path] = Answer(content)
    if suffix == ".pt":
        assert "odd" in message(server.address + path)  # a task on 4 inputs that there is not
        model: Model = load(server.address + path, task="argmax")
    else:
        model = load(server.address + path)
    assert model.task == Task("argmax", 4)
    assert model.metadata["url"] == server.address + path
    assert model.sha256 == hashlib.sha256(content).hexdigest()
    assert len(server.asked) == 1


def test_redirections_are_followed(server: Server) -> None:
    server.answers["/b.pth"] = Answer(status=302, location=PATH)
    assert load(f"{server.address}/b.pth").name == "b"


def test_one_file_name_at_two_addresses(server: Server) -> None:
    server.answers |= {"/a/x.pth": Answer(GOOD), "/b/x.pth": Answer(pickled(d=2))}
    first, second = (load(f"{server.address}/{folder}/x.pth") for folder in "ab")
    assert (first.name, second.name) == ("x", "x")
    assert (first.network.hidden_size, second.network.hidden_size) == (3, 2)


def test_a_median_at_an_address_needs_its_length(server: Server) -> None:
    server.answers["/x.pth"] = Answer(pickled("median", 2, 3))
    url = f"{server.address}/x.pth"
    assert "seq_len" in message(url)
    assert load(url, task="median", seq_len=5).network.seq_len == 5
    assert len(server.asked) == 1  # the file was fine


def test_progress(server: Server) -> None:
    heard: list[tuple[float, str]] = []
    load(NAME, progress=lambda fraction, text: heard.append((fraction, text)))
    assert heard[-1] == (1.0, f"{len(GOOD):,} bytes")
    assert all(0 <= fraction <= 1 for fraction, _ in heard)


# --- what does not, and leaves nothing behind ---


def test_a_missing_file(server: Server) -> None:
    del server.answers[PATH]
    assert "has no file at" in message()
    assert not kept()


@pytest.mark.parametrize(("status", "expected"), [(403, "has no file"), (503, "answered 503")])
def test_answers_that_are_errors(status: int, expected: str, server: Server) -> None:
    server.answers[PATH] = Answer(GOOD, status)
    assert expected in message()
    assert not kept()


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>Please log in</html>", GOOD[: len(GOOD) // 2], GOOD[:-200], b"\x80\x02."],
)
def test_what_is_no_model_is_not_kept(content: bytes, server: Server) -> None:
    server.answers[PATH] = server.answers["/x.pth"] = Answer(content)
    server.answers["/x.safetensors"] = Answer(content)
    for name in (NAME, f"{server.address}/x.pth", f"{server.address}/x.safetensors"):
        assert "cannot be used" in message(name)
        assert not kept()
    server.answers[PATH] = Answer(GOOD)
    load(NAME)


@pytest.mark.parametrize(
    "content", [pickled(d=2), pickled(n=5), pickled("median", 3, 4), pickled("longest_cycle", 3, 4)]
)
def test_another_size_than_the_name_says(content: bytes, server: Server) -> None:
    server.answers[PATH] = Answer(content)
    assert "cannot be used" in message()
    assert not kept()


def test_a_wrong_checksum(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(algzoo.SHA256, Path(PATH).name, "0" * 64)
    assert "not the file that it was: its sha256 is" in message()
    assert not kept()
    monkeypatch.setitem(algzoo.SHA256, Path(PATH).name, hashlib.sha256(GOOD).hexdigest())
    load(NAME)


@pytest.mark.parametrize("known", [False, True])
def test_a_file_that_was_spoilt_in_the_cache(
    known: bool, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    if known:
        monkeypatch.setitem(algzoo.SHA256, Path(PATH).name, hashlib.sha256(GOOD).hexdigest())
    model = load(NAME)
    (path,) = kept()
    path.write_bytes(GOOD[:100])
    assert load(NAME) == model
    assert len(server.asked) == 2
    assert path.read_bytes() == GOOD


def test_a_server_that_breaks_off(server: Server) -> None:
    server.answers[PATH] = Answer(GOOD, announced=len(GOOD) + 1)
    assert "broke off" in message()
    assert not kept()


def test_a_server_that_falls_silent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS_OF_SILENCE", 0.2)
    server.answers[PATH] = Answer(GOOD, pause=60)
    assert "took too long" in message()
    assert not kept()


@pytest.mark.parametrize("announced", [10**12, None])
def test_too_large(announced: int | None, server: Server) -> None:
    size = LARGEST_FILE + (1 << 15) if announced is None else 1000
    server.answers[PATH] = Answer(b"\0" * size, announced=announced)
    assert "over 16 MiB" in message()
    assert not kept()


def test_no_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGZOO_EXACT_MIRROR", "http://127.0.0.1:1")
    text = message()
    assert "Cannot reach http://127.0.0.1:1" + PATH in text
    assert "load it by its path, or set ALGZOO_EXACT_MIRROR" in text
    assert "ALGZOO_EXACT_MIRROR" not in message("http://127.0.0.1:1/x.pth")


def test_a_cache_that_cannot_be_written(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ALGZOO_EXACT_CACHE", str(tmp_path / "file"))
    assert "set ALGZOO_EXACT_CACHE" in message()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_stopped_midway(number: int, server: Server) -> None:
    server.answers[PATH] = Answer(GOOD, pause=60)
    code = f"from algzoo_exact import load\nload({NAME!r})"
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    until = time.monotonic() + 300
    while not server.asked and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(number)
    child.communicate(timeout=300)
    assert child.returncode != 0
    assert not kept()
    server.answers[PATH] = Answer(GOOD)
    assert load(NAME).sha256 == hashlib.sha256(GOOD).hexdigest()


# --- names ---


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("algzoo:2nd_argmax_7_4", {}, "hidden size 7; there are 2, 3, 4, 5, 6, 8, 16, 32."),
        ("algzoo:median_4_4", {}, "AlgZoo median with sequence length 4; there are 2, 3, 5, 10."),
        ("algzoo:argmax_2_3", {}, "families are 2nd_argmax, argmedian, median, longest_cycle"),
        ("algzoo:2nd_argmax", {}, "There is no algzoo:2nd_argmax; "),
        ("algzoo:", {}, "There is no algzoo:; "),
        ("algzoo:example_2nd_argmax_16_10", {}, "its example is algzoo:example_2nd_argmax."),
        ("algzoo:example_2nd_argmax", {"seed": 0}, "is a single model"),
        (NAME, {"seed": 5}, "seeds 0, 1, 2, 3 and 4, not 5."),
        (NAME, {"seed": True}, "not True."),
        (NAME, {"n_seqs": 1 << 19}, "2^20, 2^21, .., 2^30, not 524288."),
        ("algzoo:2nd_argmax_3_4_7_0", {}, "not 7."),
        ("algzoo:2nd_argmax_3_4_0_0", {"seed": 0}, "give them only once"),
        ("2nd_argmax_4_3", {"seed": 0}, "'2nd_argmax_4_3' is a single model"),
        ("handcrafted:2nd_argmax_2", {"n_seqs": 0}, "is a single model"),
        ("https://example.org/x.pth", {"seed": 0}, "is a single model"),
        ("https://example.org/x.h5", {}, "must end in .safetensors, .pth, .pt or .npz"),
        ("https://example.org/", {}, "must end in .safetensors, .pth, .pt or .npz"),
        ("https://[/x.pth", {}, "not a valid address"),
        ("http://:x/x.pth", {}, "Cannot download"),
    ],
)  # fmt: skip
def test_names_that_there_are_not(
    name: str, options: dict[str, object], expected: str, server: Server
) -> None:
    assert expected in message(name, **options)
    assert not server.asked


def test_seeds_are_for_names(server: Server) -> None:
    with pytest.raises(InputError, match="'DistRNN' is a single model"):
        load(new_module(Task("argmax", 3), 2), seed=1)


def test_algzoos_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALGZOO_EXACT_MIRROR", raising=False)
    remote = find_remote("algzoo:median_16_10", n_seqs=1 << 20)
    assert remote is not None
    assert remote.url == (
        "https://storage.googleapis.com/arc-ml-public/alg/zoo/median_16_10_1048576_2.pth"
    )
    assert find_remote("2nd_argmax_2_2") is None
    assert find_remote("a/b.pth") is None


# --- the command line ---


def test_commands_take_names_and_addresses(server: Server) -> None:
    assert json_of("show", NAME)["model"]["name"] == NAME
    assert json_of("show", server.address + PATH)["task"] == "2nd_argmax"
    del server.answers[PATH]
    failed = run("show", "algzoo:2nd_argmax_3_3")
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr.startswith("error: The server has no file at")
    assert failed.stderr.count("\n") == 1
