/* The network in float64, and how it cuts a plane or a space of inputs.

   z[t] = A[t] h[t-1] + B[t] x,  h[t] = max(0, z[t]),  logit = C h[last].

   On x = E y all of these are linear in y on convex cones. A cone is given by the unit vectors along
   its rays: the two ends of an arc for m = 2, the corners of a spherical polygon, in order, for
   m = 3. Good for drawing; what is proved comes from the tables. */
"use strict";

const EPS = 1e-12;  // what a unit vector's distance from a wall is taken for 0 below

const dot = (a, b) => { let s = 0; for (let i = 0; i < a.length; i++) s += a[i] * b[i]; return s; };
const times = (matrix, vector) => matrix.map(row => dot(row, vector));
const minus = (a, b) => a.map((v, i) => v - b[i]);
const plus = (a, b) => a.map((v, i) => v + b[i]);
const scaled = (a, factor) => a.map(v => v * factor);
const size = a => Math.sqrt(dot(a, a));
const unit = a => { const s = size(a); return s > 0 ? scaled(a, 1 / s) : a; };
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
/* The product of matrices, the second given by its rows. */
const product = (a, rows) => a.map(weights => {
  const found = new Array(rows[0].length).fill(0);
  weights.forEach((w, i) => { if (w) for (let c = 0; c < found.length; c++) found[c] += w * rows[i][c]; });
  return found;
});

/* All named values at an input. */
function evaluate(network, x) {
  const z = [], h = [];
  for (const { state, input } of network.layers) {
    const before = h.length ? h[h.length - 1] : [];
    z.push(input.map((row, j) => dot(row, x) + (h.length ? dot(state[j], before) : 0)));
    h.push(z[z.length - 1].map(v => Math.max(0, v)));
  }
  const logit = times(network.readout, h[h.length - 1]);
  return { x, z, h, logit, answer: largest(logit), pattern: patternOf(z.map(row => row.map(v => v > 0))) };
}

const patternOf = layers => layers.map(on => on.map(Number).join("")).join("|");

/* The logits as functionals of x on the region of a pattern. */
function linearMap(network, pattern) {
  let h = null;
  pattern.split("|").forEach((on, t) => {
    const { state, input } = network.layers[t];
    let z = input;
    if (h) { const carried = product(state, h); z = input.map((row, j) => plus(row, carried[j])); }
    h = z.map((row, j) => (on[j] === "1" ? row : row.map(() => 0)));
  });
  return product(network.readout, h);
}

/* The parts of a cone where a functional is negative, and where it is positive; null for none. */
function cut(corners, normal, scale = size(normal)) {
  if (scale === 0) return [corners, null];  // identically 0 counts as off
  const values = new Array(corners.length);
  let up = false, down = false;
  for (let i = 0; i < corners.length; i++) {
    const v = dot(normal, corners[i]);
    values[i] = Math.abs(v) < EPS * scale ? 0 : v;
    up ||= values[i] > 0;
    down ||= values[i] < 0;
  }
  if (!(up && down)) return up ? [null, corners] : [corners, null];
  const below = [], above = [];
  const last = corners.length - (corners.length === 2 ? 1 : 0);
  for (let i = 0; i < corners.length; i++) {
    if (values[i] <= 0) below.push(corners[i]);
    if (values[i] >= 0) above.push(corners[i]);
    const k = (i + 1) % corners.length;
    if (i < last && values[i] * values[k] < 0) {
      const a = Math.abs(values[k]), b = Math.abs(values[i]);
      const crossing = unit(corners[i].map((v, c) => a * v + b * corners[k][c]));
      below.push(crossing);
      above.push(crossing);
    }
  }
  const full = corners[0].length;
  return [below.length >= full ? below : null, above.length >= full ? above : null];
}

/* Pointed cones that cover all of R^m. */
function orthants(m) {
  const found = [];
  for (let signs = 0; signs < 1 << m; signs++) {
    found.push(Array.from({ length: m }, (_, i) =>
      Array.from({ length: m }, (_, c) => (c === i ? (signs >> i & 1 ? -1 : 1) : 0))));
  }
  return found;
}

/* Calls found(corners, z, logit, on) for each cone on which the network on x = E y is linear. */
function pieces(network, basis, corners, found) {
  const inputs = network.layers.map(layer => product(layer.input, basis));
  const zero = basis[0].map(() => 0);
  const layer = (corners, zs, ons, h) => {
    const t = zs.length;
    if (t === network.layers.length) return found(corners, zs, product(network.readout, h), ons);
    const carried = t ? product(network.layers[t].state, h) : null;
    const z = carried ? inputs[t].map((row, j) => plus(row, carried[j])) : inputs[t];
    const scales = z.map(size);
    const neuron = (corners, on) => {
      const j = on.length;
      if (j === z.length) {
        return layer(corners, [...zs, z], [...ons, on], z.map((row, i) => (on[i] ? row : zero)));
      }
      const [below, above] = cut(corners, z[j], scales[j]);
      if (below) neuron(below, [...on, false]);
      if (above) neuron(above, [...on, true]);
    };
    neuron(corners, []);
  };
  layer(corners, [], [], null);
}

