"""Pages to explore: what is on one, and how it is filled in."""
