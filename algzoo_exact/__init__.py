"""Exact accuracies, activation regions and proofs for tiny ReLU networks.

Public names are imported when first used, so that ``import algzoo_exact`` stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from algzoo_exact.program.readers import READERS
from algzoo_exact.version import __version__

if TYPE_CHECKING:
    from algzoo_exact.analysis.ablation import Ablated as Ablated
    from algzoo_exact.analysis.ablation import Importance as Importance
    from algzoo_exact.analysis.ablation import ablate as ablate
    from algzoo_exact.analysis.ablation import importance as importance
    from algzoo_exact.analysis.ablation import without as without
    from algzoo_exact.analysis.autograd import exact_score as exact_score
    from algzoo_exact.analysis.difference import Difference as Difference
    from algzoo_exact.analysis.difference import DifferentCell as DifferentCell
    from algzoo_exact.analysis.difference import diff as diff
    from algzoo_exact.analysis.difference import (
        root_mean_square_difference as root_mean_square_difference,
    )
    from algzoo_exact.analysis.errors import Errors as Errors
    from algzoo_exact.analysis.errors import WrongCell as WrongCell
    from algzoo_exact.analysis.errors import find_errors as find_errors
    from algzoo_exact.analysis.functions import FunctionDifference as FunctionDifference
    from algzoo_exact.analysis.functions import WrongFunctions as WrongFunctions
    from algzoo_exact.analysis.functions import attention as attention
    from algzoo_exact.analysis.functions import function_difference as function_difference
    from algzoo_exact.analysis.functions import wrong_functions as wrong_functions
    from algzoo_exact.analysis.gradient import Gradient as Gradient
    from algzoo_exact.analysis.gradient import gradient as gradient
    from algzoo_exact.analysis.graph import region_graph as region_graph
    from algzoo_exact.analysis.median_errors import ErrorCell as ErrorCell
    from algzoo_exact.analysis.median_errors import MedianErrors as MedianErrors
    from algzoo_exact.analysis.median_errors import median_errors as median_errors
    from algzoo_exact.analysis.neurons import NeuronFacts as NeuronFacts
    from algzoo_exact.analysis.neurons import neuron_facts as neuron_facts
    from algzoo_exact.analysis.noise_volume import NoiseVolume as NoiseVolume
    from algzoo_exact.analysis.noise_volume import noise_volume as noise_volume
    from algzoo_exact.analysis.polish import Polished as Polished
    from algzoo_exact.analysis.polish import polish as polish
    from algzoo_exact.analysis.positive import OrderedCase as OrderedCase
    from algzoo_exact.analysis.positive import OrderedCases as OrderedCases
    from algzoo_exact.analysis.positive import positive_inputs as positive_inputs
    from algzoo_exact.analysis.sections import Section as Section
    from algzoo_exact.analysis.sections import section as section
    from algzoo_exact.atlas.build import Atlas as Atlas
    from algzoo_exact.atlas.build import build_atlas as build_atlas
    from algzoo_exact.certificate.build import WrittenCertificate as WrittenCertificate
    from algzoo_exact.certificate.build import certify as certify
    from algzoo_exact.certificate.build import write_certificate as write_certificate
    from algzoo_exact.certificate.check import CheckedCertificate as CheckedCertificate
    from algzoo_exact.certificate.check import check_certificate as check_certificate
    from algzoo_exact.certificate.economy import Economy as Economy
    from algzoo_exact.certificate.economy import economy as economy
    from algzoo_exact.drafting.draft import Draft as Draft
    from algzoo_exact.drafting.draft import draft as draft
    from algzoo_exact.errors import FloatRangeError as FloatRangeError
    from algzoo_exact.errors import InputError as InputError
    from algzoo_exact.exact.enclosure import Enclosure as Enclosure
    from algzoo_exact.explain.ledger.surprise import Ledger as Ledger
    from algzoo_exact.explain.ledger.surprise import surprise as surprise
    from algzoo_exact.explain.outcome import Outcome as Outcome
    from algzoo_exact.explain.prove.statements import Asked as Asked
    from algzoo_exact.explain.prove.statements import ask as ask
    from algzoo_exact.explain.prove.statements import probability as probability
    from algzoo_exact.explain.prove.statements import prove as prove
    from algzoo_exact.explain.story import Explanation as Explanation
    from algzoo_exact.explain.story import load_explanation as load_explanation
    from algzoo_exact.explain.suggest import Suggestion as Suggestion
    from algzoo_exact.explain.suggest import suggest as suggest
    from algzoo_exact.explain.verify import Verification as Verification
    from algzoo_exact.explain.verify import verify as verify
    from algzoo_exact.measure.cone_measure import cone_measure as cone_measure
    from algzoo_exact.measure.cone_measure import orthant_probability as orthant_probability
    from algzoo_exact.present.explore.exploration import Exploration as Exploration
    from algzoo_exact.present.explore.exploration import explore as explore
    from algzoo_exact.present.pictures.picture import picture as picture
    from algzoo_exact.present.report import Report as Report
    from algzoo_exact.present.report import make_report as make_report
    from algzoo_exact.present.reports import Reports as Reports
    from algzoo_exact.present.reports import write_reports as write_reports
    from algzoo_exact.program import task as tasks
    from algzoo_exact.program.ir import Layer as Layer
    from algzoo_exact.program.ir import Program as Program
    from algzoo_exact.program.ir import mlp as mlp
    from algzoo_exact.program.ir import probe as probe
    from algzoo_exact.program.ir import rnn as rnn
    from algzoo_exact.program.ir import side_by_side as side_by_side
    from algzoo_exact.program.lift import lift as lift
    from algzoo_exact.program.lift import lift_transformer as lift_transformer
    from algzoo_exact.program.specialize import specialize as specialize
    from algzoo_exact.program.standardize import standardize as standardize
    from algzoo_exact.program.task import Task as Task
    from algzoo_exact.program.task import on_subspace as on_subspace
    from algzoo_exact.program.task import teacher as teacher
    from algzoo_exact.program.transformer import AttentionLayer as AttentionLayer
    from algzoo_exact.program.transformer import Transformer as Transformer
    from algzoo_exact.race.estimator import Estimate as Estimate
    from algzoo_exact.race.registry import estimator as estimator
    from algzoo_exact.race.run import Race as Race
    from algzoo_exact.race.run import RacePoint as RacePoint
    from algzoo_exact.race.run import compare as compare
    from algzoo_exact.regions.enumerate import activation_regions as activation_regions
    from algzoo_exact.regions.enumerate import cells as cells
    from algzoo_exact.regions.table import write_table as write_table
    from algzoo_exact.runtime.sampled import SampledSquaredError as SampledSquaredError
    from algzoo_exact.runtime.sampled_squares import sample_squared_error as sample_squared_error
    from algzoo_exact.runtime.sampling import sample as sample
    from algzoo_exact.score.compute import accuracies as accuracies
    from algzoo_exact.score.compute import accuracy as accuracy
    from algzoo_exact.score.compute import accuracy_bounds as accuracy_bounds
    from algzoo_exact.score.compute import squared_error as squared_error
    from algzoo_exact.score.compute import squared_error_bounds as squared_error_bounds
    from algzoo_exact.score.result import Counts as Counts
    from algzoo_exact.score.result import Score as Score
    from algzoo_exact.training.train import Trained as Trained
    from algzoo_exact.training.train import train as train
    from algzoo_exact.zoo.catalogue import CatalogueEntry as CatalogueEntry
    from algzoo_exact.zoo.catalogue import catalogue as catalogue
    from algzoo_exact.zoo.loading import Model as Model
    from algzoo_exact.zoo.loading import list_models as list_models
    from algzoo_exact.zoo.loading import load as load
    from algzoo_exact.zoo.perturbed import perturb as perturb
    from algzoo_exact.zoo.perturbed import prune as prune
    from algzoo_exact.zoo.perturbed import quantize as quantize


_HOMES = {
    "Ablated": "analysis.ablation",
    "Asked": "explain.prove.statements",
    "Atlas": "atlas.build",
    "AttentionLayer": "program.transformer",
    "CatalogueEntry": "zoo.catalogue",
    "CheckedCertificate": "certificate.check",
    "Counts": "score.result",
    "Difference": "analysis.difference",
    "DifferentCell": "analysis.difference",
    "Economy": "certificate.economy",
    "Draft": "drafting.draft",
    "Enclosure": "exact.enclosure",
    "Errors": "analysis.errors",
    "Estimate": "race.estimator",
    "Explanation": "explain.story",
    "Exploration": "present.explore.exploration",
    "FloatRangeError": "errors",
    "Gradient": "analysis.gradient",
    "Importance": "analysis.ablation",
    "InputError": "errors",
    "Ledger": "explain.ledger.surprise",
    "Model": "zoo.loading",
    "Layer": "program.ir",
    "Program": "program.ir",
    "NeuronFacts": "analysis.neurons",
    "NoiseVolume": "analysis.noise_volume",
    "OrderedCase": "analysis.positive",
    "OrderedCases": "analysis.positive",
    "Outcome": "explain.outcome",
    "Polished": "analysis.polish",
    "Report": "present.report",
    "Reports": "present.reports",
    "Race": "race.run",
    "RacePoint": "race.run",
    "SampledSquaredError": "runtime.sampled",
    "Score": "score.result",
    "Suggestion": "explain.suggest",
    "Section": "analysis.sections",
    "Task": "program.task",
    "Trained": "training.train",
    "Transformer": "program.transformer",
    "Verification": "explain.verify",
    "WrongCell": "analysis.errors",
    "WrittenCertificate": "certificate.build",
    "ablate": "analysis.ablation",
    "accuracies": "score.compute",
    "accuracy": "score.compute",
    "accuracy_bounds": "score.compute",
    "activation_regions": "regions.enumerate",
    "ask": "explain.prove.statements",
    "build_atlas": "atlas.build",
    "catalogue": "zoo.catalogue",
    "certify": "certificate.build",
    "check_certificate": "certificate.check",
    "cells": "regions.enumerate",
    "compare": "race.run",
    "cone_measure": "measure.cone_measure",
    "diff": "analysis.difference",
    "economy": "certificate.economy",
    "draft": "drafting.draft",
    "estimator": "race.registry",
    "explore": "present.explore.exploration",
    "exact_score": "analysis.autograd",
    "attention": "analysis.functions",
    "find_errors": "analysis.errors",
    "ErrorCell": "analysis.median_errors",
    "FunctionDifference": "analysis.functions",
    "MedianErrors": "analysis.median_errors",
    "median_errors": "analysis.median_errors",
    "WrongFunctions": "analysis.functions",
    "function_difference": "analysis.functions",
    "wrong_functions": "analysis.functions",
    "gradient": "analysis.gradient",
    "importance": "analysis.ablation",
    "lift": "program.lift",
    "lift_transformer": "program.lift",
    "list_models": "zoo.loading",
    "load": "zoo.loading",
    "load_explanation": "explain.story",
    "make_report": "present.report",
    "mlp": "program.ir",
    "neuron_facts": "analysis.neurons",
    "noise_volume": "analysis.noise_volume",
    "on_subspace": "program.task",
    "orthant_probability": "measure.cone_measure",
    "perturb": "zoo.perturbed",
    "prune": "zoo.perturbed",
    "quantize": "zoo.perturbed",
    "polish": "analysis.polish",
    "probe": "program.ir",
    "positive_inputs": "analysis.positive",
    "probability": "explain.prove.statements",
    "prove": "explain.prove.statements",
    "picture": "present.pictures.picture",
    "region_graph": "analysis.graph",
    "rnn": "program.ir",
    "root_mean_square_difference": "analysis.difference",
    "sample": "runtime.sampling",
    "sample_squared_error": "runtime.sampled_squares",
    "section": "analysis.sections",
    "side_by_side": "program.ir",
    "specialize": "program.specialize",
    "squared_error": "score.compute",
    "squared_error_bounds": "score.compute",
    "standardize": "program.standardize",
    "suggest": "explain.suggest",
    "surprise": "explain.ledger.surprise",
    "teacher": "program.task",
    "train": "training.train",
    "verify": "explain.verify",
    "without": "analysis.ablation",
    "write_reports": "present.reports",
    "write_certificate": "certificate.build",
    "write_table": "regions.table",
}

__all__ = ["__version__", "tasks", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "tasks":
        value: Any = import_module("algzoo_exact.program.task")
    elif name in _HOMES:
        value = getattr(import_module(f"algzoo_exact.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'algzoo_exact' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _of_torch(given: object) -> object | None:
    """The model in a torch module or its state dict, so that every function takes these too."""
    parts = given.values() if isinstance(given, Mapping) else (given,)
    if not any(hasattr(part, "state_dict") or hasattr(part, "detach") for part in parts):
        return None
    model: object = import_module("algzoo_exact.zoo.loading").load(given)
    return model


READERS.append(_of_torch)
