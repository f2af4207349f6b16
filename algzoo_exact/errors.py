"""Exceptions that reach users, and what their messages have in common."""

import traceback
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import TypeVar

_Word = TypeVar("_Word", bound=str)

_HERE = Path(__file__).parent
_LONGEST_WORD = 60  # characters; finding what is like a word takes the square of its length


class AlgzooExactError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(AlgzooExactError, ValueError):
    """The user's input cannot be used.

    The message is one sentence: what was asked, what was found, what to do. The command line
    prints it without a traceback and exits with code 2; a notebook shows the line that asked.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython prints: no frames of ours, which would hide the sentence."""
        frames = traceback.extract_tb(self.__traceback__)
        ours = [k for k, frame in enumerate(frames) if Path(frame.filename).is_relative_to(_HERE)]
        asked = frames[ours[0] - 1 : ours[0]] if ours else frames[-1:]
        return [*traceback.format_list(asked), f"{type(self).__name__}: {self}"]


class FloatRangeError(InputError):
    """Weights, or what a network computes from them, are beyond the range of floats.

    No fault of the exact results, which know no such range: where a sample stands beside one of
    them, the sample is left out and the reason given.
    """


def demand(value: object, sort: type | UnionType, what: str) -> None:
    """InputError unless the value is of the sort; ``what`` says what was asked for."""
    if not isinstance(value, sort):
        raise InputError(f"{what}, not a {type(value).__name__}.")


def one_of(what: str, word: object, known: Collection[_Word]) -> _Word:
    """The one of the known words that is given; InputError for another."""
    for one in known:
        if one == word:
            return one
    raise InputError(
        f"Unknown {what} {word!r}{did_you_mean(str(word), known)}; choose from {', '.join(known)}."
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'argmax'?)``, where ``word`` is like a known one; else nothing."""
    by_letters = {name.casefold(): name for name in known}
    if len(word) > _LONGEST_WORD:
        return ""
    found = get_close_matches(word.casefold(), by_letters, n=1, cutoff=0.7)
    return f" (did you mean {by_letters[found[0]]!r}?)" if found else ""
