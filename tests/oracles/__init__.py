"""Independent oracles: each recomputes a published definition, and none imports the engine.

The package under test contributes the exact weights (``Program``) and the name of a task
(``Task``), nothing else.
"""
