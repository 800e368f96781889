"""`invented` and `kinds` decide about captions as a person did."""

from __future__ import annotations

from memecap.metrics.invented import Invented
from memecap.metrics.kinds import Kinds
from tests.metrics import judged


def test_there_are_fifty_captions_of_varied_kinds():
    rows = judged.rows()
    assert len(rows) == 50
    assert {row[aspect] for row in rows for aspect in judged.ASPECTS} == {"right", "wrong", None}


def test_nine_of_ten_nouns_are_judged_alike():
    metric = Invented()
    found = [one for number, row in enumerate(judged.rows()) for one in judged.noun_decisions(row, metric, number)]
    assert judged.agreement(found)[0] >= 0.9


def test_nine_of_ten_kinds_are_judged_alike():
    metric = Kinds()
    found = [one for number, row in enumerate(judged.rows()) for one in judged.kind_decisions(row, metric, number)]
    assert judged.agreement(found)[0] >= 0.9
