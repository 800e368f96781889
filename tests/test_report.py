"""The page holds everything, loads nothing, and runs nothing that a caption brought with it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from memecap import storage
from memecap.leaderboard import rank, read_systems
from memecap.predictions import Prediction, write_predictions
from memecap.report import write_report

TAGS = [
    "script",
    "object data=x",
    "embed src=x",
    "marquee",
    "img src=x",
    "svg",
    "iframe",
    "body",
    "details open",
    "video src=x",
    "math",
    "style",
    "a href=x",
]
HOSTILE = [
    *(f"<{tag} onload=document.title='pwned' onerror=document.title='pwned'>" for tag in TAGS),
    *(
        f"</{tag}><script>document.title='pwned'</script>"
        for tag in ("script", "style", "title", "textarea", "template")
    ),
    *(f"{scheme}:document.title='pwned'" for scheme in ("javascript", "JaVaScRiPt", "data:text/html", "vbscript")),
    *(
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?php ?>",
        "&lt;b&gt;",
        "&#60;script&#62;",
        "\\u003cscript\\u003e",
        "<ScRiPt/x>",
    ),
    *("{{constructor.constructor('document.title=1')()}}", "${document.title='pwned'}", "#{7*7}", "<%= 7 %>", "$title"),
    *("\u202eперевёрнуто", "\u2066изолят\u2069", "\u200bневидимка", "\u2028строка\u2029", "\ufeffметка"),
    *("\x1b[31mкрасный\x1b[0m", "\x1b]0;pwned\x07", "\x9b31m", "\x08\x08стёрто", "\x00ноль", "\r\nперевод"),
    *("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", '=HYPERLINK("http://x")', "\t=1"),
    *(
        "\"'`;document.title='pwned'//",
        "');document.title='pwned'//",
        "\\';//",
        '\\\\" onclick=\\"',
    ),
    *("__proto__", "constructor", "toString", "%00%3Cscript%3E", "z̸̡̛͚a̷l̶g̵o̴ " * 20),
]


@pytest.fixture
def evaluation(tmp_path) -> Path:
    """A folder of `memecap evaluate` whose every text is hostile."""
    folder = tmp_path / "evaluation"
    images = tmp_path / "corpus" / "val" / "images"
    images.mkdir(parents=True)
    rows = []
    for number, text in enumerate(HOSTILE):
        Image.new("RGB", (480, 320), (number * 4 % 255, 90, 160)).save(images / f"{number}.png")
        line = {"text": text, "box": [10, 10, 200, 60], "confidence": 0.4, "language": "ru"}
        reading = {"lines": [line], "width": 480, "height": 320, "reader": text}
        rest = {"file_name": f"images/{number}.png", "system": "<b>модель", "reading": reading}
        rows.append(Prediction(str(number), f"{text} кот", (f"эталон {text}",), rest))
    write_predictions(folder / "captions.jsonl", rows)
    floor = [Prediction(row.image_id, "постоянная", row.references, row.rest) for row in rows]
    write_predictions(folder / "floors" / "constant.jsonl", floor)
    decoding = {"name": "greedy", "max_new_tokens": 96}
    settings = {"model": "</title><script>document.title='pwned'</script>", "corpus": str(tmp_path / "corpus")}
    storage.write_json(folder / "evaluation.json", {**settings, "split": "val", "seed": 0, "decoding": decoding})
    storage.write_json(folder / "scores.json", rank(read_systems(folder), resamples=100))
    return folder


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_is_whole_and_closed(evaluation):
    page = write_report(evaluation).read_text(encoding="utf-8")
    assert len(HOSTILE) >= 60
    assert page.count("<script") == 2  # the data and ours
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:|//)""", page.split('id="data"')[0])
    assert "default-src 'none'" in page
    assert "unsafe-inline" not in page
    data = data_of(page)
    assert [row["captions"]["<b>модель"] for row in data["rows"]] == [f"{text} кот" for text in HOSTILE]
    row = data["rows"][0]
    assert row["image"].startswith("data:image/jpeg;base64,")
    assert max(row["size"]) == 360
    assert {"chrf2", "quoted_recall"} <= row["scores"]["<b>модель"].keys()


def test_a_picture_that_is_gone_does_not_stop_the_page(evaluation):
    shutil.rmtree(evaluation.parent / "corpus")
    assert data_of(write_report(evaluation).read_text(encoding="utf-8"))["rows"][0]["image"] == ""


def test_curves_come_from_the_run(evaluation, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "log.csv").write_text("stage,epoch,step,train_loss,val_loss\na,1,10,3.5,\na,1,20,3.0,3.1\nb,2,30,2.5,2.9\n")
    settings = storage.read_json(evaluation / "evaluation.json")
    storage.write_json(evaluation / "evaluation.json", {**settings, "model": str(run)})
    curves = {curve["name"]: curve for curve in data_of(write_report(evaluation).read_text(encoding="utf-8"))["curves"]}
    assert curves["train_loss"]["points"] == [[10, 3.5], [20, 3.0], [30, 2.5]]
    assert curves["val_loss"]["points"] == [[20, 3.1], [30, 2.9]]
    assert curves["train_loss"]["stages"] == [30]


def test_two_models_stand_side_by_side(evaluation, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(evaluation, other)
    data = data_of(write_report(evaluation, others=[other]).read_text(encoding="utf-8"))
    assert data["systems"][:2] == ["<b>модель", "<b>модель (other)"]
    assert data["other"] == "<b>модель (other)"
    assert [record["system"] for record in data["tables"][0]["systems"]][:2] == data["systems"][:2]


@pytest.mark.slow
def test_a_browser_runs_nothing_and_shows_everything(evaluation, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    path = write_report(evaluation)
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--virtual-time-budget=5000",
    ]
    command = [
        chromium,
        *flags,
        "--virtual-time-budget=5000",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        path.as_uri(),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1]
    assert "pwned" not in title.replace("&lt;script&gt;document.title='pwned'", "")
    assert dom.count('<article class="card">') == 30
    body = dom.split("<main")[1].split("<noscript")[0]
    assert "<script" not in body
    assert "<iframe" not in body
    assert "&lt;script onload" in body
    assert "перевёрнуто" in body or dom.count("Показать ещё")
