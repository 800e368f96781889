"""METEOR against nltk's, its stages and its alignment on cases a person can work out."""

from __future__ import annotations

import numpy as np
import pytest
from nltk.stem.snowball import SnowballStemmer
from nltk.translate.meteor_score import meteor_score

from memecap.errors import MissingFileError, UsageError
from memecap.metrics.meteor import Meteor, MeteorConfig, align, n_chunks
from tests.metrics.oracles import corpora, total


def test_meteor_lemma_matches_what_stems_miss():
    rows = (["люди идут"], [["человек шел"]])
    assert total(Meteor(), *rows)["meteor"] == 0
    assert total(Meteor(MeteorConfig(stages=("exact", "snowball", "lemma"))), *rows)["meteor_lemma"] > 0.4


def test_meteor_synonyms_are_named_in_the_signature(tmp_path):
    path = tmp_path / "synonyms.txt"
    path.write_text("кот кошка, котик\n", encoding="utf-8")
    metric = Meteor(MeteorConfig(stages=("exact", "synonyms"), synonyms=path))
    assert "synonyms:synonyms.txt" in metric.signature
    assert total(metric, ["кошка"], [["кот"]])["meteor_synonyms"] > 0
    with pytest.raises(UsageError):
        Meteor(MeteorConfig(stages=("synonyms",)))
    with pytest.raises(MissingFileError):
        Meteor(MeteorConfig(stages=("synonyms",), synonyms=tmp_path / "absent"))


def test_meteor_aligns_each_word_once():
    pairs = align(["а", "б", "а"], ["а", "в", "а", "а"], [str])
    assert pairs == [(0, 2), (2, 3)]
    assert n_chunks(pairs) == 2


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
