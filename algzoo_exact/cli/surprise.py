"""``algzoo-exact surprise``: the bits of an explanation, and of what it leaves open."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.cli.stories import EXIT_CODES, Story
from algzoo_exact.progress import in_words


@o.options
class Compared:
    bits_of_optimization: float | None = o.option(
        None, "X", "Bits of optimization to compare with, in place of the explanation's figure."
    )
    noise: bool = o.flag(
        "--noise", "Estimate the bits of optimization from the volume of weight noise that doubles "
        "the errors (n <= 9; a minute or more from n = 4 on).",
    )  # fmt: skip


def surprise(story: Story, compared: Compared) -> Said:
    """Verify an explanation and add up its surprise in bits, as a ledger.

    Only what is proved is paid for. To it comes the surprise that is left, given the explanation,
    and the total is compared with the bits of optimization that selected the model.

    Examples:
    algzoo-exact surprise my_story.toml
    algzoo-exact surprise algzoo_2nd_argmax_2_2 --noise
    algzoo-exact surprise my_story.toml --bits-of-optimization 120 --json
    Exit codes: 0 all proved, 1 something refuted, 2 bad input, 3 something undecided.
    """
    from algzoo_exact.present.documents.ledger import ledger_document

    path, loaded, verification = story.verified()
    if verification.stopped:
        raise KeyboardInterrupt  # a ledger of what was checked by then would be no use
    with progress_bar("accounting") as advance:
        noise = None
        if compared.noise:
            noise = az.noise_volume(
                loaded, verification.explanation.subject.task, ties=verification.ties,
                time_limit=None, progress=advance,
            ).bits  # fmt: skip
        ledger = az.surprise(
            verification,
            optimization_bits=compared.bits_of_optimization,
            seeds=_seeds(loaded),
            noise=noise,
            progress=in_words(advance),
        )
    code = EXIT_CODES[verification.status] if ledger.given.agrees else 1
    return Said(ledger_document(path, loaded, verification, ledger), code)


def _seeds(model: az.Model) -> int | None:
    """How many trained models a shipped one, or one of AlgZoo's, is the best of."""
    from algzoo_exact.zoo.catalogue import catalogue

    for entry in catalogue():
        if entry.card is not None and entry.card.sha256 == model.sha256:
            return entry.card.seeds
        if entry.seeds and entry.name == model.name:
            return len(entry.seeds)
    return None
