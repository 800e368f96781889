"""Memories of drawn pictures with known truth: what is found, what is not, how long it takes and how large it gets.

    python scripts/bench/bench_memory.py painted --folder FOLDER [--templates 2000] [--asked 10000]
    python scripts/bench/bench_memory.py scale --folder FOLDER [--pictures 1000000] [--features 20]

`painted` remembers scenes under text and asks about crops, borders, mirrored, recoloured ones, ones with an inserted
head, comics of two, all with other text; a third of what is asked was never remembered. Answers are appended to
FOLDER/answers.jsonl, so a stopped run goes on. `scale` draws features, not pictures, and compares the index with an
exact search. Both print a Markdown table.
"""

from __future__ import annotations

import argparse
import io
import resource
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from memecap.core import storage
from memecap.demo.lettering import font
from memecap.memory import index_files
from memecap.memory.entry import Entry
from memecap.memory.features import WIDTH, Features
from memecap.memory.index import Rows
from memecap.memory.memory import Memory
from memecap.memory.recollection import Box

SAID = "когда пришёл домой а там кот сидит и смотрит на тебя как будто ты должен ему рыбу"
NEVER = 10**7  # seeds from here on are never remembered
N_QUERIES, N_COMPARED = 50, 10  # of `scale`; those that an exact search is made for
N_OTHERS = 400  # features of no picture in such a query
BLOCK = 1000  # pictures whose features are drawn at once
WAYS = ("text", "cropped", "bordered", "mirrored", "recoloured", "head", "comic", "blurred")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("painted", "scale"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--templates", type=int, default=2_000)
    parser.add_argument("--asked", type=int, default=10_000)
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=20, help="of a picture, in `scale`")
    arguments = parser.parse_args()
    if arguments.what == "painted":
        painted(arguments.folder, arguments.templates, arguments.asked)
    else:
        scale(arguments.folder, arguments.pictures, arguments.features)


def painted(folder: Path, n_templates: int, n_asked: int) -> None:
    """Build, ask, count."""
    memory = Memory.create(folder / "memory")
    known = {entry.image_id for entry in memory.entries()}
    memory.add(remembered(seed) for seed in range(n_templates) if f"{seed:064x}" not in known)
    memory.save()
    answers = folder / "answers.jsonl"
    storage.cut_torn_line(answers)
    n_done = sum(1 for _ in storage.read_jsonl(answers)) if answers.exists() else 0
    for number in range(n_done, n_asked):
        picture, boxes, truth, way = asked(number, n_templates)
        start, busy = time.perf_counter(), time.process_time()
        found = memory.ask(picture, boxes)
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        ids = [int(each.image_id, 16) for each in found]
        storage.append_line(answers, {"way": way, "truth": truth, "found": ids, "s": seconds, "cpu": cpu})
    report(list(storage.read_jsonl(answers)), memory)


def report(answers: list[dict[str, object]], memory: Memory) -> None:
    """A line a way: recall counts remembered pictures shown and found, precision what was found."""
    lines = defaultdict(list)
    for answer in answers:
        for way in (answer["way"], "all"):
            lines[way].append(answer)
    print("| way | asked | recall | precision | median CPU s |\n|---|--:|--:|--:|--:|")
    for way, rows in lines.items():
        shown = sum(len(row["truth"]) for row in rows)
        right = sum(len(set(row["truth"]) & set(row["found"])) for row in rows)
        found = sum(len(set(row["found"])) for row in rows)
        cpu = np.median([row["cpu"] for row in rows])
        recall, precision = (f"{right / n:.4f}" if n else "–" for n in (shown, found))
        print(f"| {way} | {len(rows):,} | {recall} | {precision} | {cpu:.3f} |")
    size = sum(path.stat().st_size for path in memory.folder.rglob("*"))
    print(f"\n{len(memory):,} remembered, {size / max(len(memory), 1) / 1000:.1f} kB a picture with its index")


def remembered(seed: int) -> tuple[Entry, Image.Image, list[Box]]:
    rng = np.random.default_rng((seed, 1))
    picture, boxes = captioned(scene(seed), rng)
    name = f"{seed:064x}"
    entry = Entry(image_id=name, group_id=name, corpus="painted", split="train", captions=(f"сцена {seed}",))
    return entry, picture, boxes


