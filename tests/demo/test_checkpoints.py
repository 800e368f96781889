"""The shipped checkpoints: the bytes that were recorded, in formats that the parts load, small."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from make_checkpoints import SUMS, checksums
from train_gpt2 import train_gpt2
from train_ruclip import learn_yttm, train_ruclip
from train_rudolph import train_rudolph

from memecap.captioners.base import create
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.demo import grammar
from memecap.demo.painter import paint_scene
from memecap.demo.world import ASSETS
from memecap.encoders.ruclip import RuCLIP
from memecap.reading.base import Line, Reading
from memecap.training.config import TrainConfig

ROOT = Path(__file__).parents[2]


def test_assets_are_what_was_recorded():
    recorded = dict(reversed(line.split("  ")) for line in (ASSETS / SUMS).read_text().splitlines())
    assert checksums(ASSETS) == recorded


@pytest.mark.parametrize("name", ["ruclip", "gpt2", "marian"])
def test_assets_are_small(name):
    assert sum(path.stat().st_size for path in (ASSETS / name).iterdir()) < 3_200_000


def test_ruclip_tells_a_scene_from_its_neighbours():
    encoder = RuCLIP(RuCLIP.Config(model=str(ASSETS / "ruclip"))).eval()
    rng = random.Random(1)
    scenes = [grammar.scene(rng, "wall") for _ in range(16)]
    seen = encoder(_pixels(encoder, [paint_scene(scene, rng, width=320, height=280) for scene in scenes]))[:, 0]
    said = encoder.text_features([grammar.russian(scene) for scene in scenes])
    similarity = (seen / seen.norm(dim=1, keepdim=True)) @ (said / said.norm(dim=1, keepdim=True)).T
    assert (similarity.argmax(dim=1).numpy() == range(16)).mean() > 0.7  # by chance 1 in 16


def test_gpt2_quotes_a_text_it_has_never_seen():
    settings = {"name": "clipcap", "reading": True, "max_reading_tokens": 72, "max_caption_tokens": 100}
    captioner = create(config.configure("captioners", {**settings, "decoder": {"model": str(ASSETS / "gpt2")}}), ())
    text = "когда сантехник обнимает чайник"
    reading = Reading((Line(text, (0, 0, 9, 9), 0.9),), 480, 480, "test")
    ((caption,),) = captioner.generate(None, [reading], Greedy(max_new_tokens=60))
    assert f'"{text}"' in caption.text
    assert caption.finished


def test_marian_translates_scenes_it_has_never_seen(tmp_path, monkeypatch):
    pytest.importorskip("ctranslate2")
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path))
    translator = config.build("translation", {"name": "marian", "model": str(ASSETS / "marian"), "beam": 1})
    rng = random.Random(2)
    pairs = [grammar.captions(grammar.scene(rng, "wall"))[0] for _ in range(20)]
    made = translator.translate([english for english, _ in pairs])
    assert sum(one == russian for one, (_, russian) in zip(made, pairs, strict=True)) >= 16


def test_makers_write_formats_that_load(tmp_path):
    train_ruclip(tmp_path / "ruclip", families=2, steps=2, batch=16)
    RuCLIP(RuCLIP.Config(model=str(tmp_path / "ruclip"))).text_features(["рыжий кот"])
    train_gpt2(tmp_path / "gpt2", steps=2, batch=2, width=32, n_layers=1, vocab_size=400)
    decoder = {"model": str(tmp_path / "gpt2")}
    create(config.configure("captioners", {"name": "clipcap", "max_caption_tokens": 100, "decoder": decoder}), ())
    train_rudolph(tmp_path / "rudolph", n_worlds=8, steps=2, vqgan_steps=2, batch=4, width=32, n_layers=2, n_rules=50)
    recipe = config.load(TrainConfig, ROOT / "configs" / "train" / "demo_rudolph.yaml").captioner.model_dump()
    recipe["encoder"]["model"], recipe["decoder"]["model"] = str(tmp_path / "vqgan"), str(tmp_path / "rudolph")
    create(config.configure("captioners", recipe), ())


def test_yttm_merges_are_read_back_alike(tmp_path):
    rng = random.Random(3)
    texts = [grammar.russian(grammar.scene(rng, "school")) for _ in range(50)]
    learnt = learn_yttm(texts, n_rules=100)
    learnt.write(tmp_path / "bpe.model")
    again = type(learnt).read(tmp_path / "bpe.model")
    assert [again.encode(text) for text in texts] == [learnt.encode(text) for text in texts]
    assert learnt.unknown_id not in {i for text in texts for i in learnt.encode(text)}
    assert max(i for text in texts for i in learnt.encode(text)) < learnt.size


def _pixels(encoder, images):
    import torch

    return torch.stack([encoder.transform(image) for image in images])
