"""Short explanations for tests, and what becomes of them."""

from __future__ import annotations

from typing import Any

import algzoo_exact as az
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.story import Explanation, parse_explanation
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import Program

Entry = tuple[str, dict[str, Any]]


def claim(name: str, kind: str, **keys: Any) -> Entry:
    """A [[claim]] table; ``for`` is given as ``each``, ``with`` as ``other``."""
    return "claim", {"name": name, "kind": kind, **keys}


def case(name: str, when: str, verdict: str, **keys: Any) -> Entry:
    """A [[case]] table."""
    return "case", {"name": name, "when": when, "verdict": verdict, **keys}


def story(
    program: Program, *tables: Entry, task: str = "2nd_argmax", more: str = ""
) -> Explanation:
    """An explanation of the program; ``more`` are further lines about the model."""
    lines = ['title = "t"', "[model]", f'task = "{task}"', f"hidden_size = {program.hidden_size}"]
    lines += [f"seq_len = {program.seq_len}", more]
    for sort, keys in tables:
        lines.append(f"[[{sort}]]")
        lines += (f"{_KEYS.get(key, key)} = {_value(value)}" for key, value in keys.items())
    return parse_explanation("\n".join(lines))


def verified(program: Program, *tables: Entry, **options: Any) -> Verification:
    """The explanation with these tables, checked with ``options``."""
    return az.verify(story(program, *tables), program, **options)


def only(program: Program, *tables: Entry, **options: Any) -> Outcome:
    """What became of the last claim's single instance."""
    (instance,) = verified(program, *tables, **options).claims[-1].instances
    return instance


_KEYS = {"each": "for", "other": "with"}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
