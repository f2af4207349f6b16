"""Transformers: logits with proved error bounds, or exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from operator import mul

from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.fixed import Fixed
from algzoo_exact.certificate.checker.networks import Weights

Matrix = tuple[tuple[Fraction, ...], ...]
Ball = tuple[list[int], int]
"""Fixed-point entries, and a bound in units on the error of each."""
FEWEST_BITS, MOST_BITS = 96, 1536
TOO_FEW_BITS = "the bits do not suffice"


class Linear:
    """A matrix as fixed-point numbers, each off by at most a unit."""

    def __init__(self, matrix: Matrix, p: int) -> None:
        self.p = p
        self.rows = [[(w.numerator << p) // w.denominator for w in row] for row in matrix]
        self.norm = max(sum(map(abs, row)) for row in self.rows) + len(matrix[0])

    def __call__(self, ball: Ball) -> Ball:
        v, error = ball
        off = (self.norm * error >> self.p) + sum(map(abs, v)) // (1 << self.p) + 3
        return [sum(map(mul, row, v)) >> self.p for row in self.rows], off


def times(a: Sequence[Sequence[Fraction]], b: Sequence[Sequence[Fraction]]) -> Matrix:
    columns = list(zip(*b, strict=True))
    return tuple(
        tuple(
            sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
            for column in columns
        )
        for row in a
    )


class Attention:
    """An attention-only transformer: r[p] += sum over heads of C sum over j of a[p, j] r[j], where
    a[p, j] is the softmax of s[p, j] = r[p] . A r[j] / sqrt(c), with A = W_q^T W_k and
    C = W_o W_v of a head with c entries; logits = U r[n-1]."""

    def __init__(self, weights: Weights, n: int, heads: int) -> None:
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
        self.n, self.width = n, size // heads
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

    def exact_logits(self, tokens: Sequence[int]) -> list[Fraction] | None:
        """Rational logits, where each head mixes equal vectors, or mixes them equally (C11)."""
        r = [self.start(p, token) for p, token in enumerate(tokens)]
        for i, layer in enumerate(self.layers):
            asking = r[-1:] if i + 1 == len(self.layers) else r
            answers = []
            for own in asking:
                answer = own
                for form, told in layer:
                    offered = [column_times(told, row) for row in r]
                    scores = {sum(map(mul, own, column_times(form, row))) for row in r}
                    if len(set(offered)) > 1 and len(scores) > 1:
                        return None
                    mean = [
                        sum(column, Fraction(0)) / len(r) for column in zip(*offered, strict=True)
                    ]
                    answer = tuple(x + y for x, y in zip(answer, mean, strict=True))
                answers.append(answer)
            r = answers
        return list(column_times(self.unembed, r[-1]))


def column_times(matrix: Matrix, vector: Sequence[Fraction]) -> tuple[Fraction, ...]:
    return tuple(sum(map(mul, row, vector), Fraction(0)) for row in matrix)


class FixedAttention:
    """Logits of a transformer in fixed point, with a bound on their error (C10)."""

    def __init__(self, model: Attention, p: int) -> None:
        self.fixed, self.p, self.n = Fixed(p), p, model.n
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
        self._first: dict[tuple[int, int, int], tuple[list[int], int]] = {}

    def _ball(self, vector: Sequence[Fraction]) -> Ball:
        return [(w.numerator << self.p) // w.denominator for w in vector], 1

    def logits(self, tokens: Sequence[int]) -> Ball:
        r = [self.starts[place][token] for place, token in enumerate(tokens)]
        for i, layer in enumerate(self.layers):
            fresh = []
            for place in [self.n - 1] if i + 1 == len(self.layers) else range(self.n):
                answer = r[place]
                for h, (form, told) in enumerate(layer):
                    if i == 0:
                        powers, off = self._first_powers(h, place, tokens)
                    else:
                        powers, off = self._powers(form(r[place]), r)
                    part = told(self._mean(powers, off, r))
                    sums = [x + y for x, y in zip(answer[0], part[0], strict=True)]
                    answer = sums, answer[1] + part[1]
                fresh.append(answer)
            r = fresh
        return self.unembed(r[-1])

    def _first_powers(self, h: int, place: int, tokens: Sequence[int]) -> tuple[list[int], int]:
        """In the first layer, scores depend on two tokens and their places alone."""
        key = h, place, tokens[place]
        if key not in self._first:
            asked = self.layers[0][h][0](self.starts[place][tokens[place]])
            self._first[key] = self._powers(asked, [ball for row in self.starts for ball in row])
        powers, off = self._first[key]
        return [powers[other * self.n + token] for other, token in enumerate(tokens)], off

    def _powers(self, asked: Ball, r: list[Ball]) -> tuple[list[int], int]:
        """e^(score), all divided by the largest, and a bound on the error of each."""
        scores = [self._dot(asked, other) for other in r]
        top = max(value for value, _ in scores)
        off = max(error for _, error in scores)
        require(2 * off < self.fixed.one, TOO_FEW_BITS)
        # e^(x + y) is off e^x <= 1 by at most 2 |y|, for |y| <= 1.
        return [self.fixed.exp_minus(top - value) for value, _ in scores], 2 * off + 16

    def _dot(self, a: Ball, b: Ball) -> tuple[int, int]:
        (x, dx), (y, dy) = a, b
        off = dx * sum(map(abs, y)) + dy * sum(map(abs, x)) + len(x) * dx * dy
        value = sum(map(mul, x, y)) >> self.p
        # The scale 1/sqrt(c) was too large by less than 2^-p of itself.
        return value, (off >> self.p) + (abs(value) >> self.p) + 3

    def _mean(self, powers: list[int], off: int, r: list[Ball]) -> Ball:
        """The mean of the vectors, weighted by the powers."""
        whole, slack = sum(powers), len(r) * off
        require(2 * slack < whole, TOO_FEW_BITS)
        entries = [
            sum(map(mul, powers, column)) // whole
            for column in zip(*(v for v, _ in r), strict=True)
        ]
        # Another mean of the same vectors, by weights off by dw, is off by at most
        # (sum of dw |v - mean|) / (sum of w - sum of dw).
        error = max(dv for _, dv in r)
        spread = 2 * max(max(map(abs, v)) for v, _ in r) + 2 * error
        return entries, error + 2 * slack * spread // whole + 2
