"""Where quotes begin and end: the expected spans stand in ⟦brackets⟧ inside the text."""

from __future__ import annotations

import pytest
from hostile_texts import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from memecap.quoting import matching
from memecap.scoring.presets import preset
from memecap.text.quotes import MARKS, quotable, quotes, scene, spans, unmarked

TEXTS = [
    'Надпись: "⟦привет⟧". Ниже кот.',
    "Надпись: «⟦привет⟧», а снизу «⟦пока⟧».",
    'Текст: "⟦он сказал: «иди сюда» и ушёл⟧".',
    'Подпись: "⟦стартовый набор "новая жизнь"⟧". Ниже фото.',
    'Подпись: "⟦"отключите ваш adblock"⟧".',
    'Подпись: "⟦когда ты нажимаешь "опубликовать"⟧" и ничего.',
    "Надпись “⟦в шляпе⟧”, рядом „⟦низкие⟧“.",
    'Кавычка не закрыта: "⟦текст до конца⟧',
    'Забыли: "раз. Ниже сериал "⟦Гриффины⟧".',
    'дюймов 15" и всё',
    '"⟦с самого начала⟧" и до конца',
    'вот ("⟦в скобках⟧") так',
    'пусто "" и " " тут',
    'твит: "⟦я: *молчу*⟧"—конец',
    "нет никаких цитат",
    "",
    # marks of other hands, keyboards and markup
    "сверху ``⟦привет⟧'' и ''⟦пока⟧''.",
    "сверху '⟦привет⟧' и ‘⟦пока⟧’, ещё `⟦да⟧'.",
    "'⟦x⟧' и ‘⟦я⟧’",
    "сверху <<⟦привет⟧>> и <<⟦пока⟧>>.",
    "сверху &laquo;⟦привет⟧&raquo;, &quot;⟦пока⟧&quot;, &#34;⟦да⟧&#34;",
    "по-немецки »⟦привет⟧« и »⟦пока⟧«.",
    "„⟦один⟧” ”⟦два⟧” „⟦три⟧\" ‹⟦четыре⟧›",
    "вложено «⟦раз ‹два› „три“ 'четыре' пять⟧» и «⟦шесть⟧»",
    "«⟦снаружи «внутри» снаружи⟧»",
    "'⟦он сказал \"да\"⟧' и ушёл",
    'надпись: "⟦первая\nвторая\nтретья⟧".',
    "«⟦привет⟧»,«⟦пока⟧»;«⟦да⟧»!",
    'надпись:"⟦слитно⟧".Ниже:«⟦тоже⟧»',
    # apostrophes and inches
    "д'Артаньян и об'єкт don't won’t",
    "the dogs' bowls, rock 'n' roll, the '90s kids' show",
    "«⟦I don't know⟧» и '⟦да⟧'",
    "the boys' club and 'em",
    'пара 5" труб и 7\'2" рост',
    'надпись "⟦экран 32" за копейки⟧" и кот',
    "«⟦экран 32\" за копейки⟧» и кот",
    'экран 15 " и всё, надпись "⟦да⟧"',
    'экран 15 " и всё',
    # mistakes
    "«⟦разные⟧\" и \"⟦другие⟧»",
    "«⟦он сказал \"привет⟧» и ушёл",
    "лишняя» закрывающая",
    "a << 2 и b > c",
    "не закрыта 'одиночная и <<двойная и ``латех",
    "»не закрыта, «⟦закрыта⟧»",
    'надпись: "⟦не закрыта, \'внутри\' одиночные⟧',
    # tokens joined by spaces, as they are stored
    'надпись : " ⟦привет мир⟧ " ниже " ⟦пока⟧ " .',
    "надпись : `` ⟦привет мир⟧ '' ниже « ⟦пока⟧ » .",
    "« ⟦он \" сказал \" да⟧ »",
]  # fmt: skip


@pytest.mark.parametrize("marked", TEXTS)
def test_spans(marked):
    text = marked.replace("⟦", "").replace("⟧", "")
    expected = [part.split("⟧")[0] for part in marked.split("⟦")[1:]]
    assert quotes(text) == expected


@pytest.mark.parametrize("marked", TEXTS)
def test_captioner_and_metric_see_the_same_quotes(marked):
    text = marked.replace("⟦", "").replace("⟧", "")
    returned = [quote.text for quote in matching.find(text, None)]
    chosen = preset("ru-words")
    scored = chosen.prepare(text, "quotes")
    assert scored == "\n".join(" ".join(chosen.words(words)) for words in returned)


def test_the_scene_is_what_is_left():
    assert scene('Кот: "мяу мяу". Ниже «гав» пёс.') == "Кот: . Ниже пёс."
    assert scene("Кот: &laquo;мяу&raquo;, ``гав'' и <<му>>.") == "Кот: , и ."
    assert scene('Кот: "мяу') == "Кот:"
    assert scene("без цитат") == "без цитат"


@given(st.text(alphabet="аб \n'`\"«»„“”‘’<>5&quot;.,-", max_size=40))
def test_spans_are_apart_in_order_and_marked(text):
    end = 0
    for span in spans(text):
        assert end <= span.opened < span.start < span.end <= span.closed <= len(text)
        end = span.closed


@given(st.text(alphabet="аб 5'\"«»„“”‘’<>&quot;.,-(", max_size=20))
def test_what_was_made_quotable_is_one_quote(line):
    inside = quotable(line)
    if inside.strip():
        assert quotes(f'надпись: "{inside}". Ниже «кот».') == [inside.strip(), "кот"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_one_quote_once_made_quotable(text):
    inside = quotable(text).strip()
    assert quotes(f'надпись: "{inside}".') == [inside]
    assert not MARKS & set(unmarked(text))


def test_a_long_run_of_marks_is_one_pass():
    """Ten times the marks, ten times the looks at characters: counted, not timed."""

    class Counted(str):
        looks = 0

        def __getitem__(self, key):
            type(self).looks += 1
            return super().__getitem__(key)

    def looks(n: int) -> int:
        Counted.looks = 0
        spans(Counted("\"«'„`<<" * n))
        return Counted.looks

    assert looks(1000) <= 11 * looks(100)
