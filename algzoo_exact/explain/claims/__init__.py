"""Claims: what is said of a model. One file for each kind, and one line in the registry."""
