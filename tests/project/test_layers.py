"""The layout is the architecture: imports go one way, and heavy libraries have one home each.

Sources are parsed, so that imports inside functions count too. Each check is also run on a planted
fault, which it must find.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from support.paths import ROOT

from algzoo_exact.program.task import PROBLEMS

PACKAGE = ROOT / "algzoo_exact"
parsed = cache(ast.parse)

# What each layer may import from this package, beside itself.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "deadline": {"errors"},
    "arrays": set(),
    "jit": set(),
    "signals": set(),
    "processes": {"errors", "signals"},
    "cluster": {"errors", "version"},
    "names": set(),
    "shown": set(),
    "progress": {"deadline"},
    "version": set(),
    "plotting": {"errors", "files"},
    "files": {"errors"},
    "tables": {"errors", "files"},
    "state": {"errors", "exact", "files"},
    "typed": {"exact"},
    "jobs": {"deadline", "errors", "processes", "state", "typed"},
    "compiling": {"jit", "jobs", "processes"},
    "exact": {"shown", "errors"},
    "geometry": {"shown", "errors", "exact"},
    "measure": {"arrays", "shown", "errors", "exact", "geometry", "jit"},
    "program": {"shown", "errors", "exact", "geometry", "version"},
    "zoo": {"errors", "exact", "files", "geometry", "jit", "names", "program"},
}
LAYERS["regions"] = {
    "arrays",
    "shown",
    "progress",
    "errors",
    "exact",
    "files",
    "geometry",
    "jit",
    "measure",
    "program",
    "tables",
}
LAYERS["program"] |= {"arrays"}
LAYERS["zoo"] |= {"shown", "progress"}
LAYERS["score"] = LAYERS["regions"] | {
    "compiling", "deadline", "jobs", "processes", "regions", "signals", "state",
}  # fmt: skip
LAYERS["runtime"] = LAYERS["score"] | {"score"}
LAYERS["explain"] = LAYERS["score"] | {"score", "runtime"}
LAYERS["drafting"] = LAYERS["explain"] | {"explain"}
LAYERS["analysis"] = LAYERS["score"] | {"score"}
LAYERS["certificate"] = LAYERS["explain"] | {"explain", "version"}
LAYERS["training"] = LAYERS["score"] | {"score", "runtime", "version", "zoo"}
LAYERS["race"] = LAYERS["score"] | {"score", "runtime", "plotting", "version", "zoo"}
LAYERS["present"] = LAYERS["race"] | {
    "analysis", "certificate", "drafting", "explain", "names", "race",
}  # fmt: skip
LAYERS["atlas"] = LAYERS["present"] | {"present"}
LAYERS["cli"] = LAYERS["atlas"] | {"atlas", "cluster", "training"}
LAYERS["__init__"] = LAYERS["__main__"] = set(LAYERS)

# What stands in explain/, each importing from what comes before it.
ROOMS = (
    *("language", "logic", "outcome", "prove", "claims", "story", "schema", "verify", "suggest"),
    "ledger",
)

# Beside cli and training.
_TORCH_NETWORKS = ("answers", "networks", "observed", "sampled_squares", "sampling", "untrained")
MAY_USE_ZOO = tuple(f"runtime/{name}.py" for name in _TORCH_NETWORKS)
MAY_USE_ZOO += ("explain/verify.py",)  # claims name the models that they compare with

# Files (or folders) that may import a library. The light ones, numpy and safetensors, are free.
HOMES: dict[str, tuple[str, ...]] = {
    "torch": (
        "zoo/",
        "training/",
        "runtime/",
        "race/",
        "analysis/autograd.py",
        "explain/prove/torch_check.py",
        "race/run.py",
        "program/problem.py",  # the type alone, as in what follows
        "program/problems/",
    ),
    "sympy": (
        "program/render.py",
        "score/closed_form.py",
    ),
    "networkx": ("analysis/graph.py", "drafting/finders/weights.py"),
    "jinja2": ("present/writers/html.py", "present/writers/latex.py"),
    "markupsafe": ("present/writers/html.py",),
    "matplotlib": ("plotting.py", "atlas/curves.py", "present/pictures/", "race/plot.py"),
    "pyarrow": ("tables.py", "analysis/"),
    "flint": (
        "exact/",
        "explain/logic/relaxation.py",
        "geometry/",
        "measure/",
        "program/",
        "regions/",
        "score/",
        "analysis/slopes.py",
        "certificate/shared_facets.py",
    ),
    "numba": ("jit.py", "runtime/tiles.py"),
    "llvmlite": ("runtime/tiles.py",),
    "distributed": ("cluster.py",),
    "typer": ("cli/",),
    "rich": ("cli/", "progress.py"),
    "platformdirs": ("zoo/fetching.py",),
    "requests": ("zoo/fetching.py",),
    "z3": ("explain/logic/z3_solver.py",),
    "scipy": (),
    "mpmath": (),
}
HEAVY = ("torch", "sympy", "networkx", "matplotlib", "pyarrow", "numba", "scipy", "mpmath", "z3")
HEAVY += ("requests",)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(tree: ast.AST, path: str) -> Iterator[tuple[str, str]]:
    """(module, name) of every import in a file; the name is empty for ``import module``."""
    here = ["algzoo_exact", *path.split("/")[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def wrong_imports(path: str, text: str) -> list[str]:
    """Imports that a file of the package, given by its path in it, may not have."""
    layer = path.split("/")[0].removesuffix(".py")
    allowed = LAYERS[layer] | {layer} | ({"zoo"} if path in MAY_USE_ZOO else set())
    wrong = []
    for module, name in imports(parsed(text), path):
        top, *rest = module.split(".")
        if top == "algzoo_exact":
            target = rest[0] if rest else name
            if target not in LAYERS and layer == "cli":
                continue  # a name of the root package, which loads anything
            if target not in allowed:
                wrong.append(f"{path} imports {target}")
        elif top in HOMES and not any(
            path == home or (home.endswith("/") and path.startswith(home)) for home in HOMES[top]
        ):
            wrong.append(f"{path} imports {top}")
    return wrong


def test_imports_go_one_way() -> None:
    wrong = []
    for path in sources("algzoo_exact"):
        wrong += wrong_imports(path.relative_to(PACKAGE).as_posix(), path.read_text())
    assert not wrong


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("geometry/cone.py", "from algzoo_exact.program.ir import Program"),
        ("geometry/cone.py", "from algzoo_exact import program"),
        ("geometry/cone.py", "from ..program import ir"),
        ("measure/flow.py", "def f():\n    from algzoo_exact.program import ir"),
        ("program/lift.py", "from algzoo_exact.zoo.loading import load"),
        ("score/compute.py", "from algzoo_exact.runtime import sampling"),
        ("runtime/blocks.py", "from algzoo_exact.zoo import tasks"),
        ("zoo/loading.py", "import algzoo_exact.regions.search"),
        ("score/compute.py", "from algzoo_exact import accuracy"),
        ("training/run.py", "from algzoo_exact import __version__"),
        ("regions/search.py", "def f():\n    import torch.nn"),
        ("regions/search.py", "import networkx as nx"),
        ("zoo/tasks.py", "from flint import arb"),
        ("exact/binomial.py", "import scipy.stats"),
        ("regions/compiled.py", "from numba import njit"),
        ("program/lift.py", "from algzoo_exact.jit import compiled"),
    ],
)
def test_planted_imports_are_found(path: str, text: str) -> None:
    assert wrong_imports(path, text)


def test_allowed_imports_pass() -> None:
    assert not wrong_imports("training/run.py", "from algzoo_exact.version import __version__")
    assert not wrong_imports("cli/main.py", "import algzoo_exact as az\nfrom rich import print")
    assert not wrong_imports("runtime/sampling.py", "from algzoo_exact.zoo import tasks")
    assert not wrong_imports("regions/search.py", "from .pattern import ActivationPattern")


def upward_imports(path: str, text: str) -> list[str]:
    """Imports of a file in explain/ from a later room than its own."""
    own = ROOMS.index(path.split("/")[1].removesuffix(".py"))
    found = []
    for module, _ in imports(parsed(text), path):
        top, *rest = module.removeprefix("algzoo_exact.").split(".")
        if top == "explain" and rest and ROOMS.index(rest[0]) > own:
            found.append(f"{path} imports explain.{rest[0]}")
    return found


def test_rooms_of_explanations_go_one_way() -> None:
    wrong = []
    for path in (PACKAGE / "explain").rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if place != "explain/__init__.py":
            wrong += upward_imports(place, path.read_text())
    assert not wrong
    fault = "def f():\n    from algzoo_exact.explain.claims import claim"
    assert upward_imports("explain/prove/prover.py", fault)


# Where a problem may be told by its name: its own file, the tables of what others published, the
# checker, which imports nothing, and where public names are kept.
MAY_NAME_PROBLEMS = ("__init__.py", "program/problems/", "zoo/algzoo.py", "certificate/check.py")
MAY_NAME_PROBLEMS += ("certificate/checker/",)
FAMILIES = ("rnn", "mlp", "transformer", "Program", "Transformer")


def told_by_name(path: str, text: str) -> list[str]:
    """Where a file compares with the name of a task or of a family of networks, or looks it up."""
    names = {*PROBLEMS, *FAMILIES}
    found = []
    for node in ast.walk(parsed(text)):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        elif isinstance(node, ast.Dict):
            parts = [*node.keys]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        parts += [
            e
            for part in parts
            if isinstance(part, ast.Tuple | ast.List | ast.Set)
            for e in part.elts
        ]
        told = {part.value for part in parts if isinstance(part, ast.Constant)} & names
        found += [f"{path}:{node.lineno} tells {name} by its name" for name in told]
    return found


def test_no_task_is_told_by_its_name() -> None:
    found = []
    for path in sources("algzoo_exact"):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(MAY_NAME_PROBLEMS):
            found += told_by_name(place, path.read_text())
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        'if task.name == "median":\n    pass',
        'x = "longest_cycle" != task.name',
        'x = task.name in ("argmax", "2nd_argmax")',
        'match name:\n    case "argmedian":\n        pass',
        'x = {"argoutlier": 1}',
        'x = table["median"]',
        'x = type(network).__name__ == "Transformer"',
    ],
)
def test_planted_names_are_found(text: str) -> None:
    assert told_by_name("score/compute.py", text)
    assert not told_by_name("score/compute.py", "x = task.is_numeric")


def foreign_imports(path: str, text: str) -> list[str]:
    """Imports from outside the standard library."""
    tops = (module.split(".")[0] for module, _ in imports(parsed(text), path))
    return [top for top in tops if top not in sys.stdlib_module_names]


def test_the_checker_stands_alone() -> None:
    path = "certificate/check.py"
    assert not foreign_imports(path, (PACKAGE / path).read_text())
    assert foreign_imports(path, "def f():\n    from algzoo_exact.errors import InputError")
    assert foreign_imports(path, "from . import build")
    assert foreign_imports(path, "import json, numpy")


@pytest.mark.parametrize("module", ["algzoo_exact", "algzoo_exact.cli"])
def test_import_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import {module}")


def test_loaded_libraries_are_noticed() -> None:
    assert loaded_by("import networkx") == ["networkx"]


def loaded_by(statement: str) -> list[str]:
    """The heavy libraries that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [name for name in HEAVY if name in done.stdout.split()]


