"""What was said before is retold with what stands here now; of the unknown only what the text supports is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from memecap.captioners.base import create
from memecap.captioners.remember import Remember
from memecap.captioners.template import Template
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.memory.entry import Entry
from memecap.memory.recollection import RememberedLine
from memecap.modeling.outputs import Caption
from memecap.reading.base import Reading
from tests.captioners.known import ABOVE, FOUND, READING


def made(**settings: Any) -> Remember:
    captioner = create(config.configure("captioners", {"name": "remember", **settings}))
    assert isinstance(captioner, Remember)
    return captioner


def described(captioner: Remember, reading: Reading | None) -> list[Caption]:
    return captioner.generate(None, [reading], Greedy())[0]


def test_it_retells_and_says_whose_words_they_are() -> None:
    caption = described(made(), replace(READING, recollections=(FOUND,)))[0]
    assert caption.text == 'Кот в шляпе сидит на крыше. Надпись сверху: "новый текст".'
    assert [quote.box for quote in caption.quotes] == [ABOVE]
    assert caption.source is not None
    assert caption.source.to_json() == {
        "by": "picture", "caption": FOUND.captions[0], "image_id": "a", "corpus": "memes", "confidence": 0.97,
        "inliers": 60, "written_by": "person", "link": "https://vk.com/wall-1_2", "licence": "CC-BY-4.0",
    }  # fmt: skip
    assert caption.to_json()["source"] == caption.source.to_json()


def test_of_several_the_one_that_the_others_confirm() -> None:
    odd = replace(FOUND, image_id="b", captions=("Собака плывёт по реке.",))
    like = replace(FOUND, image_id="c", captions=("Кот в шляпе сидит на крыше дома.",), confidence=0.9)
    told = described(made(), replace(READING, recollections=(odd, FOUND, like)))
    assert len(told) == 3 and told[0].text.startswith("Кот") and told[-1].text.startswith("Собака")


def test_without_a_memory_or_a_sure_recollection_it_says_what_the_template_says() -> None:
    template = Template(Template.Config())
    unsure = replace(FOUND, confidence=0.3)
    for reading in (None, READING, replace(READING, recollections=(unsure,)), replace(READING, lines=())):
        expected = template.generate(None, [reading], Greedy())[0][0]
        (caption,) = described(made(), reading)
        assert (caption.text, caption.quotes, caption.source) == (expected.text, expected.quotes, None)


def entry(name: str, caption: str, *lines: RememberedLine, size: tuple[int, int] = (100, 200)) -> Entry:
    width, height = size
    return Entry(
        image_id=name,
        group_id=name,
        corpus="memes",
        split="train",
        captions=(caption,),
        width=width,
        height=height,
        lines=lines,
    )


def test_of_the_unknown_the_description_of_one_with_such_a_text() -> None:
    captioner = made(n_alike=1)
    alike = entry("a", 'Надпись сверху: "другой текст". Ниже фото.', RememberedLine("другой текст", (10, 10, 180, 30)))
    other = entry(
        "b", 'Твит: "я пока никому не скажу"', RememberedLine("@kot 12 ч", (10, 300, 180, 330)), size=(400, 400)
    )
    doubled = replace(alike, width=200, height=400)
    captioner.know([other, doubled])
    caption = described(captioner, READING)[0]
    assert caption.text == 'Надпись сверху: "новый текст". Ниже фото.'
    assert caption.source is not None and (caption.source.by, caption.source.confidence) == ("text", 0.0)
    captioner.know([])
    assert described(captioner, READING)[0].source is None
