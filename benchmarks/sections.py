"""ARC's M(16, 10) where few inputs are not 0: exact shares of right answers.

    python benchmarks/sections.py [MODEL] [--minutes M]

Writes sections.jsonl, one line for each set of positive inputs (all pairs, triples and quadruples)
and for each whole section, and sections.md, a table of what is there. It goes on where it was
stopped. All takes some twenty minutes on one core; seconds are the processor's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import algzoo_exact as az
from algzoo_exact.analysis.positive import OrderedCase, PositiveSet
from algzoo_exact.deadline import Deadline
from algzoo_exact.exact.enclosure import Enclosure

HERE = Path(__file__).parent
DATA, TABLE = HERE / "sections.jsonl", HERE / "sections.md"
PLACES = {2: 12, 3: 12, 4: 8}
# The inputs that are not 0: the last ones, after which nothing comes, and others.
WHOLE = ((6, 7, 8, 9), (0, 1, 2, 3), (0, 3, 6, 9), (5, 6, 7, 8, 9), (0, 2, 4, 6, 8))
WORST = 12

Line = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", default="algzoo:2nd_argmax_16_10")
    parser.add_argument("--minutes", type=float, help="stop after so long; what is done is kept")
    given = parser.parse_args()
    model = az.load(given.model)
    lines = [json.loads(text) for text in DATA.read_text().splitlines()] if DATA.exists() else []
    if any(line["sha256"] != model.sha256 for line in lines):
        raise SystemExit(f"{DATA} is about another model; remove it first.")
    deadline = Deadline.after(None if given.minutes is None else 60 * given.minutes)
    with DATA.open("a") as file:
        for line in missing(model, lines, deadline):
            lines.append({"sha256": model.sha256} | line)
            print(json.dumps(lines[-1]), file=file, flush=True)
    TABLE.write_text("\n".join(report(model, lines)) + "\n")


def missing(model: az.Model, lines: list[Line], deadline: Deadline) -> Iterator[Line]:
    """What is not there yet, as it is found."""
    assert model.task is not None
    n = model.task.seq_len
    done = {(line["sort"], tuple(line["inputs"])) for line in lines}
    work = PositiveSet(model.program, model.task, "lowest")
    sets = {k: list(combinations(range(n), k)) for k in (2, 3, 4)}
    jobs = [("positive", inputs) for inputs in (*sets[2], *sets[3])]
    jobs += [("whole", inputs) for inputs in WHOLE]
    jobs += [("positive", inputs) for inputs in sets[4]]
    for sort, inputs in jobs:
        if (sort, inputs) in done or deadline.passed:
            continue
        began = time.process_time()
        if sort == "whole":
            found = whole(model, inputs)
        else:
            found = {"cases": [case_line(case, PLACES[len(inputs)]) for case in work(inputs)]}
        seconds = round(time.process_time() - began, 2)
        yield {"sort": sort, "inputs": inputs, **found, "seconds": seconds}


def whole(model: az.Model, inputs: tuple[int, ...]) -> Line:
    """The section on which these inputs are all that is not 0."""
    zero = [i for i in range(model.network.seq_len) if i not in inputs]
    section = az.section(model, zero=zero)
    score = section.accuracy(method="exact", workers=1)
    given = section.share(score)
    assert given is not None
    return {
        "right": score.enclosure.decimal(10),
        "unlabelled": section.unlabelled.decimal(10),
        "share": given.decimal(10),
        "cells": score.cells,
    }


def case_line(case: OrderedCase, places: int) -> list[Any]:
    assert case.share is not None
    low, high = case.share.decimal(places)
    margin = [] if case.margin is None else [round(float(case.margin), 6)]
    return [case.positions, low, high, *margin]


def report(model: az.Model, lines: list[Line]) -> Iterator[str]:
    yield "# Where few inputs are not 0"
    yield ""
    yield (
        f"{model.name}, SHA-256 `{model.sha256}`, task {model.task.name if model.task else ''}; "
        "where logits tie, the lowest index is the answer. Made by `benchmarks/sections.py`; "
        "all cases are in [sections.jsonl](sections.jsonl)."
    )
    yield ""
    yield (
        "**Theorem.** Let all inputs but those named be 0, and those independent standard Gaussian "
        "variables, given what is said of them. Then the answer is right with the probabilities "
        "below (exact: digits that both ends of an enclosure share)."
    )
    positive = [line for line in lines if line["sort"] == "positive"]
    yield from whole_table([line for line in lines if line["sort"] == "whole"])
    yield from summary_table(positive)
    yield from pairs_table(model.network.seq_len, positive)
    yield from worst_table(3, positive)
    yield from worst_table(4, positive)


def whole_table(lines: list[Line]) -> Iterator[str]:
    yield ""
    yield "## Whole sections"
    yield ""
    yield (
        "The second largest of ten inputs is one of several zeros where fewer than two are "
        "positive: there no answer is right or wrong."
    )
    yield ""
    yield from heads("inputs that are not 0", "dimension", "right", "no single label",
                     "right, given one", "cells", "seconds")  # fmt: skip
    for line in sorted(lines, key=lambda line: (len(line["inputs"]), line["inputs"])):
        names = ", ".join(f"x[{i}]" for i in line["inputs"])
        right, none, share = (common(*line[key]) for key in ("right", "unlabelled", "share"))
        yield (
            f"| {names} | {len(line['inputs'])} | {right} | {none} | {share} | {line['cells']:,} | "
            f"{line['seconds']} |"
        )


def summary_table(lines: list[Line]) -> Iterator[str]:
    yield ""
    yield "## Positive inputs, all others 0"
    yield ""
    yield (
        "A case is an order of the positive inputs, so that the label is the second of them. The "
        "margin is the label's logit less the largest other one, the largest input being 1; it is "
        "0 at most at the least, as labels meet."
    )
    yield ""
    yield from heads("positive", "sets", "cases", "always right", "right, on average",
                     "least right", "least margin", "seconds")  # fmt: skip
    for k in (2, 3, 4):
        some = [line for line in lines if len(line["inputs"]) == k]
        cases = [case for line in some for case in line["cases"]]
        if not cases:
            continue
        always = sum(Fraction(case[1]) == 1 for case in cases)
        total = Enclosure.exactly(0)
        for _, low, high, *_ in cases:
            total = total.plus(Enclosure(Fraction(low), Fraction(high)))
        mean = total.times(Fraction(1, len(cases))).decimal(8)
        worst = min(cases, key=lambda case: Fraction(case[1]))
        margins = [case[3] for case in cases if len(case) > 3]
        yield (
            f"| {k} | {len(some)} | {len(cases):,} | {always} | {common(*mean)} | "
            f"{common(*worst[1:3])} ({order(worst[0])}) | {min(margins) if margins else ''} | "
            f"{sum(line['seconds'] for line in some):.0f} |"
        )


def pairs_table(n: int, lines: list[Line]) -> Iterator[str]:
    known = {tuple(case[0]): case for line in lines for case in line["cases"]}
    yield ""
    yield "## Two"
    yield ""
    yield "In percent, rounded down: the largest input by row, the second by column; all is 100."
    yield ""
    yield "| | " + " | ".join(f"x[{j}]" for j in range(n)) + " |"
    yield "| --- |" + " ---: |" * n
    for i in range(n):
        cells = []
        for j in range(n):
            case = known.get((i, j))
            share = "" if case is None else "all" if Fraction(case[1]) == 1 else percents(case[1])
            cells.append(share)
        yield f"| x[{i}] | " + " | ".join(cells) + " |"


def worst_table(k: int, lines: list[Line]) -> Iterator[str]:
    cases = [case for line in lines if len(line["inputs"]) == k for case in line["cases"]]
    if not cases:
        return
    margins = len(cases[0]) > 3
    yield ""
    yield f"## {['', '', '', 'Three', 'Four'][k]}"
    yield ""
    yield f"The {WORST} cases with the least share."
    yield ""
    yield "| inputs | right |" + " least margin |" * margins
    yield "| --- | ---: |" + " ---: |" * margins
    for case in sorted(cases, key=lambda case: Fraction(case[1]))[:WORST]:
        yield f"| {order(case[0])} | {common(*case[1:3])} |" + f" {case[-1]} |" * margins


def heads(*titles: str) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "| --- |" + " ---: |" * (len(titles) - 1)


def order(positions: list[int]) -> str:
    return " > ".join(f"x[{i}]" for i in positions) + " > 0"


def common(low: str, high: str) -> str:
    """The digits that two decimals share."""
    if low == high:
        return low
    shared = next(i for i, (a, b) in enumerate(zip(low, high, strict=True)) if a != b)
    return f"{low[:shared]}…"


def percents(low: str) -> str:
    return f"{int(Fraction(low) * 10_000) / 100:.2f}"


if __name__ == "__main__":
    main()
