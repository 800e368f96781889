"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const say = (name, told = {}) => data.words[name].replace(/\{(\w+)\}/g, (_, place) => told[place]);
const key = "memecap judge " + data.key;
let answers = []; // [image_id, winner], in the order given
let shown; // the image_id of the question on the page
let unsaved = false; // answers that only this tab knows

function load() {
  if (unsaved) return; // what the browser keeps is older
  try {
    answers = JSON.parse(localStorage.getItem(key) || "[]").filter(([, winner]) => ["a", "b", "tie"].includes(winner));
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
    ? say("judge_unsaved")
    : say("judge_kept");
}

function left() {
  const done = new Set(answers.map(([image]) => image));
  return data.pairs.filter((pair) => !done.has(pair.image_id));
}

function show() {
  const [pair, ...more] = left();
  byId("question").hidden = !pair;
  byId("undo").disabled = !answers.length;
  const told = { n: data.pairs.length - more.length, all: data.pairs.length };
  byId("place").textContent = pair ? say("judge_place", told) : say("judge_done");
  shown = pair && pair.image_id;
  if (!pair) return;
  byId("picture").src = pair.image;
  byId("picture").alt = say("judge_picture", told);
  byId("picture").parentElement.hidden = !pair.image;
  byId("first").textContent = pair.first;
  byId("second").textContent = pair.second;
}

function choose(choice) {
  load(); // another tab may have gone on
  const [pair] = left();
  if (!pair || pair.image_id !== shown) return show();
  answers.push([pair.image_id, choice === 0 ? "tie" : pair.order[choice - 1]]);
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
  const lines = answers.map(([image_id, winner]) =>
    JSON.stringify({ judge: data.judge, image_id, winner, judging: data.judging }) + "\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(lines, { type: "application/json" }));
  link.download = data.out;
  link.click();
}

for (const choice of [0, 1, 2]) byId("choose" + choice).addEventListener("click", () => choose(choice));
byId("undo").addEventListener("click", undo);
byId("save").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const choice = { 1: 1, 2: 2, "=": 0 }[event.key];
  if (choice !== undefined) choose(choice);
  else if (event.key === "Backspace") undo();
});
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
load();
keep();
show();
