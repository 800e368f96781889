"""The page of `memecap judge` keeps votes, takes them back and exports them: its script is run by node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from memecap.core import storage
from memecap.evaluation import judging, tally
from memecap.scoring.predictions import Prediction

A = [Prediction(str(i), f"кот {i}", ("эталон",), {"file_name": f"images/{i}.png"}) for i in range(40)]
B = [Prediction(str(i), f"пёс {i}" if i else "кот 0", ("эталон",)) for i in range(40)]


def invoke(*arguments, keys=""):
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    return CliRunner().invoke(app, ["judge", *map(str, arguments)], input=keys)


@pytest.fixture
def files(tmp_path):
    for name, rows in (("mine", A), ("theirs", B)):
        storage.write_jsonl(tmp_path / f"{name}.jsonl", (row.to_json() for row in rows))
    return tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"


DRIVER = r"""
const vm = require("vm"), fs = require("fs");
const { page, script, kept, steps, broken } = JSON.parse(fs.readFileSync(0, "utf-8"));
const store = new Map(kept), elements = {}, saved = [];
const element = (id) => elements[id] ??= { id, on: {}, parentElement: {}, addEventListener(e, f) { this.on[e] = f; } };
element("data").textContent = page;
const on = {};
const fail = () => { throw new Error("denied"); };
const world = {
  document: {
    getElementById: element,
    createElement: () => ({ click() { saved.push({ name: this.download, lines: world.last }); } }),
    addEventListener: (e, f) => { on[e] = f; },
  },
  window: { addEventListener: (e, f) => { on[e] = f; } },
  localStorage: broken
    ? { getItem: fail, setItem: fail }
    : { getItem: (k) => store.get(k) ?? null, setItem: (k, v) => store.set(k, v) },
  URL: { createObjectURL: () => "blob:" },
  Blob: class { constructor(lines) { world.last = lines.join(""); } },
};
vm.runInNewContext(script, world);
const seen = [];
const leaving = { stopped: false, preventDefault() { this.stopped = true; } };
for (const step of steps) {
  seen.push(elements.question.hidden ? "" : elements.first.textContent);
  if (step.startsWith("key ")) on.keydown({ key: step.slice(4) }); else elements[step].on.click();
}
on.beforeunload(leaving);
const place = elements.place.textContent;
console.log(JSON.stringify({ kept: [...store], saved, seen, place, stopped: leaving.stopped }));
"""


@pytest.fixture
def browse(files, tmp_path):
    """Run the page's script as a browser would, with what an earlier visit left in localStorage."""
    if shutil.which("node") is None:
        pytest.skip("no node on this machine: what the page does with votes was not checked")

    def browse(steps, kept=(), *, broken=False, n=3, judge="анна"):
        page = tmp_path / "page.html"
        assert invoke(*files, "--page", page, "--n", n, "--judge", judge, "--out", tmp_path / "mine.jl").exit_code == 0
        blocks = re.findall(r"<script[^>]*>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL)
        told = {"page": blocks[0], "script": blocks[1], "kept": list(kept), "steps": steps, "broken": broken}
        done = subprocess.run(
            ["node", "-e", DRIVER], input=json.dumps(told), capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return browse


def test_the_page_keeps_votes_over_a_reload_and_exports_them(browse, files, tmp_path):
    questions = {q.image_id: q for q in judging.pairs(A, B, n=3, judge="анна")}
    first, second, third = questions.values()
    before = browse(["choose1", "key ="])
    assert before["seen"] == [first.first, second.first]
    assert before["place"] == "3 из 3"
    assert not before["stopped"]
    after = browse(["choose2", "save"], before["kept"])
    assert after["seen"] == [third.first, ""]
    (saved,) = after["saved"]
    assert saved["name"] == "mine.jl"
    answers = [json.loads(line) for line in saved["lines"].splitlines()]
    assert [(x["judge"], x["image_id"], x["winner"]) for x in answers] == [
        ("анна", first.image_id, first.winner("1")), ("анна", second.image_id, "tie"),
        ("анна", third.image_id, third.winner("2")),
    ]  # fmt: skip
    assert answers[0]["judging"]["a_sha256"] == storage.sha256_file(files[0])
    assert tally.tally(answers).n == 3
    (tmp_path / "mine.jl").write_text(saved["lines"], encoding="utf-8")
    assert invoke(*files, "--n", 3, "--judge", "анна", "--out", tmp_path / "mine.jl").stdout == ""  # nothing is left


def test_a_vote_on_the_page_is_taken_back_and_given_again(browse):
    first, second, _ = judging.pairs(A, B, n=3, judge="анна")
    found = browse(["choose1", "choose1", "undo", "key Backspace", "choose2", "save"])
    assert found["seen"] == [
        first.first,
        second.first,
        judging.pairs(A, B, n=3, judge="анна")[2].first,
        second.first,
        first.first,
        second.first,
    ]
    assert json.loads(found["saved"][0]["lines"])["winner"] == first.winner("2")
    assert browse(["undo", "save"])["saved"][0]["lines"] == ""


def test_votes_of_another_judge_or_seed_are_not_taken_for_ones_own(browse, files):
    kept = browse(["choose1"])["kept"]
    assert browse([], kept)["place"] == "2 из 3"
    assert browse([], kept, judge="борис")["place"] == "1 из 3"
    more = browse(["choose1"], kept, n=1)["kept"]  # fewer questions lose no answer
    assert json.loads(dict(more)[kept[0][0]])[:1] == json.loads(kept[0][1])
    storage.write_jsonl(files[0], (row.to_json() for row in [Prediction("1", "другое", ("эталон",)), *A[2:]]))
    assert browse([], kept)["place"] == "1 из 3"


def test_a_browser_that_keeps_nothing_warns_before_it_is_closed(browse):
    found = browse(["choose1", "save"], broken=True)
    assert found["stopped"]
    assert len(found["saved"][0]["lines"].splitlines()) == 1
    assert not browse([], [["memecap judge x", "null"]])["stopped"]
