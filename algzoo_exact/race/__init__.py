"""Estimators against random sampling: error versus compute, on noisy variants of a model."""
