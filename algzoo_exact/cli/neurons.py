"""``algzoo-exact neurons``: how often each is on, and which belong together."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed


def neurons(subject: o.Subject, sharing: o.Lasting, noise: o.Noise) -> Said:
    """Tell how often each neuron is on, exactly, and which belong together.

    Dead neurons, those that are always on, pairs that are never or always on together, and pairs
    that are equal up to scale, or opposite. Then how many activation patterns of each layer (of an
    RNN: step) carry 50, 90 and 99% of the inputs.

    Examples:
    algzoo-exact neurons 2nd_argmax_4_3
    algzoo-exact neurons 2nd_argmax_8_5 --json
    """
    from algzoo_exact.present.documents.neurons import neurons_document

    loaded = noise.on(subject.loaded())
    with sharing.running("neurons") as running:
        found = az.neuron_facts(loaded, **running)
        said = neurons_document(loaded, found)
    return Timed(said)
