// A card for each caption: its text with quotes that light their boxes, what is known of them, copying, correcting.

import { ask } from "./api.js";
import { showAttention } from "./attention.js";
import { join, lineKey, place } from "./boxes.js";
import { showScores } from "./scores.js";
import { showSource } from "./source.js";
import { button, byId, explain, make, say } from "./words.js";

export function showCaptions(record, models, source) {
  const cards = record.captions.map((said, number) => card(record, said, number, models, source));
  byId("captions").classList.toggle("paired", new Set(record.captions.map((said) => said.model)).size < cards.length);
  byId("captions").replaceChildren(...cards);
}

function card(record, said, number, models, source) {
  const model = models.find((one) => one.name === said.model);
  const floor = said.model === "template";
  const title = make("h3", { id: `card-${number}` }, said.model);
  if (floor) title.append(" ", make("span", { class: "tag", textContent: say("floor") }));
  else if (model?.decodes && say(`decoding_${said.decoding}`)) title.append(" ", make("span", { class: "tag", textContent: say(`decoding_${said.decoding}`) }));
  const place = make("article", { class: floor ? "card floor" : "card", "aria-labelledby": `card-${number}` }, title);
  if (said.error) {
    place.append(make("p", { class: "error", textContent: explain(said.error) }));
    return place;
  }
  const quotes = keysOf(record, said, number);
  place.append(captionText(said, quotes), ...[showSource(said.source, number)].filter(Boolean), quoteList(said, quotes));
  if (!said.finished) place.append(make("p", { class: "hint", textContent: say("unfinished") }));
  place.append(actions(said, source));
  if (said.attention) place.append(showAttention(said.attention, number));
  if (model) place.append(showScores(model, say(`decoding_${said.decoding}`)));
  return place;
}

// What lights with each quote: its lines; a quote whose box holds no line gets a box of its own.
function keysOf(record, said, number) {
  return said.quotes.map((quote, index) => {
    if (quote.lines.length) return quote.lines.map(lineKey);
    const own = `quote ${number} ${index}`;
    if (quote.box) place(byId("stage"), quote.box, record, say("region_label", { text: quote.text }), [own]);
    return [own];
  });
}

function captionText(said, keys) {
  const parts = said.segments.map((segment) => {
    if (segment.quote === null) return segment.text;
    const quote = said.quotes[segment.quote];
    const sure = make("span", { class: "hidden", textContent: ` (${say(`sure_${quote.sure}`)})`, lang: document.documentElement.lang });
    const options = { class: `quote ${quote.sure}`, role: "button", tabIndex: 0, title: say(`sure_${quote.sure}`) };
    const words = make("span", { lang: segment.language, textContent: segment.text });
    return join(make("span", options, words, sure), keys[segment.quote]);
  });
  return make("p", { class: "caption", lang: "ru" }, ...parts);
}

function quoteList(said, keys) {
  if (!said.quotes.length) return make("p", { class: "hint", textContent: say("quotes_none") });
  const items = said.quotes.map((quote) => {
    const words = make("span", { lang: quote.language, textContent: `«${quote.text}»` });
    const original = quote.original ? make("span", { lang: "en", textContent: `, ${say("original", { text: quote.original })}` }) : null;
    const sure = make("span", { class: `known ${quote.sure}`, textContent: ` — ${say(`sure_${quote.sure}`)}` });
    return make("li", {}, words, original, sure);
  });
  return make("div", {}, make("h4", { textContent: say("quotes_title") }), make("ul", { class: "quotes" }, ...items));
}

function actions(said, source) {
  const told = make("span", { class: "known", role: "status" });
  let text = said.caption;
  const copy = (made) => async () => { told.textContent = say((await toClipboard(made())) ? "copied" : "copy_failed"); };
  const row = make("div", { class: "row" },
    button("copy_text", copy(() => text)),
    button("copy_alt", copy(() => `alt="${escaped(text)}"`)));
  const editing = make("div", { class: "editing", hidden: true });
  const area = make("textarea", { value: text, lang: "ru", maxLength: 4000 });
  const edit = button("edit", () => {
    editing.hidden = !editing.hidden;
    edit.setAttribute("aria-expanded", String(!editing.hidden));
    if (!editing.hidden) area.focus();
  }, { "aria-expanded": "false" });
  area.addEventListener("input", () => { text = area.value; said.edited = area.value; });
  editing.append(make("label", {}, say("edit_label"), area));
  if (document.body.dataset.corrections === "true") {
    editing.append(button("save", async () => { told.textContent = await save(said, area.value, source); }, { class: "primary" }));
  }
  row.append(edit);
  return make("div", {}, row, editing, told);
}

async function save(said, caption, source) {
  const body = new FormData();
  for (const [key, value] of Object.entries({ caption, before: said.caption, model: said.model })) body.append(key, value);
  if (source instanceof Blob) body.append("picture", source, source.name || "picture");
  else body.append("url", source);
  try {
    await ask("/v1/corrections", { body });
    return say("saved");
  } catch (error) {
    return explain(error);
  }
}

const escaped = (text) =>
  text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\s*\n\s*/g, " ");

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy"); // where the page is not secure, the older way is the only one
    area.remove();
    return done;
  }
}
