"""Check a certificate of a score: ``python check.py certificate.json [weights.safetensors]``.

One file on purpose: it needs Python 3.11 and its standard library, imports nothing else, and can be
read from top to bottom. It only checks: nothing is repaired, nothing is skipped without saying so.
Its mathematics is derived in docs/notes/certificate.md; (C1), (C2), ... are the numbers there.

    exact inputs     weights and rays are fractions and integers of any length
    geometry         decided in integers; nothing is rounded
    measures         fixed-point numbers with p bits after the point, as integers; the error of
                     each is bounded, and far below half a unit of the last decimal stated

Exit code 0: accepted. 1: rejected, with the reason. 2: the file is not a certificate, or cannot be
read. 3: nothing wrong was found, but not everything could be checked: without the weights' file, it
is about the weights inside. 4: the checker failed, which is a fault of its own.

Work is limited to 100 million operations on numbers, and 2 million more for each cell and piece,
20,000 for each answer of a transformer and 50 for each byte of an explanation, up to 10 million
bytes. One takes a microsecond or less; those on long numbers count more. Files have at most 64 MB,
unpacked, and 5 million values.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator

from algzoo_exact.certificate.checker.outcome import TIE_RULES, CheckedCertificate
from algzoo_exact.certificate.checker.verdict import check_certificate

NOT_WRITTEN, INTERRUPTED, READER_GONE = 2, 130, 141


def lines_of(outcome: CheckedCertificate) -> Iterator[str]:
    """What to print."""
    yield outcome.verdict
    yield from (f"checked: {line}" for line in outcome.checked)
    yield from (f"not checked: {line}" for line in outcome.not_checked)
    yield f"operations: {outcome.operations:,} on numbers, at most"


def arguments_of(arguments: list[str]) -> argparse.Namespace:
    """What the command line says; exits with 2 if it says nothing that can be done."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="check.py",
        description=first,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="certificate", help="a .json or .json.gz file")
    parser.add_argument(
        "weights", nargs="?", help="the model's .safetensors file, to be held against it"
    )
    parser.add_argument("--task", help="demand that it is about this task")
    parser.add_argument("--seq-len", type=int, help="demand this number of inputs")
    parser.add_argument("--ties", choices=list(TIE_RULES), help="demand this tie rule")
    parser.add_argument("--heads", type=int, help="demand this number of heads in each layer")
    parser.add_argument("--sha256", help="demand this hash of the model")
    parser.add_argument(
        "--work", type=int, default=1, help="allow so many times as much work and larger files"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    outcome = check_certificate(**vars(arguments_of(arguments)))
    if not isinstance(sys.stdout, io.TextIOWrapper):  # closed
        return outcome.exit_code
    sys.stdout.reconfigure(errors="backslashreplace")  # a path may have any character
    try:
        for line in lines_of(outcome):
            print(line)
        sys.stdout.flush()
    except OSError as error:
        # Python would try once more to write what is left in the buffer, when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return READER_GONE
        print(f"cannot write the output: {error.strerror}", file=sys.stderr)
        return NOT_WRITTEN
    return outcome.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing is known of the certificate", file=sys.stderr)
        sys.exit(INTERRUPTED)
