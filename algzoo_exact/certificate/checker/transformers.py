"""Transformers: logits with proved error bounds (C10), or exactly (C11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from math import isqrt, lcm
from operator import mul

from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.cones import Vector, dot
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.exponential import Exponential
from algzoo_exact.certificate.checker.networks import Weights

Matrix = tuple[tuple[Fraction, ...], ...]
Whole = tuple[Vector, ...]
Ball = tuple[list[int], int]
"""Fixed-point entries, and a bound in units on the error of each."""
Score = tuple[int, int]
"""One number with a bound on its error, likewise."""


class TooFewBitsError(Exception):
    """The errors are too wide to say anything; more bits may do."""


class Linear:
    """A matrix as fixed-point numbers, each off by at most a unit."""

    def __init__(self, matrix: Matrix, p: int) -> None:
        self.p = p
        self.rows = [[(w.numerator << p) // w.denominator for w in row] for row in matrix]
        self.norm = max(sum(map(abs, row)) for row in self.rows) + len(matrix[0])

    def __call__(self, ball: Ball) -> Ball:
        v, error = ball
        off = (self.norm * error >> self.p) + (sum(map(abs, v)) >> self.p) + 3
        return [sum(map(mul, row, v)) >> self.p for row in self.rows], off


def times(a: Sequence[Sequence[Fraction]], b: Sequence[Sequence[Fraction]]) -> Matrix:
    columns = list(zip(*b, strict=True))
    return tuple(tuple(sum(map(mul, row, column), Fraction(0)) for column in columns) for row in a)


class Attention:
    """An attention-only transformer: r[p] += sum over heads of C sum over j of a[p, j] r[j], where
    a[p, j] is the softmax of s[p, j] = r[p] . A r[j] / sqrt(c), with A = W_q^T W_k and
    C = W_o W_v of a head with c entries; logits = U r[n-1]."""

    def __init__(self, weights: Weights, n: int, heads: int, budget: Budget) -> None:
        depth = sum(key.endswith(".in_proj_weight") for key in weights)
        names = ["embed.weight", "pos_embed.weight", "unembed.weight"]
        for i in range(depth):
            names += [f"attns.{i}.in_proj_weight", f"attns.{i}.out_proj.weight"]
        require(depth > 0 and set(weights) == set(names), "these are no transformer's weights")
        self.embed, self.places, self.unembed = (weights[name] for name in names[:3])
        size = len(self.embed[0]) if self.embed else 0
        require(size > 0 and heads > 0 and size % heads == 0, "heads do not share the entries")
        shapes = dict.fromkeys(names[:3], n)
        for i in range(depth):
            shapes |= {names[3 + 2 * i]: 3 * size, names[4 + 2 * i]: size}
        fits = all(
            [len(row) for row in weights[name]] == [size] * rows for name, rows in shapes.items()
        )
        require(fits, "the weights' shapes do not fit each other and the task")
        self.n, self.size, self.width, self.budget = n, size, size // heads, budget
        self.bits = max(length(w) for rows in weights.values() for row in rows for w in row)
        budget.pay(2 * self.bits, 6 * depth * size**3)
        self.layers: list[list[tuple[Matrix, Matrix]]] = []
        for i in range(depth):
            inward, output = weights[names[3 + 2 * i]], weights[names[4 + 2 * i]]
            layer = []
            for head in range(heads):
                cut = slice(head * self.width, (head + 1) * self.width)
                query, key, value = (inward[k * size : (k + 1) * size][cut] for k in range(3))
                told = times([row[cut] for row in output], value)
                layer.append((times(list(zip(*query, strict=True)), key), told))
            self.layers.append(layer)

    def start(self, place: int, token: int) -> tuple[Fraction, ...]:
        return tuple(e + q for e, q in zip(self.embed[token], self.places[place], strict=True))

    def asking(self, layer: int) -> range:
        """The places whose answers are read: of the last layer, the last one's alone."""
        return range(self.n - 1 if layer + 1 == len(self.layers) else 0, self.n)

    @cached_property
    def _whole(
        self,
    ) -> tuple[list[Whole], list[tuple[int, list[list[Whole]]]], Whole]:
        """The starts, the unembedding, and A and C of each head that adds anything, as integers:
        C of a layer times its factor, all else times any factors."""
        starts = [[self.start(p, token) for token in range(self.n)] for p in range(self.n)]
        scale = denominator([row for place in starts for row in place])
        layers = []
        for layer in self.layers:
            heads = [head for head in layer if any(map(any, head[1]))]
            factor = denominator([row for _, told in heads for row in told])
            layers.append(
                (
                    factor,
                    [[whole(form, denominator(form)), whole(told, factor)] for form, told in heads],
                )
            )
        unembed = whole(self.unembed, denominator(self.unembed))
        return [whole(place, scale) for place in starts], layers, unembed

    def exact_logits(self, tokens: Sequence[int]) -> list[int] | None:
        """Positive multiples of the logits, where each head that adds anything mixes equal vectors,
        or mixes them equally, as far as it matters (C11)."""
        starts, layers, unembed = self._whole
        r: list[Vector | None] = []
        r += [starts[p][token] for p, token in enumerate(tokens)]
        for i, (factor, heads) in enumerate(layers):
            known = [row for row in r if row is not None]
            if heads and len(known) < self.n:
                return None
            bits = max(map(int.bit_length, (x for row in known for x in row)), default=0)
            self.budget.pay(bits + 2 * self.bits, 1 + len(heads) * 2 * self.n * self.size**2)
            parts = [[[times_column(m, row) for row in known] for m in head] for head in heads]
            r = [_mixed_equally(r[place], factor * self.n, parts) for place in self.asking(i)]
        return None if r[-1] is None else list(times_column(unembed, r[-1]))


