"""Numbers of tools that score by several metrics: sacrebleu runs here, the COCO toolkit was recorded.

The recorded inputs are sentences of a small grammar of Russian words, cut, moved and inflected at random.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from memecap.metrics.bleu import Bleu, BleuConfig
from memecap.metrics.chrf import Chrf, ChrfConfig
from memecap.metrics.cider import Cider
from memecap.metrics.rouge import Rouge
from tests.metrics.oracles import corpora, total

FIXTURES = Path(__file__).parents[1] / "fixtures" / "metrics"


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
