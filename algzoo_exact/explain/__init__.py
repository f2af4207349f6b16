"""Explanations: what a person claims about a model, as data that can be checked."""
