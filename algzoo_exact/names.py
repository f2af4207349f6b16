"""Names of files as text, in links, in commands, and as names of other files.

A name may hold any characters: spaces, quotes, line breaks, bytes that are no UTF-8 (surrogates in
Python), and control characters that a terminal would obey.
"""

from __future__ import annotations

import os
import re
import shlex
from hashlib import sha256
from urllib.parse import quote


def printable(text: str) -> str:
    """The text in one line: what cannot be printed is escaped, as in ``caf\\xe9`` and ``a\\nb``."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def address(name: str) -> str:
    """A file's address relative to its folder, percent-encoded."""
    return quote(os.fsencode(name), safe="")


def shell_word(name: str) -> str:
    """A file in the current folder as one word for a shell, and no option."""
    if name.startswith("-"):
        name = f"./{name}"
    if printable(name) == name:
        return shlex.quote(name)
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in os.fsencode(name)
    )
    return f"$'{plain}'"  # as bash, zsh and ksh read it


def plain_name(name: str) -> str:
    """The name, or if it has other characters than letters, digits and ``_ . -``, one without:
    LaTeX and Markdown each have special characters of their own."""
    if re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
        return name
    letters = re.sub(r"\W+", "-", name, flags=re.ASCII).strip("-")
    return f"{letters}-{sha256(os.fsencode(name)).hexdigest()[:8]}".lstrip("-")
