"""The one normalisation of text, by cases and by Unicode's own tables."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memecap.text.clean import clean

FAMILY = "👨‍👩‍👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
EMBEDDINGS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
CASES = {
    "Кот сказал: «мяу».": "Кот сказал: «мяу».",
    "до\ud83d после": "до\ufffd после",
    "\ude00\ud83d": "\ufffd\ufffd",
    "пара \ud83d\ude00": "пара 😀",
    "ко\0т\x08 \x1b[31mкрасный\x9b": "кот [31mкрасный",
    "\u202eдохув\u202c и \u2066сюда\u2069\u200e\u200f\u061c": "дохув и сюда",
    "и\u0306 е\u0308": "й ё",
    "и\u200b\u0306": "й",
    "мя\u200bг\u00adкий\u2060 зна\u200cк\ufeff": "мягкий знак",
    "раз\u00a0два\u202fтри\u3000четыре\tпять": "раз два три четыре пять",
    "раз\r\nдва\rтри\u2028четыре\x85пять\vшесть\n": "раз\nдва\nтри\nчетыре\nпять\nшесть\n",
    "пусто \u3164\u2800": "пусто   ",
    FAMILY: FAMILY,
    "❤️‍🔥 👩🏽‍💻 🙂‍↔️ 1️⃣ ©️ 🏳️‍🌈": "❤️‍🔥 👩🏽‍💻 🙂‍↔️ 1️⃣ ©️ 🏳️‍🌈",
    ENGLAND: ENGLAND,
    "к\u200dот 😀\u200d кот\ufe0f\u200d😀": "кот 😀 кот😀",
    "скрыто\U000e0041\U000e0042\U000e007f": "скрыто",
    "a  b": "a  b",
    "": "",
}


@pytest.mark.parametrize("text", CASES)
def test_cases(text: str) -> None:
    assert clean(text) == CASES[text]


wild = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn"]),
        st.sampled_from("и\u0306\u200b\u200d\ufe0f😀❤👩🏴\U000e0067\U000e007f\ud83d\ude00\u2126=\u0338\r\n"),
    ),
    max_size=12,
)


@given(wild)
def test_what_comes_out(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned
    for character in cleaned.replace("\n", ""):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
        assert unicodedata.category(character) != "Zs" or character == " "


@given(st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u2800\u115f\u1160\u3164\uffa0")))
def test_what_a_reader_sees_stays(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)
