"""Whether a text in Cyrillic letters is Russian, or visibly Ukrainian, Belarusian, Bulgarian, Serbian or another.

In: a text without what it quotes. Out: False where it breaks Russian spelling (a letter that Russian lacks; ъ before
another letter than е, ё, ю, я; an apostrophe before я or ю); where it holds a word that these languages use all the
time and Russian never; where a noun has Bulgarian's article («тревата», «морето») and no letter or ending is Russian.
Limits: a short sentence may hold nothing of this («Батько несе доньку на плечах»). Russian words with such an ending
are many («ребята», «лето»), so the last rule asks for a sentence.
"""

from __future__ import annotations

import re

_SPELLING = re.compile(r"(?![а-яё])[\u0400-\u04ff]|ъ(?=[а-яё])(?![еёюя])|[бпвмфрктнлдсз]['’ʼ][яю]")
_UKRAINIAN = (
    "що це цей ця цього цьому або його йому дуже щоб щось також вже хто хтось якого якому якою яке людина людини людину"
    " хлопчик хлопчика хлопчики хлопець хлопця дитина дитини дитину дитячий жовтий жовта червоний червона червоного"
    " чорний чорна чорного зелений зелена вулиця вулицею вулиць будинок будинку навколо позаду мабуть каже кажуть"
    " тримати грати бачить тварина тварини сонце"
)
_BULGARIAN = (
    "се са със във който която което които една едно двама трима това този тази тези като има ще към през покрай докато"
    " кучето кучета момче момчета момчето момиче момичета момичето жената човек човекът деца децата котка котката"
    " надпис седи пие разговаря тича тичат играе играят гледа гледат стои държи снима свири танцуват плуват"
)
_WORDS = re.compile(rf"\b(?:{'|'.join((_UKRAINIAN + ' ' + _BULGARIAN).split())})\b(?! ля\b)")  # «се ля ви» is Russian
_ARTICLE = re.compile(r"\b\w{2,}(?:ата|ята|ето|ото|ите)\b")
_RUSSIAN = re.compile(
    r"[ыэё]|\w(?:[еиую]т|[тс]ся|[аеи]ть|ись|ая|яя|ое|ее|ую|юю|ого|его|ому|ему|ой|ей|ий|им|ом|ем|ами|ями|ах|ях|ов|ев|сь"
    r"|[квдрптнл]е|ню|лю|шь|нь|ть)\b"
)
_SENTENCE = 4  # words


def is_russian(text: str) -> bool:
    """False where the text is visibly another language written in Cyrillic letters."""
    lower = text.lower()
    if _SPELLING.search(lower) or _WORDS.search(lower):
        return False
    return bool(_RUSSIAN.search(lower)) or not _ARTICLE.search(lower) or len(lower.split()) < _SENTENCE
