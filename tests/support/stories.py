"""Short explanations for tests, and what becomes of them."""

from __future__ import annotations

from typing import Any

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.story import Explanation, parse_explanation
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import Program

Entry = tuple[str, dict[str, Any]]

# As a person writes them.
GOOD = """\
title = "Two inputs"

[model]
task = "2nd_argmax"
hidden_size = 2
seq_len = 2
name = "handcrafted:2nd_argmax_2"

[definitions]
"gap(i)" = "x[i] - x[1-i]"

[domains]
ordered = "x[0] > x[1]"

[[claim]]
name = "first"
kind = "always"
statement = "h[0][0] == relu(x[0]) and h[0][1] == relu(-x[0])"
price = [{ rule = "sign", count = 2 }]

[[claim]]
name = "steps"
kind = "inductive"
for = "t in 0..1"
step = "t"
statement = "h[t][0] >= 0"

[[claim]]
name = "chance"
kind = "measure"
condition = "ordered"
equals = 0.5

[[claim]]
name = "near"
kind = "close"
left = "logit[0]"
right = "x[1] - x[0]"
at_most = 0.5

[[claim]]
name = "answers"
kind = "right"
domain = "ordered"
assume = ["first"]

[[case]]
name = "first_wins"
when = "ordered"
verdict = "claims"
claims = ["answers"]

[[case]]
name = "second_wins"
when = "not ordered"
verdict = "right"
"""


def claim(name: str, kind: str, **keys: Any) -> Entry:
    """A [[claim]] table; ``for`` is given as ``each``, ``with`` as ``other``."""
    return "claim", {"name": name, "kind": kind, **keys}


def case(name: str, when: str, verdict: str, **keys: Any) -> Entry:
    """A [[case]] table."""
    return "case", {"name": name, "when": when, "verdict": verdict, **keys}


def written(program: Program, *tables: Entry, task: str = "2nd_argmax", more: str = "") -> str:
    """The text of an explanation of the program; ``more`` are further lines about the model."""
    lines = ['title = "t"', "[model]", f'task = "{task}"', f"hidden_size = {program.hidden_size}"]
    lines += [f"seq_len = {program.seq_len}", more]
    for sort, keys in tables:
        lines.append(f"[[{sort}]]")
        lines += (f"{_KEYS.get(key, key)} = {_value(value)}" for key, value in keys.items())
    return "\n".join(lines)


def story(program: Program, *tables: Entry, **options: str) -> Explanation:
    """What is ``written``, read."""
    return parse_explanation(written(program, *tables, **options))


def verified(program: Program, *tables: Entry, **options: Any) -> Verification:
    """The explanation with these tables, checked with ``options``."""
    return az.verify(story(program, *tables), program, **options)


def only(program: Program, *tables: Entry, **options: Any) -> Outcome:
    """What became of the last claim's single instance."""
    (instance,) = verified(program, *tables, **options).claims[-1].instances
    return instance


def enclosure_of(figure: Figure | None) -> Enclosure:
    """Of a number that there is, and of which something is known."""
    assert figure is not None
    assert figure.enclosure is not None
    return figure.enclosure


_KEYS = {"each": "for", "other": "with"}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
