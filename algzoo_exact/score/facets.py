"""Which facets of a right cell belong to the boundary between right and wrong.

The logits are continuous, so where every margin logit[label] - logit[k] is positive inside a
facet, the cell across it is right too and the two contributions cancel: such facets are left out.
What stays are the facets on which some margin vanishes identically (cuts by ties, and activation
walls behind which logits coincide), each with the credit of its own side; and the walls between
labels, unless the direction u lies in all of them.

To measure the cells below each starting cone by themselves, all its walls count, those between
labels among them; to measure each cell by itself, all facets do.
"""

from algzoo_exact.regions.exact_search import BOUNDARY, CONES

# Each adds facets to the one before; TIES are those on which a margin vanishes.
TIES, START_WALLS, ALL_FACETS = 0, 1, 2


def grain_for(which: int) -> int:
    """The cells that the compiled search must give for the flow over these facets.

    A cone that is right as a whole has the facets of the cells that it consists of, but for those
    inside it, which no margin vanishes on.
    """
    return BOUNDARY if which == TIES else CONES
