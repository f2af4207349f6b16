"""Explanation files by name: a path, or one that comes with the package."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.zoo.loading import shipped_folder, suffix_of


def list_explanations() -> tuple[str, ...]:
    """Names of the explanations that come with the package."""
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


def explanation_path(name: str) -> Path:
    """The file of a shipped explanation, or at a path; InputError where there is none."""
    if not name.strip():
        raise InputError("The name of the explanation is empty; give a file or a shipped name.")
    path = Path(name)
    try:
        is_folder = path.is_dir()
        if path.exists() and not is_folder:  # a pipe, too, such as <(sed ..) in a shell
            return path
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"Cannot read {name[:60]!r}: {reason}.") from error
    if is_folder:
        raise InputError(f"{path} is a folder; give an explanation file (.toml) in it.")
    if name in list_explanations():
        return _folder() / f"{name}.toml"
    known = ", ".join(list_explanations()) or "none"
    like = did_you_mean(name, list_explanations())
    raise InputError(
        f"There is no file or shipped explanation {name!r}{like}; shipped are: {known}."
    )


def model_beside(explanation: Path, name: str) -> str:
    """The model that an explanation names: a file at a path from its folder, else the name."""
    beside = explanation.parent / name
    return str(beside) if suffix_of(beside.name) and beside.is_file() else name


def _folder() -> Path:
    return shipped_folder() / "explanations"
