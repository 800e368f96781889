import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from memecap.core import config, manifest
from memecap.core.manifest import Corpus, Row
from memecap.encoders.base import ImageEncoder
from memecap.encoders.stored import features
from memecap.pictures.safe_open import open_picture


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Seven pictures, one of them in two rows, and a row of text."""
    rows = [Row(captions=("текст",), image_id="text", group_id="text", corpus="toy", split="train")]
    for i in range(7):
        split = "train" if i < 5 else "val"
        (tmp_path / split / "images").mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(i).integers(0, 256, (30 + i, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / split / "images" / f"{i}.png")
        place = {"group_id": str(i), "corpus": "toy", "split": split, "file_name": f"images/{i}.png"}
        rows += [Row(captions=("кот",), image_id=str(i), **place)] * (2 if i == 0 else 1)
    return manifest.finish(tmp_path, "toy", manifest.write_rows(tmp_path, rows))


@pytest.fixture
def encoder(tiny_models: Path) -> ImageEncoder:
    built: ImageEncoder = config.build("encoders", {"name": "ruclip", "model": str(tiny_models / "ruclip")}).eval()
    return built


@torch.no_grad()
def test_features_are_what_the_encoder_sees(corpus: Corpus, encoder: ImageEncoder) -> None:
    done = features.extract(corpus, encoder, batch_size=2, shard_size=3)
    assert (done.n_new, done.n_known, done.failed) == (7, 0, ())
    stored = features.load_features(corpus.folder, encoder.fingerprint)
    assert set(stored) == {str(i) for i in range(7)}
    for row in corpus.rows("val"):
        path = corpus.image_path(row)
        assert path is not None
        seen = encoder(encoder.transform(open_picture(path))[None])[0]
        assert torch.allclose(stored[row.image_id], seen, atol=1e-5)
    record = json.loads((done.folder / "encoder.json").read_text())
    assert (record["fingerprint"], record["width"]) == (encoder.fingerprint, encoder.width)


def test_nothing_is_computed_twice_and_a_stopped_run_goes_on(corpus: Corpus, encoder: ImageEncoder) -> None:
    features.extract(corpus, encoder, ["val"])
    assert features.extract(corpus, encoder, shard_size=2).n_known == 2
    shards = sorted(features.features_folder(corpus.folder, encoder.fingerprint).glob("*.safetensors"))
    shards[-1].unlink()
    again = features.extract(corpus, encoder)
    assert (again.n_new, again.n_known) == (1, 6)


def test_another_encoder_has_another_folder(corpus: Corpus, encoder: ImageEncoder) -> None:
    features.extract(corpus, encoder)
    with torch.no_grad():
        next(encoder.parameters()).add_(1)
    assert features.load_features(corpus.folder, encoder.fingerprint) == {}


def test_a_broken_picture_stops_no_other(corpus: Corpus, encoder: ImageEncoder) -> None:
    (corpus.folder / "train" / "images" / "3.png").write_bytes(b"not a picture")
    done = features.extract(corpus, encoder)
    assert done.n_new == 6
    ((path, why),) = done.failed
    assert path.name == "3.png" and why


def test_the_verb(corpus: Corpus, tiny_models: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    setting = f"model={tiny_models / 'ruclip'}"
    command = ["features", str(corpus.folder), "--encoder", "ruclip", "--set", setting, "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["new"] == 7
    train = tmp_path / "train.yaml"
    train.write_text(f"captioner:\n  name: clipcap\n  encoder: {{name: ruclip, model: {tiny_models / 'ruclip'}}}\n")
    result = CliRunner().invoke(app, ["features", str(corpus.folder), "-c", str(train), "--json"])
    assert json.loads(result.stdout)["known"] == 7
