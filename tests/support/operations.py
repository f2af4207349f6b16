"""Another count of the checker's operations: of each as it happens, not as its parts announce it.

``check.py`` is parsed, and every ``+ - * / // % ** << >>`` in it, and every ``sum``, ``mul``,
``isqrt``, ``gcd`` and ``lcm``, is turned into a call that counts it, by the length of its operands.
The checker's own bookkeeping of work is left as it is.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from fractions import Fraction
from types import ModuleType
from typing import Any

from algzoo_exact.certificate import check

PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
}
"""Operations by the names of their nodes in Python's syntax tree."""
ACCOUNTS = {"Budget", "length", "price", "longest", "pay", "_pay", "spend", "allow"}
"""What keeps the books: no operations of the check itself."""


class Counted(ast.NodeTransformer):
    """The tree with a call of ``_counted`` for each operation."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node if node.name in ACCOUNTS else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node if node.name in ACCOUNTS else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        books = isinstance(node.func, ast.Attribute) and node.func.attr in ACCOUNTS
        return node if books else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if type(node.op).__name__ not in PLAIN:
            return node
        return self._call("_counted", node, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if type(node.op).__name__ not in PLAIN:
            return node
        left = deepcopy(node.target)
        left.ctx = ast.Load()
        if isinstance(left, ast.Subscript) and isinstance(node.target, ast.Subscript):
            left.slice = ast.NamedExpr(ast.Name("_index", ast.Store()), left.slice)
            node.target.slice = ast.Name("_index", ast.Load())  # looked up once, as before
        value = self._call("_in_place", node, left, node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def _call(
        self, how: str, node: ast.BinOp | ast.AugAssign, left: ast.expr, right: ast.expr
    ) -> ast.expr:
        name = type(node.op).__name__
        call = ast.Call(ast.Name(how, ast.Load()), [ast.Constant(name), left, right], [])
        return ast.copy_location(call, node)


def _is_number(value: object) -> bool:
    return type(value) in (int, Fraction)


class CountedChecker:
    """``check.py``, which counts its operations; ``kinds`` says how many there were of which."""

    def __init__(self) -> None:
        self.operations, self.kinds = 0, Counter[str]()
        with open(check.__file__) as file:
            tree = Counted().visit(ast.parse(file.read()))
        module = ModuleType("counted_check")
        module.__dict__.update(_counted=self._counted, _in_place=self._in_place)
        module.__file__ = check.__file__
        sys.modules[module.__name__] = module  # dataclasses look it up
        exec(compile(ast.fix_missing_locations(tree), "counted_check", "exec"), module.__dict__)
        given = {"mul": self._product, "sum": self._sum}
        given |= {name: self._of(name) for name in ("isqrt", "gcd", "lcm")}
        module.__dict__.update(given)
        self.module: Any = module

    def check(self, document: Any) -> Any:
        """What the checker finds, once more; ``operations`` are of this check."""
        self.operations, self.kinds = 0, Counter()
        return self.module.check_document(document)

    def _note(self, kind: str, *numbers: Any) -> None:
        bits = max(n.numerator.bit_length() + (type(n) is Fraction) * n.denominator.bit_length()
                   for n in numbers)  # fmt: skip
        self.kinds[kind] += 1
        self.operations += 1 + (bits >> 8) + (bits >> 10) ** 2

    def _counted(self, name: str, left: Any, right: Any) -> Any:
        if _is_number(left) and _is_number(right):
            self._note(name, left, right)
        return PLAIN[name](left, right)

    def _in_place(self, name: str, left: Any, right: Any) -> Any:
        if _is_number(left) and _is_number(right):
            return self._counted(name, left, right)
        return getattr(operator, f"i{PLAIN[name].__name__}")(left, right)

    def _product(self, left: Any, right: Any) -> Any:
        return self._counted("Mult", left, right)

    def _sum(self, items: Iterable[Any], start: Any = 0) -> Any:
        total = start
        for item in items:
            total = self._counted("Add", total, item)
        return total

    def _of(self, name: str) -> Callable[..., int]:
        def counted(*numbers: int) -> int:
            if numbers:
                self._note(name, *numbers)
            return int(getattr(math, name)(*numbers))

        return counted
