"""The embedded world on disk: a wall of painted memes for the local VK server, and painted photographs with captions.

In: a folder and how many. Out: JPEG files, posts that name them, a table in a form that Flickr30k is handed around in.
Everything is of the `wall` half: no line and no scene here was shown to the checkpoints that are shipped.
"""

from __future__ import annotations

import io
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from memecap.core import storage
from memecap.core.parallel import parallel_map
from memecap.demo import grammar
from memecap.demo.grammar import Meme, Scene
from memecap.demo.painter import paint, paint_scene
from memecap.demo.vk_server import WallPost

ASSETS = Path(__file__).parent / "assets"  # tiny checkpoints, where real ones would be downloaded
TABLE = "results.csv"


def memes(count: int, seed: int = 0) -> list[Meme]:
    """Memes of the wall, no text on any of them equal to a text on another."""
    rng, written, drawn = random.Random(seed), set[str](), list[Meme]()
    while len(drawn) < count:
        meme = grammar.meme(rng, "wall")
        if written.isdisjoint(texts := {text.lower() for text in meme.texts}):
            written |= texts
            drawn.append(meme)
    return drawn


def paint_wall(folder: Path, count: int) -> list[WallPost]:
    """Paint memes into `folder` and return their posts, dressed as communities dress them."""
    wall = memes(count)
    paths = paint_all(folder, wall)
    return [
        WallPost(f"{meme.description}\n\n#мем #описание@textmeme", [path])
        for meme, path in zip(wall, paths, strict=True)
    ]


def paint_again(folder: Path, numbers: Sequence[int], count: int) -> list[Path]:
    """Paint some memes of a wall of `count` once more, under the text of another, as memes come back."""
    drawn = memes(count)
    again = []
    for number in numbers:
        meme = drawn[number]
        other = next(each for each in drawn if each.style == meme.style and each.texts != meme.texts)
        again.append((replace(meme, texts=other.texts), folder / f"{number:05}.jpg"))
    deque(map(_paint_one, again), maxlen=0)
    return [path for _, path in again]


def paint_photographs(folder: Path, count: int) -> Path:
    """Paint bare scenes into `folder`/images and write their English captions, five each; returns the table."""
    rng = random.Random("photographs")
    scenes = [grammar.scene(rng, "wall") for _ in range(count)]
    paths = paint_all(folder / "images", scenes)
    rows = [
        f"{path.name}| {number}| {english}"
        for path, scene in zip(paths, scenes, strict=True)
        for number, (english, _) in enumerate(grammar.captions(scene))
    ]
    table = folder / TABLE
    storage.write_text(table, "\n".join(["image_name| comment_number| comment", *rows]) + "\n")
    return table


def paint_all(folder: Path, worlds: Sequence[Meme | Scene]) -> list[Path]:
    """Paint each into `folder`, those that are there already aside; their paths, in order."""
    paths = [folder / f"{number:05}.jpg" for number in range(len(worlds))]
    missing = [(world, path) for world, path in zip(worlds, paths, strict=True) if not path.exists()]
    deque(parallel_map(_paint_one, missing, on="workers"), maxlen=0)
    return paths


def _paint_one(task: tuple[Meme | Scene, Path]) -> None:
    world, path = task
    rng = random.Random(path.name)
    picture = paint(world, rng) if isinstance(world, Meme) else paint_scene(world, rng, width=320, height=280)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=90)
    storage.write_bytes(path, content.getvalue())
