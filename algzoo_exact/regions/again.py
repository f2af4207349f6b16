"""A cone that the compiled search holds, again in integers.

Its combinatorics are proved: which walls each ray lies on. So a ray is what solves the equations of
these walls, however little is left of its coordinates in floats.
"""

from __future__ import annotations

from flint import fmpz_mat

from algzoo_exact.geometry.cone import Cone, IntVector, dot, primitive
from algzoo_exact.regions.batch import Stack
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.pattern import from_words
from algzoo_exact.regions.starts import Start


def last_cone(search: ExactSearch, start: Start, stack: Stack) -> Start:
    """The cone on top of the stack of a search below ``start``, in integers; walls keep their
    numbers."""
    top, first = int(stack.size[0]) - 1, len(start.cone.walls)
    bits = from_words(stack.pattern[top].tolist())
    known = (1 << first + search.neurons) - 1  # other walls are ties, of a leaf looked at before
    masks = stack.masks[top, : stack.rays[top]].tolist()
    tight = tuple(from_words(mask) & known for mask in masks)
    walls: dict[int, IntVector] = dict(enumerate(start.rows))
    for wall in range(first, first + search.neurons):
        if any(mask >> wall & 1 for mask in tight):
            row = search.row(wall - first, bits)
            walls[wall] = row if bits >> wall - first & 1 else tuple(-c for c in row)
    rays = tuple(_ray(walls, mask) for mask in tight)
    cone = Cone(tuple(walls), tuple(walls.values()), rays, tight)
    return Start(int(stack.label[top]), cone, 0, bits, int(stack.level[top]))


def _ray(walls: dict[int, IntVector], tight: int) -> IntVector:
    """On the walls of a mask, inside the others."""
    kernel, rank = fmpz_mat([row for wall, row in walls.items() if tight >> wall & 1]).nullspace()
    assert rank == 1, "a ray lies on n - 1 independent walls"
    ray = primitive(tuple(int(row[0]) for row in kernel.tolist()))
    side = next(value for row in walls.values() if (value := dot(row, ray)))
    return ray if side > 0 else tuple(-c for c in ray)


def parts_of(search: ExactSearch, part: Start, first_wall: int) -> list[Start]:
    """A part of a starting cone on either side of its next neuron; a leaf as it is."""
    found: list[Start] = []
    level = part.level
    if level == search.neurons:
        return [part]
    halves = part.cone.split(search.row(level, part.bits), first_wall + level)
    for on, cone in enumerate(halves):
        if cone is not None:
            found.append(Start(part.label, cone, 0, part.bits | on << level, level + 1))
    return found
