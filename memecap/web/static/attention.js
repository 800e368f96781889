// Where the model looked at each word: the words are one group of radio buttons that the arrow keys walk through.

import { make, say } from "./words.js";

export function showAttention(attention, number) {
  const { words, weights, seen } = attention;
  const named = words.map((word) => word.trim() || say("attention_end"));
  const image = make("img", { src: seen });
  const canvas = make("canvas", { "aria-hidden": "true" });
  const where = make("p", { class: "hint", role: "status" });
  const buttons = named.map((word, index) =>
    make("button", { type: "button", role: "radio", textContent: word, lang: words[index].trim() ? "ru" : undefined, tabIndex: -1, "aria-checked": "false" }));
  const choose = (index, focus = true) => {
    buttons.forEach((one, i) => { one.setAttribute("aria-checked", String(i === index)); one.tabIndex = i === index ? 0 : -1; });
    if (focus) buttons[index].focus();
    paint(canvas, weights[index]);
    image.alt = say("attention_alt", { word: named[index] });
    where.textContent = say("attention_where", { word: named[index], where: say(`where_${brightest(weights[index])}`) });
  };
  const group = make("div", { class: "words", role: "radiogroup", "aria-label": say("attention_words") }, ...buttons);
  buttons.forEach((one, index) => one.addEventListener("click", () => choose(index)));
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length);
  });
  choose(0, false);
  return make("details", { open: true, id: `attention-${number}` },
    make("summary", { textContent: say("attention_title") }),
    make("p", { class: "hint", textContent: say("attention_hint") }),
    group, make("div", { class: "heat" }, image, canvas), where);
}

// Dark where the model did not look; the browser smooths the cells.
function paint(canvas, cells) {
  canvas.width = cells[0].length;
  canvas.height = cells.length;
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  cells.flat().forEach((share, i) => { image.data.set([10, 14, 40, Math.round(205 * (1 - share))], 4 * i); });
  context.putImageData(image, 0, 0);
}

// Of nine parts of the picture, the one around the heaviest cell.
function brightest(cells) {
  const flat = cells.flat(), best = flat.indexOf(Math.max(...flat)), side = cells[0].length;
  const third = (value, size) => Math.min(2, Math.floor(((value + 0.5) / size) * 3));
  return 3 * third(Math.floor(best / side), cells.length) + third(best % side, side);
}
