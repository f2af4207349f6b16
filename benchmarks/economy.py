"""What the proofs of all shipped explanations give, and what their checks cost.

    python benchmarks/economy.py [--folder FOLDER]

Writes economy.md. AlgZoo's models are fetched, or read from the folder, by names such as
2nd_argmax_2_2.safetensors. It takes some five minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import algzoo_exact as az
from algzoo_exact.exact.shares import significant
from algzoo_exact.present.documents.economy import operations_text, width_text
from algzoo_exact.zoo.explanations import explanation_path, list_explanations

SECONDS = 300.0  # for each statement: on a busy machine, too, all are decided
TABLE = Path(__file__).with_suffix(".md")
HEAD = "| story | proof | width | operations | counted by | bits | bits left | sampling |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where AlgZoo's models are")
    folder = parser.parse_args().folder
    lines = [HEAD, "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |"]
    for name in list_explanations():
        lines += rows(name, folder)
        print("\n".join(lines[-4:]), flush=True)
    text = (
        "# Proof economy of the shipped explanations\n\n"
        "By `python benchmarks/economy.py`. What the columns mean is in "
        "[a note](../docs/notes/economy.md); the last one is the width of the 95% interval that "
        "random inputs give for the same operations.\n\n"
    )
    TABLE.write_text(text + "\n".join(lines) + "\n")


def rows(name: str, folder: Path | None) -> Iterator[str]:
    explanation = az.load_explanation(explanation_path(name))
    called = explanation.subject.name or ""
    if called.startswith("algzoo:") and folder is not None:
        called = str(folder / f"{called.removeprefix('algzoo:')}.safetensors")
    model = az.load(called)
    story = az.verify(explanation, model, seconds=SECONDS) if explanation.cases else None
    made = az.economy(model, story)
    for proof in made.proofs:
        left = "–" if proof.left is None else f"{'≥ ' * proof.at_least}{proof.left:.2f}"
        cells = (
            name, proof.name, width_text(proof), operations_text(proof), proof.counted,
            f"{proof.bits:.2f}", left, significant(made.sampled_width(proof.operations), 2),
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    if not explanation.cases:
        yield f"| {name} | no row for its cases: it has none |  |  |  |  |  |  |"
    yield from (f"| {name} | no row for {line} |  |  |  |  |  |  |" for line in made.missing)


if __name__ == "__main__":
    main()
