"""Pictures that nobody calls a meme: each gets a sensible caption, in a gigabyte."""

from __future__ import annotations

import json
import random
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from memecap.demo.lettering import font

WORDS = re.findall(r"\w+", "кот собака дом мама пришёл сегодня работа понедельник утром кофе когда жизнь друзья")
GIGABYTE = 1_000_000  # of the kilobytes in which Linux counts
SAYING = "Когда наступил понедельник"


def written(text: str, size: tuple[int, int], *, letters: int, place: tuple[int, int] = (20, 20)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text(place, text, font=font(letters), fill="black")
    return image


def page() -> Image.Image:
    chance = random.Random(0)
    lines = [" ".join(chance.choices(WORDS, k=20)) for _ in range(100)]
    image = Image.new("RGB", (2000, 2600), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((20, 20 + 25 * number), line, font=font(18), fill="black")
    return image


def saying() -> Image.Image:
    return written(SAYING, (640, 480), letters=36)


PICTURES = {
    "without text": lambda: Image.new("RGB", (640, 480), "lightblue"),
    "only a watermark": lambda: written("vk.com/textmeme", (640, 480), letters=16, place=(450, 455)),
    "2,000 words": page,
    "upside down": lambda: saying().rotate(180),
    "30 pixels": lambda: saying().resize((30, 30)),
    "8,000 pixels wide": lambda: written(SAYING, (8000, 600), letters=120, place=(300, 200)),
    "64 megapixels": lambda: saying().resize((8000, 8000)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PICTURES)
def test_an_odd_picture_gets_a_caption(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path / "cache"))
    PICTURES[kind]().save(tmp_path / "odd.png")
    command = [sys.executable, "-m", "memecap", "caption", "--json", str(tmp_path / "odd.png")]
    record = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(kind, record["seconds"], "s")
    assert record["error"] is None
    said = record["caption"].lower()
    if kind in ("without text", "only a watermark", "30 pixels"):
        assert said == "картинка без надписи."
    if kind == "2,000 words":
        assert sum(word in WORDS for word in said.replace('"', " ").split()) > 1800
    if "wide" in kind or "mega" in kind:
        assert SAYING.lower() in said
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < GIGABYTE
