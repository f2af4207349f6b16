"""Which facets of a right cell belong to the boundary between right and wrong.

The logits are continuous, so where every margin logit[label] - logit[k] is positive inside a
facet, the cell across it is right too and the two contributions cancel: such facets are left out.
What stays are the facets on which some margin vanishes identically (cuts by ties, and activation
walls behind which logits coincide), each with the credit of its own side; and the walls that bound
what is summed, unless they hold the direction u: then they do not turn, and nothing flows.
"""

from __future__ import annotations

from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.regions.exact_search import BOUNDARY, CONES
from algzoo_exact.regions.starts import Start


def grain_for(start: Start, u: IntVector) -> int:
    """The cells that the compiled search must give for the flow along u.

    A cone that is right as a whole has the facets of the cells that it consists of, but for those
    inside it, which no margin vanishes on.
    """
    return CONES if any(dot(row, u) for row in start.rows[: start.outer]) else BOUNDARY
