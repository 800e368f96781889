"""CLIPScore on a tiny network with random weights: the formula, against another statement of it."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from memecap.encoders.base import sight
from memecap.encoders.clip import CLIP
from memecap.encoders.ruclip import RuCLIP
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.scoring import compare as leaderboard
from memecap.scoring import score as scoring
from memecap.scoring.compare import CAPTIONER, System
from memecap.scoring.predictions import Prediction
from tests.metrics.networks import HYPOTHESES, REFERENCES, clipscore


def test_clipscore_is_what_the_paper_says(tiny_models, pictures):
    found = clipscore(tiny_models, pictures).statistics(HYPOTHESES, REFERENCES)
    judge = RuCLIP(RuCLIP.Config(model=str(tiny_models / "ruclip"))).eval()

    def cosine(a, b):
        return float(torch.nn.functional.cosine_similarity(a, b, dim=-1))

    for row, (hypothesis, references, path) in enumerate(zip(HYPOTHESES, REFERENCES, pictures, strict=True)):
        with torch.no_grad():
            seen = judge(judge.transform(Image.open(path))[None])[0]
            said = judge.text_features([hypothesis])
            near = 2.5 * max(cosine(said, seen), 0.0)
            alike = max(0.0, *(cosine(said, judge.text_features([reference])) for reference in references))
        assert found[row, 0] == pytest.approx(near, abs=1e-5)
        assert found[row, 1] == pytest.approx(2 * near * alike / (near + alike) if near + alike else 0.0, abs=1e-5)
    assert list(found[:, 2]) == [0, 0, 0, 1]  # the tiny window has 20 places
    assert set(scoring.scores_of([clipscore(tiny_models)], [found.sum(axis=0)])) == {
        "clipscore",
        "refclipscore",
        "clip_truncated",
    }


def test_clipscore_needs_a_picture_for_each_row(tiny_models, pictures):
    with pytest.raises(UsageError, match="0 of them came for 4"):
        clipscore(tiny_models).statistics(HYPOTHESES, REFERENCES)
    with pytest.raises(MissingFileError):
        clipscore(tiny_models, (*pictures[:3], pictures[0].with_name("gone.png"))).statistics(HYPOTHESES, REFERENCES)


def test_the_captioners_own_encoder_is_told_from_another(tiny_models, pictures, capsys):
    folder = tiny_models / "ruclip"
    grid = RuCLIP(RuCLIP.Config(model=str(folder), output="grid"))
    other = CLIP(CLIP.Config(model=str(tiny_models / "clip")))
    assert sight(grid) == clipscore(tiny_models).judge != sight(other)
    rows = [Prediction(path.name, "кот", ("кот сидит",)) for path in pictures]
    systems = [
        System(name, CAPTIONER, rows, pictures[0].parent, sight(encoder))
        for name, encoder in (("своя", grid), ("чужая", other))
    ]
    more = [{"name": "clipscore", "model": str(folder)}]
    records = leaderboard.rank(systems, more=more, resamples=100)
    assert "своя sees with the encoder that judges it" in records[0]["warning"]
    assert "warning" not in records[1]
    assert "своя sees with" in capsys.readouterr().err


def test_a_row_without_a_picture_is_named(tiny_models, pictures):
    rows = [Prediction("нет такой", "кот", ("кот",))]
    more = [{"name": "clipscore", "model": str(tiny_models / "ruclip")}]
    with pytest.raises((MissingFileError, DataError), match="нет такой"):
        leaderboard.rank([System("a", CAPTIONER, rows, pictures[0].parent)], more=more, resamples=100)
