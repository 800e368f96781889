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
#: in which order the captions of a scene name its parts
_ORDERS = (
    "who wears mood side sky place",
    "who wears mood place",
    "picture who wears side",
    "place sky who mood",
    "side who mood sky",
)
_DESCRIPTIONS: dict[Style, str] = {
    "caps": 'Надпись сверху: "{said[0]}". На картинке {seen[0]}. Надпись снизу: "{said[1]}".',
    "comic": 'Мем из двух кадров. На первом кадре {seen[0]}. Подпись: "{said[0]}". '
    'На втором кадре {seen[1]}. Подпись: "{said[1]}".',
    "bar": 'Текст сверху на белом фоне: "{said[0]}". Ниже на картинке {seen[0]}.',
    "demotivator": 'Демотиватор в чёрной рамке. На картинке {seen[0]}. Заголовок: "{said[0]}". Подпись: "{said[1]}".',
    "tweet": 'Твит пользователя {author}: "{said[0]}". К твиту прикреплена картинка: {seen[0]}.',
}
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
        """The Russian description in the words of a describing community, quotes included."""
        seen = [russian(scene) for scene in self.scenes]
        return _DESCRIPTIONS[self.style].format(said=self.texts, seen=seen, author=self.author)


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
    first = phrases.title(rng, half) if style == "demotivator" else phrases.opening(rng, half)
    if style in ("bar", "tweet"):
        return Meme(style, scenes, (first,), author=phrases.author(rng) if style == "tweet" else "")
    second = phrases.answer(rng, half)
    if style != "comic":
        first = first.upper()
    return Meme(style, scenes, (first, second.upper() if style == "caps" else second))


def russian(scene: Scene) -> str:
    """«рыжий кот в чёрной шляпе плачет слева под радугой на фоне зелёного леса»."""
    return _tell(scene, _ORDERS[0])[0]


def english(scene: Scene) -> str:
    """ "an orange cat in a black hat is crying on the left under a rainbow in front of a green forest"."""
    return _tell(scene, _ORDERS[0])[1]


def captions(scene: Scene) -> list[tuple[str, str]]:
    """Five (English, Russian) captions of one scene, as five people would write them, from full to brief."""
    told = [_tell(scene, order) for order in _ORDERS]
    return [(_sentence(in_english), _sentence(in_russian)) for in_russian, in_english in told]


def _tell(scene: Scene, order: str) -> tuple[str, str]:
    """A scene in Russian and in English, its parts in the given order."""
    noun, gender, english_noun = KINDS[scene.kind]
    stem, ending = COLOURS[scene.colour]
    article = "an" if scene.colour == "orange" else "a"
    parts = {
        "who": (f"{stem}{_ENDINGS[ending][gender]} {noun}", f"{article} {scene.colour} {english_noun}"),
        "wears": WEARS[scene.wears],
        "mood": MOODS[scene.mood],
        "side": SIDES[scene.side],
        "sky": SKIES[scene.sky],
        "place": PLACES[scene.place],
        "picture": ("на картинке", "the picture shows"),
    }
    in_russian, in_english = zip(*(parts[name] for name in order.split()), strict=True)
    return " ".join(filter(None, in_russian)), " ".join(filter(None, in_english))


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
