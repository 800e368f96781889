// What a model reached on a test split, beside its floors.

import { language, make, say } from "./words.js";

export function showScores(model, decoding) {
  const scores = model.scores;
  if (!scores) return model.name === "template" ? "" : make("p", { class: "hint", textContent: say("scores_none") });
  const head = make("tr", {}, make("th", { scope: "col", textContent: say("system") }),
    ...scores.metrics.map((metric) => make("th", { scope: "col", textContent: metric[language] })));
  const rows = scores.systems.map((system) => make("tr", { class: system.kind },
    make("th", { scope: "row", textContent: system.kind === "captioner" ? say("system_this") : say(`system_${system.system}`) }),
    ...system.scores.map((value) => make("td", { textContent: value }))));
  const title = say("scores_caption", { corpus: scores.corpus, split: scores.split });
  const table = make("table", {}, make("caption", { textContent: title }), make("thead", {}, head), make("tbody", {}, ...rows));
  const scroll = make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": `${say("scores_title")}: ${model.name}, ${decoding}` }, table);
  return make("details", {}, make("summary", { textContent: say("scores_title") }), scroll);
}
