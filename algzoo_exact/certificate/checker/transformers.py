"""Transformers: logits with proved error bounds (C10), or exactly (C11).

Vectors are fixed-point numbers with one bound for the error of all entries:

- matrix times vector: |W|_1 times the vector's error, the L1 norm of the vector times 1 for the
  rounding of W, and 3 for rounding down;
- inner product: dx |y|_1 + dy |x|_1 + c dx dy, and 3; 1/sqrt(c) is rounded up by less than 2^-p
  of itself, which costs |score| 2^-p;
- exponential of minus a number: off by less than 16; e^(x+y) differs from e^x <= 1 by 2 |y| at
  most;
- mean: with weights w_j off by dw, another mean of the same vectors, off by at most (n dw) (2
  max |v|) / (sum w - n dw).

Powers e^score are relative to the largest score of a token that is there, so that one of them is
1: scores of absent tokens, which may be far above, play no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import isqrt, lcm
from operator import add, mul

from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.cones import Vector, dot
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.exponential import Exponential
from algzoo_exact.certificate.checker.networks import Weights

Matrix = tuple[tuple[Fraction, ...], ...]
Whole = tuple[Vector, ...]
Layer = tuple[int, int, list[tuple[Whole, Whole]]]
"""Denominators of all A and of all C, and A and C of each head."""
Ball = tuple[list[int], int]
"""Fixed-point entries, and a bound in units on the error of each."""
Score = tuple[int, int]
"""One number with a bound on its error, likewise."""


class TooFewBitsError(Exception):
    """The errors are too wide to say anything; more bits may do."""


class Linear:
    """A matrix, integers over ``bottom``, as fixed-point numbers, each off by at most a unit."""

    def __init__(self, matrix: Whole, bottom: int | Fraction, p: int) -> None:
        self.p = p
        self.rows = [fixed_point(row, bottom, p) for row in matrix]
        self.norm = max(sum(map(abs, row)) for row in self.rows) + len(matrix[0])

    def __call__(self, ball: Ball) -> Ball:
        v, error = ball
        off = (self.norm * error >> self.p) + (sum(map(abs, v)) >> self.p) + 3
        return [sum(map(mul, row, v)) >> self.p for row in self.rows], off


def fixed_point(row: Vector, bottom: int | Fraction, p: int) -> list[int]:
    return [(w << p) // bottom for w in row]


def times(matrix: Whole, column: Vector) -> Vector:
    return tuple(dot(row, column) for row in matrix)


def composed(a: Whole, b: Whole) -> Whole:
    return transposed(tuple(times(a, column) for column in transposed(b)))


def transposed(matrix: Whole) -> Whole:
    return tuple(zip(*matrix, strict=True))


def whole(*matrices: Matrix) -> tuple[list[Whole], int]:
    """Matrices as integers over one denominator."""
    bottom = lcm(*(w.denominator for matrix in matrices for row in matrix for w in row))
    return [tuple(tuple(int(w * bottom) for w in row) for row in m) for m in matrices], bottom


class Attention:
    """An attention-only transformer: r[p] += sum over heads of C sum over j of a[p, j] r[j], where
    a[p, j] is the softmax of s[p, j] = A r[p] . r[j] / sqrt(c), with A = W_k^T W_q and
    C = W_o W_v of a head with c entries; logits = U r[n-1]. All in integers over denominators."""

    def __init__(self, weights: Weights, n: int, heads: int, budget: Budget) -> None:
        depth = sum(key.endswith(".in_proj_weight") for key in weights)
        shapes = dict.fromkeys(("embed.weight", "pos_embed.weight", "unembed.weight"), (n, 1))
        for i in range(depth):
            shapes |= {f"attns.{i}.in_proj_weight": (0, 3), f"attns.{i}.out_proj.weight": (0, 1)}
        require(depth > 0 and set(weights) == set(shapes), "these are no transformer's weights")
        size = len(weights["embed.weight"][0])
        require(heads > 0 and size % heads == 0, "heads do not share the entries")
        fits = all(
            [len(row) for row in weights[name]] == [size] * (rows or multiple * size)
            for name, (rows, multiple) in shapes.items()
        )
        require(fits, "the weights' shapes do not fit each other and the task")
        self.n, self.size, self.width, self.budget = n, size, size // heads, budget
        self.bits = max(length(w) for rows in weights.values() for row in rows for w in row)
        budget.pay(2 * self.bits, 6 * depth * size**3)
        (tokens, places), self.bottom = whole(weights["embed.weight"], weights["pos_embed.weight"])
        self.starts = [[tuple(map(add, token, place)) for token in tokens] for place in places]
        (self.unembed,), self.last = whole(weights["unembed.weight"])
        self.layers: list[Layer] = []
        for i in range(depth):
            (inward,), into = whole(weights[f"attns.{i}.in_proj_weight"])
            (outward,), out = whole(weights[f"attns.{i}.out_proj.weight"])
            found = []
            for first in range(0, size, self.width):
                cut = slice(first, first + self.width)
                query, key, value = (inward[k * size : (k + 1) * size][cut] for k in range(3))
                told = composed(tuple(row[cut] for row in outward), value)
                found.append((composed(transposed(key), query), told))
            self.layers.append((into**2, into * out, found))

    def asking(self, layer: int) -> range:
        """The places whose answers are read: of the last layer, the last one's alone."""
        return range(self.n - 1 if layer + 1 == len(self.layers) else 0, self.n)

    def exact_logits(self, tokens: Sequence[int]) -> Vector | None:
        """Positive multiples of the logits, where each head that adds anything mixes equal vectors,
        or mixes them equally, as far as it matters (C11)."""
        r: list[Vector | None] = [self.starts[p][token] for p, token in enumerate(tokens)]
        for i, (_, bottom, heads) in enumerate(self.layers):
            adding = [head for head in heads if any(map(any, head[1]))]
            known = [row for row in r if row is not None]
            if adding and len(known) < self.n:
                return None
            bits = max(map(int.bit_length, (x for row in known for x in row)), default=0)
            self.budget.pay(bits + 2 * self.bits, 1 + len(adding) * 2 * self.n * self.size**2)
            offered = [[times(told, row) for row in known] for _, told in adding]
            vectors = [row for given in offered for row in given]
            mixed: list[Vector | None] = []
            for own in (r[place] for place in self.asking(i)):
                if own is None or not all(
                    len(set(given)) == 1 or alike(times(form, own), known)
                    for (form, _), given in zip(adding, offered, strict=True)
                ):
                    mixed.append(None)
                    continue
                parts = [tuple(bottom * self.n * x for x in own), *vectors]
                mixed.append(tuple(map(sum, zip(*parts, strict=True))))
            r = mixed
        return None if r[-1] is None else times(self.unembed, r[-1])


