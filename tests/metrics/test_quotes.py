"""Quotes: how many quoted words are found, and how exactly, on cases a person can work out."""

from __future__ import annotations

import pytest

from memecap.metrics.quotes import Quotes, QuotesConfig
from tests.metrics.oracles import total


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