/* The label of an input: that of the first cell of the task that it lies in. */
function labelAt(labels, x) {
  const depth = labels.map(({ rows }) => Math.min(...rows.map(row => dot(row, x))));
  const inside = labels.filter((_, k) => depth[k] >= -EPS).map(cell => cell.label);
  return inside.length ? Math.min(...inside) : labels[largest(depth)].label;
}

/* The cones of one label in the section: {corners, walls, label}, and the right value as a functional
   where one is asked for. */
function labelled(labels, basis) {
  const found = [];
  for (const orthant of orthants(basis[0].length)) {
    const here = [];
    for (const { rows, value } of labels) {
      let corners = orthant;
      const walls = product(rows, basis).filter(row => size(row) > 0);
      for (const row of walls) corners = corners && cut(corners, row)[1];
      // Cells that overlap on a section are equal there.
      if (!corners || here.some(known => known.walls.every(row => dot(row, centre(corners)) > 0))) continue;
      const label = labelAt(labels, times(basis, centre(corners)));
      here.push({ corners, walls, label, value: value && product([value], basis)[0] });
    }
    found.push(...here);
  }
  return found;
}

const centre = corners => unit(corners.reduce(plus));

/* Whether a unit vector lies inside of a cone. */
function contains(corners, y) {
  if (y.length === 2) {
    const [a, b] = corners, turn = (p, q) => p[0] * q[1] - p[1] * q[0];
    return turn(a, y) * turn(y, b) > 0 && dot(y, a) + dot(y, b) > 0;
  }
  const middle = centre(corners);
  return corners.every((_, i) => {
    const normal = cross(...edge(corners, i));
    return dot(normal, y) * dot(normal, middle) > 0;
  });
}

/* All cells of a section: cones of one label, one linear map and one set of largest logits; in
   parts, one for each cone of one label, so that a page can show them as they come.

   {corners, pattern, label, winners, credit, walls: [[edge, neurons]], border: edges between labels,
   tie: edges where logits tie}; edge i joins corners i and i + 1, or is corner i for m = 2. Where a
   value is asked for there are no winners, and error: output - value as a functional. */
function* sectionCells(data, network, basis) {
  for (const start of labelled(data.labels, basis)) {
    const cells = [];
    pieces(network, basis, start.corners, (corners, z, logit, on) => {
      const pattern = patternOf(on);
      const cell = (part, more) => cells.push({
        corners: part, pattern, label: start.label, walls: wallsOf(part, z, on), border: edgesOn(part, start.walls), ...more,
      });
      if (start.value) {
        cell(corners, { winners: [], credit: 1, tie: [], error: minus(logit[0], start.value) });
        return;
      }
      for (const [winners, part, ties] of byWinners(corners, logit)) {
        cell(part, { winners, credit: creditFor(data.ties, start.label, winners), tie: edgesOn(part, ties) });
      }
    });
    yield cells;
  }
}

function* byWinners(corners, logit) {
  const same = (a, b) => size(minus(a, b)) <= EPS * (size(a) + size(b));
  for (let k = 0; k < logit.length; k++) {
    const group = logit.map((_, i) => i).filter(i => same(logit[i], logit[k]));
    if (group[0] < k) continue;
    const ties = logit.filter((_, i) => !group.includes(i)).map(row => minus(logit[k], row));
    let part = corners;
    for (const tie of ties) part = part && cut(part, tie)[1];
    if (part) yield [group, part, ties];
  }
}

function creditFor(ties, label, winners) {
  if (ties === "lowest") return Number(winners[0] === label);
  if (ties === "incorrect") return Number(winners.length === 1 && winners[0] === label);
  return winners.includes(label) ? 1 / winners.length : 0;
}

const edge = (corners, i) => (corners[0].length === 2 ? [corners[i]] : [corners[i], corners[(i + 1) % corners.length]]);

const onWall = (points, normal, scale) =>
  points.every(point => Math.abs(dot(normal, point)) <= 4 * EPS * scale);

function edgesOn(corners, normals) {
  const found = [];
  for (let i = 0; i < corners.length; i++) {
    const points = edge(corners, i);
    if (normals.some(row => onWall(points, row, size(row)))) found.push(i);
  }
  return found;
}

/* Each neuron's wall is told by the side on which it is on. */
function wallsOf(corners, z, on) {
  const found = [], scales = z.map(rows => rows.map(size));
  for (let i = 0; i < corners.length; i++) {
    const points = edge(corners, i), neurons = [];
    z.forEach((rows, t) => rows.forEach((row, j) => {
      if (on[t][j] && onWall(points, row, scales[t][j])) neurons.push([t, j]);
    }));
    if (neurons.length) found.push([i, neurons]);
  }
  return found;
}

/* The largest error at distance 1 on cells where a value is asked for. It is where the functional
   points to, or else on an edge, of which some points are tried. */
