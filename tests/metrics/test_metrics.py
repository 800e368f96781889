"""What each metric means, on cases a person can work out."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from memecap.core import storage
from memecap.errors import MissingFileError, UsageError
from memecap.metrics.cider import Cider, CiderConfig, count_frequencies
from memecap.metrics.collapse import Collapse, CollapseConfig
from memecap.metrics.meteor import Meteor, MeteorConfig, align, n_chunks
from memecap.metrics.quotes import Quotes, QuotesConfig


def total(metric, hypotheses, references):
    return {k: float(v) for k, v in metric.scores(metric.statistics(hypotheses, references).sum(axis=0)).items()}


def test_quotes_count_words_over_the_whole_corpus():
    scores = total(Quotes(), ["раз два", "", "семь\nвосемь"], [["раз два три"], ["четыре"], ["восемь"]])
    assert scores == {"quoted_recall": 3 / 5, "quoted_precision": 3 / 4}


def test_quotes_take_the_reference_they_match_best():
    assert total(Quotes(), ["раз"], [["два", "раз"]])["quoted_recall"] == 1


def test_quotes_say_how_exact_they_are():
    scores = total(Quotes(QuotesConfig(edits=True)), ["кот", ""], [["кит"], [""]])
    assert scores["quoted_cer"] == pytest.approx(1 / 3)
    assert scores["quoted_wer"] == 1
    assert scores["quoted_1ned"] == pytest.approx(2 / 3)  # the row where nobody quotes does not count


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


def test_cider_names_its_frequencies(tmp_path):
    references = [["кот сидит на столе"], ["пёс сидит на стуле"]]
    path = tmp_path / "memes.json"
    storage.write_json(path, asdict(count_frequencies(references, "memes-train")))
    stored = Cider(CiderConfig(frequencies=str(path)))
    assert "df:memes-train(2)" in stored.signature
    assert "df:references" in Cider().signature
    hypotheses = ["кот сидит на столе", "кот"]
    assert total(stored, hypotheses, references) == total(Cider(), hypotheses, references)


def test_cider_d_is_ten_for_the_reference_itself_and_less_when_longer():
    references = [["кот лежит на тёплом столе"], ["пёс бежит по мокрой улице"]]
    same = total(Cider(), [row[0] for row in references], references)["cider_d"]
    longer = total(Cider(), [row[0] + " и ещё много других слов" for row in references], references)["cider_d"]
    assert same == pytest.approx(10)
    assert longer < same


def test_collapse_sees_repetition_and_copies():
    hypotheses = ["кот сидит", "кот сидит", "да да да да да"]
    references = [["кот"], ["кот"], ["да"]]
    scores = total(Collapse(CollapseConfig(training=frozenset({"кот сидит"}))), hypotheses, references)
    assert scores["distinct1"] == pytest.approx(3 / 9)
    assert scores["distinct2"] == pytest.approx(2 / 6)
    assert scores["unique_captions"] == pytest.approx(2 / 3)
    assert scores["repeated_4grams"] == pytest.approx(1 / 3)
    assert scores["copied_from_training"] == pytest.approx(2 / 3)
    assert scores["length_ratio"] == pytest.approx(9 / 3)
    assert "copied_from_training" not in total(Collapse(), hypotheses, references)


def test_statistics_of_nothing_said_are_finite():
    for metric in (Quotes(QuotesConfig(edits=True)), Meteor(), Cider(), Collapse()):
        assert np.isfinite(list(total(metric, [""], [[""]]).values())).all()
