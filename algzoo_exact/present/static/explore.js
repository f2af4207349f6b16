/* A page of regions: its state, and what follows from it. */
"use strict";

const inputs = data.network.layers[0].input[0].length;
const whole = inputs <= 3;  // the picture shows all inputs

/* A table of the data as rows; `inside` is a point of each. */
function rowsOf(columns) {
  if (!columns) return [];
  const found = columnsOf(columns);
  const width = found.inside.length / found.measure.length;
  return Array.from(found.measure, (_, i) => {
    const row = { id: i + 1 };
    for (const name in found) {
      if (name === "inside") row.inside = () => inInputs(Array.from(found.inside.subarray(i * width, (i + 1) * width)));
      else if (name !== "count") row[name] = found[name][i];
    }
    return row;
  });
}

const regions = rowsOf(data.regions);
const regionOf = new Map(regions.map(row => [row.pattern, row]));
/* A row of numbers tells its middle inputs by its label. */
const middleOf = label => data.labels[label].value.flatMap((share, i) => (share ? ["x" + subscript(i)] : [])).join(", ");
const lemmas = data.story ? data.story.lemmas.map((lemma, i) => ({ id: i + 1, ...lemma })) : [];
const known = { regions, lemmas };
const rowsFor = tab => (known[tab] ||= rowsOf(data[tab]).map(row => (data.numeric ? Object.assign(row, { middle: middleOf(row.label) }) : row)));  // what nobody looks at is not read

/* Sections: a text such as "*,*,0,1/2", and its basis E. */

function fraction(text) {
  const match = /^\s*([-+]?[\d.]+(?:e[-+]?\d+)?)(?:\s*\/\s*(\d+))?\s*$/i.exec(text);
  const value = match ? Number(match[1]) / (match[2] ? Number(match[2]) : 1) : NaN;
  return Number.isFinite(value) ? value : null;
}

/* {text, basis, names}; throws an Error that says what is wrong. */
function sectionOf(text) {
  const entries = text.split(",").map(entry => entry.trim());
  const fixed = entries.map(entry => (entry === "*" ? 0 : fraction(entry)));
  const bad = fixed.indexOf(null);
  if (entries.length !== inputs) throw new Error(`A section has ${inputs} entries.`);
  if (bad >= 0) throw new Error(`x${bad} is * or a number, not “${entries[bad]}”.`);
  const free = entries.flatMap((entry, i) => (entry === "*" ? [i] : []));
  const columns = free.map(k => entries.map((_, i) => Number(i === k)));
  const names = free.map(k => "x" + subscript(k));
  if (fixed.some(Boolean)) {
    columns.push(fixed);
    names.push("ratio");
  }
  if (columns.length < 2 || columns.length > 3) {
    throw new Error("Two or three inputs are free, or one less where another number is not 0.");
  }
  return { text: entries.join(","), basis: entries.map((_, i) => columns.map(column => column[i])), names };
}

const everything = Array(inputs).fill("*").join(",");
const tableSection = data.section && sectionOf(data.section);

/* A point of the table's inputs as one of the network's. */
const inInputs = y => (tableSection ? times(tableSection.basis, y) : y);

/* The section through a point: the first two inputs are free, the others in its ratio. */
function through(x) {
  const rest = x.slice(2).map(v => Number((v / Math.max(...x.slice(2).map(Math.abs), 1e-300)).toPrecision(12)));
  return ["*", "*", ...rest].join(",");
}

/* The section's point nearest to an input: its columns are orthogonal. */
const nearestIn = x => section.basis[0].map((_, c) => {
  const column = section.basis.map(row => row[c]);
  return dot(column, x) / dot(column, column);
});

/* Where an input lies in the section, or null. */
function inSection(x) {
  const y = nearestIn(x);
  return size(minus(times(section.basis, y), x)) <= 1e-9 * size(x) ? unit(y) : null;
}

/* State: what a link and a saved view hold. */

