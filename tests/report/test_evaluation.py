"""The page holds everything, loads nothing, and runs nothing that a caption brought with it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile_texts import HOSTILE
from PIL import Image

from memecap.core import storage
from memecap.errors import DataError
from memecap.report.evaluation import write_report
from memecap.scoring.compare import measure, rank, read_systems
from memecap.scoring.predictions import Prediction


@pytest.fixture
def evaluation(tmp_path) -> Path:
    return evaluation_of(HOSTILE, tmp_path)


def evaluation_of(texts: list[str], tmp_path: Path) -> Path:
    """A folder of `memecap evaluate` whose every text is hostile."""
    folder = tmp_path / "evaluation"
    images = tmp_path / "corpus" / "val" / "images"
    images.mkdir(parents=True)
    rows = []
    for number, text in enumerate(texts):
        Image.new("RGB", (480, 320), (number * 4 % 255, 90, 160)).save(images / f"{number}.png")
        line = {"text": text, "box": [10, 10, 200, 60], "confidence": 0.4, "language": "ru"}
        reading = {"lines": [line], "width": 480, "height": 320, "reader": text}
        rest = {"file_name": f"images/{number}.png", "system": "<b>модель", "reading": reading}
        rows.append(Prediction(str(number), f"{text} кот", (f"эталон {text}",), rest))
    storage.write_jsonl(folder / "captions.jsonl", (row.to_json() for row in rows))
    floor = [Prediction(row.image_id, "постоянная", row.references, row.rest) for row in rows]
    storage.write_jsonl(folder / "floors" / "constant.jsonl", (row.to_json() for row in floor))
    decoding = {"name": "greedy", "max_new_tokens": 96}
    settings = {"model": "</title><script>document.title='pwned'</script>", "corpus": str(tmp_path / "corpus")}
    storage.write_json(folder / "evaluation.json", {**settings, "split": "val", "seed": 0, "decoding": decoding})
    storage.write_json(folder / "scores.json", rank(read_systems(folder), resamples=100))
    return folder


def whole(text: str) -> str:
    """Half an emoji cannot stand in UTF-8."""
    return text.replace("\ud83d", "\ufffd")


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
    assert [row["captions"]["<b>модель"] for row in data["rows"]] == [f"{whole(text)} кот" for text in HOSTILE]
    row = data["rows"][0]
    assert row["image"].startswith("data:image/jpeg;base64,")
    assert max(row["size"]) == 360
    scores = data["scores"]["<b>модель"]
    assert set(data["card_metrics"]) < set(data["row_metrics"]) == scores.keys()
    assert {len(values) for values in scores.values()} == {len(HOSTILE)}


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


def test_rows_of_another_model_join_by_picture(evaluation, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(evaluation, other)
    rows = list(storage.read_jsonl(other / "captions.jsonl"))
    storage.write_jsonl(other / "captions.jsonl", rows[:0:-1])  # from the last to the second
    data = data_of(write_report(evaluation, others=[other]).read_text(encoding="utf-8"))
    ours, theirs = data["systems"][:2]
    captions = [(row["captions"][ours], row["captions"][theirs]) for row in data["rows"]]
    assert captions[0] == (rows[0]["caption"], "")
    assert all(mine == yours != "" for mine, yours in captions[1:])
    assert len({mine for mine, _ in captions}) > len(rows) / 2
    assert data["tables"][0]["systems"][1]["coverage"] == [len(rows) - 1, len(rows)]


class Cards(HTMLParser):
    """The paragraphs of each card, and every tag that stands inside the pictures' section."""

    def __init__(self, dom: str) -> None:
        super().__init__(convert_charrefs=True)
        self.cards: list[list[str]] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(dom)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attributes)
        if tag == "article":
            self.cards.append([])
        elif tag == "p" and self.cards:
            self.cards[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "p"

    def handle_data(self, text):
        if self.inside:
            self.cards[-1][-1] += text


def in_browser(path: Path, profile: Path) -> str:
    """The page after its script has run, as Chromium sees it."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine: what a browser does with hostile text was not checked")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command = [
        chromium,
        *flags,
        "--virtual-time-budget=3000",
        f"--user-data-dir={profile}",
        "--dump-dom",
        path.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, timeout=100, check=True).stdout.decode()


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, len(HOSTILE), 30))  # the page shows 30 cards at a time
def test_a_browser_runs_nothing_and_shows_everything(tmp_path, start):
    texts = HOSTILE[start : start + 30]
    dom = in_browser(write_report(evaluation_of(texts, tmp_path)), tmp_path / "profile")
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1]
    assert title.startswith("&lt;b&gt;модель: corpus, val")  # a payload that ran would have changed it
    found = Cards(dom.split('<div id="cards"')[1].split("</section>")[0])
    assert found.tags <= {"div", "article", "img", "span", "p", "h3", "b", "button"}
    assert len(found.cards) == len(texts)
    for card, text in zip(found.cards, texts, strict=True):
        assert card[1:4] == [f"{whole(text)} кот", f"эталон {whole(text)}", whole(text)]


@pytest.mark.parametrize("name", ["../../private.png", "{tmp}/private.png"])
def test_captions_of_others_put_no_picture_from_elsewhere_into_a_report(tmp_path, name):
    folder = evaluation_of(["кот"], tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "private.png")
    path = folder / "captions.jsonl"
    text = path.read_text(encoding="utf-8").replace("images/0.png", name.format(tmp=tmp_path))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="leads out of the folder"):
        write_report(folder)
    (system, *_) = read_systems(folder)
    with pytest.raises(DataError, match="leads out of the folder"):
        measure(system, "ru-words")
