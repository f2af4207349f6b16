"""Points through an RNN, with the linear pieces of the early steps that they share. Compiled, and
counted.

Inputs that switch the same neurons on in steps 0 to t share a piece: for them W_hh h[t] is a matrix
(d, t + 1) times the inputs so far. These pieces form a tree, one level for each step, whose roots
are the pieces of ``early_steps`` for t = 1. A point walks down the tree as far as it is built: at
each node it pays 2 t + 1 operations for each neuron, where a product with W_hh takes 2 k - 1 for k
neurons that are on. Beyond, it pays for the products. A node's matrix is made from its parent's
once those who came by would have saved its cost: this takes at most twice what it would take if
one knew beforehand how many will come (the rule for renting or buying skis). Made at half of that,
a point of M(16,10) costs 2% more at 10^6 operations, and the same at 10^8.

For this all weights are brought into units in which input weights are -1, 0 or 1 (``in_units``),
which is always possible for ReLUs: then a step's input takes an addition. And a sum of k products
is 2 k - 1 operations, since nothing is added to the first. A tree may also be its roots alone, a
table of the first two steps: then weights are those of the model, a step's input takes a
multiplication too, and a sum of k products 2 k operations.

Finding a node takes no arithmetic but is not free: one operation for each neuron to make the key,
one to compare it and one to count. Operations are counted as they are done. A neuron at 0 costs no
products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.last_input_kernel import (
    SHARE,
    along,
    dearest,
    early_steps,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DEEPEST = 6  # the last step with pieces: later ones hardly repeat among 10^5 points
WIDEST = 62  # neurons, so that their pattern fits into a key

_NODES, _MATRICES = 0, 1  # places in ``used``


class Tree(NamedTuple):
    """The pieces found so far.

    Node v at step t has been visited ``visits[v]`` times, and its matrix is the first t + 1 columns
    of ``matrices[piece[v]]``, unless ``piece[v]`` is -1. Nodes 0 to 2 d + 1 are the roots. A hash
    table finds the others: ``keys`` (slots, 2) are a parent and a pattern of neurons, ``nodes``
    (slots) what they lead to, or -1. ``used`` holds how many nodes and matrices there are.
    ``spared`` is 1 if points share more than the roots, with weights in units, else 0: by so many
    operations an input of a step and a sum of products take less.
    """

    bends: Floats
    keys: Integers
    nodes: Integers
    visits: Integers
    piece: Integers
    matrices: Floats
    used: Integers
    spared: int


def in_units(w_in: Floats, w_hh: Floats, w_out: Floats) -> tuple[Floats, Floats, Floats, int]:
    """The same network with input weights of -1, 0 or 1, and what that cost.

    Neuron j divided by |W_hi[j]| is a ReLU again; W_hh and W_oh take the factor back. For weights
    in float32's range nothing overflows.
    """
    d, outputs = len(w_in), len(w_out)
    size = np.where(w_in == 0, 1, np.abs(w_in))
    flops = d + 2 * d * d + outputs * d
    return np.sign(w_in), w_hh * size / size[:, None], w_out * size, flops


def narrow(program: Program, task: Task) -> str | None:
    return None if program.hidden_size <= WIDEST else f"for {WIDEST} neurons at most"


def planted_for(
    program: Program, budget: float, steps: int, *, shared: bool
) -> tuple[Floats, Floats, Floats, Tree, int]:
    """Weights, a tree and what they cost: if points are to be ``shared``, weights in units and
    room for all points of ``steps`` steps that ``budget`` pays for, else roots alone."""
    w_in, w_hh, w_out = rounded_weights(program)
    flops, points = 0, 0
    if shared:
        w_in, w_hh, w_out, flops = in_units(w_in, w_hh, w_out)
        points = int(budget) // (2 * program.hidden_size**2 * steps)
    bends, first, second, spent = early_steps(w_in, w_hh)
    tree = planted(bends, first, second, points, shared=shared)
    return w_in, w_hh, w_out, tree, flops + spent


def found_on(tree: Tree, points: int) -> dict[str, int]:
    """What an entry says of so many points: their number, and that of the pieces they shared."""
    return {"points": points} | ({"pieces": int(tree.used[_MATRICES])} if tree.spared else {})


def planted(
    bends: Floats, first: Floats, second: Floats, points: int, *, shared: bool = True
) -> Tree:
    """A tree with its roots, from the tables of ``early_steps``, and room for ``points`` points."""
    d = bends.shape[1]
    roots = 2 * (d + 1)
    slots = 1 << min(max(4 * points, 16).bit_length(), 18)
    nodes = roots + slots // 2
    matrices = np.empty((roots + slots // 8, d, DEEPEST + 1 if shared else 2))
    matrices[: d + 1, :, 0] = first[0]
    matrices[d + 1 : roots, :, 0] = -first[1]  # |x[0]| is -x[0]
    matrices[:roots, :, 1] = second.reshape(roots, d)
    piece = np.full(nodes, -1)
    piece[:roots] = np.arange(roots)
    return Tree(
        bends,
        np.empty((slots, 2), np.int64),
        np.full(slots, -1),
        np.zeros(nodes, np.int64),
        piece,
        matrices,
        np.array([roots, roots]),
        int(shared),
    )


@compiled_in_place
def _child(tree: Tree, parent: int, pattern: int) -> int:
    """The node below ``parent`` for that pattern, made if need be; -1 where there is no room."""
    slots = len(tree.nodes)
    mixed = (parent * 0x9E3779B1 + pattern) * 0x2545F4914F6CDD1D
    slot = (mixed ^ (mixed >> 29)) & (slots - 1)
    while tree.nodes[slot] >= 0:
        if tree.keys[slot, 0] == parent and tree.keys[slot, 1] == pattern:
            return int(tree.nodes[slot])
        slot = (slot + 1) & (slots - 1)
    node = tree.used[_NODES]
    if node == len(tree.visits):
        return -1
    tree.used[_NODES] += 1
    tree.keys[slot] = parent, pattern
    tree.nodes[slot] = node
    return int(node)


@compiled_in_place
def _grown(
    tree: Tree, parent: int, node: int, t: int, z: Floats, signs: Floats, columns: Floats
) -> int:
    """Makes the matrix of ``node`` at step ``t`` from its parent's. Returns the operations."""
    above, below = tree.matrices[tree.piece[parent]], tree.matrices[tree.used[_MATRICES]]
    tree.piece[node] = tree.used[_MATRICES]
    tree.used[_MATRICES] += 1
    below[:, : t + 1] = 0
    on = 0
    for j in range(len(z)):
        if z[j] > 0:
            on += 1
            for k in range(len(z)):
                for i in range(t):
                    below[k, i] += columns[j, k] * above[j, i]
                below[k, t] += columns[j, k] * signs[j]
    return len(z) * (2 * on - 1) * (t + 1)


