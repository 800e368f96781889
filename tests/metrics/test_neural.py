"""BERTScore and CLIPScore on tiny networks with random weights: the formulas, against another statement of them."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from memecap.core import storage
from memecap.encoders.base import sight
from memecap.encoders.clip import CLIP
from memecap.encoders.ruclip import RuCLIP
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.metrics.bertscore import Bertscore, BertscoreConfig
from memecap.metrics.clipscore import Clipscore, ClipscoreConfig
from memecap.scoring import compare as leaderboard
from memecap.scoring import score as scoring
from memecap.scoring.compare import CAPTIONER, System
from memecap.scoring.predictions import Prediction

HYPOTHESES = ["Кот сидит на столе", "пёс", "", "кот и кот и кот и пёс сидит"]
REFERENCES = [["кот лежит", "пёс сидит на столе"], ["пёс"], ["кот"], ["и"]]
WORDS = ["кот", "пёс", "сидит", "лежит", "на", "столе", "и"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), "utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=12, max_position_embeddings=16, **shape)).save_pretrained(folder)
    return folder


def bertscore(folder, **settings):
    return Bertscore(BertscoreConfig(model=str(folder), layer=2, **settings))


def restated(folder, hypothesis: str, reference: str) -> tuple[float, float, float]:
    """BERTScore of one pair in plain loops."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def vectors(text):
        with torch.no_grad():
            found = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states[2][0]
        return [vector / vector.norm() for vector in found]

    ours, theirs = vectors(hypothesis), vectors(reference)
    if len(ours) == 2 or len(theirs) == 2:
        return 0.0, 0.0, 0.0
    precision = np.mean([max(float(a @ b) for b in theirs) for a in ours[1:-1]])
    recall = np.mean([max(float(a @ b) for a in ours) for b in theirs[1:-1]])
    return precision, recall, 2 * precision * recall / (precision + recall)


def test_bertscore_is_what_the_paper_says(bert):
    expected = [
        np.max([restated(bert, h, r) for r in row], axis=0) for h, row in zip(HYPOTHESES, REFERENCES, strict=True)
    ]
    for batch_size in (1, 3, 32):
        found = bertscore(bert, batch_size=batch_size).statistics(HYPOTHESES, REFERENCES)
        np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    assert (found[:, 3] == 1).all()
    assert found[1, 2] == pytest.approx(1)


def test_bertscore_is_the_packages(bert):
    bert_score = pytest.importorskip("bert_score", reason="the package bert-score is the oracle here")
    spoken = [0, 1, 3]  # the package breaks on empty texts with transformers 5
    theirs = bert_score.score(
        [HYPOTHESES[i] for i in spoken], [REFERENCES[i] for i in spoken], model_type=str(bert), num_layers=2
    )
    ours = bertscore(bert).statistics([HYPOTHESES[i] for i in spoken], [REFERENCES[i] for i in spoken])
    np.testing.assert_allclose(ours[:, :3], torch.stack(theirs, dim=1).numpy(), atol=1e-5)


def test_bertscore_names_its_weights_and_cuts_long_texts(bert):
    assert "|weights:" in bertscore(bert).signature
    assert "|layer:2" in bertscore(bert).signature
    long = bertscore(bert).statistics(["кот " * 50], [["кот " * 60]])
    assert np.isfinite(long).all()
    with pytest.raises(UsageError, match="3 layers"):
        Bertscore(BertscoreConfig(model=str(bert), layer=4)).statistics(["кот"], [["кот"]])


@pytest.fixture
def pictures(tmp_path):
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (90, 90, 90)]
    paths = [tmp_path / f"{i}.png" for i in range(len(colours))]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", (50, 40), colour).save(path)
    return tuple(paths)


def clipscore(tiny_models, pictures=None):
    return Clipscore(ClipscoreConfig(model=str(tiny_models / "ruclip"), pictures=pictures))


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


def test_the_command_scores_with_models(bert, tiny_models, pictures, tmp_path):
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    rows = [Prediction(str(i), "кот", ("кот сидит",), {"file_name": path.name}) for i, path in enumerate(pictures)]
    storage.write_jsonl(tmp_path / "mine.jsonl", (row.to_json() for row in rows))
    command = ["score", str(tmp_path / "mine.jsonl"), "--images", str(tmp_path), "--resamples", "100", "--json"]
    command += ["--metric", "bertscore", "--set", f"bertscore.model={bert}", "--set", "bertscore.layer=2"]
    command += ["--metric", "clipscore", "--set", f"clipscore.model={tiny_models / 'ruclip'}"]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 0, found.output
    record = json.loads(found.stdout)[0]
    assert {"bertscore", "clipscore", "refclipscore"} <= record["scores"].keys() == record["intervals"].keys()
    assert "clipscore|model:" in record["signature"]
    lost = CliRunner().invoke(app, [*command, "--set", "bleu.order=2"])
    assert isinstance(lost.exception, UsageError)


def test_scoring_without_models_does_not_import_torch():
    import subprocess

    told = "import sys; from memecap.scoring import compare, score; score.measure(['а'], [['а']], every=True)"
    subprocess.run([sys.executable, "-c", f"{told}; assert 'torch' not in sys.modules"], check=True)


def test_two_scores_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two metrics give bleu1"):
        scoring.measure(["кот"], [["кот"]], more=[{"name": "bleu"}])


def test_a_row_without_a_picture_is_named(tiny_models, pictures):
    rows = [Prediction("нет такой", "кот", ("кот",))]
    more = [{"name": "clipscore", "model": str(tiny_models / "ruclip")}]
    with pytest.raises((MissingFileError, DataError), match="нет такой"):
        leaderboard.rank([System("a", CAPTIONER, rows, pictures[0].parent)], more=more, resamples=100)
