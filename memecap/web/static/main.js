// The page: how a picture comes in, who describes it, and what is shown of it.

import { ask, Refused, setToken } from "./api.js";
import { offerCamera } from "./camera.js";
import { showCaptions } from "./captions.js";
import { describeMany, offerDownload } from "./many.js";
import { showPicture } from "./picture.js";
import { byId, fail, make, say } from "./words.js";

const SIDE_BY_SIDE = 4;
let models = [];
let latest = 0; // of several pictures that were asked for, only the last is shown

/* ---- who describes ---- */

async function loadModels() {
  for (;;) {
    try {
      ({ models } = await (await ask("/v1/models")).json());
      fail(byId("error"), null);
      break;
    } catch (error) {
      if (error.code !== "loading") return fail(byId("error"), error);
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
  byId("models").replaceChildren(...models.map((model, number) => {
    const box = make("input", { type: "checkbox", value: model.name, checked: number < SIDE_BY_SIDE, disabled: number === 0 });
    return make("label", {}, box, " ", model.name, number === 0 ? make("span", { class: "tag", textContent: say("floor") }) : "");
  }));
  byId("sampled-label").hidden = !models.some((model) => model.decodes);
  byId("attention-label").hidden = !models.some((model) => model.attention);
  byId("models").addEventListener("change", limitModels);
  limitModels();
}

function limitModels() {
  const boxes = [...byId("models").querySelectorAll("input")], full = boxes.filter((box) => box.checked).length >= SIDE_BY_SIDE;
  boxes.forEach((box, number) => { box.disabled = number === 0 || (full && !box.checked); });
}

function options() {
  const chosen = [...byId("models").querySelectorAll("input:checked")].map((box) => box.value);
  const fields = { models: chosen.join(","), attention: String(byId("attention").checked) };
  if (byId("sampled").checked) fields.decodings = "greedy,nucleus";
  return { models: chosen.length ? chosen : models.slice(0, SIDE_BY_SIDE).map((model) => model.name), fields };
}

/* ---- one picture ---- */

async function describe(source) {
  const mine = ++latest, isFile = source instanceof Blob, name = isFile ? source.name : source;
  fail(byId("error"), null);
  byId("status").textContent = say("working", { name });
  byId("result").setAttribute("aria-busy", "true");
  const body = new FormData();
  for (const [key, value] of Object.entries(options().fields)) if (value) body.append(key, value);
  if (isFile) body.append("picture", source, name || "picture");
  else body.append("url", source);
  const started = performance.now();
  try {
    const busy = (seconds) => { byId("status").textContent = say("queued", { seconds }); };
    const record = await (await ask("/v1/caption", { body, busy })).json();
    if (mine !== latest) return;
    byId("result").hidden = false;
    showPicture(record, isFile ? source : null);
    showCaptions(record, models, source);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    byId("status").textContent = say("done", { n: name, seconds });
  } catch (error) {
    if (mine !== latest) return;
    byId("status").textContent = "";
    fail(byId("error"), error instanceof Refused ? error : { code: "internal" });
  } finally {
    if (mine === latest) byId("result").removeAttribute("aria-busy");
  }
}

function take(files) {
  const pictures = [...files];
  if (pictures.length > 1 || pictures.some((file) => /\.zip$/i.test(file.name))) describeMany(pictures, options());
  else if (pictures.length) describe(pictures[0]);
}

/* ---- how pictures come in ---- */

function onDrop(area, act) {
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    act(event.dataTransfer.files);
  });
}

function onFiles(id, act) {
  byId(id).addEventListener("change", (event) => {
    act([...event.target.files]);
    event.target.value = ""; // the same file may be chosen again
  });
}

async function paste() {
  try {
    for (const item of await navigator.clipboard.read()) {
      const kind = item.types.find((type) => type.startsWith("image/"));
      if (kind) return describe(new File([await item.getType(kind)], `clipboard.${kind.slice(6)}`, { type: kind }));
    }
  } catch { /* not allowed: what to do instead is said below */ }
  told("no_clipboard");
}

function told(key) {
  byId("status").textContent = say(key);
}

async function example() {
  const blob = await (await ask("/example.png")).blob();
  describe(new File([blob], "example.png", { type: "image/png" }));
}

onFiles("file", take);
onFiles("files", (files) => { if (files.length) describeMany(files, options()); });
onDrop(byId("drop"), take);
onDrop(byId("drop-many"), (files) => { if (files.length) describeMany([...files], options()); });
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault()); // beside it
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) take(files);
});
byId("paste").addEventListener("click", paste);
byId("example")?.addEventListener("click", example);
byId("url-form")?.addEventListener("submit", (event) => { event.preventDefault(); describe(byId("url").value); });
byId("token-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(byId("token").value);
  loadModels();
});
offerCamera(describe, (text) => { byId("status").textContent = text; });
offerDownload();
loadModels();
