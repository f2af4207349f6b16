"""The problems that the package knows, with all that is particular to each."""