@compiled_in_place
def carried(
    u: Floats,
    steps: int,
    w_in: Floats,
    columns: Floats,
    tree: Tree,
    spare: int,
    z: Floats,
    out: Floats,
) -> int:
    """W_hh h[steps - 1] for the inputs ``u``, steps >= 2, into ``out`` (d); and the operations.

    ``columns`` is W_hh transposed, ``z`` (d) room for a step. The tree grows by one matrix at most,
    if that costs no more than ``spare``.
    """
    d, deepest = len(w_in), tree.matrices.shape[2] - 1
    s = 0 if u[0] > 0 else 1
    node = s * (d + 1) + np.searchsorted(tree.bends[s], u[1] / abs(u[0]))  # the ratio is free
    flops = int(np.ceil(np.log2(d + 1)))
    for j in range(d):
        out[j] = tree.matrices[node, j, 0] * u[0] + tree.matrices[node, j, 1] * u[1]
    flops += 3 * d
    inside = True
    for t in range(2, steps):
        on = 0
        for j in range(d):
            z[j] = out[j] + u[t] * w_in[j]
            on += z[j] > 0
        flops += (3 - tree.spared) * d
        inside &= t <= deepest
        if inside:
            pattern = 0
            for j in range(d):
                pattern = (pattern << 1) + (z[j] > 0)
            flops += d + 2
            parent, node = node, _child(tree, node, pattern)
            inside = node >= 0
        if inside:
            tree.visits[node] += 1
            saved, cost = 2 * d * (on - t - 1), d * (2 * on - 1) * (t + 1)
            if (
                tree.piece[node] < 0
                and cost <= min(spare, tree.visits[node] * saved)
                and tree.used[_MATRICES] < len(tree.matrices)
            ):
                flops += _grown(tree, parent, node, t, z, w_in, columns)
            inside = tree.piece[node] >= 0
        if inside:
            matrix = tree.matrices[tree.piece[node]]
            for j in range(d):
                out[j] = 0
                for i in range(t + 1):
                    out[j] += matrix[j, i] * u[i]
            flops += d * (2 * t + 1)
            continue
        out[:] = 0
        for j in range(d):
            if z[j] > 0:
                for k in range(d):
                    out[k] += columns[j, k] * z[j]
        flops += d * max(2 * on - tree.spared, 0)
    return flops


