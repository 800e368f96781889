"""The same answers in the same order, wherever the function runs."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from memecap.core import config, manifest, storage
from memecap.core.manifest import Row
from memecap.core.parallel import AHEAD, parallel_map, with_part
from memecap.corpora.tools.check import check
from memecap.encoders.stored.features import extract
from memecap.errors import UsageError
from memecap.reading.stored.readings import read_corpus
from memecap.translation import translate_corpus
from memecap.translation.corpus import sentences

square = partial(pow, exp=2)  # a worker cannot import functions of a test


def test_here_answers_as_values_are_drawn() -> None:
    drawn = []

    def values() -> Iterator[int]:
        for number in range(3):
            drawn.append(number)
            yield number

    answers = parallel_map(lambda number: number + 1, values())
    assert next(answers) == 1
    assert drawn == [0]


def test_workers_keep_order_and_draw_only_what_they_need() -> None:
    drawn: list[int] = []

    def values() -> Iterator[int]:
        for number in range(200):
            drawn.append(number)
            yield number

    answers = parallel_map(square, values(), on="workers:2", chunk=4)
    first = next(answers)
    assert len(drawn) <= 2 * AHEAD * 4 + 4
    assert [first, *answers] == [number**2 for number in range(200)]


def test_an_error_in_a_worker_comes_out() -> None:
    with pytest.raises(ValueError, match=r"domain|nonnegative"):
        list(parallel_map(math.sqrt, [1, 4, -1, 9], on="workers:1", chunk=2))


def test_workers_may_be_left_early() -> None:
    answers = parallel_map(square, iter(range(1000)), on="workers:1", chunk=2)
    assert next(answers) == 0
    answers.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, None])
def test_workers_begin_nothing_more_when_they_are_stopped(tmp_path: Path, stop: type[BaseException] | None) -> None:
    log = tmp_path / "log"
    answers = parallel_map(
        subprocess.call, [["sh", "-c", 'echo x >> "$0"; sleep .3', str(log)]] * 40, on="workers:1", chunk=8
    )
    assert next(answers) == 0
    if stop is None:
        answers.close()  # type: ignore[attr-defined]
    else:
        with pytest.raises(stop):
            answers.throw(stop)  # type: ignore[attr-defined]
    assert 8 <= len(log.read_text().split()) < 16  # of the 24 that the worker held


@pytest.mark.parametrize("on", ["workers:0", "workers:many", "there", ""])
def test_an_unknown_place_is_named(on: str) -> None:
    with pytest.raises(UsageError, match="cannot run on"):
        parallel_map(len, [], on=on)


def test_a_part_without_settings_stays_here() -> None:
    assert with_part(lambda part, value: part + value, 1, family="reading", on="here")(2) == 3
    with pytest.raises(UsageError, match="int has no settings"):
        with_part(lambda part, value: part + value, 1, family="reading", on="workers:2")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # Ray warns of its own settings
def test_ray_gives_the_same_answers() -> None:
    pytest.importorskip("ray", reason="Ray is an optional extra")
    answers = list(parallel_map(square, range(100), on="ray", chunk=8))
    assert answers == [number**2 for number in range(100)]


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of 24 painted memes with a Latin line and an English caption each."""
    folder = tmp_path_factory.mktemp("english") / "c"
    rows = []
    for number in range(24):
        picture = Image.new("RGB", (320, 120), (number * 9, 90, 160))
        ImageDraw.Draw(picture).text((12, 40), f"LINE NUMBER {number}", "white", font_size=32)
        place = folder / "train" / "images" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(place)
        image_id = storage.sha256_file(place)
        captions = (f"A meme with a cat number {number}.", 'The text says: "send help"')
        row = {"captions": captions, "image_id": image_id, "group_id": image_id, "file_name": f"images/{number}.png"}
        rows.append(Row(corpus="c", split="train", language="en", **row))
    manifest.finish(folder, "c", manifest.write_rows(folder, rows))
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    from train_marian import train_marian

    pairs = [("A meme with a cat number", "Мем с котом номер"), ('The text says: "send help"', 'Текст: "помогите"')]
    folder = tmp_path_factory.mktemp("models") / "marian"
    train_marian(pairs * 8, folder, steps=60, batch_size=16, width=32, n_layers=1, n_pieces=60, lr=1e-2)
    return {"name": "marian", "model": str(folder), "threads": 1}


def everything(on: str, corpus: Path, engine: dict[str, object], models: Path, out: Path) -> dict[str, bytes]:
    """The files that reading, translating, seeing and checking a corpus leave, run at a place."""
    shutil.copytree(corpus, out / "c")
    opened = manifest.open_corpus(out / "c")
    reader = config.build("reading", {"name": "tesseract", "passes": ["plain-11"], "keep": False})
    read_corpus(opened, reader, batch_size=5, on=on)
    encoder = config.build("encoders", {"name": "ruclip", "model": str(models / "ruclip")})
    extract(opened, encoder, batch_size=5, shard_size=15, on=on)
    translator = config.build("translation", engine)
    translate_corpus(opened, translator, out / "ru", cache=out / "cache.sqlite", on=on)
    report = json.dumps([report.to_json() for report in check([out / "c"], on=on)]).encode()
    files = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    return {"report": report} | {
        name: content for name, content in files.items() if not name.endswith((".lock", ".sqlite"))
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # Ray warns of its own settings
@pytest.mark.parametrize("on", ["workers:2", "ray"])
def test_reading_translating_seeing_and_checking_give_the_same_bytes_everywhere(
    on: str, english: Path, engine: dict[str, object], tiny_models: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    if on == "ray":
        pytest.importorskip("ray", reason="Ray is an optional extra")
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(sentences, "BATCH", 8)
    here = everything("here", english, engine, tiny_models, tmp_path / "here")
    there = everything(on, english, engine, tiny_models, tmp_path / "there")
    assert here == there
    assert {"ru/train/metadata.jsonl", "ru/corpus.json", "report"} < here.keys()
    assert b"LINE" in next(content for name, content in here.items() if "readings" in name)
    assert sum(name.endswith(".safetensors") for name in here) == 2