def asked(number: int, n_templates: int) -> tuple[Image.Image, list[Box], list[int], str]:
    """A picture, the boxes of its text, which remembered scenes it shows, and what was done to it."""
    rng = np.random.default_rng((number, 2))
    is_known = bool(rng.random() < 2 / 3)
    seed = int(rng.integers(0, n_templates)) if is_known else NEVER + number
    way = WAYS[int(rng.integers(0, len(WAYS)))]
    truth = [seed] if is_known else []
    picture = scene(seed)
    if way == "comic":
        other = int(rng.integers(0, n_templates))
        both = Image.new("RGB", (picture.width, 2 * picture.height + 12), "white")
        both.paste(picture, (0, 0))
        both.paste(scene(other), (0, picture.height + 12))
        picture, truth = both, sorted({*truth, other})
    else:
        picture = _changed(picture, way, rng)
    picture, boxes = captioned(picture, rng)
    zoom = rng.uniform(0.7, 1.4)
    picture = picture.resize((round(picture.width * zoom), round(picture.height * zoom)), Image.Resampling.BICUBIC)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=int(rng.integers(35, 92)))
    scaled = [tuple(round(value * zoom) for value in box) for box in boxes]
    return Image.open(content).convert("RGB"), scaled, truth, way if is_known else f"{way}, new"


def _changed(picture: Image.Image, way: str, rng: np.random.Generator) -> Image.Image:
    width, height = picture.size
    if way == "cropped":
        share = rng.uniform(0.55, 0.9)
        x, y = rng.uniform(0, 1 - share, 2) * (width, height)
        return picture.crop((int(x), int(y), int(x + share * width), int(y + share * height)))
    if way == "bordered":
        return ImageOps.expand(picture, tuple(int(value) for value in rng.integers(5, 90, 4)), "black")
    if way == "mirrored":
        return ImageOps.mirror(picture)
    if way == "recoloured":
        gains = rng.uniform(0.6, 1.2, 3)
        return Image.merge(
            "RGB", [band.point(lambda v, g=g: v * g) for band, g in zip(picture.split(), gains, strict=True)]
        )
    if way == "head":
        side = int(min(width, height) * rng.uniform(0.3, 0.5))
        mask = Image.new("L", (side, side))
        ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
        at = (int(rng.integers(0, width - side)), int(rng.integers(0, height - side)))
        picture.paste(scene(NEVER * 2 + int(rng.integers(0, 10**6)), (side, side)), at, mask)
    if way == "blurred":
        return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.2)))
    return picture


def captioned(picture: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, list[Box]]:
    """Words on the picture or on a white bar, with their boxes; a watermark that all of them share, without one."""
    draw = ImageDraw.Draw(picture)
    draw.text((picture.width - 96, picture.height - 18), "@textmeme", font=font(14), fill="white", stroke_width=1,
              stroke_fill="black")  # fmt: skip
    if rng.random() < 0.5:
        picture = ImageOps.expand(picture, (0, 50, 0, 0), "white")
    draw = ImageDraw.Draw(picture)
    boxes: list[Box] = []
    for top in (8, picture.height - 60) if rng.random() < 0.5 else (8,):
        words = " ".join(rng.permutation(SAID.split())[: int(rng.integers(2, 5))])
        place = (12, top)
        draw.text(place, words, font=font(26), fill="white", stroke_width=2, stroke_fill="black")
        boxes.append(tuple(int(value) for value in draw.textbbox(place, words, font=font(26), stroke_width=2)))
    return picture, boxes


