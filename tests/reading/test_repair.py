"""Each rule alone: a row that it mends, and rows that it must leave as they are. `|` parts words, `_` is a wide gap."""

import pytest

from memecap.reading.engine import repair
from memecap.reading.engine.merge import Seen
from memecap.reading.engine.passes import Word


def row(text: str, *, confidence: float = 0.6, votes: int = 1) -> list[Seen]:
    seen, left = [], 0
    for part in text.split("|"):
        left += 40 * part.count("_")
        part = part.replace("_", "")
        seen.append(Seen(Word(part, (left, 0, left + 10 * len(part), 20), confidence, 0), 0, votes))
        left += 10 * len(part) + 6
    return seen


def text(seen: list[Seen]) -> str:
    return "|".join(each.word.text for each in seen)


CASES = """
drop_dust: nl|когда|пришел|~e → когда|пришел
drop_dust: 5|раз → 5|раз
drop_dust: ul|Q →
cyrillic_look_alikes: KOГДА|MOTOP|сломался → КОГДА|МОТОР|сломался
cyrillic_look_alikes: смотрю|Twitter → смотрю|Twitter
cyrillic_look_alikes: CAT|MOP → CAT|MOP
join_torn: приг|лашение|пришло → приглашение|пришло
join_torn: приг|_лашение → приг|лашение
join_torn: по|том → по|том
split_glued: винтернете|темно → в|интернете|темно
split_glued: НЕБЫЛ → НЕ|БЫЛ
split_glued: небо|нравится → небо|нравится
split_glued: weekend → weekend
split_glued: инесмог → и|не|смог
split_glued: инежщог → инежщог
latin_look_alikes: when|ТНЕ|САТ|ХЪЖ → when|THE|CAT|ХЪЖ
latin_look_alikes: сом|и|кот → сом|и|кот
latin_look_alikes: the|кот → the|кот
"""


@pytest.mark.parametrize("case", CASES.strip().split("\n"))
def test_rule(case):
    rule, _, texts = case.partition(": ")
    before, after = (side.strip() for side in texts.split("→"))
    assert text(getattr(repair, rule)(row(before))) == after


def test_dust_that_several_passes_saw_stays():
    assert text(repair.drop_dust(row("ул|Ленина", votes=3))) == "ул|Ленина"


def test_hyphens_join_lines_only_into_words():
    rows = [row("встаньте|и|подвигай-"), row("тесь|немного"), row("кто-"), row("рыба")]
    assert [text(each) for each in repair.join_hyphens(rows)] == ["встаньте|и|подвигайтесь", "немного", "кто-", "рыба"]


def test_a_line_of_one_torn_half_disappears():
    rows = [row("подвигай-"), row("тесь")]
    assert [text(each) for each in repair.join_hyphens(rows)] == ["подвигайтесь"]


def test_split_words_share_the_box():
    first, second = repair.split_glued(row("винтернете"))
    assert first.word.box == (0, 0, 10, 20)
    assert second.word.box == (10, 0, 100, 20)


def test_repair_leaves_out_rows_of_dust_and_keeps_the_order():
    assert [text(each) for each in repair.repair([row("когда"), row("ul"), row("винтернете")])] == [
        "когда",
        "в|интернете",
    ]