const START = { section: data.section || (whole ? everything : through(regions.length ? regions[0].inside() : Array(inputs).fill(1))), shown: "model", region: regions.length ? regions[0].pattern : null, y: null, lemma: null, tab: "regions", hidden: [], view: null };
const TABS = { regions: "Regions", errors: data.numeric ? "Pieces" : "Errors", ...(data.differences && { differences: "Differences" }), ...(data.story && { lemmas: "Lemmas" }) };
let state, section, picture, cells = [], drawing = 0, hovered = null;

/* A state from anywhere: what it lacks or has wrong is as at the start. */
function cleaned(given) {
  const found = { ...START }, is = (value, kind) => typeof value === kind;
  if (!given || !is(given, "object")) return found;
  try { if (!whole && is(given.section, "string")) found.section = sectionOf(given.section).text; } catch { /* as at the start */ }
  if (["model", "against", "both"].includes(given.shown) && data.against) found.shown = given.shown;
  if (given.region === null || isPattern(given.region)) found.region = given.region;
  const m = sectionOf(found.section).basis[0].length;
  const numbers = (list, length) => Array.isArray(list) && list.length === length && list.every(Number.isFinite);
  if (numbers(given.y, m)) found.y = unit(given.y);
  if (Number.isInteger(given.lemma) && lemmas[given.lemma - 1]) found.lemma = given.lemma;
  if (is(given.tab, "string") && Object.hasOwn(TABS, given.tab)) found.tab = given.tab;
  if (Array.isArray(given.hidden)) found.hidden = given.hidden.filter(name => neurons.has(name));
  const view = given.view;
  if (view && is(view, "object") && view.scale >= 1 && view.scale <= 1e9
      && (m === 2 ? numbers([view.x, view.y], 2) : numbers(view.from, 3) && size(view.from) > 1)) found.view = view;
  return found;
}

const isPattern = text => typeof text === "string" && /^[01|]+$/.test(text)
  && text.split("|").map(on => on.length).join() === data.network.layers.map(layer => layer.input.length).join();

const neurons = new Set(data.network.layers.flatMap((layer, t) => layer.input.map((_, j) => `${t}.${j}`)));

/* Everything as the state says. */
function restore(given) {
  state = given;
  markTab();
  byId("shown").value = state.shown;
  showTab();
  showWalls();
  drawSection();
}

/* The picture. */

function drawSection() {
  section = sectionOf(state.section);
  [...byId("inputs").querySelectorAll("input")].forEach((input, i) => { input.value = section.text.split(",")[i]; });
  const Kind = section.names.length === 2 ? Circle : Sphere;
  if (!(picture instanceof Kind) || picture.section !== section.text) {
    if (picture) picture.dispose();
    picture = null;
    byId("drawing").hidden = true;
    try {
      picture = new Kind(byId("stage"), section.names);
      picture.section = section.text;
    } catch {
      say("This browser has no WebGL, which the sphere needs; a section with two free inputs, and the tables, work without.");
    }
  }
  byId("stage").classList.toggle("near", section.names.length === 3);
  byId("stage").setAttribute("aria-label", section.names.length === 2 ? "Circle of inputs by direction" : "Sphere of inputs by direction");
  cells = [];
  redraw(sectionCells(data, state.shown === "against" ? data.against : data.network, section.basis), ++drawing);
}

/* Finds cells for a while at a time, so that the page answers meanwhile. */
function redraw(coming, number) {
  if (number !== drawing || !picture) return;
  const until = performance.now() + 250;
  let done = false;
  while (!done && performance.now() < until) {
    const next = coming.next();
    done = Boolean(next.done);
    if (!done) cells.push(...next.value.flatMap(shownCell));
  }
  if (!done) {
    say(`Drawing: ${cells.length.toLocaleString("en")} cells so far`);
    setTimeout(() => redraw(coming, number));
    return;
  }
  say("");
  if (state.view) picture.setView(state.view);
  const most = data.numeric && (largestError(cells) || 1);
  picture.show(cells, { most, wall: ([t, j]) => !state.hidden.includes(`${t}.${j}`) });
  legend();
  if (!state.y && state.region) state.y = pointIn(state.region);
  if (!state.view && state.y) picture.face(state.y);
  look(state.y);
  document.body.dataset.ready = String(number);
}

