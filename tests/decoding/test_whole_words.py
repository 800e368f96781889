"""Whatever is drawn, outside marks stand only words that were given."""

from __future__ import annotations

import re

import pytest
import torch

from memecap.decoding.engines.whole_words import WholeWords, words_in
from memecap.text.bpe import BPE

TEXTS = ["на диване лежит чёрно-белый кот", "кто-то поёт: на столе 2 кота, и ещё… кот!", "диванный столик ёлка"]
MARK = "<|0|>"


def spelled_by(tokenizer: BPE, marks: set[int]) -> list[str | None]:
    texts = [tokenizer.decode([i], strip=False) for i in range(tokenizer.size)]
    return [None if i in marks else "" if "\ufffd" in text else text for i, text in enumerate(texts)]


def rule_of(texts: list[str], vocab_size: int = 340) -> tuple[BPE, WholeWords]:
    tokenizer = BPE.learn(texts, vocab_size=vocab_size, marks=[MARK])
    marks = {tokenizer.end_id, tokenizer.mark_id(MARK)}
    return tokenizer, WholeWords(words_in(texts), spelled_by(tokenizer, marks))


@pytest.mark.parametrize("seed", range(20))
def test_captions_drawn_by_chance_hold_known_words_only(seed: int) -> None:
    tokenizer, rule = rule_of(TEXTS)
    generator, ids = torch.Generator().manual_seed(seed), torch.empty((8, 0), dtype=torch.long)
    for _ in range(60):
        scores = rule(ids, torch.zeros(8, tokenizer.size))
        ids = torch.cat([ids, scores.softmax(-1).multinomial(1, generator=generator)], dim=1)
    known = {"на", "диване", "лежит", "чёрно-белый", "кот", "кто-то", "поёт", "столе", "2", "кота", "и", "ещё"}
    known |= {"диванный", "столик", "ёлка"}
    marks = {tokenizer.end_id, tokenizer.mark_id(MARK)}
    for row in ids.tolist():
        parts = [" " if i in marks else tokenizer.decode([i], strip=False) for i in row]
        assert "\ufffd" not in "".join(parts)
        *whole, last = re.findall(r"[\w-]+", "".join(parts))  # the last may be half written
        assert set(whole) <= known and any(word.startswith(last) for word in known)


def test_every_text_that_was_given_may_be_written() -> None:
    tokenizer, rule = rule_of(TEXTS)
    for text in TEXTS:
        ids = [*tokenizer.encode(text), tokenizer.end_id]
        for end, token in enumerate(ids):
            scores = rule(torch.tensor([ids[:end]], dtype=torch.long), torch.zeros(1, tokenizer.size))
            assert scores[0, token] == 0, (text, tokenizer.decode(ids[:end]), tokenizer.decode([token]))


def test_a_word_that_no_ids_can_end_is_never_begun() -> None:
    tokenizer, _ = rule_of(TEXTS)
    spelled = spelled_by(tokenizer, {tokenizer.end_id})
    rule = WholeWords(["кот", "кот𝄞"], spelled)
    allowed = rule.allowed("кот")
    assert allowed[tokenizer.end_id] and not any(
        allowed[i] for i, text in enumerate(spelled) if text and text.isalpha()
    )
