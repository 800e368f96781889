"""Every word of the pages stands in both languages, with the same places to fill in, and is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memecap.errors import UsageError
from memecap.report import words as words_module
from memecap.report.words import LANGUAGES, words

HERE = Path(words_module.__file__).parent
IN_RUSSIAN_ONLY = {"rate", "leaderboard"}  # for judges of Russian captions, and for a board of them
PLACE = re.compile(r"\{\w+\}")


def flat(told: dict) -> dict[str, str]:
    return {
        f"{key}.{inner}" if inner else key: text
        for key, value in told.items()
        for inner, text in (value.items() if isinstance(value, dict) else [("", value)])
    }


def test_the_languages_say_the_same_things():
    russian, english = (flat(words(language)) for language in LANGUAGES)
    assert russian.keys() == english.keys()
    for key, text in russian.items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(english[key])), key
        assert text.strip() and not re.search("[а-яё]", english[key], re.IGNORECASE), key


def test_no_word_stands_in_a_page_or_its_script():
    pages = [path for path in [*HERE.glob("*.html"), *HERE.glob("*.js")] if path.stem not in IN_RUSSIAN_ONLY]
    assert len(pages) >= 4
    for path in pages:
        assert not re.search("[а-яё]{2}", path.read_text(encoding="utf-8"), re.IGNORECASE), path.name


def test_what_a_page_asks_for_is_there():
    told = words("ru")
    for path in [*HERE.glob("*.html"), *HERE.glob("*.js"), HERE / "content.py"]:
        text = path.read_text(encoding="utf-8")
        keys = re.findall(r"\$w_(\w+)|say\(\"(\w+)\"|told\[\"(\w+)\"\]", text)
        assert {next(filter(None, found)) for found in keys} <= told.keys(), path.name


def test_another_language_is_refused_by_name():
    with pytest.raises(UsageError, match="de"):
        words("de")
