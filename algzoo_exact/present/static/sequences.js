/* A page of a transformer: its sequences, and what it attends to at the one that is chosen. */
"use strict";

const n = data.network.pos_embed.length;
const dot = (a, b) => { let s = 0; for (let i = 0; i < a.length; i++) s += a[i] * b[i]; return s; };
const times = (matrix, vector) => matrix.map(row => dot(row, vector));
const plus = (a, b) => a.map((v, i) => v + b[i]);

/* Sequences. */

const parse = written => { const found = written.trim().split(/[\s,]+/).map(Number); return found.length === n && found.every(v => Number.isInteger(v) && v >= 0 && v < n) ? found : null; };

/* The cycles of f, the longest first. */
function cyclesOf(f) {
  const found = [], seen = new Set();
  for (let start = 0; start < n; start++) {
    const path = [];
    for (let at = start; !seen.has(at); at = f[at]) { seen.add(at); path.push(at); }
    const last = path.length ? path.indexOf(f[path[path.length - 1]]) : -1;
    if (last >= 0) found.push(path.slice(last));
  }
  const turned = found.map(cycle => { const at = cycle.indexOf(Math.min(...cycle)); return [...cycle.slice(at), ...cycle.slice(0, at)]; });
  return turned.sort((a, b) => b.length - a.length || a[0] - b[0]);
}

function rowOf(id, f, more) {
  const cycles = cyclesOf(f);
  return { id, input: f.join(" "), cycles: cycles.map(cycle => `(${cycle.join(" ")})`).join(" "), label: cycles[0].length - 1, ...more };
}

function rowsOf(columns) {
  const found = columnsOf(columns);
  return found.input.map((input, i) => rowOf(i + 1, parse(input), Object.fromEntries(Object.entries(found)
    .filter(([name]) => name !== "count" && name !== "input").map(([name, column]) => [name, column[i]]))));
}

const errors = rowsOf(data.errors), wrong = new Map(errors.map(row => [row.input, row]));
const known = { errors };

/* All n^n: those that are not wrong are right. */
function everySequence() {
  return Array.from({ length: n ** n }, (_, i) => {
    const f = Array.from({ length: n }, (_, k) => Math.floor(i / n ** (n - 1 - k)) % n);
    const row = rowOf(i + 1, f), fault = wrong.get(row.input);
    return { ...row, answer: fault ? fault.answer : row.label, credit: fault ? fault.credit : 1 };
  });
}

const rowsFor = tab => (known[tab] ||= tab === "all" ? everySequence() : rowsOf(data[tab]));

/* The network. */

/* Logits, and the attention of each layer and head: rows by the position that asks. */
function evaluate({ embed, pos_embed, layers, unembed, heads }, f) {
  let residual = f.map((token, p) => plus(embed[token], pos_embed[p]));
  const size = embed[0].length / heads, block = (vector, h) => vector.slice(h * size, (h + 1) * size);
  const attention = layers.map(({ query, key, value, output }, i) => {
    const asking = residual.map((_, p) => p).filter(p => i + 1 < layers.length || p === n - 1);
    const keys = residual.map(r => times(key, r)), values = residual.map(r => times(value, r)), queries = residual.map(r => times(query, r));
    const shares = Array.from({ length: heads }, (_, h) => asking.map(p => softmax(keys.map(k => dot(block(queries[p], h), block(k, h)) / Math.sqrt(size)))));
    residual = residual.map((r, p) => {
      const at = asking.indexOf(p);
      if (at < 0) return r;
      const mixed = shares.flatMap((rows, h) => Array.from({ length: size }, (_, c) => dot(rows[at], values.map(v => v[h * size + c]))));
      return plus(r, times(output, mixed));
    });
    return shares.map(rows => ({ asking, rows }));
  });
  return { attention, logit: times(unembed, residual[n - 1]) };
}

function softmax(scores) {
  const top = Math.max(...scores), powers = scores.map(s => Math.exp(s - top)), sum = powers.reduce((a, b) => a + b);
  return powers.map(p => p / sum);
}

/* State. */

const TABS = { ...(data.whole && { all: "All sequences" }), errors: "Errors", ...(data.differences && { differences: "Differences" }) };
const START = { input: errors.length ? errors[0].input : Array.from({ length: n }, (_, i) => (i + 1) % n).join(" "), tab: errors.length ? "errors" : Object.keys(TABS)[0], shown: "model" };
let state;

/* A state from anywhere: what it lacks or has wrong is as at the start. */
function cleaned(given) {
  const found = { ...START };
  if (!given || typeof given !== "object") return found;
  const f = typeof given.input === "string" ? parse(given.input) : null;
  if (f) found.input = f.join(" ");
  if (typeof given.tab === "string" && Object.hasOwn(TABS, given.tab)) found.tab = given.tab;
  if (given.shown === "against" && data.against) found.shown = "against";
  return found;
}

function restore(given) {
  state = given;
  byId("shown").value = state.shown;
  markTab();
  showTab();
  look();
}

/* What is shown. */

function look() {
  const f = parse(state.input), row = rowOf(0, f), fault = wrong.get(row.input);
  const { attention, logit } = evaluate(state.shown === "against" ? data.against : data.network, f);
  const answer = state.shown === "model" && (fault || data.whole) ? (fault ? fault.answer : row.label) : largest(logit);
  byId("sequence").value = state.input;
  drawFunction(f);
  detail(row, answer, logit);
  byId("attention").replaceChildren(...attention.flatMap((heads, layer) => heads.map((head, h) => matrix(head, `Layer ${layer}` + (heads.length > 1 ? `, head ${h}` : ""), f))));
  byId("live").textContent = `Sequence ${state.input}, label ${row.label}, answer ${answer}`;
  document.body.dataset.ready = state.input;
}

