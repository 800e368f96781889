"""CIDEr-D: its frequencies are named, and a reference scores ten; the toolkit's own numbers are in test_parity.py."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from memecap.core import storage
from memecap.metrics.cider import Cider, CiderConfig, count_frequencies
from tests.metrics.oracles import total


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
