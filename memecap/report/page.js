"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const PAGE = 30;
const say = (key, told = {}) => data.words[key].replace(/\{(\w+)\}/g, (_, name) => told[name]);

function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("aria-") || key === "role" || key === "scope") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const russian = data.words.language === "ru";
const labelOf = (system) => data.words.systems[system] || system;
const metricLabel = (name, table = data) => (russian && table.quantities[name]?.label_ru) || table.quantities[name]?.label || name;
const stands = (name, places, table = data) => places.some((place) => table.quantities[name].places.includes(place));
const directionOf = (name, table = data) => table.quantities[name]?.direction ?? "higher";
const isCost = (name, table = data) => directionOf(name, table) === "lower";
const shown = (name, value, table = data) => (value === null || value === undefined ? "–" : value.toFixed(table.quantities[name]?.decimals ?? 3).replace("-", "−"));
const shownP = (p) => (p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`);
const better = (name, a, b, table = data) => (isCost(name, table) ? a < b : a > b);

/* ---- the head ---- */

function head() {
  byId("title").textContent = data.title;
  byId("verdict").textContent = data.verdict;
  for (const [name, value] of data.facts) {
    byId("facts").append(make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value })));
  }
}

/* ---- the table and its chart ---- */

const view = { preset: 0, metric: "", every: false, sorted: "" }; // sorted: "", "ascending" or "descending"

function presets() {
  data.tables.forEach((table, index) => {
    const choice = make("button", { type: "button", textContent: table.preset });
    choice.addEventListener("click", () => { view.preset = index; showTable(); });
    byId("presets").append(choice);
  });
  byId("every").addEventListener("click", () => { view.every = !view.every; showTable(); });
  byId("csv").addEventListener("click", () => save("scores.csv", "text/csv", asCsv(cells())));
  byId("markdown").addEventListener("click", () => save("scores.md", "text/markdown", asMarkdown(cells())));
}

function namesOf(table) {
  const all = Object.keys(table.systems[0].scores), main = all.filter((name) => stands(name, ["table", "guard"], table));
  byId("every").hidden = main.length === all.length;
  return view.every || !main.length ? all : main;
}

function inOrder(table) {
  if (!view.sorted) return table.systems;
  const sign = view.sorted === "ascending" ? 1 : -1;
  return [...table.systems].sort((a, b) => sign * (a.scores[view.metric] - b.scores[view.metric]));
}

function sortBy(name) {
  const next = { "": "descending", descending: "ascending", ascending: "" };
  view.sorted = name === "" ? "" : view.metric === name ? next[view.sorted] : "descending";
  view.metric = name || view.metric;
  showTable();
  byId("table").querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus();
}

function columnHead(name, label) {
  const sorted = name !== "" && name === view.metric ? view.sorted : "";
  const sign = { ascending: " ▲", descending: " ▼" }[sorted] || "";
  const button = make("button", { type: "button", "aria-pressed": String(name !== "" && name === view.metric) },
    label, make("span", { "aria-hidden": "true", textContent: sign }));
  button.dataset.name = name;
  button.addEventListener("click", () => sortBy(name));
  return make("th", { scope: "col", "aria-sort": sorted || "none" }, button);
}

function showTable() {
  const table = data.tables[view.preset];
  if (!table) { byId("scores").hidden = true; return; }
  [...byId("presets").children].forEach((choice, i) => choice.setAttribute("aria-pressed", String(i === view.preset)));
  const metrics = namesOf(table);
  byId("every").setAttribute("aria-pressed", String(view.every));
  if (!metrics.includes(view.metric)) view.metric = metrics.find((name) => stands(name, ["headline"], table)) ?? metrics[0];
  const top = {};
  for (const name of metrics) {
    const values = table.systems.map((system) => system.scores[name]);
    top[name] = directionOf(name, table) === "neither" ? null : isCost(name, table) ? Math.min(...values) : Math.max(...values);
  }
  const header = make("tr", {}, columnHead("", say("system")), ...metrics.map((name) => columnHead(name, metricLabel(name, table))));
  const body = make("tbody");
  for (const system of inOrder(table)) {
    const row = make("tr", { class: system.kind }, make("th", { scope: "row", textContent: labelOf(system.system) }));
    for (const name of metrics) row.append(scoreCell(table, system, name, top[name]));
    body.append(row);
    for (const [subset, part] of Object.entries(system.subsets || {})) {
      const under = make("tr", { class: `${system.kind} part` }, make("th", { scope: "row", textContent: partName(subset, part) }));
      for (const metric of metrics) under.append(scoreCell(table, part, metric, null));
      body.append(under);
    }
  }
  const caption = make("caption", { textContent: say("table_caption", { preset: table.preset, n: table.systems[0].n }) });
  byId("table").replaceChildren(caption, make("thead", {}, header), body);
  byId("signature").textContent = table.signature;
  warn(table);
  byId("intervals").replaceChildren(...intervalChart(table, view.metric));
}

const partName = (subset, part) => `· ${data.words[`subset_${subset}`] || subset}: ${part.n}`;

function warn(table) {
  const own = table.systems.filter((system) => system.warning).map((system) => say("quoted", { text: labelOf(system.system) }));
  const told = own.length ? [say("own_judge", { systems: own.join(", ") })] : [];
  for (const { system, warnings } of table.systems)
    for (const { kind } of warnings || []) told.push(`${say("quoted", { text: labelOf(system) })}: ${data.words.signs[kind] || kind}`);
  byId("warning").hidden = !told.length;
  byId("warning").textContent = say("careful", { told: told.join("; ") });
}

/* The table as it is shown, as plain cells. */
function cells() {
  const table = data.tables[view.preset], names = namesOf(table);
  const row = (label, scores) => [label, ...names.map((name) => shown(name, scores[name], table).replace("−", "-"))];
  const parts = (system) => Object.entries(system.subsets || {}).map(([subset, part]) => row(partName(subset, part), part.scores));
  return [[say("system"), ...names.map((name) => metricLabel(name, table))],
    ...inOrder(table).flatMap((system) => [row(labelOf(system.system), system.scores), ...parts(system)])];
}

/* A cell that begins like a formula is text, not one; numbers stay numbers. */
const asCsv = (rows) => rows.map((row) => row.map((cell) => {
  const text = /^[=+@\t\r-]/.test(cell) && !/^-?[\d.]+$/.test(cell) ? `'${cell}` : cell;
  return `"${text.replaceAll('"', '""')}"`;
}).join(",")).join("\r\n") + "\r\n";

