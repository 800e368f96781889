"""The page of `memecap judge --scale` keeps answers, takes them back and exports them: its script is run by node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from memecap.evaluation import rating
from memecap.report.rating import write_page
from memecap.scoring.predictions import Prediction
from tests.report.test_judge_page import A, B

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

DRIVER = r"""
const vm = require("vm"), fs = require("fs");
const { page, script, steps } = JSON.parse(fs.readFileSync(0, "utf-8"));
const store = new Map(), saved = [], radios = [];
const element = () => ({ on: {}, parentElement: {}, children: [], append(...more) { this.children.push(...more); },
  addEventListener(e, f) { this.on[e] = f; }, reset() { radios.forEach((one) => { one.checked = false; }); } });
const known = {};
const byId = (id) => known[id] ??= element();
byId("data").textContent = page;
byId("form").elements = new Proxy({}, { get: (_, name) => {
  const chosen = radios.find((one) => one.name === name && one.checked);
  return { value: chosen ? chosen.value : "" };
} });
const world = {
  document: { getElementById: byId, createElement: (tag) => {
    const made = { tag, ...element(), click() { saved.push({ name: this.download, lines: world.last }); } };
    if (tag === "input") radios.push(made);
    return made;
  } },
  window: { addEventListener() {} },
  localStorage: { getItem: (k) => store.get(k) ?? null, setItem: (k, v) => store.set(k, v) },
  URL: { createObjectURL: () => "blob:" },
  Blob: class { constructor(lines) { world.last = lines.join(""); } },
};
vm.runInNewContext(script, world);
const seen = [];
for (const step of steps) {
  if (step === "undo" || step === "save") byId(step).on.click();
  else {
    for (const [name, value] of Object.entries(step)) radios.find((o) => o.name === name && o.value === String(value)).checked = true;
    byId("form").on.submit({ preventDefault() {} });
  }
  seen.push({ caption: byId("caption").textContent, place: byId("place").textContent });
}
console.log(JSON.stringify({ seen, saved, radios: radios.length }));
"""  # noqa: E501  (JavaScript)


@pytest.fixture
def page(tmp_path):
    told = rating.Rating({"mine": "1", "theirs": "2"}, 0, 4)
    asked = rating.items({"mine": A[:3], "theirs": B[:3]}, judge="anna")
    write_page(tmp_path / "rate.html", asked, images=None, judge="anna", rating=told, out="answers.jsonl")
    return (tmp_path / "rate.html").read_text(encoding="utf-8"), asked


def run(html, steps):
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1]
    script = re.findall(r"<script>(.*?)</script>", html, re.S)[0]
    told = json.dumps({"page": data, "script": script, "steps": steps})
    return json.loads(
        subprocess.run(["node", "-e", DRIVER], input=told, capture_output=True, text=True, check=True).stdout
    )


def test_the_page_loads_nothing_and_says_no_system_aloud(page):
    html, _ = page
    shown = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert "mine" not in shown
    assert "default-src 'none'" in shown
    assert not re.search(r"(?:src|href)=\"http", shown)


@needs_node
def test_answers_are_given_taken_back_and_saved(page):
    html, asked = page
    full = {"right": 4, "complete": 3, "invented": 1}
    found = run(html, [full, {"right": 2}, "undo", {"right": 1, "complete": 1, "invented": 4}, full, "save"])
    assert found["radios"] == 3 * 4
    captions = [item.caption for item in asked]
    assert [one["caption"] for one in found["seen"][:4]] == [captions[1], captions[1], captions[0], captions[1]]
    (saved,) = found["saved"]
    assert saved["name"] == "answers.jsonl"
    lines = [rating.check_answer(json.loads(line), "") for line in saved["lines"].splitlines()]
    assert len(lines) == sum(len(item.systems) for item in asked[:2])
    assert {(line["judge"], line["scale"]) for line in lines} == {("anna", 4)}
    assert lines[0]["right"] == 1


def test_pictures_are_shown(tmp_path):
    from PIL import Image

    (tmp_path / "images").mkdir()
    Image.new("RGB", (40, 30), "red").save(tmp_path / "images/0.png")
    row = Prediction("0", "кот", ("кот",), {"file_name": "images/0.png"})
    asked = rating.items({"mine": [row]})
    told = rating.Rating({"mine": "1"}, 0, 5)
    write_page(tmp_path / "rate.html", asked, images=tmp_path, judge="anna", rating=told, out="answers.jsonl")
    assert "data:image/" in (tmp_path / "rate.html").read_text(encoding="utf-8")
