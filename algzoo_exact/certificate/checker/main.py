"""Check a certificate of a score: ``python check.py certificate.json [weights.safetensors]``.

One file on purpose, hence over 400 lines: it needs Python 3.11 and its standard library, shares no
code with the program that wrote the certificate, and can be read from top to bottom. It only
checks: nothing is repaired, nothing is skipped without saying so. Its mathematics is derived in
docs/notes/certificate.md; (C1), (C2), ... are the numbers there.

    exact inputs     weights and rays are fractions and integers of any length
    geometry         decided in integers; nothing is rounded
    measures         fixed-point numbers with p bits after the point, as integers; the error of
                     each is bounded, and far below half a unit of the last decimal stated

Exit code 0: accepted. 1: rejected, with the reason. 2: the file is not a certificate, or cannot be
read. 3: nothing wrong was found, but not everything was checked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from algzoo_exact.certificate.checker.decimals import decimal
from algzoo_exact.certificate.checker.verdict import CheckedCertificate, check_certificate


def lines_of(outcome: CheckedCertificate) -> Iterator[str]:
    """What to print."""
    yield outcome.status + (f": {outcome.reason}" if outcome.reason else "")
    if outcome.accuracy is not None:
        lower, upper = outcome.accuracy
        yield f"accuracy between {decimal(lower)} and {decimal(upper)}"
    for name, bounds in (("", outcome.squared_error), ("root ", outcome.root)):
        if bounds is not None:
            yield f"{name}mean squared error between {decimal(bounds[0])} and {decimal(bounds[1])}"
    yield from (f"checked: {line}" for line in outcome.checked)
    yield from (f"not checked: {line}" for line in outcome.not_checked)


def main(arguments: list[str]) -> int:
    sys.set_int_max_str_digits(0)  # rays of models with tiny and huge weights are long
    if not 1 <= len(arguments) <= 2 or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    outcome = check_certificate(*arguments)
    for line in lines_of(outcome):
        print(line)
    return outcome.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing is known of the certificate", file=sys.stderr)
        sys.exit(130)
