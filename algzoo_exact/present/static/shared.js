/* What all pages share: their data, figures in words, tables, tabs, and a state that links hold.
   Texts from the data are only ever set as text. A page has `state`, START, cleaned(), restore() and
   open(row), which the functions below call. */
"use strict";

const byId = id => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);

function floats(text) {
  const binary = atob(text), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float64Array(bytes.buffer);
}

/* The columns of a table of the data; text is of numbers. */
const columnsOf = columns => Object.fromEntries(Object.entries(columns).map(([name, part]) =>
  [name, typeof part === "string" ? floats(part) : part]));

function make(tag, text, className) {
  const found = document.createElement(tag);
  if (text !== undefined) found.textContent = text;
  if (className) found.className = className;
  return found;
}

function svg(name, attributes, children = []) {
  const found = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) found.setAttribute(key, attributes[key]);
  found.append(...children);
  return found;
}

const largest = values => values.indexOf(Math.max(...values));
const subscript = k => String(k).replace(/\d/g, digit => "₀₁₂₃₄₅₆₇₈₉"[digit]);
const say = text => { byId("drawing").textContent = text; byId("drawing").hidden = !text; };

/* Figures. */

const short = value => (value === 0 ? "0" : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4 ? Number(value.toPrecision(6)).toString() : value.toExponential(4)).replace("-", "−");

/* The digits of a number >= 0 that its radius leaves, or what it is at most. */
function probability(value, radius) {
  if (radius === 0 && (value === 0 || value === 1)) return String(value);
  if (radius > 0 && value <= radius) return `≤ ${(1.5 * (value + radius)).toPrecision(1)}`;
  const known = radius > 0 ? Math.floor(Math.log10(value / radius)) : 8;
  const shown = Number(value.toPrecision(Math.max(1, Math.min(8, known))));
  return shown < 1e-4 ? shown.toExponential() : String(shown);
}

/* Of what is nearly all, the distance to all is shown in full. */
function percentage(value, radius) {
  if (radius === 0 && (value === 0 || value === 1)) return `${100 * value}%`;
  if (1 - value <= radius) return "about 100%";
  const shown = probability(100 * value, 100 * radius);
  return shown === "100" ? `100% − ${probability(100 * (1 - value), 100 * radius)}%` : `${shown}%`;
}

/* Tables. */

/* Titles are fixed and cells numbers or plain texts, since the library takes others for HTML. */
let table = null;
const number = (field, title, format, width) => ({
  field, title, hozAlign: "right", headerHozAlign: "right", width, sorter: "number", formatter: cell => format(cell.getRow().getData()),
  headerFilter: "input", headerFilterPlaceholder: "≥ or < ..", headerFilterFunc: within, headerFilterLiveFilter: true,
});
const integer = (field, title, width) => number(field, title, row => String(row[field]), width);
const text = (field, title, width) => ({ field, title, width, minWidth: 150, headerFilter: "input", headerFilterPlaceholder: "contains", formatter: "plaintext", cssClass: field === "pattern" || field === "input" ? "mono" : "" });
const index = { field: "id", title: "#", width: 70, hozAlign: "right", headerHozAlign: "right", sorter: "number" };

/* A filter such as "0.01", ">= 0.01", "< 1e-6" or "= 2". */
function within(asked, value) {
  const match = /^\s*(<=|>=|≤|≥|<|>|=)?\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(%)?\s*$/i.exec(asked);
  if (!match) return true;
  const bound = Number(match[2]) / (match[3] ? 100 : 1);
  switch (match[1]) {
    case "<": return value < bound;
    case "<=": case "≤": return value <= bound;
    case ">": return value > bound;
    case "=": return value === bound;
    default: return value >= bound;
  }
}

/* The tab's table, in place of the one before; built() is called once it can be scrolled. */
function showTable(rows, columns, note, built) {
  if (table) table.destroy();
  const box = make("div");
  byId("panel").replaceChildren(box);
  byId("panel").setAttribute("aria-labelledby", `tab-${state.tab}`);
  byId("note").textContent = note;
  const made = table = new TABULATOR.Tabulator(box, {
    data: rows, columns, layout: "fitColumns", height: Math.min(430, 90 + 33 * Math.max(2, rows.length)),
    selectableRows: 1, placeholder: "None",
    rowFormatter: row => row.getElement().classList.toggle("applies", Boolean(row.getData().applies)),
  });
  table.on("rowClick", (_, row) => choseRow(row));
  table.on("tableBuilt", () => { if (made === table) built(); });
}

function choseRow(row) {
  table.deselectRow();
  row.select();
  open(row.getData());
}

/* The row with a number, chosen and in sight. */
function showRow(id) {
  if (!table || !table.initialized) return;
  table.deselectRow();
  if (!id) return;
  table.selectRow(id);
  table.scrollToRow(id, "center", false).catch(() => { /* it is filtered out */ });
}

function moveRow(step) {
  const active = table.getRows("active"), at = active.findIndex(row => row.isSelected());
  const next = active[Math.max(0, Math.min(active.length - 1, at + step))];
  if (!next) return;
  choseRow(next);
  table.scrollToRow(next, "nearest", false).catch(() => {});
}

/* State: what a link and a saved view hold. */

function fromHash() {
  try { return cleaned(JSON.parse(decodeURIComponent(location.hash.slice(1)))); } catch { return cleaned(null); }
}

function remember() {
  const told = Object.fromEntries(Object.entries(state).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(START[key])));
  const text = Object.keys(told).length ? "#" + encodeURIComponent(JSON.stringify(told)) : " ";
  try { history.replaceState(null, "", text.trim() || location.pathname + location.search); } catch { /* a frame without an address */ }
}

function save() {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ page: data.name, ...state }, null, 1)], { type: "application/json" }));
  link.download = "view.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/* The page's head, its tabs, and the models that it can show. */
function buildHead(tabs) {
  byId("name").textContent = data.name;
  byId("model").textContent = `${data.model}. Asked for: ${data.task}.`;
  for (const [name, value] of data.facts) {
    const pair = byId("facts").appendChild(make("div"));
    pair.append(make("dt", name), make("dd", value));
  }
  for (const [tab, title] of Object.entries(tabs)) {
    const button = byId("tabs").appendChild(make("button", title));
    Object.assign(button, { type: "button", id: `tab-${tab}` });
    button.dataset.tab = tab;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", "panel");
  }
}

function offerModels(...more) {
  if (!data.against) return;
  byId("shown").hidden = false;
  for (const [value, title] of [["model", data.name], ["against", data.against.name], ...more]) {
    byId("shown").append(Object.assign(make("option", title), { value }));
  }
}

/* Marks the chosen tab. */
function markTab() {
  document.querySelectorAll("[role=tab]").forEach(tab => {
    const chosen = tab.dataset.tab === state.tab;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  });
}

/* What tabs, tables and saved views do; opened() is called for another tab. */
function listenToTables(opened) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => { state.tab = tab.dataset.tab; opened(); });
    tab.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) { const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]; next.focus(); next.click(); }
    });
  }
  byId("panel").addEventListener("keydown", event => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step && event.target.tagName !== "INPUT") { event.preventDefault(); moveRow(step); }
  });
  byId("save").addEventListener("click", save);
  byId("open").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", async () => {
    const file = byId("file").files[0];
    byId("file").value = "";
    if (!file) return;
    try { restore(cleaned(JSON.parse(await file.text()))); say(""); remember(); } catch { say(`${file.name} holds no view: it should be JSON, as “Save view” writes it.`); }
  });
  window.addEventListener("hashchange", () => restore(fromHash()));
}
