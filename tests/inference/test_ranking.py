"""Candidates come in the order of what speaks for them, and carry the sum as their score."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_models import TEXTS

from memecap.captioners.base import create
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.errors import ConfigError, UsageError
from memecap.inference.pipeline import Pipeline
from memecap.inference.ranking import Ranker, Ranking, agreement, choose
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.quoting.quote import Quote
from memecap.reading.base import Line, Reading

READING = Reading((Line("да нет", (0, 0, 1, 1), 0.9),), 9, 9, "test")
GPT = {"n_layers": 1, "width": 32, "n_heads": 2, "vocab_size": 300, "max_positions": 200}
CANDIDATES = [
    Caption("длинное «да нет»", (Quote("да нет"),), -4.0, token_ids=(1,) * 8),
    Caption("короткое", (), -3.0, token_ids=(1,) * 2),
    Caption("длинное «нет ага»", (Quote("нет ага"),), -4.8, token_ids=(1,) * 8),
]


def clipcap(models: Path, encoder: str = "ruclip") -> Pipeline:
    torch.manual_seed(0)
    settings = {"name": "clipcap", "encoder": {"name": encoder, "model": str(models / encoder)}, "decoder": GPT}
    captioner = create(config.configure("captioners", settings), TEXTS)
    return Pipeline(captioner, None, name="test", decoding=Beam(width=4, n_candidates=4, max_new_tokens=9))


def test_criteria_one_by_one_and_together() -> None:
    def order(**weights: float) -> list[tuple[str, float]]:
        (ordered,) = Ranker(Ranking(**weights), create(config.configure("captioners", "template"), ())).order(
            [CANDIDATES], [READING]
        )
        return [(caption.text, caption.score) for caption in ordered]

    assert order(log_probability=1) == [
        ("длинное «да нет»", pytest.approx(-0.5)),
        ("длинное «нет ага»", pytest.approx(-0.6)),
        ("короткое", pytest.approx(-1.5)),
    ]
    assert order(reading=1) == [
        ("длинное «да нет»", 1.0),
        ("длинное «нет ага»", pytest.approx(0.5)),
        ("короткое", 0.0),
    ]
    assert order(reading=-1)[0][0] == "короткое"
    assert order(reading=2, log_probability=1)[0] == ("длинное «да нет»", pytest.approx(1.5))
    assert order(consensus=1)[-1][0] == "короткое"


def test_nothing_read_and_nothing_quoted_agree() -> None:
    assert agreement(Caption("пусто"), None) == 1.0
    assert agreement(Caption("пусто"), READING) == 0.0
    assert agreement(Caption("«да»", (Quote("да"),)), None) == 0.0


@torch.no_grad()
def test_the_picture_s_part_is_the_cosine_of_a_clip(tiny_models: Path) -> None:
    captioner = clipcap(tiny_models)
    encoder = captioner.captioner.encoder
    images = torch.randn(2, 1, 24)
    found = captioner.captioner.generate(Images(features=images), [None, None], captioner.decoding)
    ordered = Ranker(Ranking(picture=1), captioner.captioner).order(
        found, [None, None], features=Images(features=images)
    )
    for image, captions in zip(images, ordered, strict=True):
        scores = [caption.score for caption in captions]
        assert scores == sorted(scores, reverse=True)
        for caption in captions:
            alike = torch.cosine_similarity(image, encoder.text_features([caption.text]))
            assert caption.score == pytest.approx(float(alike), abs=1e-5)


def test_another_judge_looks_at_the_pictures_itself(tiny_models: Path) -> None:
    judge = {"name": "clip", "model": str(tiny_models / "clip")}
    captioner = clipcap(tiny_models, "vit")
    with pytest.raises(ConfigError, match="compared by a CLIP"):
        Ranker(Ranking(picture=1), captioner.captioner)
    captioner.ranker = Ranker(Ranking(picture=1, judge=judge), captioner.captioner)
    (result,) = captioner.stream([Image.new("RGB", (40, 40), "red")])
    scores = [caption.score for caption in result.candidates]
    assert len(scores) == 4 and scores == sorted(scores, reverse=True)
    assert result.to_json()["score"] == scores[0]
    assert [one["score"] for one in result.to_json()["candidates"]] == scores


def test_choosing_by_words() -> None:
    assert choose(()) is None
    assert choose(["reading", "picture=2"], "ruclip=x/y") == Ranking(
        reading=1, picture=2, judge={"name": "ruclip", "model": "x/y"}
    )
    with pytest.raises(UsageError, match="no criterion named 'likness'"):
        choose(["likness"])
    with pytest.raises(UsageError, match="no number"):
        choose(["reading=much"])
