"""Exceptions that reach users."""


class AlgzooExactError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(AlgzooExactError, ValueError):
    """The user's input cannot be used.

    The message is one sentence: what was asked, what was found, what to do. The command line
    prints it without a traceback and exits with code 2.
    """


class FloatRangeError(InputError):
    """Weights, or what a network computes from them, are beyond the range of floats.

    No fault of the exact results, which know no such range: where a sample stands beside one of
    them, the sample is left out and the reason given.
    """
