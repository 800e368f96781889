// Many pictures: a table that grows as they are done, with the errors of single ones, and all of it as a zip.

import { ask, lines } from "./api.js";
import { whose } from "./source.js";
import { byId, explain, fail, make, say } from "./words.js";

let records = [];

export async function describeMany(files, options) {
  const stopper = new AbortController();
  byId("stop").onclick = () => stopper.abort();
  records = [];
  begin(options.models, files);
  let failed = 0, told = "many_done";
  try {
    const body = new FormData();
    for (const [key, value] of Object.entries(options.fields)) body.append(key, value);
    for (const file of files) body.append("picture", file, file.name);
    const busy = (seconds) => { byId("many-status").textContent = say("queued", { seconds }); };
    const answer = await ask("/v1/batch", { body, signal: stopper.signal, busy });
    for await (const record of lines(answer)) {
      records.push(record);
      failed += record.error ? 1 : 0;
      byId("table").tBodies[0].append(row(record, options.models));
      if (byId("progress").hasAttribute("max")) byId("progress").value = records.length;
      if (records.length % 10 === 1) byId("many-status").textContent = say("many_working", { n: records.length });
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      fail(byId("many-error"), error.code ? error : { code: "network" });
    }
    told = "many_stopped";
  }
  byId("progress").hidden = byId("stop").hidden = true;
  byId("download").hidden = !records.length;
  byId("many-status").textContent = say(told, { n: records.length - failed, failed });
}

function begin(models, files) {
  fail(byId("many-error"), null);
  byId("download").hidden = true;
  byId("stop").hidden = byId("progress").hidden = byId("many-scroll").hidden = false;
  const progress = byId("progress");
  if (files.some((file) => /\.zip$/i.test(file.name))) progress.removeAttribute("max"), progress.removeAttribute("value");
  else Object.assign(progress, { max: files.length, value: 0 });
  const heads = [say("column_file"), ...models].map((text) => make("th", { scope: "col", textContent: text }));
  byId("table").tHead.replaceChildren(make("tr", {}, ...heads));
  byId("table").tBodies[0].replaceChildren();
  byId("many-status").textContent = say("many_working", { n: 0 });
}

function row(record, models) {
  const name = make("th", { scope: "row", textContent: record.file });
  if (record.error) return make("tr", {}, name, make("td", { class: "failed", colSpan: models.length, textContent: explain(record.error) }));
  const cells = models.map((model) => {
    const said = record.captions.filter((one) => one.model === model);
    return make("td", { lang: "ru" }, ...said.map((one) =>
      one.error ? make("p", { class: "failed", lang: document.documentElement.lang, textContent: explain(one.error) })
        : make("div", {}, make("p", { textContent: one.caption }),
          one.source ? make("p", { class: "hint", lang: document.documentElement.lang, textContent: whose(one.source) }) : null)));
  });
  return make("tr", {}, name, ...cells);
}

export function offerDownload() {
  byId("download").addEventListener("click", async () => {
    try {
      const rows = records.flatMap((record) => record.captions.length
        ? record.captions.map((said) => ({ file: record.file, model: said.model, decoding: said.decoding, caption: said.caption, quotes: said.quotes, source: said.source, error: said.error }))
        : [{ file: record.file, caption: null, model: null, error: record.error }]);
      const answer = await ask("/v1/archive", { body: JSON.stringify({ records: rows }) });
      const link = make("a", { href: URL.createObjectURL(await answer.blob()), download: "captions.zip" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    } catch (error) {
      fail(byId("many-error"), error);
    }
  });
}
