"""The last sections: a check by sampling, the certificate, what is trusted and what not claimed."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite

from algzoo_exact.certificate.build import WrittenCertificate
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import decimals, level
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.names import printable, shell_word
from algzoo_exact.present.document import (
    Block,
    Bullets,
    Commands,
    Facts,
    Kind,
    Mono,
    Section,
    Text,
    paragraph,
)
from algzoo_exact.present.findings.crosscheck import CrossCheck
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import value_text
from algzoo_exact.zoo.loading import Model


def sampling_section(found: Findings) -> Section:
    """Random inputs beside the theorem."""
    check = found.check
    if check.failure:
        said = paragraph(
            f"None was made. {check.failure} What is above does not rest on floats of the network."
        )
        return Section("sampling", "A check by sampling", (said,))
    rows, samples, seed = _sampled(check)
    where = "the nearest point of the bounds" if found.kind != "exact" else "the exact value"
    z = f"{check.z_score:+.2f}".replace("-", "−") if isfinite(check.z_score) else "infinite"
    agrees = (
        "the sample agrees with the theorem"
        if check.agrees
        else "the sample contradicts the theorem, which chance does less than once in 10^6; "
        "rounding can, where logits tie exactly"
    )
    if check.z_score == 0 and found.kind != "exact":
        rows.append(("z-score", (f"0, for the sample lies within the bounds: {agrees}",)))
    else:
        rows.append(("z-score", (f"{z} standard errors from {where}: {agrees}",)))
    return Section(
        "sampling",
        "A check by sampling",
        (
            paragraph(
                f"The network was run in float64 on {samples:,} random inputs (seed {seed}). "
                f"{_rounded(check.bits)}This proves nothing; it would notice a gross mistake in "
                "what is above. ",
                Kind("sampled"),
            ),
            Facts(tuple(rows)),
        ),
    )


def _rounded(bits: int | None) -> str:
    """What was done to inputs so that ties stay ties."""
    if bits is None:
        return ""
    return (
        f"They were normal variables rounded to multiples of 2^−{bits}: with the few bits that its "
        "weights have, every sum is then a float64 number, so that nothing is rounded and logits "
        "that tie do so here as well. "
    )


def _sampled(check: CrossCheck) -> tuple[list[tuple[str, Text]], int, int]:
    accuracy, errors = check.accuracy, check.squared_error
    if accuracy is not None:
        ends = Enclosure(Fraction(accuracy.lower), Fraction(accuracy.upper)).decimal(6)
        text = f"with confidence {level(accuracy.confidence)} between {ends[0]} and {ends[1]}"
        rows: list[tuple[str, Text]] = [
            ("Accuracy", (f"{decimals(accuracy.accuracy, 6)} ± {accuracy.standard_error:.1g} ",
                          Kind("sampled"))),
            ("Interval", (f"{text} ({accuracy.interval})",)),
        ]  # fmt: skip
        return rows, accuracy.samples, accuracy.seed
    assert errors is not None
    low, high = errors.interval()
    return (
        [
            ("Mean squared error", (f"{errors.mean:.6g} ± {errors.standard_error:.1g} ",
                                    Kind("sampled"))),
            ("Interval", (f"about 99% between {low:.6g} and {high:.6g} (normal approximation)",)),
        ],
        errors.samples,
        errors.seed,
    )  # fmt: skip


def certificate_section(found: Findings) -> Section:
    """The certificate's hash, and how to check it."""
    written = found.certificate
    if written is None:
        blocks: tuple[Block, ...] = (
            paragraph(f"No certificate comes with this report: {found.reason}."),
        )
        if found.can_be_certified:
            blocks += (
                paragraph("This writes one, and checks it:"),
                Commands(
                    (
                        f"algzoo-exact certify {found.reference} -o certificate.json.gz",
                        "algzoo-exact check certificate.json.gz",
                    )
                ),
            )
        return Section("certificate", "Certificate", blocks)
    name = written.path.name
    what = "mean squared error" if written.accuracy is None else "accuracy"
    known_by = against(found.model, f"{found.model.name}.safetensors")
    files = f"{shell_word(name)} {known_by}"
    proved = value_text(written.score, "certified", 20)
    return Section(
        "certificate",
        "Certificate",
        (
            paragraph(
                f"Whoever does not want to trust this report can check the {what} without it, by "
                "another program: one file of plain Python, which uses nothing of this package and "
                "needs nothing installed."
                + (" The claims of the explanation are in it." if found.verification else "")
            ),
            Facts(
                (
                    ("File", (Mono(printable(name)), f", with {listed_in(written)}")),
                    ("SHA-256", (Mono(written.sha256),)),
                    ("Proves", (f"the {what} is ", *proved)),
                )
            ),
            paragraph("To check it, also against the weights:"),
            Commands(
                (
                    f"algzoo-exact check {files}",
                    f"python check.py {files}",
                )
            ),
        ),
    )  # fmt: skip


def listed_in(written: WrittenCertificate) -> str:
    """How much of what is in a certificate."""
    of = {
        "cells": "cells",
        "pieces": "pieces of constant pattern and median",
        "functions": "inputs",
        "claims": "instances of claims and cases",
    }[written.kind]
    return f"{written.count:,} {of}"


def against(model: Model, file: str) -> str:
    """What ``check`` is told of the model: its file, or as rational weights have none, the hash of
    themselves."""
    return f"--sha256 {model.sha256}" if model.dtype == "rational" else shell_word(file)


def trust_section(found: Findings) -> Section:
    """What has to be believed."""
    items: list[Text] = [
        ("Python's integers and fractions, and FLINT's ball arithmetic.",),
        ("IEEE 754 double arithmetic as it was compiled, for bounds that decide most signs; what "
         "they leave open is decided in integers.",),
        ("The reading of the weights file, and this program.",),
    ]  # fmt: skip
    smt = found.verification is not None and any(
        "z3" in checked.trusted
        for claim in found.verification.claims
        for checked in claim.instances
    )
    if smt:
        items.append(("z3, for the lemmas that name it.",))
    if found.certificate is not None:
        what = "mean squared error" if found.certificate.accuracy is None else "accuracy"
        items.append(
            (
                f"For the {what} in the certificate, less: the checker's one file and Python's "
                "standard library.",
            )
        )
    return Section("trust", "What is trusted", (Bullets(tuple(items)),))


def limits_section(found: Findings) -> Section:
    """What is not said."""
    items: list[Text] = [
        (
            "Nothing about the network as it runs in floating point. It may answer otherwise where "
            "two logits nearly agree.",
        )
    ]
    if found.task.is_discrete:
        items.append(("Nothing about inputs that are not drawn uniformly.",))
    else:
        items.append(
            (
                "Nothing about inputs that are not independent standard normal (or have another "
                "distribution whose direction is uniform on the sphere).",
            )
        )
    if found.score.ties is not None:
        items.append(("Nothing about other rules for ties than the one stated.",))
    if found.kind != "exact":
        if found.score.undecided:
            items.append(("The bounds are true, and may be far from tight.",))
        if found.task.seq_len > LARGEST_DIMENSION:
            items.append(("Regions, their number and their measures: they are out of reach here.",))
    items.append(
        ("How the model works, beyond the lemmas that are marked as proved."
         if found.verification is not None else "How the model works.",)
    )  # fmt: skip
    return Section("limits", "What is not claimed", (Bullets(tuple(items)),))
