"""The results as tables (Markdown), as data (JSON, CSV) and as a plot (SVG)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from algzoo_exact.files import replacing

Result = dict[str, Any]

_NONE = "–"
CORES = (1, 2)
_TICKS = (1, 2, 4, 8, 16, 32)
COLUMNS = ("n", "d", "leaves", "seconds", "peak_mib")


def write(folder: Path, machine: dict[str, Any], results: list[Result]) -> None:
    """The four files; each replaces its predecessor only once it is complete."""
    points = growth(results)
    with replacing(folder / "results.json") as path:
        content = json.dumps({"machine": machine, "results": results}, indent=1)
        path.write_text(content + "\n", encoding="utf-8")
    with replacing(folder / "growth.csv") as path, path.open("w", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        rows.writeheader()
        rows.writerows(points)
    with replacing(folder / "growth.svg") as path:
        _plot(points, path)
    with replacing(folder / "results.md") as path:
        path.write_text(Report(machine, results).text(), encoding="utf-8")


def growth(results: list[Result]) -> list[Result]:
    """Accuracies in float64 on one core of each random model, by n and d."""
    points = []
    for result in results:
        if result["kind"] == "floats" and result["cores"] == 1:
            family, d, n = result["model"].rsplit("_", 2)
            if family == "random":
                measured = {key: result.get(key) for key in COLUMNS[2:]}
                points.append({"n": int(n), "d": int(d), **measured})
    return sorted(points, key=lambda point: (point["n"], point["d"]))


class Report:
    """The Markdown, table by table; a ratio compares two figures of the same run."""

    def __init__(self, machine: dict[str, Any], results: list[Result]) -> None:
        self.machine, self.results = machine, results
        self.models = [r["model"] for r in results if r["kind"] == "regions"]

    def text(self) -> str:
        parts = [
            _HEAD,
            self._machine(),
            _TIMES,
            self._times(),
            self._listed("six_digits", "six digits of {model}"),
            _SAMPLING,
            self._sampling(),
            _BRUTE_FORCE,
            self._brute_force(),
            self._listed("variants", "{count} noisy variants of {model} in one call"),
            _MEMORY,
            self._memory(),
            _START,
            self._start(),
            _GROWTH,
            _AGREEMENT,
            self._agreement(),
        ]
        failed = [r for r in self.results if "error" in r]
        if failed:
            lines = [
                f"- {r['kind']} {r['model']}, {r['cores']} core(s): {r['error']}" for r in failed
            ]
            parts += ["## Failed", "\n".join(lines)]
        return "\n\n".join(filter(None, parts)) + "\n"

    def _find(self, kind: str, model: str, cores: int = 1, **options: Any) -> Result:
        """The measurement, or an empty one if it was not asked for."""
        wanted = {"kind": kind, "model": model, "cores": cores, **options}
        found = (r for r in self.results if wanted.items() <= r.items())
        return next(found, {})

    def _machine(self) -> str:
        return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in self.machine.items())

    def _times(self) -> str:
        head = ["model", "leaves", "regions"]
        head += [f"{name}, {k}" for name in ("float64", "exact") for k in CORES]
        rows = []
        for model in self.models:
            count = self._find("regions", model)
            row = [model, _cell(count, "leaves", _whole), _cell(count, "regions", _whole)]
            for kind in ("floats", "exact"):
                row += [_cell(self._find(kind, model, k), "seconds", _seconds) for k in CORES]
            digits = self._find("exact", model).get("digits")
            rows.append([*row, str(digits or _NONE)])
        return _table([*head, "digits"], rows)

    def _listed(self, kind: str, what: str) -> str:
        """A line for each measurement of that kind: ``what`` it is of, with its facts."""
        lines = []
        for r in self.results:
            if r["kind"] == kind:
                cores = "one core" if r["cores"] == 1 else f"{r['cores']} cores"
                lines.append(f"- {what.format(**r)}, {cores}: {_cell(r, 'seconds', _seconds)}")
        return "\n".join(lines)

    def _sampling(self) -> str:
        head = ["model", "samples", "seconds, 1", "seconds, 2", "standard error"]
        rows = []
        for model in self.models:
            one, two = (self._find("sampling", model, k) for k in CORES)
            row = [model, _cell(one, "samples", _whole)]
            row += [_cell(r, "seconds", _seconds) for r in (one, two)]
            row.append(_cell(one, "standard_error", _short))
            for k, drawn in zip(CORES, (one, two), strict=True):
                row.append(_ratio(drawn, self._find("floats", model, k)))
            rows.append([*row, _ratio(one, self._find("exact", model))])
        ratios = ["sampling / float64, 1", "sampling / float64, 2", "sampling / exact, 1"]
        return _table([*head, *ratios], rows)

    def _brute_force(self) -> str:
        head = ["model", "masks at once", "seconds", "brute force / float64"]
        rows = []
        for r in self.results:
            if r["kind"] == "brute_force":
                ours = [self._find(kind, r["model"]) for kind in ("floats", "exact")]
                seconds = _cell(r, "seconds", _seconds)
                rows.append(
                    [r["model"], str(r["masks_at_once"]), seconds, *(_ratio(r, o) for o in ours)]
                )
        return _table([*head, "/ exact"], rows)

    def _memory(self) -> str:
        kinds = {"float64": "floats", "exact": "exact"}
        kinds |= {"sampling": "sampling", "brute force": "brute_force"}
        rows = [
            [m, *(_cell(self._find(kind, m), "peak_mib", _whole) for kind in kinds.values())]
            for m in self.models
        ]
        return _table(["model", *kinds], rows)

    def _start(self) -> str:
        rows = []
        for r in self.results:
            if r["kind"] == "start":
                rows.append([f"`{r['command']}`", _cell(r, "seconds", _seconds), _NONE])
            elif r["kind"] == "first_call":
                name = f"first accuracy in float64, {r['cache']} cache"
                rows.append([name, _cell(r, "seconds", _seconds), _cell(r, "peak_mib", _whole)])
        return _table(["what", "time", "peak MiB"], rows)

    def _agreement(self) -> str:
        rows = []
        for model in self.models:
            floats, exact = self._find("floats", model), self._find("exact", model)
            row = [model, _cell(exact or floats, "accuracy", lambda value: f"{value:.15f}")]
            for kind in ("floats", "brute_force"):
                row.append(_distance(self._find(kind, model), exact or floats))
            drawn = self._find("sampling", model)
            error = drawn.get("standard_error")
            if error and "accuracy" in floats:
                row.append(f"{(drawn['accuracy'] - floats['accuracy']) / error:+.1f}")
            else:
                row.append(_NONE)
            rows.append([*row, _cell(exact, "width", _short)])
        head = ["model", "accuracy", "float64", "brute force"]
        return _table([*head, "sampling (standard errors)", "width of exact"], rows)


def _distance(result: Result, reference: Result) -> str:
    """From the enclosure of ``reference`` to a float64 figure, exactly."""
    if "error" in result or "error" in reference:
        return "failed"
    if "accuracy" not in result or "lower" not in reference:
        return _NONE
    value = Decimal(result["accuracy"])
    gap = max(Decimal(reference["lower"]) - value, value - Decimal(reference["upper"]), Decimal(0))
    return _short(float(gap))


def _ratio(ours: Result, theirs: Result) -> str:
    if "seconds" not in ours or "seconds" not in theirs:
        return _NONE
    ratio = ours["seconds"] / theirs["seconds"]
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"


def _cell(result: Result, key: str, show: Callable[[Any], str]) -> str:
    if "error" in result:
        return "failed"
    return show(result[key]) if result.get(key) is not None else _NONE


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _short(value: float) -> str:
    return f"{value:.1e}" if value else "0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plot(points: list[Result], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "algzoo-exact"  # the same picture, the same file
    from matplotlib import pyplot

    names = {"leaves": "leaves", "seconds": "seconds", "peak_mib": "peak memory (MiB)"}
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 4), layout="constrained")
    for axis, (key, name) in zip(axes, names.items(), strict=True):
        for n in sorted({point["n"] for point in points}):
            line = [(p["d"], p[key]) for p in points if p["n"] == n and p[key] is not None]
            if line:
                axis.loglog(*zip(*line, strict=True), "o-", markersize=3, label=f"n = {n}")
        axis.set(xlabel="hidden size d", ylabel=name)
        axis.set_xticks(_TICKS, map(str, _TICKS))
        axis.minorticks_off()
        if key == "peak_mib":  # mostly the libraries, so that a logarithm would show noise
            axis.set_yscale("linear")
            axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    if points:
        axes[0].legend()
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)


_HEAD = """# Measurements

