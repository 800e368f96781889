"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const answers = [];

function show() {
  const pair = data.pairs[answers.length];
  byId("question").hidden = !pair;
  byId("place").textContent = pair ? `${answers.length + 1} из ${data.pairs.length}` : "Готово: сохраните ответы.";
  if (!pair) return;
  byId("picture").src = pair.image;
  byId("picture").parentElement.hidden = !pair.image;
  byId("first").textContent = pair.first;
  byId("second").textContent = pair.second;
}

function choose(choice) {
  const pair = data.pairs[answers.length];
  if (!pair) return;
  const winner = choice === 0 ? "tie" : pair.order[choice - 1];
  answers.push({ judge: data.judge, image_id: pair.image_id, winner });
  show();
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(answers.map((answer) => JSON.stringify(answer) + "\n"), { type: "application/json" }));
  link.download = "answers.jsonl";
  link.click();
}

for (const choice of [0, 1, 2]) byId("choose" + choice).addEventListener("click", () => choose(choice));
byId("save").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  const choice = { 1: 1, 2: 2, "=": 0 }[event.key];
  if (choice !== undefined) choose(choice);
});
window.addEventListener("beforeunload", (event) => { if (answers.length) event.preventDefault(); });
show();
