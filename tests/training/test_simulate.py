"""Simulated readings: made of the quotes, noisy at the stated rates, repeatable."""

from __future__ import annotations

import random

from memecap.training.simulated_reading import Noise, simulate_reading

CAPTION = 'Кот говорит: "где моя еда". Надпись снизу: «уже утро, вставай»'
NONE = Noise(lose_line=0, lose_word=0, alter_letter=0, add_speck=0, capitals=0)


def test_without_noise_it_is_the_quotes() -> None:
    assert simulate_reading(CAPTION, random.Random(1), NONE).text == "где моя еда уже утро, вставай"


def test_the_same_seed_gives_the_same_reading() -> None:
    assert simulate_reading(CAPTION, random.Random(5)) == simulate_reading(CAPTION, random.Random(5))
    assert len({simulate_reading(CAPTION, random.Random(seed)).text for seed in range(20)}) > 10


def test_a_caption_that_quotes_nothing() -> None:
    assert simulate_reading("кот спит", random.Random(0)).lines == ()


def test_rates() -> None:
    quoted = " ".join(["слово"] * 2000)
    rng = random.Random(0)
    found = simulate_reading(
        f'"{quoted}"', rng, Noise(lose_line=0, lose_word=0.25, alter_letter=0, add_speck=0, capitals=0)
    )
    assert 0.7 < len(found.text.split()) / 2000 < 0.8
    altered = simulate_reading(
        f'"{quoted}"', rng, Noise(lose_line=0, lose_word=0, alter_letter=0.1, add_speck=0, capitals=0)
    )
    whole = sum(word == "слово" for word in altered.text.split()) / 2000
    assert 0.9**5 - 0.05 < whole < 0.9**5 + 0.07  # a letter may be replaced by itself
    assert simulate_reading(f'"{quoted}"', rng, Noise(capitals=1)).text.isupper()
