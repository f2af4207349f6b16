"""The other models that claims of equivalence name, each beside the model as one program."""

from __future__ import annotations

from typing import Any

from algzoo_exact.certificate.evidence import Evidence
from algzoo_exact.certificate.nodes import Nodes, weight_texts
from algzoo_exact.explain.claims.equivalent import product
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.task import Task

Json = dict[str, Any]


class Others:
    """Numbers for other models, in the order in which they are asked for."""

    def __init__(self, verification: Verification, task: Task) -> None:
        self._verification, self._task = verification, task
        self._found: dict[str, tuple[Nodes, Evidence]] = {}

    def number(self, name: str) -> int:
        self.evidence(name)
        return list(self._found).index(name)

    def evidence(self, name: str) -> Evidence:
        """About both models as one program; its formulas have nodes of their own."""
        if name not in self._found:
            told = self._verification
            both = product(told.program, told.others[name])
            nodes = Nodes(both)
            self._found[name] = nodes, Evidence(both, self._task, told.ties, nodes)
        return self._found[name][1]

    def to_json(self) -> list[Json]:
        """The name of each, its weights, and the formulas about both."""
        return [
            {
                "name": name,
                "weights": weight_texts(named_weights(self._verification.others[name])),
                "nodes": nodes.to_json(),
            }
            for name, (nodes, _) in self._found.items()
        ]
