"""Evidence by cones: the space of inputs cut until a formula is decided on each part.

Verify's own where it decided by cones; else they are cut here, in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import mul
from random import Random
from typing import Any

from algzoo_exact.certificate.check import LimitError, RejectedError, prove_by_cells
from algzoo_exact.certificate.nodes import Json, Nodes
from algzoo_exact.explain.language.expression import Formula
from algzoo_exact.explain.outcome import Cells, Cut, Point, Tree, leaves
from algzoo_exact.explain.prove.cell_decision import decide_by_cells
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError, Search, Space
from algzoo_exact.explain.prove.setting import Inside
from algzoo_exact.geometry.cone import IntVector, primitive
from algzoo_exact.program.ir import Program

MOST_CONES = 20_000
_LIMITS = CellLimits(cells=MOST_CONES, inputs=5)
"""No deadline, so that a certificate is the same each time."""
_POINTS = 5


def proof_tree(
    of: Program | Inside,
    statement: Formula,
    domain: Formula,
    known: Cells | None,
    *,
    almost: bool,
) -> Json:
    """Cones on each of which the statement holds wherever the domain does, in a setting if it is
    ``Inside`` one: those that are known, if the checker can follow them; OutOfReachError if there
    are none, or too many."""
    inside = of if isinstance(of, Inside) else None
    whole, program = (of.whole, of.program) if isinstance(of, Inside) else (of, of)
    if known is not None:
        nodes, tree = Nodes(whole), tree_json(known)
        numbers = nodes.number(statement), nodes.number(domain)
        try:
            prove_by_cells(
                nodes.formulas, tree, *numbers, almost=almost, setting=nodes.setting(inside)
            )
        except (RejectedError, LimitError):  # bounds may have told, which it does not know
            return proof_tree(of, statement, domain, None, almost=almost)
        return tree
    found = decide_by_cells(
        program,
        statement,
        domain=domain,
        almost=almost,
        limits=_LIMITS,
        bounded=False,
    )
    for argument in found.arguments:
        assert isinstance(argument.evidence, Cells)
        return tree_json(argument.evidence)
    raise OutOfReachError(found.method)


def truth_tree(program: Program, formula: Formula, most: int) -> Json:
    """Cones on each of which the formula holds almost everywhere, or almost nowhere;
    OutOfReachError where there are more than the ``most``."""
    space, tree = _truths(program, formula, replace(_LIMITS, cells=most))
    return tree_json(Cells(space.inputs, tree))


def true_points(program: Program, formula: Formula) -> Iterator[Point]:
    """Some points inside each cone on which the formula holds; none where cones do not tell."""
    try:
        space, tree = _truths(program, formula, _LIMITS)
    except OutOfReachError:
        return
    random = Random(0)
    for rays in (leaf.cone.rays for leaf in leaves(tree) if leaf.answer):
        for _ in range(_POINTS):
            factors = [random.randint(1, 999) for _ in rays]
            yield space.lift([sum(map(mul, factors, column)) for column in zip(*rays, strict=True)])


def _truths(program: Program, formula: Formula, limits: CellLimits) -> tuple[Space, Tree[bool]]:
    space = Space(program, [formula], bounded=False)
    (condition,) = space.conditions
    tree = Search(space, lambda node: node.holds(condition, almost=True), limits).run()
    if any(leaf.answer is None for leaf in leaves(tree)):
        raise OutOfReachError("there are too many cones")
    return space, tree


def tree_json(cells: Cells) -> Json:
    """As a certificate has it: a normal, what lies below it, what lies above; or a cone's rays."""
    rays: dict[IntVector, int] = {}
    items: list[Any] = []
    waiting = [cells.tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Cut):
            items.append(_text(primitive(part.normal)))
            waiting += (part.above, part.below)
        else:
            items.append(sorted(rays.setdefault(ray, len(rays)) for ray in part.cone.rays))
    return {"inputs": list(cells.inputs), "rays": [_text(ray) for ray in rays], "tree": items}


def _text(vector: IntVector) -> str:
    return " ".join(map(str, vector))
