"""The grammar: equal seeds tell equal stories, and the two halves share nothing that is written or seen."""

from __future__ import annotations

import random
import re

import pytest
from train_gpt2 import misread
from train_ruclip import FAMILY, family, neighbour, what_is_seen

from memecap.demo import grammar, phrases
from memecap.demo.grammar import Scene
from memecap.demo.world import memes


def _drawn(half, count=300, seed=0):
    rng = random.Random(seed)
    return [grammar.meme(rng, half) for _ in range(count)]


def test_equal_seeds_give_equal_memes():
    assert _drawn("wall", 20) == _drawn("wall", 20)


@pytest.mark.parametrize("seed", [1, 2])
def test_halves_share_no_text_and_no_scene(seed):
    school, wall = _drawn("school", seed=seed), _drawn("wall", seed=seed + 10)
    texts = [{text.lower() for meme in half for text in meme.texts} for half in (school, wall)]
    scenes = [{scene for meme in half for scene in meme.scenes} for half in (school, wall)]
    assert texts[0].isdisjoint(texts[1])
    assert scenes[0].isdisjoint(scenes[1])


def test_memes_of_the_wall_repeat_no_text():
    wall = memes(200)
    texts = [text.lower() for meme in wall for text in meme.texts]
    assert len(texts) == len(set(texts))
    assert {phrases.half_of(text) for text in texts} == {"wall"}


def test_a_description_quotes_every_text_as_it_is_written():
    for meme in _drawn("wall", 100):
        assert re.findall(r'"([^"]*)"', meme.description) == list(meme.texts)
        assert all(grammar.russian(scene) in meme.description for scene in meme.scenes)


@pytest.mark.parametrize(
    ("scene", "russian", "english"),
    [
        (
            Scene("cat", "orange", "hat", "cry", "left", "rainbow", "forest"),
            "рыжий кот в чёрной шляпе плачет слева под радугой на фоне зелёного леса",
            "an orange cat in a black hat is crying on the left under a rainbow in front of a green forest",
        ),
        (
            Scene("cloud", "blue", "", "sleep", "centre", "", "space"),
            "синее облако спит в центре в открытом космосе",
            "a blue cloud is sleeping in the middle in outer space",
        ),
    ],
)
def test_a_scene_in_both_languages(scene, russian, english):
    assert grammar.russian(scene) == russian
    assert grammar.english(scene) == english


def test_five_captions_are_sentences_in_two_languages():
    for english, russian in grammar.captions(grammar.scene(random.Random(3), "wall")):
        assert re.fullmatch(r"[A-Z][a-z ]+\.", english)
        assert re.fullmatch(r"[А-ЯЁ][а-яё ]+\.", russian)


def test_a_neighbour_differs_in_one_trait_and_stays_in_its_half():
    rng = random.Random(4)
    for _ in range(50):
        scene = grammar.scene(rng, "school")
        other = neighbour(scene, rng)
        changed = [trait for trait in Scene.__dataclass_fields__ if getattr(scene, trait) != getattr(other, trait)]
        assert len(changed) == 1
        assert phrases.half_of(grammar.russian(other)) == "school"


def test_a_family_is_told_apart_by_what_is_seen():
    rng = random.Random(5)
    for _ in range(10):
        members = {what_is_seen(world) for world in family(rng)}
        assert len(members) == FAMILY
        assert all('"' not in text for text in members)


def test_misread_lines_keep_most_words():
    rng = random.Random(6)
    lines = [" ".join(meme.texts) for meme in _drawn("school", 200)]
    kept = sum(word in misread([line], rng)[0].split() for line in lines for word in line.split())
    assert 0.8 < kept / sum(len(line.split()) for line in lines) < 1