function detail(row, answer, logit) {
  const facts = make("dl"), right = answer === row.label;
  for (const [name, value, look] of [["sequence", row.input, "mono"], ["cycles", row.cycles, "mono"], ["label", row.label], ["answer", `${answer}: ${right ? "right" : "wrong"}`, right ? "right" : "wrong"]]) {
    facts.append(make("dt", name), make("dd", String(value), look));
  }
  const grid = make("table"), head = grid.createTHead().insertRow(), line = grid.createTBody().insertRow();
  head.append(make("th", "logit of"));
  line.append(make("th", ""));
  logit.forEach((value, k) => { head.append(make("th", String(k))); line.append(make("td", short(Number(value.toPrecision(4))), k === largest(logit) ? "best" : "")); });
  const scroll = make("div", undefined, "scroll");
  scroll.append(grid);
  byId("detail").replaceChildren(facts, scroll);
}

/* The function's points around a circle, and an arrow from each to its value. */
function drawFunction(f) {
  const place = i => [Math.sin(2 * Math.PI * i / n), -Math.cos(2 * Math.PI * i / n)].map(v => 100 * v), on = new Set(cyclesOf(f)[0]);
  const parts = f.flatMap((to, from) => {
    const bold = on.has(from) ? "bold" : "";
    const [a, b] = [place(from), place(to)];
    if (from === to) {
      const [x, y] = a.map(v => 1.24 * v);
      return [svg("circle", { cx: x, cy: y, r: 15, class: bold })];
    }
    const along = [b[0] - a[0], b[1] - a[1]], far = Math.hypot(...along), side = [-along[1] / far, along[0] / far];
    const end = (point, sign) => [0, 1].map(c => point[c] + sign * 20 * along[c] / far + 6 * side[c]);
    const [start, tip] = [end(a, 1), end(b, -1)];
    const back = [0, 1].map(c => tip[c] - 9 * along[c] / far);
    const barb = sign => [0, 1].map(c => back[c] + sign * 5 * side[c]).join(" ");
    return [svg("path", { d: `M${start.join(" ")} L${tip.join(" ")} M${barb(1)} L${tip.join(" ")} L${barb(-1)}`, class: bold })];
  });
  const nodes = f.flatMap((_, i) => {
    const [x, y] = place(i), name = svg("text", { x, y: y + 6 });
    name.textContent = i;
    return [svg("circle", { cx: x, cy: y, r: 17, class: on.has(i) ? "node bold" : "node" }), name];
  });
  const picture = svg("svg", { viewBox: "-150 -150 300 300", role: "img", "aria-label": `Arrows: ${f.map((to, i) => `${i} to ${to}`).join(", ")}` }, [...parts, ...nodes]);
  byId("stage").replaceChildren(picture);
}

/* Attention as a table whose cells are shaded by their shares. */
function matrix({ asking, rows }, title, f) {
  const grid = make("table"), head = grid.createTHead().insertRow();
  grid.append(make("caption", title));
  head.append(make("td", ""), ...f.map((token, p) => make("th", `${p}: ${token}`)));
  const body = grid.createTBody();
  rows.forEach((row, i) => {
    const line = body.insertRow();
    line.append(make("th", `${asking[i]}: ${f[asking[i]]}`));
    for (const share of row) {
      const cell = line.appendChild(make("td", share.toFixed(2)));
      cell.style.setProperty("--share", `${100 * share}%`);
    }
  });
  return grid;
}

/* Tables. */

const COLUMNS = {
  all: () => [index, text("input", "sequence"), text("cycles", "cycles"), integer("label", "label", 110), integer("answer", "answer", 110), integer("credit", "credit", 110)],
  errors: () => COLUMNS.all(),
  differences: () => [index, text("input", "sequence"), text("cycles", "cycles"), integer("label", "label", 110), integer("answer", "answer", 110), integer("other", "other’s answer", 160)],
};

function showTab() {
  const rows = rowsFor(state.tab), all = state.tab === "all" ? rows.length : data[state.tab].count, many = v => v.toLocaleString("en");
  const note = all > rows.length ? `The first ${many(rows.length)} of ${many(all)}.` : `${many(all)} of ${many(n ** n)} sequences.`;
  showTable(rows, COLUMNS[state.tab](), `${note} Filter numbers by = 2 or > 1, and sequences by a part of them.`, selectRow);
}

const selectRow = () => showRow((rowsFor(state.tab).find(row => row.input === state.input) || {}).id);

function open(row) { show(row.input); }

function show(input) {
  state.input = input;
  look();
  remember();
}

buildHead(TABS);
offerModels();
listenToTables(() => { markTab(); showTab(); remember(); });
byId("shown").addEventListener("change", () => { state.shown = byId("shown").value; look(); remember(); });
byId("typed").addEventListener("submit", event => {
  event.preventDefault();
  const f = parse(byId("sequence").value);
  say(f ? "" : `A sequence has ${n} numbers below ${n}, as in ${START.input}.`);
  if (!f) return;
  show(f.join(" "));
  selectRow();
});
restore(fromHash());