# An absolute path into somebody's machine; the pattern does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|Users|opt|mnt)/\w")


def test_no_machine_paths() -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if MACHINE_PATH.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert not found


def test_machine_paths_are_found() -> None:
    assert MACHINE_PATH.search("open('/" + "home/someone/x')")
    assert not MACHINE_PATH.search("https://example.org/home/x")


def tracked_files() -> Iterator[Path]:
    """Files that .gitignore leaves in (all its entries are plain names)."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    pending = [ROOT]
    while pending:
        for path in pending.pop().iterdir():
            if path.name == ".git" or any(fnmatch(path.name, name) for name in ignored):
                continue
            if path.is_dir():
                pending.append(path)
            elif path.is_file():
                yield path


def test_every_package_is_installed() -> None:
    """The list in pyproject.toml against the folders that hold code."""
    folders = {path.parent.relative_to(ROOT) for path in sources("algzoo_exact")}
    expected = {".".join(folder.parts) for folder in folders} | {"algzoo_exact.models"}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert set(settings["packages"]) == expected


def test_tests_mirror_the_package() -> None:
    """A folder of tests is a folder of the package, but for what is about the whole project."""
    for path in sources("tests"):
        folder = path.parent.relative_to(ROOT / "tests")
        if path.name.startswith("test_") and folder.as_posix() not in ("extension", "project"):
            assert (PACKAGE / folder / "__init__.py").is_file(), path
            assert folder.parts, path
