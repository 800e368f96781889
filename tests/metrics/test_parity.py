"""Numbers of other tools: sacrebleu and nltk run here, the COCO toolkit and the METEOR 1.5 jar were recorded.

The recorded inputs are sentences of a small grammar of Russian words, cut, moved and inflected at random.
"""

from __future__ import annotations

import gzip
import json
import random
import warnings
from pathlib import Path

import nltk.translate.bleu_score as nltk_bleu
import numpy as np
import pytest
import sacrebleu
from nltk.stem.snowball import SnowballStemmer
from nltk.translate.meteor_score import meteor_score

from memecap.metrics.bleu import Bleu, BleuConfig
from memecap.metrics.chrf import Chrf, ChrfConfig
from memecap.metrics.cider import Cider
from memecap.metrics.meteor import Meteor, MeteorConfig
from memecap.metrics.meteor15 import Meteor15, Meteor15Config
from memecap.metrics.rouge import Rouge

FIXTURES = Path(__file__).parents[1] / "fixtures" / "metrics"
WORDS = [
    "кот",
    "кота",
    "коты",
    "надпись",
    "надписи",
    "на",
    "и",
    "сидит",
    "(да)",
    "«мем»",
    "ой!",
    "я",
    "ёлка",
    ".",
    "a4",
    "что-то",
]


def corpora(n: int, seed: int = 0) -> list[tuple[list[str], list[list[str]]]]:
    """Small random corpora: empty and short texts, one to three references."""
    draw = random.Random(seed)

    def text(longest: int) -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(0, longest)))

    found = []
    for _ in range(n):
        rows, longest, n_references = draw.randint(1, 5), draw.choice([3, 6, 14]), draw.randint(1, 3)
        references = [[text(longest) for _ in range(n_references)] for _ in range(rows)]
        hypotheses = [draw.choice([draw.choice(row), text(longest)]) for row in references]
        found.append((hypotheses, references))
    return found


def total(metric, hypotheses, references):
    return {k: float(v) for k, v in metric.scores(metric.statistics(hypotheses, references).sum(axis=0)).items()}


@pytest.mark.timeout(600)  # seconds of work, minutes on a machine that is busy
def test_bleu_and_chrf_are_sacrebleus():
    metrics = [Bleu(), Chrf(), Chrf(ChrfConfig(words=2))]
    bleus = {n: sacrebleu.BLEU(max_ngram_order=n, tokenize="none", smooth_method="none", force=True) for n in (1, 4)}
    chrfs = {"chrf2": sacrebleu.CHRF(), "chrf2++": sacrebleu.CHRF(word_order=2)}
    for hypotheses, references in corpora(2000):
        columns = [list(column) for column in zip(*references, strict=True)]
        ours: dict[str, float] = {}
        for metric in metrics:
            ours |= total(metric, hypotheses, references)
        for n, oracle in bleus.items():
            assert ours[f"bleu{n}"] == pytest.approx(oracle.corpus_score(hypotheses, columns).score, abs=1e-9)
        for name, oracle in chrfs.items():
            assert ours[name] == pytest.approx(oracle.corpus_score(hypotheses, columns).score, abs=1e-9)


def test_bleu_is_nltks():
    metric = Bleu(BleuConfig(like="nltk"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for hypotheses, references in corpora(300, seed=1):
            ours = total(metric, hypotheses, references)
            tokens = [text.split() for text in hypotheses], [[text.split() for text in row] for row in references]
            for n in range(1, 5):
                theirs = nltk_bleu.corpus_bleu(tokens[1], tokens[0], weights=[1 / n] * n)
                assert ours[f"bleu{n}"] == pytest.approx(theirs, abs=1e-12)


class NoWordnet:
    def synsets(self, word):
        return []


@pytest.mark.parametrize("stages", [("exact",), ("exact", "snowball")])
def test_meteor_is_nltks(stages):
    metric = Meteor(MeteorConfig(stages=stages))
    stemmer = SnowballStemmer("russian") if "snowball" in stages else NoStemmer()
    for hypotheses, references in corpora(300, seed=2):
        ours = metric.statistics(hypotheses, references)[:, 0]
        theirs = [
            meteor_score([r.split() for r in row], h.split(), stemmer=stemmer, wordnet=NoWordnet())
            for h, row in zip(hypotheses, references, strict=True)
        ]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


class NoStemmer:
    def stem(self, word):
        return word


def test_cider_rouge_and_bleu_are_the_coco_toolkits():
    with gzip.open(FIXTURES / "coco_toolkit.json.gz", "rt", encoding="utf-8") as file:
        recorded = json.load(file)
    assert len(recorded) == 60
    bleu, cider, rouge = Bleu(BleuConfig(like="coco")), Cider(), Rouge()
    for record in recorded:
        texts = record["hypotheses"], record["references"]
        scores = total(bleu, *texts)
        np.testing.assert_allclose([scores[f"bleu{n}"] for n in range(1, 5)], record["bleu"], atol=5e-5)
        np.testing.assert_allclose(cider.statistics(*texts)[:, 0], record["cider_d_rows"], atol=1e-6)
        assert total(cider, *texts)["cider_d"] == pytest.approx(record["cider_d"], abs=1e-6)
        assert total(rouge, *texts)["rouge_l"] == pytest.approx(record["rouge_l"], abs=1e-6)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_meteor15_is_the_jars(language):
    with gzip.open(FIXTURES / f"meteor15_{language}.tsv.gz", "rt", encoding="utf-8") as file:
        header, *lines = [line.rstrip("\n").split("\t") for line in file]
    assert len(lines) >= 2000
    metric = Meteor15(Meteor15Config(language=language))
    statistics = metric.statistics([line[0] for line in lines], [[line[1]] for line in lines])
    recorded = np.array([float(line[2]) for line in lines])
    close = np.abs(metric.scores(statistics)["meteor15"] - recorded) <= 1e-6
    assert close.all()
    assert float(metric.scores(statistics.sum(axis=0))["meteor15"]) == pytest.approx(float(header[2]), abs=5e-4)
