"""Minimum Bayes risk picks what most samples say."""

from __future__ import annotations

from typing import Literal

import pytest

from memecap.captioners.base import Captioner
from memecap.core.config import PartConfig
from memecap.decoding.base import choose
from memecap.decoding.greedy import Greedy
from memecap.decoding.mbr import MBR, consensus, loops, quoted_share
from memecap.errors import ConfigError, UsageError
from memecap.inference.pipeline import Pipeline
from memecap.memory.attribution import Attribution
from memecap.modeling.outputs import Caption
from memecap.quoting.quote import Quote
from memecap.reading.base import Line, Reading


def test_consensus_is_one_for_equal_texts_and_zero_for_strangers() -> None:
    assert consensus(["кот спит дома", "кот спит дома"]) == pytest.approx([1.0, 1.0])
    assert consensus(["кот спит", "пёс лает"]) == pytest.approx([0.5, 0.5])  # each is like itself only


def test_recall_favours_saying_more() -> None:
    texts = ["кот", "кот спит дома на диване", "кот спит дома на диване утром"]
    short, long = consensus(texts, beta=0.2), consensus(texts, beta=5.0)
    assert short[0] - short[2] > long[0] - long[2]


def test_the_typical_finished_caption_wins() -> None:
    captions = [Caption("пёс"), Caption("кот спит дома"), Caption("кот спит дома", finished=False), Caption("кот спит")]
    ordered = MBR(recall=1.0).choose(captions, None)
    assert ordered[0].text == captions[1].text and ordered[0].finished and not ordered[-1].finished
    assert [caption.score for caption in ordered[:3]] == sorted((c.score for c in ordered[:3]), reverse=True)


def retold(text: str, *, by: Literal["picture", "text"], confidence: float = 0.0) -> Caption:
    source = Attribution(by, text, "1", "memes", confidence, 20 * (by == "picture"), "person", "", "")
    return Caption(text, source=source)


def test_peoples_words_stand_before_samples_that_vote_on_them() -> None:
    samples = [Caption("пёс лает"), Caption("пёс лает громко"), Caption("пёс лает днём")]
    told = [retold("кот спит дома", by="text"), retold("пёс лает на дом", by="text")]
    ordered = MBR(vote=1.0).choose([*samples, *told], None)
    assert [caption.text for caption in ordered[:2]] == ["пёс лает на дом", "кот спит дома"]
    assert {caption.text for caption in ordered[2:]} == {caption.text for caption in samples}


def test_what_was_said_of_the_same_picture_outweighs_every_text_that_is_alike() -> None:
    alike = [retold("пёс лает на дом", by="text")] * 5
    same = retold("кот спит дома", by="picture", confidence=0.9)
    assert MBR().choose([*alike, same], None)[0].text == same.text
    unsure = retold("кот спит дома", by="picture", confidence=0.05)
    assert MBR().choose([*alike, unsure], None)[0].text != same.text


def test_quoted_share_weighs_words_by_confidence() -> None:
    reading = Reading((Line("да", (0, 0, 1, 1), 0.9), Line("нет", (0, 2, 1, 3), 0.3)), 9, 9, "test")
    assert quoted_share(Caption("«да»", (Quote("Да"),)), reading) == pytest.approx(0.75)
    assert quoted_share(Caption("ничего"), reading) == 0.0
    assert quoted_share(Caption("ничего"), None) == 0.0


class Samples(Captioner):
    """Remembers the decoding it was asked for."""

    config = PartConfig(name="samples")
    encoder = None

    def generate(self, images: object, readings: list[object], decoding: object) -> list[list[Caption]]:
        self.decoding = decoding
        return [[Caption("раз"), Caption("раз два"), Caption("раз два")] for _ in readings]


def test_mbr_samples_and_other_decodings_pass_through() -> None:
    captioner = Samples()
    pipeline = Pipeline(captioner)
    [[[best, *_]]] = pipeline.write(None, [None], [MBR(n_samples=3, seed=7)])
    assert best.text == "раз два"
    assert captioner.decoding.n_candidates == 3 and captioner.decoding.seed == 7
    assert pipeline.write(None, [None], [Greedy()])[0][0][0].text == "раз"


def test_choosing_a_decoding_by_name() -> None:
    assert choose("mbr", ["n_samples=5"]) == MBR(n_samples=5)
    with pytest.raises(UsageError, match="no part named 'bim'"):
        choose("bim")
    with pytest.raises(ConfigError, match="`widht`"):
        choose("beam", ["widht=2"])


def test_a_caption_that_goes_round_stands_last() -> None:
    round_ = Caption('на фото кот и пёс "да", на фото кот и пёс')
    captions = [round_, round_, round_, Caption("на фото кот")]
    assert MBR().choose(captions, None)[0].text == "на фото кот"
    quoting = Caption('надпись "раз два три четыре", ниже "раз два три четыре"')
    assert loops(round_.text) and not loops(quoting.text)


def test_without_a_name_the_captioner_decides() -> None:
    assert choose(None) is None
    with pytest.raises(UsageError, match="belongs to a decoding"):
        choose(None, ["width=3"])
