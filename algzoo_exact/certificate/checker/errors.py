"""What is wrong is said by an exception."""

from __future__ import annotations


class RejectedError(Exception):
    """Something that the certificate says is wrong; the message says what."""


class LimitError(Exception):
    """It may be right, but cannot be checked within the stated limits; the message says which."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise RejectedError(reason)
