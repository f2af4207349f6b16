"""The entries of the race, by name; each is loaded when it is asked for. Others can be added from
outside."""

from __future__ import annotations

from importlib import import_module

from algzoo_exact.errors import InputError, demand, one_of
from algzoo_exact.race.estimator import Estimator

# Name -> (module beside this one, the estimator in it), in the order in which they are listed.
_HOMES: dict[str, tuple[str, str]] = {
    "sampling": ("point_entries", "SAMPLING"),
    "sampling-thrifty": ("thrifty", "THRIFTY"),
    "sampling-pieces": ("thrifty", "SAMPLING_PIECES"),
    "sobol": ("point_entries", "SOBOL"),
    "sobol-order": ("point_entries", "SOBOL_ORDER"),
    "last-input": ("last_input", "LAST_INPUT"),
    "last-input-pieces": ("last_input", "LAST_INPUT_PIECES"),
    "enumeration": ("exact_entries", "ENUMERATION"),
    "bounds-midpoint": ("exact_entries", "BOUNDS_MIDPOINT"),
    "solid-angles": ("solid_angles", "SOLID_ANGLES"),
    "symmetric-regions": ("symmetric", "SYMMETRIC_REGIONS"),
    "symmetric-noise": ("symmetric", "SYMMETRIC_NOISE"),
    "covariance": ("propagation", "PROPAGATION"),
    "gmhp": ("gmhp", "GMHP"),
    "mean-field": ("top_inputs", "MEAN_FIELD"),
    "mean-field-calibrated": ("top_inputs", "MEAN_FIELD_CALIBRATED"),
    "top-inputs": ("top_inputs", "TOP_INPUTS"),
}

ADDED: dict[str, Estimator] = {}
"""Those from outside, by name."""

UNCOUNTED: tuple[str, ...] = ("enumeration", "bounds-midpoint")
"""Entries whose operations can't be attributed: they run once, whatever the budget."""


def register(entry: Estimator) -> None:
    """Let one more estimator race; InputError where another has the name.

    It is an object of a module, so that other processes find it.
    """
    if entry.name in _HOMES or ADDED.setdefault(entry.name, entry) is not entry:
        raise InputError(f"There is an estimator {entry.name!r} already; choose another name.")


def names() -> tuple[str, ...]:
    """Of all that are known, in the order in which they are listed."""
    return (*_HOMES, *ADDED)


def check_name(name: str) -> None:
    """InputError for a name that no estimator has."""
    demand(name, str, "An estimator's name is a text")
    one_of("estimator", name, names())


def estimator(name: str) -> Estimator:
    """The estimator of that name; InputError if there is none."""
    check_name(name)
    if name in ADDED:
        return ADDED[name]
    module, attribute = _HOMES[name]
    found: Estimator = getattr(import_module(f"algzoo_exact.race.entries.{module}"), attribute)
    return found
