// Whose words a caption retells: what was said before, by whom, of which picture, with its link, licence and certainty.

import { make, say } from "./words.js";

export function showSource(source, number) {
  if (!source) return null;
  const same = source.by === "picture";
  const head = make("h4", { id: `source-${number}`, textContent: say("source_title") });
  const known = [
    make("li", { textContent: say("source_row", { corpus: source.corpus, row: source.image_id.slice(0, 12) }), title: source.image_id }),
    same ? make("li", { textContent: say("source_inliers", { inliers: source.inliers, percent: Math.round(source.confidence * 100) }) }) : null,
    linked(source.link),
    make("li", { textContent: say(source.licence ? "source_licence" : "source_no_licence", { licence: source.licence }) }),
  ];
  return make("section", { class: "source", "aria-labelledby": `source-${number}` }, head,
    make("p", { textContent: whose(source) }),
    make("blockquote", { lang: "ru", textContent: source.caption }),
    make("ul", { class: "quotes" }, ...known));
}

// One sentence, also for a cell of the table.
export function whose(source) {
  const who = ["person", "correction"].includes(source.written_by) ? source.written_by : "model";
  return say(`source_${source.by}_${who}`, { model: source.written_by });
}

function linked(link) {
  if (!/^https?:\/\//i.test(link)) return make("li", { textContent: say("source_no_link") });
  const shown = link.length > 60 ? `${link.slice(0, 60)}…` : link;
  return make("li", {}, `${say("source_link")} `, make("a", { href: link, rel: "noopener noreferrer nofollow", target: "_blank", textContent: shown }));
}