def scene(seed: int, size: tuple[int, int] = (440, 330)) -> Image.Image:
    """A textured scene: clouds of noise, a dozen objects with a texture and a shade of their own, grain."""
    rng = np.random.default_rng((seed, 0))
    width, height = size
    ground = sum(_noise(rng, grain, size) * weight for grain, weight in ((5, 0.5), (17, 0.3), (60, 0.2)))
    picture = Image.fromarray(ground.astype(np.uint8))
    for _ in range(int(rng.integers(6, 16))):
        w, h = (int(value) for value in rng.integers(40, max(41, min(size) // 2), 2))
        texture = np.clip(_noise(rng, int(rng.integers(3, 24)), (w, h)) * rng.uniform(0.3, 1.3), 0, 255)
        mask = Image.new("L", (w, h))
        points = [(float(x), float(y)) for x, y in rng.random((int(rng.integers(3, 9)), 2)) * (w, h)]
        if rng.random() < 0.4:
            ImageDraw.Draw(mask).ellipse((0, 0, w - 1, h - 1), fill=255)
        else:
            ImageDraw.Draw(mask).polygon(points, fill=255)
        at = (int(rng.integers(-w // 3, width - w // 2)), int(rng.integers(-h // 3, height - h // 2)))
        picture.paste(Image.fromarray(texture.astype(np.uint8)), at, mask)
    return picture


def _noise(rng: np.random.Generator, grain: int, size: tuple[int, int]) -> np.ndarray:
    """[H W 3], 0..255, with about `grain` spots in a row."""
    width, height = size
    spots = (rng.random((max(2, grain * height // width), grain, 3)) * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC), np.float32)


def scale(folder: Path, n_pictures: int, n_features: int) -> None:
    """An index of drawn features, asked about noisy copies of some; an exact search is made beside it, in pieces."""
    index, began = folder / "index", time.perf_counter()
    rows = Rows.of((number, n_features, number) for number in range(n_pictures))
    busy = time.process_time()
    loaded = index_files.update(index, rows, lambda number: _drawn(number, n_features))
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in index.iterdir())
    wanted = [int(number) for number in np.linspace(0, n_pictures - 1, N_QUERIES)]
    queries = [_seen_again(number, n_features) for number in wanted]
    took, ours = [], []
    for query in queries:
        begin, busy = time.perf_counter(), time.process_time()
        ours.append(_most_voted(loaded.search(query, 16)))
        took.append((time.perf_counter() - begin, time.process_time() - busy))
    print("| pictures | features of each | shards | build s (CPU) | peak MB | bytes a feature | asked, median s (CPU) "
          "| right first |\n|--:|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    asking, asking_cpu = np.median(took, 0)
    right = np.mean([a == b for a, b in zip(ours, wanted, strict=True)])
    print(f"| {n_pictures:,} | {n_features} | {len(loaded.shards)} | {seconds:.0f} ({cpu:.0f}) | {peak:.0f} | "
          f"{size / n_pictures / n_features:.1f} | {asking:.3f} ({asking_cpu:.3f}) | {right:.3f} |",
          flush=True)  # fmt: skip
    compared = slice(None, None, N_QUERIES // N_COMPARED)
    # a feature that none of the pictures has changes no exact vote
    exact = _exact([query[: max(1, n_features // 2)] for query in queries[compared]], n_pictures, n_features)
    same = sum(a == b for a, b in zip(ours[compared], exact, strict=True))
    print(f"\nthe same first as an exact search in {same} of {len(exact)}")


def _drawn(number: int, n: int) -> Features:
    """Descriptors as SIFT's are spread: many small values, a few large ones."""
    codes = _block(number // BLOCK, n)[number % BLOCK]
    return Features(np.zeros((n, 2), np.float32), np.ones(n, np.float32), np.zeros(n, np.float32), codes)


@lru_cache(maxsize=4)
def _block(number: int, n: int) -> np.ndarray:
    """[BLOCK n 128], 0..15: drawing many at once costs a tenth."""
    spread = np.sort(np.random.default_rng(0).gamma(0.6, 1.0, 1 << 16).astype(np.float32))
    rng = np.random.default_rng((number, 4))
    values = spread[rng.integers(0, 1 << 16, (BLOCK, n, WIDTH), np.uint16)]
    codes = np.sqrt(values / values.sum(2, keepdims=True)) * np.float32(15 / 0.45)
    return np.minimum(np.round(codes), 15).astype(np.uint8)


def _seen_again(number: int, n: int) -> np.ndarray:
    """Half of a picture's features with noise, among 400 of no picture."""
    rng = np.random.default_rng((number, 3))
    known = _drawn(number, n).vectors[: max(1, n // 2)]
    noisy = np.maximum(known + rng.normal(0, 0.03, known.shape).astype(np.float32), 0)
    others = [_drawn(NEVER * 5 + number + i, n).vectors for i in range(-(-N_OTHERS // n))]
    return np.concatenate([noisy, *others])[: len(noisy) + N_OTHERS].astype(np.float32)


def _most_voted(near: object) -> int:
    rows, distances = near.rows, near.distances
    close = (distances < 0.42) & (rows >= 0)
    votes: dict[int, float] = defaultdict(float)
    for row, distance in zip(rows[close], distances[close], strict=True):
        votes[int(row)] += float(np.exp(-distance / 0.15))
    return max(votes, key=lambda row: (votes[row], -row), default=-1)


def _exact(queries: list[np.ndarray], n_pictures: int, n_features: int) -> list[int]:
    """The most voted of an exact search, made over pieces of the pictures."""
    votes: list[dict[int, float]] = [defaultdict(float) for _ in queries]
    stacked = np.concatenate(queries)
    ends = np.cumsum([len(query) for query in queries])
    for numbers in _pieces(n_pictures, 2_000):
        vectors = np.concatenate([_drawn(number, n_features).vectors for number in numbers])
        squares = (stacked**2).sum(1)[:, None] + (vectors**2).sum(1)[None] - 2 * stacked @ vectors.T
        for which, place in zip(*np.nonzero(squares < 0.42), strict=True):
            row = numbers[place // n_features]
            votes[int(np.searchsorted(ends, which, side="right"))][row] += float(np.exp(-squares[which, place] / 0.15))
    return [max(of, key=lambda row, of=of: (of[row], -row), default=-1) for of in votes]


def _pieces(n: int, size: int) -> Iterator[range]:
    for first in range(0, n, size):
        yield range(first, min(first + size, n))


if __name__ == "__main__":
    main()