/* A cell as it is drawn: `right` is whether it is pale. With both models, whether they agree. */
function shownCell(cell) {
  if (state.shown !== "both") return [{ ...cell, right: cell.credit > 0 }];
  const found = [];
  pieces(data.against, section.basis, cell.corners, (corners, _, logit) => {
    for (const [winners, part] of byWinners(corners, logit)) {
      const agree = winners[0] === cell.winners[0];
      found.push({ ...cell, corners: part, right: agree, walls: [], border: [], tie: [] });
    }
  });
  return found;
}

function legend() {
  const list = byId("legend"), colours = palette();
  list.replaceChildren();
  const entry = (text, draw) => {
    const item = list.appendChild(document.createElement("li"));
    item.append(svg("svg", { viewBox: "0 0 24 14", "aria-hidden": "true" }, draw), text);
  };
  const swatch = (name, fill, stroke = fill) => entry(name, [svg("rect", { x: 1, y: 1, width: 22, height: 12, fill, stroke })]);
  if (data.numeric) {
    swatch(`above the ${data.numeric}, at most by ${short(Number(picture.look.most.toPrecision(3)))} at distance 1`, colours.error(1));
    swatch(`below the ${data.numeric}`, colours.error(-1));
  }
  const answers = data.numeric ? [] : [...new Set(cells.map(cell => (cell.winners.length > 1 ? -1 : cell.winners[0])))].sort((a, b) => a - b);
  for (const k of answers) {
    const strong = k < 0 ? colours.tie : colours.answer(k);
    const fill = mixed(strong, colours.ground, PALE);
    swatch(k < 0 ? "tied logits" : `answer ${k}`, fill, strong);
  }
  if (cells.some(cell => !cell.right)) {
    const stripes = [4, 11, 18].map(x => svg("path", { d: `M${x - 3} 13 L${x + 5} 1`, stroke: colours.ground, "stroke-width": 2 }));
    entry(state.shown === "both" ? "they differ" : "wrong", [svg("rect", { x: 1, y: 1, width: 22, height: 12, fill: colours.axis }), ...stripes]);
  }
  const line = (colour, width, dash) => [svg("path", { d: "M1 7 H23", stroke: colour, "stroke-width": width, "stroke-dasharray": dash })];
  const border = data.numeric ? `here the ${data.numeric} bends` : "border of labels";
  if (cells.some(cell => cell.border.length)) entry(border, line(colours.black, 2.5, ""));
  const steps = [...new Set(cells.flatMap(cell => cell.walls.flatMap(([, some]) => some.map(([t]) => t % 3))))].sort();
  const kinds = data.network.layers.length > 3 ? ["steps 0, 3, ..", "steps 1, 4, ..", "steps 2, 5, .."] : ["step 0", "step 1", "step 2"];
  for (const t of steps) entry(`walls of ${kinds[t]}`, line(colours.ink, 1.2, DASHES[t].join(" ")));
}

const conesOf = pattern => cells.filter(cell => cell.pattern === pattern).map(cell => cell.corners);

/* The middle of the largest cone of a region, or null. */
function pointIn(pattern) {
  const cones = conesOf(pattern);
  return cones.length ? centre(cones[largest(cones.map(shareOf))]) : null;
}

/* Shows a point y of the section: what holds there, or nothing. */
function look(y) {
  const marked = y || state.y;
  const values = marked && evaluate(shownNetwork(), times(section.basis, marked));
  const pattern = values ? values.pattern : state.region;
  const cones = lemmaCones() || (pattern ? conesOf(pattern) : []);
  if (picture) picture.mark(cones, state.y);
  detail(values, pattern, marked);
  network(values);
  byId("through").disabled = whole || !state.region || !regionOf.has(state.region);
  byId("closer").disabled = !state.y;
  markLemmas(marked);
}

