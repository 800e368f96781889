"""BLEU is nltk's where that is defined; sacrebleu's and the COCO toolkit's are in test_parity.py."""

from __future__ import annotations

import warnings

import nltk.translate.bleu_score as nltk_bleu
import pytest

from memecap.metrics.bleu import Bleu, BleuConfig
from tests.metrics.oracles import corpora, total


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