def _mixed_equally(
    own: Vector | None, factor: int, heads: Sequence[Sequence[Sequence[Vector]]]
) -> Vector | None:
    """What a place's entries become, times the factor; None where a head's weights matter and are
    not equal. ``heads``: of each, A r[j] and C r[j] for all places j."""
    if own is None:
        return None
    answer = [factor * x for x in own]
    for keys, offered in heads:
        if len(set(offered)) > 1 and len({dot(own, key) for key in keys}) > 1:
            return None
        answer = [
            x + sum(column) for x, column in zip(answer, zip(*offered, strict=True), strict=True)
        ]
    return tuple(answer)


def denominator(rows: Iterable[Iterable[Fraction]]) -> int:
    return lcm(*(w.denominator for row in rows for w in row))


def whole(rows: Iterable[Iterable[Fraction]], factor: int) -> Whole:
    return tuple(tuple(int(w * factor) for w in row) for row in rows)


def times_column(rows: Whole, column: Vector) -> Vector:
    return tuple(dot(row, column) for row in rows)


class FixedAttention:
    """Logits of a transformer in fixed point, with a bound on their error (C10)."""

    def __init__(self, model: Attention, p: int) -> None:
        self.model, self.p = model, p
        model.budget.pay(p + 2 * model.bits, 2 * len(model.layers) * model.size**2)
        root = isqrt(model.width << 2 * p)  # floor of sqrt(c) 2^p
        scale = Fraction(1 << p, root)  # 1/sqrt(c), too large by less than 2^-p of itself
        self.layers = []
        for layer in model.layers:
            forms = [
                (tuple(tuple(w * scale for w in row) for row in zip(*form, strict=True)), told)
                for form, told in layer
            ]
            self.layers.append([(Linear(form, p), Linear(told, p)) for form, told in forms])
        self.unembed = Linear(model.unembed, p)
        self.starts = [
            [self._ball(model.start(place, token)) for token in range(model.n)]
            for place in range(model.n)
        ]
        self._known: dict[tuple[int, int, int], list[Score]] = {}
        self._exp_minus = lru_cache(maxsize=1 << 16)(Exponential(p))

    def _ball(self, vector: Sequence[Fraction]) -> Ball:
        return [(w.numerator << self.p) // w.denominator for w in vector], 1

    def logits(self, tokens: Sequence[int]) -> Ball:
        """TooFewBitsError if nothing can be said."""
        r = [self.starts[place][token] for place, token in enumerate(tokens)]
        n, size = self.model.n, self.model.size
        for i, layer in enumerate(self.layers):
            places = self.model.asking(i)
            bits = max(map(int.bit_length, (x for ball in r for x in ball[0])))
            self.model.budget.pay(bits, len(layer) * len(places) * (20 + size * (n + size) // 8))
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
