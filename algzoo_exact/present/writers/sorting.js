// Tables sort by a click on a heading; the field above keeps the rows that have all its words.
const tables = [...document.querySelectorAll("main table")];

function value(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = parseFloat(text.replace(/^1 in |^.*[=≈]/, "").replace(/[[,]/g, ""));
  return Number.isNaN(number) ? text.toLowerCase() : number;
}

function order(one, other) {
  if (typeof one === typeof other) return one < other ? -1 : one > other ? 1 : 0;
  return typeof one === "number" ? -1 : 1;  // what has no number comes last
}

for (const table of tables) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent) return;
    const button = document.createElement("button");
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => sign * order(value(a, column), value(b, column)));
      table.tBodies[0].append(...rows);
    });
    head.replaceChildren(button);
  });
}

const linked = tables.filter((table) => table.querySelector("a"));
const rows = (linked.length ? linked : tables).flatMap((table) => [...table.tBodies[0].rows]);
const field = document.createElement("input");
const shown = document.createElement("output");
field.type = "search";
field.placeholder = "filter: words of a row";
field.setAttribute("aria-label", "Show the rows with these words");
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
  const left = rows.filter((row) => !row.hidden).length;
  shown.textContent = words.length ? ` ${left} of ${rows.length}` : "";
});
const line = document.createElement("p");
line.className = "filter";
line.append(field, shown);
document.querySelector("main").prepend(line);