@compiled
def accuracies(
    w_in: Floats,
    w_hh: Floats,
    tree: Tree,
    contrasts: tuple[Floats, Floats],
    points: Floats,
    order: Integers,
    ends: Floats,
    limit: float,
    budget: int,
    out: Floats,
) -> tuple[int, int]:
    """The accuracy along the last input for each of ``points`` (N, m), m >= 2, into ``out`` (N).

    Points are unit vectors. ``order`` (N, 2) says where their greatest and their second greatest
    entry stand, ``ends`` (N, 2) is the distribution function at those two. The ``tree`` may grow.
    Stops before a point that might cost more than what is left of ``budget``. Returns the number of
    points done, and their operations, with those of a weighted sum of what they miss.
    """
    m, d, flops = points.shape[1], len(w_in), 0
    columns = np.ascontiguousarray(w_hh.T)
    far = w_in * limit
    z, a = np.empty(d), np.empty(d)
    # To find a node takes two more than a ReLU.
    most = dearest(d, m) + 2 * m * tree.spared
    for p in range(len(points)):
        if flops + most > budget:
            return p, flops
        u = points[p]
        flops += carried(u, m, w_in, columns, tree, budget - flops - most, z, a)
        out[p], cost = along(a, w_in, far, contrasts, u, order[p], ends[p], limit)
        flops += cost + SHARE
    return len(points), flops


@compiled
def right_answers(
    w_in: Floats,
    w_hh: Floats,
    w_out: Floats,
    tree: Tree,
    points: Floats,
    labels: Integers,
    budget: int,
) -> tuple[int, int, int]:
    """How many of ``points`` (N, n), n >= 3, are answered with their label, the lowest index
    winning ties.

    The ``tree`` may grow. Stops before a point that might cost more than what is left of
    ``budget``. Returns the points done, those right, and the operations, with one for each point's
    share in the sum.
    """
    n, d, k = points.shape[1], len(w_in), len(w_out)
    columns, readout = np.ascontiguousarray(w_hh.T), np.ascontiguousarray(w_out.T)
    z, a, logits = np.empty(d), np.empty(d), np.empty(k)
    most = (n + 1) * (3 * d + 2 * d * d + 2 * tree.spared) + 2 * d * k + k + d
    flops, right = 0, 0
    for p in range(len(points)):
        if flops + most > budget:
            return p, right, flops
        u = points[p]
        flops += carried(u, n - 1, w_in, columns, tree, budget - flops - most, z, a)
        logits[:] = 0
        on = 0
        for j in range(d):
            last = a[j] + u[n - 1] * w_in[j]
            if last > 0:
                on += 1
                for i in range(k):
                    logits[i] += readout[j, i] * last
        right += np.argmax(logits) == labels[p]
        flops += k  # the argmax and the sum
        flops += (3 - tree.spared) * d + k * max(2 * on - tree.spared, 0)
    return len(points), right, flops
