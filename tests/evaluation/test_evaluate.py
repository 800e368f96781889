"""A split captioned by a tiny captioner and by floors: whole, stopped and resumed, refused when it does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from memecap.captioners.base import Captioner
from memecap.core import manifest, storage
from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder
from memecap.errors import DataError, UsageError
from memecap.evaluation import evaluate as evaluation
from memecap.modeling.outputs import Caption
from memecap.reading.base import Line, Reading
from memecap.reading.stored.readings import readings_path

COLOURS = {"красный": (250, 0, 0), "зелёный": (0, 250, 0), "синий": (0, 0, 250)}


class MeanColour(ImageEncoder):
    n_tokens, width, fingerprint = 1, 3, "mean-colour"

    def transform(self, image):
        return torch.tensor(image.resize((1, 1)).getpixel((0, 0)), dtype=torch.float32)[:, None, None]

    def save(self, folder):
        """Nothing: it has no weights."""

    def forward(self, pixels):
        return pixels.flatten(2).mean(-1, keepdim=True).transpose(1, 2)


class Namer(Captioner):
    """Names the colour it sees and quotes what it reads."""

    def __init__(self):
        super().__init__()
        self.config = PartConfig(name="namer")
        self.encoder = MeanColour()
        self.calls = 0

    from_texts = from_folder = example = forward = tokenizer = None

    def generate(self, images, readings, decoding):
        self.calls += 1
        names = [list(COLOURS)[int(pixel.flatten().argmax())] for pixel in images.tensor]
        return [
            [Caption(f'{name} фон, надпись: "{reading.text}"')] for name, reading in zip(names, readings, strict=True)
        ]


@pytest.fixture
def corpus(tmp_path) -> Path:
    folder, rows, readings = tmp_path / "colours", [], []
    for number in range(18):
        split = "train" if number < 9 else "val"
        name, colour = list(COLOURS.items())[number % 3]
        file = folder / split / "images" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(file)
        text = chr(ord("а") + number) * 4
        caption = f'{name} фон, надпись: "{text}"'
        key = f"id{number}"
        rows.append(
            manifest.Row(
                captions=(caption,),
                image_id=key,
                group_id=key,
                corpus="colours",
                split=split,
                file_name=f"images/{number}.png",
            )
        )
        reading = Reading((Line(text, (2, 3, 30, 12), 0.9),), 40, 30, "test-1")
        readings.append({"image_id": key, **reading.to_json()})
    manifest.finish(folder, "colours", manifest.write_rows(folder, rows))
    storage.write_jsonl(readings_path(folder, "test-1"), readings)
    return folder


def run(corpus, out, captioner=None, **settings):
    return evaluation.evaluate(captioner or Namer(), corpus, out, resamples=200, batch_size=4, **settings)


def test_scores_json_holds_the_captioner_and_its_floors(corpus, tmp_path):
    records = run(corpus, tmp_path / "out")
    assert records == storage.read_json(tmp_path / "out" / "scores.json")
    assert [(r["system"], r["kind"]) for r in records] == [
        ("namer", "captioner"), ("constant", "floor"), ("random_caption", "floor"),
        ("shuffled_pictures", "floor"), ("shuffled_pixels", "floor"), ("template", "floor"),
        ("template_constant", "floor"), ("template_random", "floor"),
    ]  # fmt: skip
    for record in records:
        assert record["n"] == 9
        assert record["signature"].startswith("ru-words[")
        wanted = {"bleu1", "bleu2", "bleu3", "bleu4", "meteor", "chrf2", "quoted_recall", "quoted_precision"}
        assert wanted <= record["scores"].keys()
    ours, by_name = records[0], {r["system"]: r for r in records}
    assert ours["scores"]["chrf2"] == pytest.approx(100)
    assert "compared" not in ours
    for name in ("constant", "random_caption", "shuffled_pictures"):
        compared = by_name[name]["compared"]["minus_this"]["chrf2"]
        assert compared["difference"] > 0
        assert compared["p"] < 0.05
        assert compared["p_holm"] >= compared["p"]
    assert by_name["shuffled_pictures"]["scores"]["quoted_recall"] == 0
    assert by_name["shuffled_pixels"]["scores"]["quoted_recall"] == 1
    assert by_name["shuffled_pixels"]["scores"]["chrf2"] < 100
    assert storage.read_json(tmp_path / "out" / "scores-nltk-seed.json")[0]["signature"].startswith("nltk-seed[")


def test_captions_can_be_scored_again_without_the_model(corpus, tmp_path):
    from memecap.scoring.compare import rank, read_systems

    records = run(corpus, tmp_path / "out")
    again = rank(read_systems(tmp_path / "out"), resamples=200)
    assert again[0]["scores"] == {name: records[0]["scores"][name] for name in again[0]["scores"]}
    row = next(storage.read_jsonl(tmp_path / "out" / "captions.jsonl"))
    assert {"image_id", "file_name", "caption", "references", "reading", "system"} <= row.keys()


class Stopped(Exception):
    pass


class Interrupted(Namer):
    def generate(self, images, readings, decoding):
        if self.calls == 2:
            raise Stopped
        return super().generate(images, readings, decoding)


def test_a_stopped_evaluation_goes_on(corpus, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Stopped):
        run(corpus, out, Interrupted())
    with (out / "captions.jsonl.part").open("a", encoding="utf-8") as file:
        file.write('{"image_id": "torn')
    second = Namer()
    resumed = run(corpus, out, second)
    assert second.calls == 1 + 3 + 3  # one batch was left; both shuffled floors are whole
    assert resumed == run(corpus, tmp_path / "whole")
    assert not list(out.rglob("*.part"))
    third = Namer()
    run(corpus, out, third)
    assert third.calls == 0


def test_a_folder_holds_one_evaluation(corpus, tmp_path):
    run(corpus, tmp_path / "out")
    with pytest.raises(UsageError, match="another seed"):
        run(corpus, tmp_path / "out", seed=1)


def test_a_folder_keeps_no_captions_of_other_weights_or_beside_other_references(corpus, tmp_path):
    captioner = Namer()
    captioner.head = torch.nn.Linear(2, 2)
    run(corpus, tmp_path / "out", captioner)
    run(corpus, tmp_path / "out", captioner)
    torch.nn.init.constant_(captioner.head.weight, 3.0)  # trained on, in the same place
    with pytest.raises(UsageError, match="another weights"):
        run(corpus, tmp_path / "out", captioner)
    run(corpus, tmp_path / "new", captioner)
    rows = [row for split in ("train", "val") for row in manifest.open_corpus(corpus).rows(split)]
    told = [replace(row, captions=(row.captions[0] + " и кот",)) if row.split == "val" else row for row in rows]
    manifest.finish(corpus, "colours", manifest.write_rows(corpus, told))
    with pytest.raises(UsageError, match="another captions"):
        run(corpus, tmp_path / "new", captioner)


def test_a_limit_draws_the_same_rows_and_an_empty_split_is_refused(corpus, tmp_path):
    assert run(corpus, tmp_path / "a", limit=4)[0]["n"] == 4
    with pytest.raises(DataError, match="'test'"):
        run(corpus, tmp_path / "b", split="test")


def test_the_template_needs_no_checkpoint_and_is_not_its_own_floor(corpus, tmp_path):
    records = run(corpus, tmp_path / "out", "template")
    assert [r["system"] for r in records] == [
        "template", "constant", "random_caption", "shuffled_pictures", "template_constant", "template_random",
    ]  # fmt: skip
    assert records[0]["scores"]["quoted_recall"] == 1


def test_pictures_of_train_in_the_split_are_told(corpus, tmp_path, capsys):
    rows = list(storage.read_jsonl(corpus / "val" / "metadata.jsonl"))
    rows[0]["group_id"] = "id0"
    storage.write_jsonl(corpus / "val" / "metadata.jsonl", rows)
    run(corpus, tmp_path / "out")
    assert "1 of 9 rows share a picture or a group with train" in capsys.readouterr().err
    assert storage.read_json(tmp_path / "out" / "evaluation.json")["leaks"] == 1


def test_composite_floors_quote_what_the_template_quotes_after_a_scene_of_training(corpus, tmp_path):
    run(corpus, tmp_path / "out")
    said = {
        name: [row["caption"] for row in storage.read_jsonl(tmp_path / "out" / "floors" / f"{name}.jsonl")]
        for name in ("template", "template_constant", "template_random")
    }
    rows = storage.read_jsonl(corpus / "val" / "metadata.jsonl")
    quoted = [row["captions"][0].split('"')[1] for row in rows]  # what stands on the pictures
    assert said["template"] == [f'на картинке надпись: "{text}".' for text in quoted]
    scenes = {f"{colour} фон, надпись" for colour in COLOURS}
    found = [
        caption.removesuffix(f': "{text}".') for caption, text in zip(said["template_constant"], quoted, strict=True)
    ]
    assert len(set(found)) == 1
    assert set(found) < scenes
    found = [
        caption.removesuffix(f': "{text}".') for caption, text in zip(said["template_random"], quoted, strict=True)
    ]
    assert len(set(found)) > 1
    assert set(found) <= scenes


def test_command_line(corpus, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    out = tmp_path / "out"
    found = CliRunner().invoke(
        app, ["evaluate", "template", str(corpus), "--out", str(out), "--resamples", "100", "--json"]
    )
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout.splitlines()[0])["system"] == "template"
    assert (out / "report.html").stat().st_size > 20_000
    scored = CliRunner().invoke(app, ["score", str(out), "--resamples", "100", "--format", "csv"])
    assert scored.exit_code == 0
    assert scored.stdout.startswith("system,kind,n,captioned,asked,bleu1")