const shownNetwork = () => (state.shown === "against" ? data.against : data.network);

/* Chooses the region at a point of the section. */
function choose(y, scroll = true) {
  const values = evaluate(shownNetwork(), times(section.basis, y));
  Object.assign(state, { y, region: values.pattern, lemma: null });
  look(y);
  if (scroll) selectRow();
  announce(values);
  remember();
}

function letGo() {
  Object.assign(state, { y: null, region: null, lemma: null });
  look(null);
  if (table) table.deselectRow();
  remember();
}

function announce(values) {
  const row = state.shown === "against" ? null : tableRow(values.pattern);
  const said = data.numeric ? `output ${short(values.logit[0])}` : `answer ${values.answer}`;
  byId("live").textContent = `Region ${values.pattern}, ${said}` + (row ? `, probability ${probability(row.measure, row.radius)}` : "");
}

/* The table's row of a region, if the table is about what the picture shows. */
function tableRow(pattern) {
  const alike = !tableSection || tableSection.text === state.section;
  return alike ? regionOf.get(pattern) : undefined;
}

/* Shows what a row of a table is about; with more inputs than three, on a section through it. */
function visit(x, pattern) {
  const y = inSection(x);
  if (!y) {
    const text = through(x);
    section = sectionOf(text);
    Object.assign(state, { section: text, view: null, region: pattern, y: unit(nearestIn(x)) });
    drawSection();
  } else {
    Object.assign(state, { y, region: evaluate(shownNetwork(), x).pattern });
    if (picture) picture.turnTo(y);
    look(y);
  }
  remember();
}

const drawn = cones => `${Number((100 * cones.map(shareOf).reduce((a, b) => a + b, 0)).toPrecision(6))}%`;

function detail(values, pattern, y) {
  const box = byId("detail");
  box.replaceChildren();
  if (!pattern) {
    box.append(make("h2", "No region chosen"), make("p", "Point at the picture, or choose a row of a table.", "soft"));
    return;
  }
  box.append(make("h2", "Region"), make("p", pattern, "pattern mono"));
  const facts = box.appendChild(make("dl")), row = state.shown === "against" ? undefined : tableRow(pattern);
  const fact = (name, text, className) => { facts.append(make("dt", name)); return facts.appendChild(make("dd", text, className)); };
  if (row) {
    fact(tableSection ? "share of section" : "probability", probability(row.measure, row.radius)).dataset.figure = "measure";
    if (data.numeric) {
      fact("adds to the error", probability(row.square, row.square_radius)).dataset.figure = "square";
      fact("of all of it", percentage(row.share, row.share_radius)).dataset.figure = "share";
    } else {
      fact("answers", row.answers).dataset.figure = "answers";
      fact("right", percentage(row.share, row.share_radius), row.share === 1 ? "right" : row.share === 0 ? "wrong" : "").dataset.figure = "right";
    }
  } else {
    fact("probability", state.shown === "against" ? "the tables are of the first model"
      : tableSection && tableSection.text !== state.section ? "the table is of another section"
      : data.regions.count > regions.length ? "not among those listed" : "a face between regions, of probability 0");
  }
  const cones = conesOf(pattern);
  if (!whole && cones.length) fact("drawn", `${drawn(cones)} of this section`);
  const value = values && valueAt(values.x);
  if (value) {
    const asked = dot(value, values.x);
    fact("at the point", `output ${short(values.logit[0])}, ${data.numeric} ${short(asked)}: error ${short(values.logit[0] - asked)}`);
  } else if (values) {
    const label = labelAt(data.labels, values.x), right = values.answer === label;
    fact("at the point", `answer ${values.answer}, label ${label}: ${right ? "right" : "wrong"}`, right ? "right" : "wrong");
    if (state.shown === "both") {
      const other = evaluate(data.against, values.x).answer;
      fact(data.against.name, `answer ${other}`, other === label ? "right" : "wrong");
    }
  }
  const map = linearMap(shownNetwork(), pattern);
  const scroll = box.appendChild(make("div", undefined, "scroll")), grid = scroll.appendChild(make("table"));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", "Linear map");
  const head = grid.createTHead().insertRow();
  head.append(make("th", "linear map"));
  for (let i = 0; i < inputs; i++) head.append(make("th", "x" + subscript(i)));
  const body = grid.createTBody();
  map.forEach((weights, k) => {
    const line = body.insertRow();
    line.append(make("th", data.numeric ? "output" : `logit ${k}`));
    for (const weight of weights) line.append(make("td", short(weight)));
  });
  if (value) {
    for (const [name, row] of [[data.numeric, value], ["error", minus(map[0], value)]]) {
      const line = body.insertRow();
      line.append(make("th", name));
      for (const weight of row) line.append(make("td", short(weight)));
    }
  }
  if (values) {
    const line = body.insertRow();
    line.append(make("th", "the point"));
    for (const v of values.x) line.append(make("td", short(v)));
  }
}