function largestError(cells) {
  let most = 0;
  for (const { corners, error } of cells) {
    const peak = [1, -1].some(sign => contains(corners, unit(scaled(error, sign))));
    const rim = corners.flatMap((a, i) => arcPoints(a, corners[(i + 1) % corners.length]));
    most = Math.max(most, peak ? size(error) : 0, ...rim.map(y => Math.abs(dot(error, y))));
  }
  return most;
}

/* The share of all directions that a cone takes: by its angle, or by its solid angle (Van Oosterom
   and Strackee, 1983). */
function shareOf(corners) {
  if (corners[0].length === 2) {
    const [a, b] = corners;
    return Math.abs(Math.atan2(a[0] * b[1] - a[1] * b[0], dot(a, b))) / (2 * Math.PI);
  }
  let total = 0;
  for (let i = 1; i + 1 < corners.length; i++) {
    const [a, b, c] = [corners[0], corners[i], corners[i + 1]];
    const below = 1 + dot(a, b) + dot(b, c) + dot(c, a);
    total += 2 * Math.abs(Math.atan2(dot(a, cross(b, c)), below));
  }
  return total / (4 * Math.PI);
}

/* What must be cut before a formula is true or false on all of a cone. */
class Undecided { constructor(normal) { this.normal = normal; } }

/* The terms of formulas as [functional of y .., constant] on a cone, and what holds there. Formulas
   are lists [operation, ..] of the story's network; constants are judged at distance 1. */
class Reader {
  constructor(network, basis, corners) {
    Object.assign(this, { network, corners, known: new Map() });
    this.m = basis[0].length;
    this.inputs = network.layers.map(layer => product(layer.input, basis));
    this.rows = { x: basis };
  }

  holds(formula) {
    if (typeof formula === "boolean") return formula;
    const [op, ...args] = formula;
    switch (op) {
      case "and": return args.every(part => this.holds(part));
      case "or": return args.some(part => this.holds(part));
      case "not": return !this.holds(args[0]);
      case "implies": return !this.holds(args[0]) || this.holds(args[1]);
    }
    const sign = this.sign(minus(this.term(args[0]), this.term(args[1])));
    return { "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0, "==": sign === 0, "!=": sign !== 0 }[op];
  }

  sign(form) {
    const scale = size(form), values = this.corners.map(c => dot(form.slice(0, this.m), c) + form[this.m]);
    const up = values.some(v => v > EPS * scale), down = values.some(v => v < -EPS * scale);
    if (up && down) throw new Undecided(form.slice(0, this.m));
    return up - down;
  }

  constant(value) { return [...new Array(this.m).fill(0), value]; }

  term(term) {
    if (typeof term === "number") return this.constant(term);
    const [op, ...args] = term;
    if (op === "at") return this.entry(...args);
    const of = args.map(part => this.term(part));
    const higher = (a, b) => (this.sign(minus(a, b)) > 0 ? a : b);
    switch (op) {
      case "add": return of.reduce(plus);
      case "sub": return minus(of[0], of[1]);
      case "neg": return scaled(of[0], -1);
      case "mul": return of.reduce((a, b) => (size(a.slice(0, this.m)) ? scaled(a, b[this.m]) : scaled(b, a[this.m])));
      case "min": return of.reduce((a, b) => (higher(a, b) === a ? b : a));
      case "max": return of.reduce(higher);
      case "relu": return this.relu(of[0]);
      case "abs": return this.sign(of[0]) < 0 ? scaled(of[0], -1) : of[0];
    }
  }

  relu(form) { return this.sign(form) > 0 ? form : this.constant(0); }

  entry(array, i, j) {
    const { layers, readout } = this.network;
    switch (array) {
      case "x": return [...this.rows.x[i], 0];
      case "z": return this.state(i)[j];
      case "h": return i < 0 ? this.constant(0) : this.relu(this.state(i)[j]);
      case "logit": return this.sum(readout[i], layers.length - 1);
      case "W_hi": return this.constant(layers[0].input[i][0]);
      case "W_hh": return this.constant(layers[0].state[i][j]);
      case "W_oh": return this.constant(readout[i][j]);
    }
  }

  /* z of layer t. */
  state(t) {
    if (!this.known.has(t)) {
      this.known.set(t, this.inputs[t].map((row, j) => {
        const input = [...row, 0];
        return t ? plus(input, this.sum(this.network.layers[t].state[j], t - 1)) : input;
      }));
    }
    return this.known.get(t);
  }

  /* weights . h of layer t. */
  sum(weights, t) {
    return this.state(t).reduce((sum, z, j) => (weights[j] ? plus(sum, scaled(this.relu(z), weights[j])) : sum), this.constant(0));
  }
}

/* The parts of a cone where a formula holds. */
function whereHolds(formula, network, basis, corners) {
  const waiting = [corners], found = [];
  while (waiting.length) {
    const part = waiting.pop();
    try {
      if (new Reader(network, basis, part).holds(formula)) found.push(part);
    } catch (undecided) {
      if (!(undecided instanceof Undecided)) throw undecided;
      const sides = cut(part, undecided.normal).filter(Boolean);
      if (sides.length === 2) waiting.push(...sides);
    }
  }
  return found;
}