Written by `make bench`, in one run on one machine; compare figures within it. Each measurement has
a process of its own, held to one core (columns `1`) or two (`2`). After a first call that is not
counted, times are the median of as many calls as fit into half a second, at least one. Ties: lowest
index. `random_d_n` has standard normal weights, seeded by d and n."""

_TIMES = """## Time for one accuracy

Leaves: cones of constant activation pattern and label. Regions: activation patterns. Float64:
`accuracies`, proved, as narrow as comes. Exact: `accuracy(method="exact")`, an enclosure of width
at most 10^-digits. Two cores include the start of two processes."""

_SAMPLING = """## Beside sampling

`sample` in torch, float32, on the CPU, its exact binomial interval included. Above 1 in the last
columns: the sample took longer."""

_BRUTE_FORCE = """## Beside brute force, and many models at once

All 2^(3d) activation masks times 6 orders of the inputs, in numpy (`brute_force.py`), on one core;
one mask at a time is how it was published."""

_MEMORY = """## Peak memory (MiB)

Largest resident size of one process on one core, libraries included."""

_START = """## Start and compilation

Whole processes from start to end, the median of five; then the first accuracy of a process in
float64, imports included, when its code must be compiled and when it is stored on disk."""

_GROWTH = """## Growth

Random models, `accuracies` on one core: [growth.csv](growth.csv).

![Leaves, seconds and memory against d, a line for each n](growth.svg)"""

_AGREEMENT = """## Do they agree?

Distance of each figure from the exact enclosure, or where there is none from that of float64."""
