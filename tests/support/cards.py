"""A model's card of each kind."""

from __future__ import annotations

from dataclasses import replace

from algzoo_exact.zoo.cards import Card, Score
from algzoo_exact.zoo.loading import Model

EXACT = Score("accuracy", "exact", ties="lowest", lower="0.98713850", upper="0.98713851")
COUNTED = Score(
    "accuracy", "exact", ties="lowest", lower="0.25925925", upper="0.25925926", correct=7, total=27
)
SQUARE = Score("mean squared error", "certified", lower="0.0174240", upper="0.0174241")
SAMPLED = Score(
    "accuracy", "sampled", ties="lowest", value=0.9475, standard_error=2e-4, samples=10**6, seed=3
)
CARD = Card(
    name="2nd_argmax_4_3",
    task="2nd_argmax",
    hidden_size=4,
    seq_len=3,
    parameters=32,
    sha256="0" * 64,
    sequences=1 << 26,
    seed=7,
    seeds=32,
    chosen_by="exact score",
    recipe={"optimiser": "AdamW", "batch": 1024, "learning rate": 0.02, "fused": True},
    torch="2.13.0",
    version="0.1.0",
    score=EXACT,
)
TRANSFORMER = replace(
    CARD, name="longest_cycle_2_3", task="longest_cycle", layers=2, heads=1, score=COUNTED
)
MEDIAN = replace(CARD, name="median_4_3", task="median", parameters=24, score=SQUARE)
CARDS = [CARD, TRANSFORMER, MEDIAN, replace(CARD, score=SAMPLED, chosen_by="validation sample")]


def check_card(card: Card, model: Model) -> None:
    """That the card is about this very model."""
    network, task = model.network, model.task
    sizes = network.hidden_size, network.seq_len, network.parameters
    assert (card.name, card.sha256, card.task) == (model.name, model.sha256, task and task.name)
    assert (card.hidden_size, card.seq_len, card.parameters) == sizes
