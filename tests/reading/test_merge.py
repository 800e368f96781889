"""Words of several passes → rows, each place read once, by the pass that read it best."""

from memecap.reading.engine.layout import in_reading_order
from memecap.reading.engine.merge import Seen, into_rows, merge, overlap
from memecap.reading.engine.passes import Word
from memecap.reading.engine.words import bare, plausibility


def word(text: str, left: int, top: int, confidence: float = 0.9, *, height: int = 20) -> Word:
    return Word(text, (left, top, left + 12 * len(text), top + height), confidence, 0)


def texts(rows) -> list[str]:
    return [" ".join(seen.word.text for seen in row) for row in rows]


def test_words_side_by_side_are_a_row_whatever_their_order():
    words = [word("домой", 100, 52), word("пришел", 20, 50), word("утром", 20, 90)]
    assert texts(into_rows(Seen(each, 0) for each in words)) == ["пришел домой", "утром"]


def test_far_words_of_one_height_are_two_rows():
    words = [word("слева", 0, 50), word("справа", 400, 50)]
    assert texts(into_rows(Seen(each, 0) for each in words)) == ["слева", "справа"]


def test_the_better_reading_of_a_place_wins():
    torn = [word("при", 20, 50, 0.5), word("шел", 60, 50, 0.4)]
    whole = [word("пришел", 20, 50, 0.9), word("домой", 100, 50, 0.9)]
    assert texts(merge([torn, whole])) == ["пришел домой"]
    assert texts(merge([whole, torn])) == ["пришел домой"]


def test_passes_complete_each_other():
    assert texts(merge([[word("сверху", 20, 10)], [word("снизу", 20, 300)]])) == ["сверху", "снизу"]


def test_a_good_word_beside_a_row_is_added_and_dust_is_not():
    row = [word("когда", 20, 50), word("приходишь", 90, 50)]
    more = [word("когда", 20, 50, 0.8), word("домой", 210, 50, 0.9), word("~|", 290, 50, 0.3)]
    assert texts(merge([row, more])) == ["когда приходишь домой"]


def test_votes_count_the_passes_that_agree():
    rows = merge([[word("Кот", 20, 50)], [word("кот", 21, 50, 0.7)], [word("рот", 20, 50, 0.6)]])
    assert [seen.votes for row in rows for seen in row] == [2]


def test_nothing_read_is_no_rows():
    assert merge([]) == []
    assert merge([[], []]) == []


def test_plausibility_prefers_words():
    assert plausibility("кот") > plausibility("flabbergast") > plausibility("ктщ") > plausibility("kот")


def test_bare_and_overlap():
    assert bare("Ёж, №5!") == "еж5"
    assert overlap((0, 0, 10, 10), (5, 0, 25, 10)) == 0.5
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


def test_columns_are_read_one_after_the_other_and_panels_from_the_top():
    rows = [
        [Seen(word("заголовок", 20, 10), 0), Seen(word("сверху", 140, 10), 0), Seen(word("всего", 225, 10), 0)],
        [Seen(word("лево-раз", 20, 100), 0)],
        [Seen(word("право-раз", 200, 102), 0)],
        [Seen(word("лево-два", 20, 130), 0)],
        [Seen(word("право-два", 200, 132), 0)],
    ]
    expected = ["заголовок сверху всего", "лево-раз", "лево-два", "право-раз", "право-два"]
    assert texts(in_reading_order(list(reversed(rows)))) == expected
