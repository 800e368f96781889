"""Metrics that need a network, on tiny ones, and rows to score."""

from __future__ import annotations

from memecap.metrics.bertscore import Bertscore, BertscoreConfig
from memecap.metrics.clipscore import Clipscore, ClipscoreConfig

HYPOTHESES = ["Кот сидит на столе", "пёс", "", "кот и кот и кот и пёс сидит"]
REFERENCES = [["кот лежит", "пёс сидит на столе"], ["пёс"], ["кот"], ["и"]]


def bertscore(folder, **settings):
    return Bertscore(BertscoreConfig(model=str(folder), layer=2, **settings))


def clipscore(tiny_models, pictures=None):
    return Clipscore(ClipscoreConfig(model=str(tiny_models / "ruclip"), pictures=pictures))
