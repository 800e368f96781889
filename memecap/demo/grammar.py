"""One grammar for the painted world: a scene, its Russian and English captions, and memes with Russian descriptions.

A random generator goes in; frozen `Scene` and `Meme` come out, which `painter.py` paints. Sentences carry what only
the picture tells (who, which colour, wearing what, doing what, where), and memes quote what is written on them, in the
manner of the descriptions that Russian communities write for people who do not see.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from memecap.demo import phrases
from memecap.demo.phrases import Half

Style = Literal["caps", "comic", "bar", "demotivator", "tweet"]
STYLES: tuple[Style, ...] = ("caps", "caps", "caps", "comic", "comic", "comic", "bar", "bar", "demotivator", "tweet")

#: kind → (Russian noun, its gender m f n, English noun)
KINDS = {
    "cat": ("кот", "m", "cat"),
    "dog": ("собака", "f", "dog"),
    "fish": ("рыба", "f", "fish"),
    "bird": ("птица", "f", "bird"),
    "robot": ("робот", "m", "robot"),
    "ghost": ("привидение", "n", "ghost"),
    "frog": ("лягушка", "f", "frog"),
    "octopus": ("осьминог", "m", "octopus"),
    "cactus": ("кактус", "m", "cactus"),
    "cup": ("чашка", "f", "cup"),
    "snowman": ("снеговик", "m", "snowman"),
    "cloud": ("облако", "n", "cloud"),
}
#: colour → (stem and hardness of the Russian adjective, English)
COLOURS = {
    "red": ("красн", "ый"),
    "orange": ("рыж", "ий"),
    "yellow": ("жёлт", "ый"),
    "green": ("зелён", "ый"),
    "blue": ("син", "ий"),
    "purple": ("фиолетов", "ый"),
    "pink": ("розов", "ый"),
    "grey": ("сер", "ый"),
}
WEARS = {
    "": ("", ""),
    "hat": ("в чёрной шляпе", "in a black hat"),
    "glasses": ("в тёмных очках", "in dark glasses"),
    "crown": ("в золотой короне", "in a golden crown"),
    "balloon": ("с воздушным шариком", "with a balloon"),
    "scarf": ("в полосатом шарфе", "in a striped scarf"),
}
MOODS = {
    "smile": ("улыбается", "is smiling"),
    "cry": ("плачет", "is crying"),
    "angry": ("злится", "is angry"),
    "sleep": ("спит", "is sleeping"),
    "wonder": ("удивляется", "is surprised"),
}
SIDES = {"left": ("слева", "on the left"), "centre": ("в центре", "in the middle"), "right": ("справа", "on the right")}
SKIES = {
    "": ("", ""),
    "sun": ("под ярким солнцем", "under the bright sun"),
    "rainbow": ("под радугой", "under a rainbow"),
    "rain": ("под дождём", "in the rain"),
    "moon": ("под луной", "under the moon"),
}
PLACES = {
    "forest": ("на фоне зелёного леса", "in front of a green forest"),
    "sea": ("на фоне синего моря", "in front of a blue sea"),
    "mountains": ("на фоне высоких гор", "in front of high mountains"),
    "city": ("на фоне большого города", "in front of a big city"),
    "desert": ("на фоне жёлтой пустыни", "in front of a yellow desert"),
    "room": ("в комнате с обоями", "in a room with wallpaper"),
    "snow": ("на фоне снежного поля", "in front of a snowy field"),
    "space": ("в открытом космосе", "in outer space"),
}
WITHOUT_SKY = ("room", "space")  # no weather there
_ENDINGS = {"ый": {"m": "ый", "f": "ая", "n": "ое"}, "ий": {"m": "ий", "f": "ая", "n": "ее"}}


@dataclass(frozen=True, slots=True)
class Scene:
    """One character somewhere: keys of the tables above."""

    kind: str
    colour: str
    wears: str
    mood: str
    side: str
    sky: str
    place: str


@dataclass(frozen=True, slots=True)
class Meme:
    """A picture with text: one scene, or two for a comic; the texts from top to bottom as they are written."""

    style: Style
    scenes: tuple[Scene, ...]
    texts: tuple[str, ...]
    author: str = ""

    @property
    def description(self) -> str:
        """The Russian description, quotes included."""
        return describe(self)


def scene(rng: random.Random, half: Half) -> Scene:
    """A scene of one half of the world; indoors and in space there is no weather."""
    while True:
        place = rng.choice(list(PLACES))
        sky = "" if place in WITHOUT_SKY else rng.choice(list(SKIES))
        drawn = Scene(
            kind=rng.choice(list(KINDS)),
            colour=rng.choice(list(COLOURS)),
            wears=rng.choice(list(WEARS)),
            mood=rng.choice(list(MOODS)),
            side=rng.choice(list(SIDES)),
            sky=sky,
            place=place,
        )
        if phrases.half_of(russian(drawn)) == half:
            return drawn


def meme(rng: random.Random, half: Half) -> Meme:
    """A meme of one half of the world."""
    style = rng.choice(STYLES)
    scenes = tuple(scene(rng, half) for _ in range(2 if style == "comic" else 1))
    if style in ("caps", "comic"):
        return Meme(style, scenes, _upper_if(style == "caps", phrases.opening(rng, half), phrases.answer(rng, half)))
    if style == "demotivator":
        return Meme(style, scenes, (phrases.title(rng, half).upper(), phrases.answer(rng, half)))
    if style == "tweet":
        return Meme(style, scenes, (phrases.opening(rng, half),), author=phrases.author(rng))
    return Meme(style, scenes, (phrases.opening(rng, half),))


def russian(scene: Scene) -> str:
    """«рыжий кот в чёрной шляпе плачет слева под радугой на фоне зелёного леса»."""
    noun, gender, _ = KINDS[scene.kind]
    stem, ending = COLOURS[scene.colour]
    return _join(
        stem + _ENDINGS[ending][gender],
        noun,
        WEARS[scene.wears][0],
        MOODS[scene.mood][0],
        SIDES[scene.side][0],
        SKIES[scene.sky][0],
        PLACES[scene.place][0],
    )


def english(scene: Scene) -> str:
    """ "an orange cat in a black hat is crying on the left under a rainbow in front of a green forest"."""
    article = "an" if scene.colour == "orange" else "a"
    return _join(
        article,
        scene.colour,
        KINDS[scene.kind][2],
        WEARS[scene.wears][1],
        MOODS[scene.mood][1],
        SIDES[scene.side][1],
        SKIES[scene.sky][1],
        PLACES[scene.place][1],
    )


def captions(scene: Scene) -> list[tuple[str, str]]:
    """Five (English, Russian) captions of one scene, as five people would write them, from full to brief."""
    noun, gender, english_noun = KINDS[scene.kind]
    stem, ending = COLOURS[scene.colour]
    who_ru, who_en = f"{stem}{_ENDINGS[ending][gender]} {noun}", f"{scene.colour} {english_noun}"
    article = "an" if scene.colour == "orange" else "a"
    (wears_ru, wears_en), (mood_ru, mood_en) = WEARS[scene.wears], MOODS[scene.mood]
    (side_ru, side_en), (sky_ru, sky_en) = SIDES[scene.side], SKIES[scene.sky]
    place_ru, place_en = PLACES[scene.place]
    pairs = [
        (english(scene), russian(scene)),
        (_join(article, who_en, wears_en, mood_en, place_en), _join(who_ru, wears_ru, mood_ru, place_ru)),
        (
            _join("the picture shows", article, who_en, wears_en, side_en),
            _join("на картинке", who_ru, wears_ru, side_ru),
        ),
        (_join(place_en, sky_en, article, who_en, mood_en), _join(place_ru, sky_ru, who_ru, mood_ru)),
        (_join(side_en, article, who_en, mood_en, sky_en), _join(side_ru, who_ru, mood_ru, sky_ru)),
    ]
    return [(_sentence(en), _sentence(ru)) for en, ru in pairs]


def describe(meme: Meme) -> str:
    """A meme in the words of a describing community."""
    said = [f'"{text}"' for text in meme.texts]
    seen = [russian(scene) for scene in meme.scenes]
    if meme.style == "comic":
        return (
            f"Мем из двух кадров. На первом кадре {seen[0]}. Подпись: {said[0]}. "
            f"На втором кадре {seen[1]}. Подпись: {said[1]}."
        )
    if meme.style == "caps":
        return f"Надпись сверху: {said[0]}. На картинке {seen[0]}. Надпись снизу: {said[1]}."
    if meme.style == "demotivator":
        return f"Демотиватор в чёрной рамке. На картинке {seen[0]}. Заголовок: {said[0]}. Подпись: {said[1]}."
    if meme.style == "tweet":
        return f"Твит пользователя {meme.author}: {said[0]}. К твиту прикреплена картинка: {seen[0]}."
    return f"Текст сверху на белом фоне: {said[0]}. Ниже на картинке {seen[0]}."


def _upper_if(upper: bool, *lines: str) -> tuple[str, ...]:
    return tuple(line.upper() if upper else line for line in lines)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