/* The right value as a functional at an input, where one is asked for. */
const valueAt = x => data.numeric && data.labels[labelAt(data.labels, x)].value;

/* The network. */

const nodes = new Map();

function buildNetwork() {
  const box = byId("network"), layers = data.network.layers, deepest = Math.max(...layers.map(layer => layer.input.length));
  box.classList.toggle("dense", deepest > 8);
  box.style.gridTemplateColumns = `repeat(${layers.length}, minmax(1.6rem, 6rem)) minmax(5.5rem, auto)`;
  const put = (element, column, row) => { element.style.gridColumn = column; element.style.gridRow = row; return box.appendChild(element); };
  layers.forEach((layer, t) => {
    const head = put(make("div", undefined, "head"), t + 1, 1);
    head.dataset.layer = t;
    layer.input.forEach((_, j) => {
      const node = put(make("button"), t + 1, j + 2);
      node.type = "button";
      node.tabIndex = nodes.size ? -1 : 0;
      node.dataset.name = `${t}.${j}`;
      node.addEventListener("click", () => {
        const name = node.dataset.name;
        state.hidden = state.hidden.includes(name) ? state.hidden.filter(other => other !== name) : [...state.hidden, name];
        showWalls();
      });
      nodes.set(node.dataset.name, node);
    });
  });
  put(make("div", data.numeric ? "output" : "logits", "head"), layers.length + 1, 1);
  data.network.readout.forEach((_, k) => put(make("div", undefined, "logit"), layers.length + 1, k + 2));
  box.addEventListener("keydown", event => {
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!step || !event.target.dataset.name) return;
    const [t, j] = event.target.dataset.name.split(".").map(Number);
    const next = nodes.get(`${t + step[0]}.${j + step[1]}`);
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

function showWalls() {
  for (const [name, node] of nodes) node.setAttribute("aria-pressed", String(!state.hidden.includes(name)));
  if (picture && picture.look) picture.show(cells, picture.look);
  remember();
}

function network(values) {
  const layers = shownNetwork().layers, colours = palette();
  const top = values ? Math.max(...values.h.flat(), 1e-300) : 1;
  for (const [name, node] of nodes) {
    const [t, j] = name.split(".").map(Number), z = values ? values.z[t] && values.z[t][j] : undefined;
    node.toggleAttribute("data-on", z > 0);
    node.style.setProperty("--share", `${25 + 75 * Math.sqrt(Math.max(0, z || 0) / top)}%`);
    const told = `z[${t}][${j}]` + (z === undefined ? "" : ` = ${short(z)}, ${z > 0 ? "on" : "off"}`);
    node.title = `${told}; its wall is ${state.hidden.includes(name) ? "hidden" : "shown"}`;
    node.setAttribute("aria-label", `wall of ${told}`);
  }
  byId("network").querySelectorAll(".head[data-layer]").forEach((head, t) => {
    const reads = layers[t] ? layers[t].input[0].map((_, i) => i).filter(i => layers[t].input.some(row => row[i])) : [];
    const dense = byId("network").classList.contains("dense");
    head.replaceChildren(make("i", reads.length === 1 ? "x" + subscript(reads[0]) : ""));
    if (values && reads.length === 1) head.append(make("br"), Number(values.x[reads[0]].toFixed(dense ? 1 : 3)).toString().replace("-", "−"));
  });
  byId("network").querySelectorAll(".logit").forEach((cell, k) => {
    cell.style.setProperty("--tint", colours.answer(k));
    const value = values && short(Number(values.logit[k].toPrecision(4)));
    cell.textContent = data.numeric ? value || "" : values ? `${k}: ${value}` : String(k);
    cell.classList.toggle("best", Boolean(values) && !data.numeric && values.answer === k);
  });
  drawEdges(values, layers);
}

/* Lines for what neurons pass on: thicker for more, blue for positive, red for negative. */
function drawEdges(values, layers) {
  const canvas = byId("edges"), box = byId("network"), ratio = window.devicePixelRatio || 1;
  const width = box.scrollWidth, height = box.offsetHeight + 8;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  if (!values) return;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement), flows = [];
  pen.scale(ratio, ratio);
  layers.forEach(({ state: weights }, t) => {
    if (t) weights.forEach((row, j) => row.forEach((w, i) => { if (w * values.h[t - 1][i]) flows.push([`${t - 1}.${i}`, `${t}.${j}`, w * values.h[t - 1][i]]); }));
  });
  const top = Math.max(...flows.map(flow => Math.abs(flow[2])), 1e-300);
  const middle = node => [node.offsetLeft + node.offsetWidth / 2, node.offsetTop + node.offsetHeight / 2 + 4];
  for (const [from, to, flow] of flows) {
    const strength = Math.abs(flow) / top;
    if (strength < 0.03 || !nodes.has(from) || !nodes.has(to)) continue;
    pen.beginPath();
    pen.moveTo(...middle(nodes.get(from)));
    pen.lineTo(...middle(nodes.get(to)));
    pen.strokeStyle = style.getPropertyValue(flow > 0 ? "--link" : "--bad");
    pen.globalAlpha = 0.15 + 0.6 * strength;
    pen.lineWidth = 0.5 + 2.5 * strength;
    pen.stroke();
  }
}

/* Tables. */

const measure = number("measure", data.section ? "share of section" : "probability", row => probability(row.measure, row.radius), 165);
const adds = number("square", "adds to the error", row => probability(row.square, row.square_radius), 165);
const ofAll = number("share", "of all of it", row => percentage(row.share, row.share_radius), 140);
const COLUMNS = {
  regions: () => (data.numeric ? [index, text("pattern", "pattern"), measure, adds, ofAll] : [index, text("pattern", "pattern"), measure, text("answers", "answers", 150), number("share", "right", row => percentage(row.share, row.share_radius), 150)]),
  errors: () => (data.numeric ? [index, adds, ofAll, measure, text("middle", "middle", 150), text("pattern", "pattern")]
    : [index, measure, integer("label", "label", 110), integer("answer", "answer", 110), integer("credit", "credit", 110), text("pattern", "pattern")]),
  differences: () => [index, measure, integer("label", "label", 120), integer("answer", "answer", 150), integer("other", "other’s answer", 150)],
  lemmas: () => [index, text("name", "name", 190), text("kind", "kind", 150), { ...text("status", "verdict", 150), formatter: verdict }, text("where", "where")],
};

function verdict(cell) {
  const status = cell.getValue();
  return make("span", { proved: "✓ proved", refuted: "✗ refuted", unknown: "? undecided" }[status], { proved: "right", refuted: "wrong", unknown: "unknown" }[status]);
}

function showTab() {
  const rows = rowsFor(state.tab), all = state.tab === "lemmas" ? rows.length : data[state.tab].count;
  const of = data.section && state.tab !== "lemmas" ? ` in the section ${data.section}` : "";
  const ties = data.section ? " Where inputs tie throughout, as several zeros do, the lowest index is the label." : "";
  const note = all > rows.length
    ? `The ${data.numeric ? "first" : "heaviest"} ${rows.length.toLocaleString("en")} of ${all.toLocaleString("en")}${of}.`
    : state.tab === "lemmas" ? "Choose one to see where it is said; those that are about the point have a mark."
    : `${all.toLocaleString("en")} ${TABS[state.tab].toLowerCase()}${of}. Filter by > 0.01, < 1e-6 or = 2, and patterns by a part of them.${ties}`;
  showTable(rows, COLUMNS[state.tab](), note, selectRow);
  byId("lemma").replaceChildren();
}

/* Shows in the picture what a row is about. */
function open(found) {
  if (state.tab === "lemmas") {
    Object.assign(state, { lemma: found.id, y: null, region: null });
    look(null);
    remember();
  } else {
    state.lemma = null;
    visit(found.inside(), found.pattern || null);
  }
}

/* The row of the chosen region or lemma, chosen and in sight. */
function selectRow() {
  showRow(state.tab === "lemmas" ? state.lemma
    : state.tab === "regions" ? (state.shown !== "against" && tableRow(state.region) || {}).id
    : state.tab === "errors" && state.region ? (rowsFor("errors").find(row => row.pattern === state.region && nearest(row)) || {}).id : undefined);
}

/* Whether the chosen point's answer and label are the row's. */
function nearest(row) {
  if (!state.y) return false;
  const values = evaluate(data.network, times(section.basis, state.y));
  return (data.numeric || values.answer === row.answer) && labelAt(data.labels, values.x) === row.label;
}

/* Lemmas. */

const lemma = () => (state.lemma ? lemmas[state.lemma - 1] : null);

/* The cones where the chosen lemma's domain is, or null. */
function lemmaCones() {
  const chosen = lemma();
  if (!chosen) return null;
  if (chosen.cones && chosen.section === state.section) return chosen.cones;
  chosen.section = state.section;
  chosen.cones = cells.flatMap(cell => whereHolds(chosen.formula, data.story.network, section.basis, cell.corners));
  return chosen.cones;
}

/* Marks the lemmas that speak of the point, and tells of the chosen one. */
function markLemmas(y) {
  const box = byId("lemma"), chosen = lemma();
  box.replaceChildren();
  if (state.tab !== "lemmas") return;
  for (const each of lemmas) {
    each.applies = Boolean(y) && new Reader(data.story.network, section.basis, [y]).holds(each.formula);
  }
  if (table && table.initialized) for (const row of table.getRows("visible")) row.getElement().classList.toggle("applies", Boolean(row.getData().applies));
  if (!chosen) return;
  box.append(make("h2", chosen.name), make("p", chosen.text), make("p", `where ${chosen.where}`, "mono"));
  box.append(make("p", `That is ${drawn(lemmaCones())} of ${whole ? "the inputs" : "this section"}, as drawn.`, "soft"));
}

/* The page's own parts. */

function build() {
  buildHead(TABS);
  offerModels(["both", "where they differ"]);
  if (!whole) {
    byId("section").hidden = false;
    for (let i = 0; i < inputs; i++) {
      const label = byId("inputs").appendChild(make("label", "x" + subscript(i)));
      Object.assign(label.appendChild(make("input")), { autocomplete: "off", spellcheck: false });
    }
  }
  buildNetwork();
}

function listen() {
  const stage = byId("stage");
  const place = event => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  let down = null, waiting = false;
  stage.addEventListener("pointerdown", event => { down = place(event); });
  stage.addEventListener("pointermove", event => {
    if (!picture || event.buttons || event.pointerType === "touch") return;
    hovered = picture.at(...place(event));
    if (!waiting) requestAnimationFrame(() => { waiting = false; look(hovered); });
    waiting = true;
  });
  stage.addEventListener("pointerleave", () => { hovered = null; if (picture) look(null); });
  stage.addEventListener("click", event => {
    if (!picture || !down || size(minus(place(event), down)) > 6) return;
    const y = picture.at(...place(event));
    if (y) choose(y);
    else letGo();
  });
  stage.addEventListener("view", () => { state.view = picture.view; remember(); });
  stage.addEventListener("keydown", event => {
    if (!picture) return;
    const turn = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (turn && section.names.length === 2 && picture.view.scale === 1) nextCell(turn[0] - turn[1]);
    else if (turn) { picture.turn(...turn); hovered = picture.middle(); look(hovered); announce(evaluate(shownNetwork(), times(section.basis, hovered))); }
    else if (event.key === "+" || event.key === "=") picture.zoom(1.5);
    else if (event.key === "-") picture.zoom(1 / 1.5);
    else if (event.key === "0") home();
    else if (event.key === "z") closer();
    else if (event.key === "Enter" || event.key === " ") choose(picture.middle());
    else if (event.key === "Escape") letGo();
    else return;
    event.preventDefault();
  });
  byId("in").addEventListener("click", () => picture && picture.zoom(1.5));
  byId("out").addEventListener("click", () => picture && picture.zoom(1 / 1.5));
  byId("home").addEventListener("click", home);
  byId("closer").addEventListener("click", closer);
  byId("shown").addEventListener("change", () => { Object.assign(state, { shown: byId("shown").value, region: null, y: null }); restore(state); remember(); });
  byId("section").addEventListener("submit", event => { event.preventDefault(); chooseSection([...byId("inputs").querySelectorAll("input")].map(input => input.value).join(",")); });
  byId("through").addEventListener("click", () => { const row = regionOf.get(state.region); if (row) chooseSection(through(row.inside()), row.pattern); });
  byId("walls-on").addEventListener("click", () => { state.hidden = []; showWalls(); });
  byId("walls-off").addEventListener("click", () => { state.hidden = [...neurons]; showWalls(); });
  listenToTables(restoreTabs);
  window.addEventListener("resize", () => { if (picture) { picture.draw(); look(hovered); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (picture && picture.look) { picture.show(cells, picture.look); legend(); look(hovered); } });
}

function restoreTabs() {
  markTab();
  showTab();
  look(hovered);
  remember();
}

/* The next cell around the circle. */
function nextCell(step) {
  const order = picture.cells.map(cell => cell.arc).sort((a, b) => a[0] - b[0]);
  if (!order.length) return;
  const angle = state.y ? Math.atan2(state.y[1], state.y[0]) : order[0][0];
  const full = 2 * Math.PI, inside = order.findIndex(([low, width]) => (angle - low + 2 * full) % full < width);
  const [low, width] = order[(inside + step + order.length) % order.length];
  choose([Math.cos(low + width / 2), Math.sin(low + width / 2)]);
}

function chooseSection(text, region = null) {
  try {
    const found = sectionOf(text);
    byId("wrong-section").textContent = "";
    Object.assign(state, { section: found.text, view: null, region, y: null });
    drawSection();
    remember();
  } catch (error) {
    byId("wrong-section").textContent = error.message;
  }
}

function home() {
  if (!picture) return;
  picture.setView(section.names.length === 2 ? { scale: 1, x: 0, y: 0 } : { from: [1.74, 1.74, 1.74], scale: 1 });
  picture.changed();
}

/* Zooms to the cell that the chosen point lies in. */
function closer() {
  const cell = picture && state.y && cells.find(({ corners }) => contains(corners, state.y));
  if (cell) picture.zoomTo(cell.corners, state.y);
}

build();
state = fromHash();
listen();
restore(state);
restoreTabs();