def alike(asked: Vector, rows: Sequence[Vector]) -> bool:
    """Whether all scores are equal."""
    return len({dot(asked, row) for row in rows}) == 1


class FixedAttention:
    """Logits of a transformer in fixed point, with a bound on their error (C10)."""

    def __init__(self, model: Attention, p: int) -> None:
        self.model, self.p = model, p
        model.budget.pay(p + 2 * model.bits, 2 * len(model.layers) * model.size**2)
        # 1/root is 1/sqrt(c), too large by less than 2^-p of itself.
        root = Fraction(isqrt(model.width << 2 * p), 1 << p)
        self.layers = [
            [(Linear(form, one * root, p), Linear(told, other, p)) for form, told in heads]
            for one, other, heads in model.layers
        ]
        self.unembed = Linear(model.unembed, model.last, p)
        self.starts = [[(fixed_point(v, model.bottom, p), 1) for v in row] for row in model.starts]
        self._known: dict[tuple[int, int, int], list[Score]] = {}
        exponential = Exponential(p)
        model.budget.pay(2 * p, 30 * p)

        def power(x: int) -> int:
            model.budget.pay(2 * p, exponential.work)
            return exponential(x)

        self._exp_minus = lru_cache(maxsize=1 << 16)(power)

    def logits(self, tokens: Sequence[int]) -> Ball:
        """TooFewBitsError if nothing can be said."""
        r = [self.starts[place][token] for place, token in enumerate(tokens)]
        n, size = self.model.n, self.model.size
        for i, layer in enumerate(self.layers):
            places = self.model.asking(i)
            bits = max(map(int.bit_length, (x for ball in r for x in ball[0])))
            each = 4 * size * (size + n + 2) + (2 * size + 20) * n + 40
            self.model.budget.pay(bits, len(layer) * len(places) * each)
            fresh = []
            for place in places:
                answer = r[place]
                for h, (form, told) in enumerate(layer):
                    if i == 0:
                        scores = self._first_scores(h, place, tokens)
                    else:
                        asked = form(r[place])
                        scores = [self._dot(asked, other) for other in r]
                    part = told(self._mean(scores, r))
                    sums = [x + y for x, y in zip(answer[0], part[0], strict=True)]
                    answer = sums, answer[1] + part[1]
                fresh.append(answer)
            r = fresh
        return self.unembed(r[-1])

    def _first_scores(self, h: int, place: int, tokens: Sequence[int]) -> list[Score]:
        """In the first layer, scores depend on two tokens and their places alone."""
        n, key = self.model.n, (h, place, tokens[place])
        if key not in self._known:
            asked = self.layers[0][h][0](self.starts[place][tokens[place]])
            self._known[key] = [self._dot(asked, ball) for row in self.starts for ball in row]
        scores = self._known[key]
        return [scores[other * n + token] for other, token in enumerate(tokens)]

    def _dot(self, a: Ball, b: Ball) -> Score:
        (x, dx), (y, dy) = a, b
        off = dx * sum(map(abs, y)) + dy * sum(map(abs, x)) + len(x) * dx * dy
        value = sum(map(mul, x, y)) >> self.p
        # The scale 1/sqrt(c) was too large by less than 2^-p of itself.
        return value, (off >> self.p) + (abs(value) >> self.p) + 3

    def _mean(self, scores: Sequence[Score], r: Sequence[Ball]) -> Ball:
        """The mean of the vectors, weighted by e^score. All powers are divided by the largest: the
        largest of the tokens that are there, so that some power is 1."""
        top, off = max(value for value, _ in scores), max(error for _, error in scores)
        powers = [self._exp_minus(top - value) for value, _ in scores]
        # e^(x + y) is off e^x <= 1 by at most 2 |y|, for |y| <= 1.
        whole, slack = sum(powers), len(r) * (2 * off + 16)
        if 2 * slack >= whole:
            raise TooFewBitsError
        entries = [
            sum(map(mul, powers, column)) // whole
            for column in zip(*(v for v, _ in r), strict=True)
        ]
        # Another mean of the same vectors, by weights off by dw, is off by at most
        # (sum of dw |v - mean|) / (sum of w - sum of dw).
        error = max(dv for _, dv in r)
        spread = 2 * max(max(map(abs, v)) for v, _ in r) + 2 * error
        return entries, error + 2 * slack * spread // whole + 2
