"""Where quotes begin and end: the expected spans stand in ⟦brackets⟧ inside the text."""

from __future__ import annotations

import pytest

from memecap.metrics._quoting import quotes, scene

TEXTS = [
    'Надпись: "⟦привет⟧". Ниже кот.',
    "Надпись: «⟦привет⟧», а снизу «⟦пока⟧».",
    'Текст: "⟦он сказал: «иди сюда» и ушёл⟧".',
    'Подпись: "⟦стартовый набор "новая жизнь"⟧". Ниже фото.',
    'Подпись: "⟦"отключите ваш adblock"⟧".',
    'Подпись: "⟦когда ты нажимаешь "опубликовать"⟧" и ничего.',
    "Надпись “⟦в шляпе⟧”, рядом „⟦низкие⟧“.",
    'Кавычка не закрыта: "⟦текст до конца',
    'Забыли: "раз. Ниже сериал "⟦Гриффины⟧".',
    'дюймов 15" и всё',
    '"⟦с самого начала⟧" и до конца',
    'вот ("⟦в скобках⟧") так',
    'пусто "" и " " тут',
    'твит: "⟦я: *молчу*⟧"—конец',
    "нет никаких цитат",
    "",
]


@pytest.mark.parametrize("marked", TEXTS)
def test_spans(marked):
    text = marked.replace("⟦", "").replace("⟧", "")
    expected = [part.split("⟧")[0] for part in marked.split("⟦")[1:]]
    assert quotes(text) == [span.replace("⟧", "") for span in expected]


def test_the_scene_is_what_is_left():
    assert scene('Кот: "мяу мяу". Ниже «гав» пёс.') == "Кот: . Ниже пёс."
    assert scene("без цитат") == "без цитат"
