"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const key = "memecap rate " + data.key;
let answers = []; // [name of the item, {question: number}], in the order given
let shown; // the name of the item on the page
let unsaved = false; // answers that only this tab knows

function load() {
  if (unsaved) return; // what the browser keeps is older
  try {
    answers = JSON.parse(localStorage.getItem(key) || "[]").filter(([, values]) => data.questions.every(({ name }) => values[name] >= 1 && values[name] <= data.scale));
  } catch (error) {
    answers = [];
  }
}

function keep() {
  try {
    localStorage.setItem(key, JSON.stringify(answers));
    unsaved = false;
  } catch (error) {
    unsaved = answers.length > 0;
  }
  byId("kept").textContent = unsaved
    ? "Браузер не даёт хранить ответы: сохраните их в файл, прежде чем закрыть вкладку."
    : "Ответы хранятся в этом браузере: страницу можно закрыть и продолжить позже. Сохраните их в файл, когда закончите.";
}

function left() {
  const done = new Set(answers.map(([name]) => name));
  return data.items.filter((item) => !done.has(item.name));
}

function show() {
  const [item, ...more] = left();
  byId("question").hidden = !item;
  byId("undo").disabled = !answers.length;
  byId("place").textContent = item ? `${data.items.length - more.length} из ${data.items.length}` : "Готово: сохраните ответы.";
  shown = item && item.name;
  if (!item) return;
  byId("picture").src = item.image;
  byId("picture").parentElement.hidden = !item.image;
  byId("caption").textContent = item.caption;
  byId("form").reset();
}

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function ask({ name, title, low, high }) {
  const choices = Array.from({ length: data.scale }, (_, i) =>
    make("label", {}, make("input", { type: "radio", name, value: String(i + 1), required: true }), ` ${i + 1} `));
  return make("fieldset", {}, make("legend", { textContent: `${title} 1 — ${low}, ${data.scale} — ${high}` }), ...choices);
}

function answer(event) {
  event.preventDefault();
  load(); // another tab may have gone on
  const [item] = left();
  if (!item || item.name !== shown) return show();
  const form = byId("form");
  const values = Object.fromEntries(data.questions.map(({ name }) => [name, Number(form.elements[name].value)]));
  if (!data.questions.every(({ name }) => values[name] >= 1)) return;
  answers.push([item.name, values]);
  keep();
  show();
}

function undo() {
  load();
  answers.pop();
  keep();
  show();
}

function save() {
  const items = new Map(data.items.map((item) => [item.name, item]));
  const lines = answers.flatMap(([name, values]) =>
    items.has(name) ? items.get(name).lines.map((line) => JSON.stringify({ ...line, ...values }) + "\n") : []);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(lines, { type: "application/json" }));
  link.download = data.out;
  link.click();
}

byId("questions").append(...data.questions.map(ask));
byId("form").addEventListener("submit", answer);
byId("undo").addEventListener("click", undo);
byId("save").addEventListener("click", save);
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
load();
keep();
show();
