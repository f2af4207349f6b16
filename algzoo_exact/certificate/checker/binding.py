"""What ties a certificate to a model: the weights' file, its metadata, and what the caller asks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.files import FLOATS, WeightsFile, is_float
from algzoo_exact.certificate.checker.networks import RNN_KEYS, Weights
from algzoo_exact.certificate.checker.outcome import Statement
from algzoo_exact.certificate.checker.reading import quoted, text_of


@dataclass(frozen=True)
class Asked:
    """What a caller demands that the certificate is about; None where anything will do."""

    task: str | None = None
    seq_len: int | None = None
    ties: str | None = None
    heads: int | None = None
    sha256: str | None = None


def check_weights(
    weights: Weights, dtype: object, sha256: str, file: WeightsFile | None, asked: Asked
) -> tuple[str, str]:
    """How the weights are known (``CheckedCertificate.weights``), and a line that says so."""
    require(asked.sha256 in (None, sha256), f"its sha256 is {sha256}, not {asked.sha256} as asked")
    if dtype == "rational":
        require(digest_of_weights(weights) == sha256, "the weights do not have the stated sha256")
        if file is not None:
            require(file.weights == weights, "the weights are not those of the file")
            return "text", "the weights, against the file, and their sha256, written as fractions"
        if asked.sha256 is not None:
            return "text", "the sha256 of the weights, written as fractions, as asked"
        return "inside", f"whether weights with sha256 {sha256}, written as fractions, are meant"
    names = text_of(dtype, "[a-z0-9/]+", "model.dtype").split("/")
    known = set(names) <= set(FLOATS) and names == sorted(set(names))
    require(known, "model.dtype must be names of types of floats, in order")
    stored = (w for matrix in weights.values() for row in matrix for w in row)
    fits = all(any(is_float(w, name) for name in names) for w in stored)
    require(fits, f"a weight is no {' or '.join(names)}")
    if file is None:
        return "inside", f"that the weights are those of a file with sha256 {sha256}, in {dtype}"
    require(file.sha256 == sha256, f"the weights' file has sha256 {file.sha256}, not {sha256}")
    require(file.weights == weights, "the weights are not those of the file")
    require(file.dtype == dtype, f"the weights' file has dtype {file.dtype}, not {dtype}")
    return "file", "sha256, type and values of the weights, against the file"


def digest_of_weights(weights: Weights) -> str:
    """SHA-256 of names, shapes and weights as fractions, line by line."""
    found = hashlib.sha256()
    for name, rows in sorted(weights.items()):
        lines = [f"{name} {len(rows)} {len(rows[0])}", *(" ".join(map(str, row)) for row in rows)]
        found.update("".join(f"{line}\n" for line in lines).encode())
    return found.hexdigest()


def check_setting(
    statement: Statement, weights: Weights, file: WeightsFile | None, asked: Asked
) -> tuple[list[str], list[str]]:
    """RejectedError where the certificate is about something else than the caller asks, or than
    the file's metadata states, which counts where the caller says nothing.

    Lines of what was compared, and of what was not.
    """
    checked, not_checked = [], []
    metadata = {} if file is None else file.metadata
    names = {"task": statement.task, "seq_len": statement.seq_len, "ties": statement.ties}
    names |= {"heads": statement.heads}
    for name, value in names.items():
        wanted, stated = getattr(asked, name), metadata.get(name)
        if wanted is not None:
            require(wanted == value, f"its {name} is {value}, not {wanted} as asked")
            checked.append(f"{name} {value}, as asked")
            if stated not in (None, str(value)):
                not_checked.append(f"the {name} {quoted(stated)} that the file's metadata states")
        elif stated is not None and value is not None:
            agrees = stated == str(value)
            require(agrees, f"its {name} is {value}, but the file's metadata says {quoted(stated)}")
            checked.append(f"{name} {value}, against the file's metadata")
        elif value is not None and not _told(name, value, weights):
            not_checked.append(f"whether {name} {value} is meant: it was not asked for, nor stated")
    for name, size in _sizes(weights).items():
        stated = metadata.get(name)
        agrees = stated in (None, str(size))
        require(agrees, f"its {name} is {size}, but the file's metadata says {quoted(stated)}")
    return checked, not_checked


def _told(name: str, value: object, weights: Weights) -> bool:
    """Whether the weights tell: where they have a logit for each input, the number of inputs."""
    outputs = weights.get(RNN_KEYS[2], weights.get("unembed.weight", ()))
    return name == "seq_len" and value == len(outputs) > 1


def _sizes(weights: Weights) -> dict[str, int]:
    """What else metadata may state, and weights tell."""
    if set(weights) == set(RNN_KEYS):
        return {"hidden_size": len(weights[RNN_KEYS[1]])}
    layers = sum(key.endswith(".in_proj_weight") for key in weights)
    width = max((len(row) for row in weights.get("unembed.weight", ())), default=0)
    return {"layers": layers, "hidden_size": width}
