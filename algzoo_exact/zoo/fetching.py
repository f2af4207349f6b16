"""Model files from the internet: AlgZoo's by name, others by address, kept in a cache.

What a server sends is untrusted. It is limited in size, checked before it is kept, and written
under another name until then, so that the cache never holds half a file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.files import staged
from algzoo_exact.progress import Progress
from algzoo_exact.zoo.algzoo import (
    BASE_URL,
    EXAMPLE,
    EXAMPLE_FILE,
    EXAMPLE_SIZE,
    FAMILIES,
    PUBLISHED_SEQUENCES,
    SEEDS,
    SEQUENCES,
    SHA256,
)
from algzoo_exact.zoo.reading import read_file
from algzoo_exact.zoo.storage import LARGEST_FILE

if TYPE_CHECKING:
    import requests

CACHE_VARIABLE, MIRROR_VARIABLE = "ALGZOO_EXACT_CACHE", "ALGZOO_EXACT_MIRROR"
PREFIX = "algzoo:"
SECONDS_TO_CONNECT, SECONDS_OF_SILENCE = 10.0, 30.0

_CHUNK = 1 << 12  # bytes


class UnreachableError(InputError):
    """A server that cannot be reached, or does not answer as it should: another time it may."""


_NAME = re.compile(r"algzoo:(\w+?)_(\d+)_(\d+)(?:_(\d+)_(\d+))?", re.ASCII)


@dataclass(frozen=True)
class Remote:
    """A file on a server, and what is known about it before it is read.

    ``file_name`` tells the format and may tell the task. ``size``, for AlgZoo's files, is the
    task, hidden size and sequence length that it must have.
    """

    name: str
    url: str
    file_name: str
    size: tuple[str, int, int] | None
    sha256: str | None
    metadata: dict[str, str]


def find_remote(name: str, seed: int | None = None, n_seqs: int | None = None) -> Remote | None:
    """The file that a name or address stands for; None if it is neither.

    ``algzoo:TASK_HIDDEN_LENGTH`` is AlgZoo's model of that size: the best seed after 2^30
    sequences, unless ``seed`` (0 to 4) and ``n_seqs`` (0, 2^20, .., 2^30) say otherwise. Both can
    stand in the name as well, as in AlgZoo's files: ``algzoo:TASK_HIDDEN_LENGTH_SEQS_SEED``.

    Raises InputError for AlgZoo models that there are not.
    """
    example = name == PREFIX + EXAMPLE
    if name.startswith(PREFIX) and not example:
        return _algzoo(name, seed, n_seqs)
    if seed is not None or n_seqs is not None:
        raise InputError(
            f"seed and n_seqs choose among AlgZoo's files, such as algzoo:2nd_argmax_16_10; "
            f"{name!r} is a single model."
        )
    if example:
        return _example()
    return _address(name) if re.match("https?://", name, re.IGNORECASE) else None


def fetch(
    remote: Remote,
    check: Callable[[bytes], object],
    progress: Progress | None = None,
) -> bytes:
    """The content of a remote file, from the cache if it is there.

    ``check`` raises InputError for content that must not be kept. ``progress(fraction, text)``
    hears of a download. InputError, in one sentence, for whatever goes wrong.
    """
    folder = cache_folder()
    path = folder / _kept_name(remote.url)
    if path.is_file():
        with suppress(InputError):  # spoilt since it was kept
            return _checked(remote, read_file(path), check)
    content = _checked(remote, _download(remote, progress), check)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with staged(path) as part:
            part.write_bytes(content)
    except (OSError, InputError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise InputError(
            f"Cannot keep downloads in {folder} ({reason}); set {CACHE_VARIABLE} to a folder that "
            "can be written to."
        ) from error
    return content


def cache_folder() -> Path:
    """Where files are kept: the environment's ALGZOO_EXACT_CACHE, else the system's place."""
    import platformdirs

    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("algzoo-exact")


def _kept_name(url: str) -> str:
    """Files of one name from several addresses have several names here."""
    digest = hashlib.md5(url.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()
    return f"{digest}-{urlsplit(url).path.rpartition('/')[2][-200:]}"


def _base_url() -> str:
    return (os.environ.get(MIRROR_VARIABLE) or BASE_URL).rstrip("/")


def _example() -> Remote:
    url = f"{_base_url()}/{EXAMPLE_FILE}"
    metadata = {"source": "AlgZoo's example", "family": EXAMPLE_SIZE[0], "url": url}
    return Remote(PREFIX + EXAMPLE, url, EXAMPLE_FILE, EXAMPLE_SIZE, SHA256[EXAMPLE_FILE], metadata)


def _meant(name: str) -> str:
    """The name of a model that is like it, if there is one."""
    family, _, size = name.removeprefix(PREFIX).rpartition("_")
    family, _, hidden = family.rpartition("_")
    if not (hidden.isdecimal() and size.isdecimal()):
        return ""
    return did_you_mean(name, (f"{PREFIX}{known}_{hidden}_{size}" for known in FAMILIES))


def _algzoo(name: str, seed: int | None, n_seqs: int | None) -> Remote:
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in FAMILIES:
        raise InputError(
            f"There is no {name}{_meant(name)}; AlgZoo's families are {', '.join(FAMILIES)}, with "
            f"names such as algzoo:2nd_argmax_16_10, and its example is {PREFIX}{EXAMPLE}."
        )
    if match[4] is not None:
        if seed is not None or n_seqs is not None:
            raise InputError(f"{name} has its seed and n_seqs in the name; give them only once.")
        n_seqs, seed = int(match[4]), int(match[5])
    family, hidden_size, seq_len = FAMILIES[match[1]], int(match[2]), int(match[3])
    for what, value, known in (
        ("hidden size", hidden_size, family.hidden_sizes),
        ("sequence length", seq_len, family.seq_lens),
    ):
        if value not in known:
            raise InputError(
                f"There is no AlgZoo {family.task} with {what} {value}; "
                f"there are {', '.join(map(str, known))}."
            )
    best = family.published[hidden_size, seq_len].seed
    seed = _one_of(SEEDS, best if seed is None else seed, "seeds 0, 1, 2, 3 and 4")
    n_seqs = _one_of(
        SEQUENCES,
        PUBLISHED_SEQUENCES if n_seqs is None else n_seqs,
        "n_seqs 0 (untrained) and 2^20, 2^21, .., 2^30",
    )
    short = f"{family.task}_{hidden_size}_{seq_len}"
    stem = f"{short}_{n_seqs}_{seed}"
    url = f"{_base_url()}/zoo/{stem}.pth"
    published = (seed, n_seqs) == (best, PUBLISHED_SEQUENCES)
    return Remote(
        name=PREFIX + (short if published else stem),
        url=url,
        file_name=f"{stem}.pth",
        size=(family.task, hidden_size, seq_len),
        sha256=SHA256.get(f"{stem}.pth"),
        metadata={
            "source": "AlgZoo",
            "family": family.task,
            "seed": str(seed),
            "n_seqs": str(n_seqs),
            "url": url,
        },
    )


def _one_of(known: tuple[int, ...], value: int, text: str) -> int:
    if isinstance(value, bool) or value not in known:
        raise InputError(f"AlgZoo's files have {text}, not {value}.")
    return known[known.index(value)]


def _address(url: str) -> Remote:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"{url!r} is not a valid address ({error}).") from error
    file_name = PurePosixPath(unquote(parts.path)).name
    return Remote(PurePosixPath(file_name).stem, url, file_name, None, None, {"url": url})


def _download(remote: Remote, progress: Progress | None) -> bytes:
    """What the server sends; InputError if that is too large, or does not come."""
    import requests

    content, silence = bytearray(), (SECONDS_TO_CONNECT, SECONDS_OF_SILENCE)
    try:
        with requests.get(remote.url, stream=True, timeout=silence) as response:
            response.raise_for_status()
            total = int(response.headers.get("content-length", 0))
            _check_size(remote, total)
            for part in response.iter_content(_CHUNK):
                content += part
                _check_size(remote, len(content))
                if progress and total:
                    progress(min(1.0, len(content) / total), f"{total:,} bytes")
    except requests.RequestException as error:
        raise _network_error(remote, error) from error
    except InputError:
        raise
    except ValueError as error:  # requests' and urllib3's word on odd addresses
        raise InputError(f"Cannot download {remote.url}: {error}.") from error
    return bytes(content)


def _check_size(remote: Remote, size: int) -> None:
    if size > LARGEST_FILE:
        raise InputError(
            f"{remote.url} is over {LARGEST_FILE >> 20} MiB; AlgZoo's models are tiny."
        )


def _checked(remote: Remote, content: bytes, check: Callable[[bytes], object]) -> bytes:
    """The content; InputError unless it is what is known of the file."""
    found = hashlib.sha256(content).hexdigest()
    if remote.sha256 is not None and found != remote.sha256:
        raise InputError(
            f"{remote.url} is not the file that it was: its sha256 is {found[:12]}.., not "
            f"{remote.sha256[:12]}..; {_advice(remote)}."
        )
    try:
        check(content)
    except InputError as error:
        raise InputError(f"What came from {remote.url} cannot be used: {error}") from error
    return content


def _network_error(remote: Remote, error: requests.RequestException) -> InputError:
    import requests

    url, advice = remote.url, _advice(remote)
    if isinstance(error, requests.HTTPError):
        code = error.response.status_code
        if code in (403, 404, 410):  # storage servers say 403 for files that there are not
            return InputError(f"The server has no file at {url}, or keeps it to itself ({code}).")
        return UnreachableError(
            f"The server answered {code} for {url}; try again later, or {advice}."
        )
    # Silence in the middle of a download comes as a ConnectionError.
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        text = f"The server of {url} took too long to answer; try again later, or {advice}."
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        text = f"The download of {url} broke off; try again."
    elif isinstance(error, requests.ConnectionError):
        what = type(error).__name__
        text = f"Cannot reach {url} ({what}); if this machine is offline, {advice}."
    else:
        return InputError(f"Cannot download {url} ({type(error).__name__}: {error}).")
    return UnreachableError(text)


def _advice(remote: Remote) -> str:
    """What to do without the server."""
    advice = "get the file some other way and load it by its path"
    if remote.size is None:
        return advice
    return f"{advice}, or set {MIRROR_VARIABLE} to an address that serves AlgZoo's folder"
