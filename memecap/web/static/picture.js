// The picture that is described, with a box for each line that was read, and the list of these lines.

import { forget, join, lineKey, lineLabel, place } from "./boxes.js";
import { byId, make, say } from "./words.js";

let address = "";

export function showPicture(record, shown) {
  forget();
  if (address) URL.revokeObjectURL(address);
  address = shown instanceof Blob ? URL.createObjectURL(shown) : "";
  const image = make("img", { alt: say("picture_alt", { name: record.file }), width: record.width, height: record.height });
  const blank = make("p", { class: "blank", textContent: say("not_shown"), hidden: true });
  image.addEventListener("error", () => {
    image.hidden = true;
    blank.hidden = false;
    for (const box of byId("stage").querySelectorAll(".box")) box.hidden = true;
  });
  image.src = address || record.thumbnail || "data:,";
  byId("stage").replaceChildren(image, blank);
  byId("picture-name").textContent = `${record.file} · ${record.width} × ${record.height}`;
  showLines(record);
}

function showLines(record) {
  const lines = record.reading?.lines ?? [];
  byId("read-none").hidden = lines.length > 0;
  byId("read-none").textContent = say(record.reading ? "read_nothing" : "read_off");
  byId("lines").hidden = !lines.length;
  byId("lines").replaceChildren(...lines.map(listed));
  lines.forEach((line, number) => {
    place(byId("stage"), line.box, record, lineLabel(line, number), [lineKey(number)]);
  });
}

function listed(line, number) {
  const text = make("span", { lang: line.language === "en" ? "en" : "ru", textContent: line.text });
  const translation = line.translation ? make("span", { class: "known", textContent: ` ${say("translation", { text: line.translation })}` }) : null;
  const sure = make("span", { class: `known ${line.sure}`, textContent: ` · ${say(`sure_${line.sure}`)}` });
  return make("li", {}, join(make("button", { type: "button" }, text, translation, sure), [lineKey(number)]));
}