const asMarkdown = (rows) => {
  const lines = rows.map((row) => `| ${row.map((cell) => cell.replace(/[\\`*_{}[\]<>#|!~]/g, "\\$&").replace(/\s+/g, " ")).join(" | ")} |`);
  return [lines[0], `|---|${"---:|".repeat(rows[0].length - 1)}`, ...lines.slice(1)].join("\n") + "\n";
};

function save(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/* ---- what makes a description worth hearing ---- */

function properties() {
  const table = data.alt, names = Object.keys(table.quantities);
  const label = (name) => metricLabel(name, table).replace(/^Alt:? /, "");
  const head = make("tr", {}, make("th", { scope: "col", textContent: say("system") }),
    ...names.map((name) => make("th", { scope: "col", textContent: label(name) })));
  const rows = table.systems.map((system) => make("tr", { class: system.kind }, make("th", { scope: "row", textContent: labelOf(system.system) }),
    ...names.map((name) => make("td", { textContent: system.scores[name]?.toFixed(2) ?? "–" }))));
  byId("properties").replaceChildren(make("caption", { class: "unseen", textContent: say("alt") }), make("thead", {}, head), make("tbody", {}, ...rows));
}

function scoreCell(table, system, name, top) {
  const show = (value) => shown(name, value, table);
  const value = system.scores[name];
  const cell = make("td", {}, make("span", { class: value === top ? "best" : "", textContent: show(value) }));
  const interval = system.intervals && system.intervals[name];
  if (interval) cell.append(make("small", { textContent: `${show(interval[0])}–${show(interval[1])}` }));
  const compared = system.compared && system.compared.minus_this[name];
  if (compared) {
    const p = compared.p_holm, sure = p < 0.05, above = better(name, compared.difference, 0, table);
    const sign = compared.difference > 0 ? "+" : "", tone = !sure || directionOf(name, table) === "neither" ? "" : above ? "up" : "down";
    cell.append(make("small", { class: tone, textContent: `Δ ${sign}${show(compared.difference)}` }),
      make("small", { class: tone, textContent: sure ? shownP(p) : say("not_significant") }));
    cell.title = say("minus_this", { system: labelOf(system.compared.system), difference: sign + show(compared.difference),
      low: show(compared.low), high: show(compared.high), p: shownP(p) });
  }
  return cell;
}

function intervalChart(table, name) {
  const narrow = byId("scores").clientWidth < 560;
  const longest = Math.max(...table.systems.map((system) => labelOf(system.system).length));
  const left = narrow ? 8 : Math.max(300, 24 + 8.6 * longest), width = narrow ? 360 : left + 620, step = narrow ? 44 : 30;
  const bounds = table.systems.flatMap((system) => (system.intervals ? system.intervals[name] : [system.scores[name]]));
  const scale = niceScale(Math.min(0, ...bounds), Math.max(...bounds));
  const x = (value) => left + ((value - scale.low) / (scale.high - scale.low)) * (width - left - 20);
  const height = table.systems.length * step + 30;
  const title = say("interval_title", { metric: metricLabel(name, table) });
  const each = table.systems.map((system) => {
    const [low, high] = (system.intervals?.[name] || [system.scores[name], system.scores[name]]).map((value) => shown(name, value, table));
    return say("interval_one", { system: labelOf(system.system), value: shown(name, system.scores[name], table), low, high });
  });
  const chart = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}. ${each.join("; ")}.` });
  for (const tick of scale.ticks) {
    chart.append(draw("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 4, y2: height - 24 }));
    chart.append(draw("text", { x: x(tick), y: height - 8, "text-anchor": "middle", "font-size": 12 }, tickLabel(tick)));
  }
  table.systems.forEach((system, index) => {
    const y = index * step + (narrow ? 32 : 20);
    const group = draw("g", { class: system.kind === "captioner" ? "ours" : "" });
    const place = narrow ? { x: left, y: y - 12 } : { x: left - 14, y: y + 5, "text-anchor": "end" };
    group.append(draw("text", { ...place, "font-size": 14 }, labelOf(system.system)));
    if (system.intervals) {
      const [low, high] = system.intervals[name];
      group.append(draw("line", { class: "whisker", x1: x(low), x2: x(high), y1: y, y2: y }));
    }
    group.append(draw("circle", { class: "dot", cx: x(system.scores[name]), cy: y, r: 4.5 }));
    chart.append(group);
  });
  return [make("figcaption", { textContent: title }), chart];
}

function niceScale(low, high) {
  if (high <= low) high = low + 1;
  const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const start = Math.floor(low / step) * step, ticks = [];
  for (let i = 0; start + i * step < high + step; i++) ticks.push(start + i * step);
  return { low: ticks[0], high: ticks[ticks.length - 1], ticks };
}

const tickLabel = (value) => String(Number(value.toPrecision(6)));

/* ---- curves of the run ---- */

function curves() {
  byId("training").hidden = !data.curves.length;
  for (const curve of data.curves) {
    const points = curve.points, xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
    const width = 320, height = 190, left = 48, bottom = 26, top = 8;
    const scale = niceScale(Math.min(...ys), Math.max(...ys));
    const first = Math.min(...xs), last = Math.max(...xs);
    const x = (v) => left + (last > first ? (v - first) / (last - first) : 0.5) * (width - left - 12);
    const y = (v) => top + (1 - (v - scale.low) / (scale.high - scale.low)) * (height - top - bottom);
    const told = say("curve_told", { curve: curve.label, x: curve.x, from: tickLabel(first), to: tickLabel(last), first: tickLabel(ys[0]),
      last: tickLabel(ys[ys.length - 1]), low: tickLabel(Math.min(...ys)), high: tickLabel(Math.max(...ys)) });
    const chart = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": told });
    for (const tick of scale.ticks) {
      chart.append(draw("line", { class: "grid", x1: left, x2: width - 12, y1: y(tick), y2: y(tick) }));
      chart.append(draw("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end", "font-size": 11 }, tickLabel(tick)));
    }
    for (const border of curve.stages) {
      chart.append(draw("line", { class: "stage", x1: x(border), x2: x(border), y1: top, y2: height - bottom }));
    }
    chart.append(draw("path", { class: "curve", d: "M" + points.map((p) => `${x(p[0])} ${y(p[1])}`).join("L") }));
    if (points.length <= 60) for (const p of points) chart.append(draw("circle", { class: "point", cx: x(p[0]), cy: y(p[1]), r: 2.6 }));
    for (const [value, anchor] of [[first, "start"], [last, "end"]]) {
      chart.append(draw("text", { x: x(value), y: height - 8, "text-anchor": anchor, "font-size": 11 }, tickLabel(value)));
    }
    const title = say("curve_title", { curve: curve.label, x: curve.x });
    byId("curves").append(make("figure", {}, make("figcaption", { textContent: title }), chart));
  }
}

/* ---- pictures ---- */

const words = (text) => text.toLowerCase().replaceAll("ё", "е").match(/[\p{L}\p{N}]+/gu) || [];
let chosen = [], drawn = 0, limit = Infinity;

function controls() {
  const option = (value, text) => make("option", { value, textContent: text });
  data.systems.forEach((name) => byId("system").append(option(name, labelOf(name))));
  byId("other").append(option("", say("with_nothing")));
  data.systems.forEach((name) => byId("other").append(option(name, labelOf(name))));
  data.row_metrics.forEach((name) => byId("metric").append(option(name, metricLabel(name))));
  const headline = data.row_metrics.find((name) => stands(name, ["headline"]));
  if (headline) byId("metric").value = headline;
  byId("other").value = data.other;
  let timer = 0;
  byId("controls").addEventListener("input", (event) => {
    if (event.target.id === "boxes") { byId("cards").classList.toggle("hide-boxes", !event.target.checked); return; }
    clearTimeout(timer);
    timer = setTimeout(select, event.target.id === "search" ? 200 : 0);
  });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  const only = (count, order) => () => { limit = count; byId("order").value = order; select(); };
  byId("worst50").addEventListener("click", only(50, "worst"));
  byId("best50").addEventListener("click", only(50, "best"));
  byId("all").addEventListener("click", () => {
    for (const id of ["least", "most", "search"]) byId(id).value = "";
    only(Infinity, "stored")();
  });
  byId("more").addEventListener("click", extend);
}

const rowScore = (row, system, metric) => data.scores[system]?.[metric]?.[row.number] ?? null;
const scoreOf = (row, system) => rowScore(row, system, byId("metric").value);

function select() {
  const system = byId("system").value, other = byId("other").value, metric = byId("metric").value;
  const least = byId("least").value === "" ? -Infinity : Number(byId("least").value);
  const most = byId("most").value === "" ? Infinity : Number(byId("most").value);
  const sought = byId("search").value.trim().toLowerCase();
  chosen = data.rows.filter((row) => {
    const value = scoreOf(row, system);
    return value >= least && value <= most && (!sought || row.haystack.includes(sought));
  });
  const sign = isCost(metric) ? -1 : 1;
  const value = (row) => sign * scoreOf(row, system);
  const gain = (row) => (other ? value(row) - sign * scoreOf(row, other) : value(row));
  const orders = { worst: (a, b) => value(a) - value(b), best: (a, b) => value(b) - value(a),
    loss: (a, b) => gain(a) - gain(b), gain: (a, b) => gain(b) - gain(a) };
  const order = byId("order").value;
  if (orders[order]) chosen.sort(orders[order]);
  const found = chosen.length;
  chosen = chosen.slice(0, limit);
  const total = data.rows.length;
  const counted = { shown: chosen.length, found, total };
  byId("count").textContent = say(chosen.length < found ? "shown_first" : found < total ? "found" : "total", counted);
  byId("legend").replaceChildren(make("span", { class: "hit", textContent: say("hit") }), say("hit_means"),
    ...(other ? ["; ", make("span", { class: "only", textContent: say("only") }), say("only_means")] : []));
  drawn = 0;
  byId("cards").replaceChildren();
  extend();
}

function extend() {
  byId("cards").append(...chosen.slice(drawn, drawn + PAGE).map(card));
  drawn = Math.min(drawn + PAGE, chosen.length);
  byId("more").hidden = drawn >= chosen.length;
}

function card(row) {
  const system = byId("system").value, other = byId("other").value;
  const text = make("div", { class: "text" });
  const reference = new Set(row.references.flatMap(words));
  text.append(...captionBlock(row, system, other, reference));
  if (other && other !== system) text.append(...captionBlock(row, other, system, reference));
  text.append(make("h3", { textContent: say(row.references.length > 1 ? "references" : "reference") }));
  for (const reference of row.references) text.append(make("p", { textContent: reference }));
  if (row.reading) {
    text.append(make("h3", { textContent: say("read") }));
    const lines = row.reading.lines.map((line) => line.text).join(" / ");
    text.append(make("p", { class: "reading", textContent: lines || say("no_text") }));
  }
  return make("article", { class: "card", "aria-label": say("picture_name", { number: row.number + 1 }) }, make("div", {}, shot(row), make("p", { class: "file", textContent: row.file })), text);
}

function captionBlock(row, system, other, reference) {
  const paragraph = make("p", { class: "caption" });
  const rest = other && other !== system ? commonWords(row.captions[system], row.captions[other]) : null;
  let index = 0;
  for (const piece of (row.captions[system] || "").split(/([\p{L}\p{N}]+)/u)) {
    const word = words(piece)[0];
    if (!word) { paragraph.append(piece); continue; }
    const marks = [reference.has(word) ? "hit" : "", rest && !rest.has(index) ? "only" : ""].filter(Boolean);
    paragraph.append(marks.length ? make("span", { class: marks.join(" "), textContent: piece }) : piece);
    index += 1;
  }
  if (!paragraph.childNodes.length) paragraph.append(say("empty"));
  return [make("h3", { textContent: labelOf(system) }), paragraph, marksOf(row, system, other)];
}

/* Places of words of a that a longest common subsequence shares with b. */
function commonWords(a, b) {
  const first = words(a || ""), second = words(b || "");
  const n = first.length, m = second.length, best = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--)
    best[i][j] = first[i] === second[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  const shared = new Set();
  for (let i = 0, j = 0; i < n && j < m;) {
    if (first[i] === second[j]) { shared.add(i); i++; j++; }
    else if (best[i + 1][j] >= best[i][j + 1]) i++;
    else j++;
  }
  return shared;
}

function marksOf(row, system, other) {
  const marks = make("div", { class: "marks" });
  const sorted = byId("metric").value, names = data.card_metrics.includes(sorted) ? data.card_metrics : [sorted, ...data.card_metrics];
  for (const name of names) {
    const value = rowScore(row, system, name), rival = other && other !== system ? rowScore(row, other, name) : value;
    const state = rival === value ? "" : better(name, value, rival) ? "up" : "down";
    marks.append(make("span", { class: state }, metricLabel(name) + " ", make("b", { textContent: shown(name, value) })));
  }
  return marks;
}

function nameOf(row) {
  const name = say("picture_name", { number: row.number + 1 });
  const text = row.reading ? row.reading.lines.map((line) => line.text).join(" ").slice(0, 200) : "";
  return text ? say("picture_text", { name, text }) : name;
}

function shot(row) {
  const frame = make("div", { class: "shot" });
  if (!row.image) { frame.append(make("p", { class: "nothing", textContent: say("picture_gone") })); return frame; }
  frame.append(make("img", { src: row.image, alt: nameOf(row), loading: "lazy", width: row.size[0], height: row.size[1] }));
  for (const line of row.reading ? row.reading.lines : []) {
    const [left, top, right, bottom] = line.box, { width, height } = row.reading;
    const box = make("span", { class: line.confidence < 0.5 ? "box unsure" : "box", "aria-hidden": "true", title: `${line.text} · ${line.confidence.toFixed(2)}` });
    Object.assign(box.style, { left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`,
      width: `${(100 * (right - left)) / width}%`, height: `${(100 * (bottom - top)) / height}%` });
    frame.append(box);
  }
  return frame;
}

for (const [number, row] of data.rows.entries()) {
  row.number = number;
  const read = row.reading ? row.reading.lines.map((line) => line.text) : [];
  row.haystack = [row.file, ...Object.values(row.captions), ...row.references, ...read].join("\n").toLowerCase();
}
head();
presets();
showTable();
properties();
curves();
controls();
select();
