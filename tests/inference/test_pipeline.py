"""Pictures of any kind come out captioned, a broken one stops no other, and there is one road to a caption."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import TEXTS
from typer.testing import CliRunner

import memecap
from memecap.captioners.base import create
from memecap.checkpoints import checkpoint
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import manifest, storage
from memecap.core.config import configure
from memecap.decoding.beam import Beam
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.evaluation.evaluate import evaluate
from memecap.inference.pipeline import Pipeline
from memecap.inference.ranking import Ranking
from memecap.reading.base import Line, Reader, Reading


class WidthReader(Reader):
    """Reads the picture's width as its text, so that a caption shows which picture it belongs to."""

    version = "width 1"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [
            Reading((Line(f"ширина {image.width}", (0, 0, image.width, 9), 0.9),), image.width, image.height, "width 1")
            for image in images
        ]


@pytest.fixture
def captioner() -> Pipeline:
    template = create(configure("captioners", "template"), ())
    return Pipeline(template, WidthReader(), name="template")


def picture(width: int) -> Image.Image:
    return Image.new("RGB", (width, 20), "white")


def test_every_kind_of_source(captioner: Pipeline, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture(31).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    for source in (
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        buffer.getvalue(),
        picture(31),
        np.asarray(picture(31)),
    ):
        caption = captioner.caption(source)
        assert "ширина 31" in caption.text
        assert caption.quotes[0].text == "ширина 31"
        assert caption.reading and caption.reading.width == 31
        assert caption.seconds and caption.seconds > 0


def test_a_list_keeps_its_order_over_batches(captioner: Pipeline) -> None:
    widths = list(range(10, 80))
    captions = captioner.caption([picture(width) for width in widths])
    assert [caption.reading.width for caption in captions if caption.reading] == widths


def test_a_broken_picture_raises_alone_and_is_reported_in_a_stream(captioner: Pipeline, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a picture")
    with pytest.raises(DataError):
        captioner.caption(broken)
    with pytest.raises(MissingFileError):
        captioner.caption(tmp_path / "absent.jpg")
    results = list(captioner.stream([picture(11), broken, picture(13)], batch_size=2))
    assert [bool(result.error) for result in results] == [False, True, False]
    assert results[1].to_json()["file"] == str(broken) and results[1].to_json()["caption"] is None
    assert "ширина 13" in results[2].to_json()["caption"]


def test_no_reader_means_no_quotes() -> None:
    captioner = memecap.load_captioner(reader=None)
    caption = captioner.caption(picture(40))
    assert caption.text and not caption.quotes and caption.reading is None


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        memecap.load_captioner(tmp_path / "absent")


BEAM = Beam(width=3, n_candidates=3, max_new_tokens=8)
WORST_FIRST = Ranking(log_probability=-1)


@pytest.fixture(scope="module")
def model(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that sees and reads, with random weights."""
    torch.manual_seed(0)
    settings = {
        "name": "clipcap", "reading": True, "encoder": {"name": "ruclip", "model": str(tiny_models / "ruclip")},
        "decoder": {"n_layers": 1, "width": 32, "n_heads": 2, "vocab_size": 300, "max_positions": 400},
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("checkpoint")
    captioner = create(configure("captioners", settings), TEXTS)
    for parameter in captioner.parameters():  # large weights: each picture and each reading gets words of its own
        if parameter.requires_grad and parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.4)
    checkpoint.save(captioner, folder)
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> manifest.Corpus:
    """Nine pictures of different widths, three of them to train with; nothing is read yet."""
    folder, rows = tmp_path / "corpus", []
    for number in range(9):
        split, key = "train" if number < 3 else "val", f"id{number}"
        file = folder / split / "images" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30 + number, 20), (28 * number, 9, 99)).save(file)
        row = {"image_id": key, "group_id": key, "corpus": "corpus", "file_name": f"images/{number}.png"}
        rows.append(manifest.Row(captions=(TEXTS[number % 3],), split=split, **row))
    return manifest.finish(folder, "corpus", manifest.write_rows(folder, rows))


@pytest.fixture
def width_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The dotted name of a reader like `WidthReader`."""
    (tmp_path / "own_readers").mkdir()
    (tmp_path / "own_readers" / "width.py").write_text(
        "from memecap.core.config import PartConfig\n"
        "from memecap.reading.base import Line, Reader, Reading\n"
        "class Width(Reader):\n"
        "    version = 'width 1'\n"
        "    class Config(PartConfig):\n"
        "        name: str = 'own_readers.width'\n"
        "    def __init__(self, config):\n"
        "        self.config = config\n"
        "    def read(self, images):\n"
        "        line = lambda image: Line(f'ширина {image.width}', (0, 0, image.width, 9), 0.9)\n"
        "        return [Reading((line(i),), i.width, i.height, self.version) for i in images]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return "own_readers.width"


def pictures_of(corpus: manifest.Corpus) -> list[Any]:
    return [corpus.image_path(row) for row in corpus.rows("val")]


def evaluated(model: Path, corpus: manifest.Corpus, out: Path, **how: Any) -> list[str]:
    evaluate(model, corpus.folder, out, resamples=100, presets=("ru-words",), device="cpu", **how)
    return [row["caption"] for row in storage.read_jsonl(out / "captions.jsonl")]


@pytest.mark.parametrize(
    "how",
    [{}, {"ranking": WORST_FIRST}, {"precision": "bf16"}],
    ids=["as it is", "ranked", "bf16"],
)
def test_an_evaluation_says_what_caption_says(
    model: Path, corpus: manifest.Corpus, width_reader: str, tmp_path: Path, how: dict[str, Any]
) -> None:
    captioner = memecap.load_captioner(model, reader=width_reader, decoding=BEAM, device="cpu", **how)
    told = [caption.text for caption in captioner.caption(pictures_of(corpus))]
    assert evaluated(model, corpus, tmp_path / "new", reader=width_reader, decoding=BEAM, **how) == told
    assert evaluated(model, corpus, tmp_path / "stored", decoding=BEAM, **how) == told  # what the reader left there
    settings = storage.read_json(tmp_path / "new" / "evaluation.json")
    assert (settings["reader"], settings["device"]) == ("width 1", "cpu")
    assert settings["precision"] == how.get("precision", "fp32")
    assert bool(settings["ranking"]) == ("ranking" in how)


def test_a_ranking_and_a_reader_change_what_an_evaluation_says(
    model: Path, corpus: manifest.Corpus, width_reader: str, tmp_path: Path
) -> None:
    plain = evaluated(model, corpus, tmp_path / "plain", reader=width_reader, decoding=BEAM)
    assert len(set(plain)) > 3
    assert evaluated(model, corpus, tmp_path / "worst", decoding=BEAM, ranking=WORST_FIRST) != plain
    untold = evaluated(model, corpus, tmp_path / "untold", reader=None, decoding=BEAM)
    blind = memecap.load_captioner(model, reader=None, decoding=BEAM, device="cpu")
    assert untold == [caption.text for caption in blind.caption(pictures_of(corpus))] != plain
    assert all(row["reading"] is None for row in storage.read_jsonl(tmp_path / "untold" / "captions.jsonl"))
    with pytest.raises(UsageError, match="another precision"):
        evaluated(model, corpus, tmp_path / "plain", decoding=BEAM, precision="bf16")


def test_an_evaluation_from_before_goes_on(model: Path, corpus: manifest.Corpus, tmp_path: Path) -> None:
    before = evaluated(model, corpus, tmp_path / "out", reader=None, decoding=BEAM)
    settings = storage.read_json(tmp_path / "out" / "evaluation.json")
    for new in ("ranking", "precision", "device"):
        del settings[new]
    storage.write_json(tmp_path / "out" / "evaluation.json", settings)
    assert evaluated(model, corpus, tmp_path / "out", reader=None, decoding=BEAM) == before


def test_who_has_features_and_readings_enters_the_road_later(model: Path) -> None:
    captioner = memecap.load_captioner(model, reader=None, decoding=BEAM, device="cpu")
    captioner.reader = WidthReader()
    images = [picture(31), picture(35)]
    whole = captioner.caption(images)
    readings = captioner.read(images)
    seen = captioner.look(images)
    assert seen is not None and seen.features is not None
    for later in (captioner.describe(images, readings), [found[0] for (found,) in captioner.write(seen, readings)]):
        assert [caption.text for caption in later] == [caption.text for caption in whole]
        assert [caption.reading for caption in later] == readings


def test_pictures_that_were_read_and_that_nobody_looks_at_are_not_opened(captioner: Pipeline, tmp_path: Path) -> None:
    (reading,) = WidthReader().read([picture(44)])
    (caption,) = captioner.describe([tmp_path / "absent.png"], [reading])
    assert "ширина 44" in caption.text and caption.reading is reading


def test_evaluate_takes_the_options_of_caption(model: Path, corpus: manifest.Corpus, tmp_path: Path) -> None:
    def invoke(*options: str) -> Any:
        common = ["evaluate", str(model), str(corpus.folder), "--out", str(tmp_path / "out"), "--no-report"]
        search = ["--decoding", "beam", "--set", "width=3", "--set", "n_candidates=3", "--set", "max_new_tokens=8"]
        return CliRunner().invoke(app, [*common, *search, "--resamples", "100", *options])

    assert isinstance(invoke("--device", "gpu").exception, UsageError)
    assert isinstance(invoke("--precision", "fp8").exception, UsageError)
    assert isinstance(invoke("--rank", "likness").exception, UsageError)
    assert isinstance(invoke("--reader-set", "languages=rus").exception, UsageError)
    done = invoke("--reader", "none", "--rank", "log_probability=-1", "--precision", "bf16", "--device", "cpu")
    assert done.exit_code == 0, done.output
    ranked = memecap.load_captioner(
        model, reader=None, decoding=BEAM, ranking=WORST_FIRST, precision="bf16", device="cpu"
    )
    said = [row["caption"] for row in storage.read_jsonl(tmp_path / "out" / "captions.jsonl")]
    assert said == [caption.text for caption in ranked.caption(pictures_of(corpus))]
