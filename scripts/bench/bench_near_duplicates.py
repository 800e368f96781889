"""What of 150 real memes is found again after what people do to memes, and what else is joined.

python scripts/bench/bench_near_duplicates.py [--memes ../shared/data/memes] [--sheet groups.png]

Memes are chosen by a fixed seed. For each kind of change the corpus is all memes and 150 changed ones; one is missed
when it falls into another group than its original. Then the groups of the memes themselves: their sizes, and how many
rows leave the training split because a validation meme is in their group. `before` is one 64-bit dHash at a distance of
4. With `--sheet` the largest groups are drawn side by side: only an eye can tell whether they are one template.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from memecap.corpora.base import SIMILARITY
from memecap.corpora.duplicates.fingerprint import fingerprint, unpack
from memecap.corpora.duplicates.hash_neighbours import near_pairs
from memecap.corpora.duplicates.near_duplicates import near_duplicates
from memecap.pictures.dhash import dhash

N_CHOSEN = 150
SEED = 0
Change = Callable[[Image.Image], Image.Image]


def scaled(factor: float) -> Change:
    return lambda image: image.resize((max(1, int(image.width * factor)), max(1, int(image.height * factor))))


def jpeg(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file).convert("RGB")


def cropped(share: float, *, pixels: int = 0) -> Change:
    def change(image: Image.Image) -> Image.Image:
        x, y = (round(share * side) + pixels for side in image.size)
        return image.crop((x, y, image.width - x, image.height - y))

    return change


def bordered(share: float) -> Change:
    return lambda image: ImageOps.expand(image, tuple(round(share * side) for side in image.size), "white")


def watermarked(corner: int, ink: tuple[int, ...], ground: tuple[int, ...]) -> Change:
    """A name in a corner, half through, as large as a twentieth of the shorter side."""

    def change(image: Image.Image) -> Image.Image:
        layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
        draw, font = ImageDraw.Draw(layer), ImageFont.load_default(max(10, min(image.size) // 20))
        _, _, width, height = (int(edge) + 8 for edge in draw.textbbox((0, 0), "@memes_club", font=font))
        x, y = (corner % 2) * (image.width - width), (corner // 2) * (image.height - height)
        draw.rectangle((x, y, x + width, y + height), fill=ground)
        draw.text((x + 4, y + 4), "@memes_club", font=font, fill=ink)
        return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")

    return change


CHANGES: dict[str, Change] = {
    "half the size": scaled(0.5),
    "half as large again": scaled(1.5),
    "brightness +15 %": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "brightness -15 %": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "JPEG at quality 40": jpeg,
    "1 pixel off each side": cropped(0, pixels=1),
    "watermark, white on a dark band": watermarked(0, (255, 255, 255, 200), (0, 0, 0, 110)),
    "watermark, white letters": watermarked(3, (255, 255, 255, 128), (0, 0, 0, 0)),
    "white border of 3 %": bordered(0.03),
    "white border of 5 %": bordered(0.05),
    "3 % off each side": cropped(0.03),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memes", type=Path, default=Path("../shared/data/memes"), help="images/, train.csv, val.csv")
    parser.add_argument("--sheet", type=Path, help="draw the largest groups there")
    arguments = parser.parse_args()
    if not (arguments.memes / "images").is_dir():
        raise SystemExit(f"skipped: no memes at {arguments.memes}")
    paths = sorted((arguments.memes / "images").iterdir())
    begun = time.process_time()
    known = [seen(path) for path in paths]
    print(f"{len(paths):,} memes decoded and fingerprinted twice over in {time.process_time() - begun:.0f} CPU s\n")
    _print_changes(paths, known)
    for name, grouped in (("before", by_dhash), ("now", by_fingerprint)):
        _print_groups(name, grouped(known), splits(arguments.memes, paths))
    if arguments.sheet:
        draw(paths, by_fingerprint(known), arguments.sheet)


def seen(picture: Path | Image.Image) -> tuple[int, bytes]:
    image = picture if isinstance(picture, Image.Image) else upright(picture)
    return dhash(image), fingerprint(image)


def upright(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def by_dhash(known: list[tuple[int, bytes]]) -> list[int]:
    pairs = near_pairs(np.array([value for value, _ in known], dtype=np.uint64), 4)
    return components(len(known), pairs.tolist())


def by_fingerprint(known: list[tuple[int, bytes]]) -> list[int]:
    prints = unpack(content for _, content in known)
    found = near_duplicates(prints["phash"], prints["dhash"], prints.__getitem__, threshold=SIMILARITY)
    return components(len(known), [[one, other] for one, other, _ in found])


def components(n: int, pairs: list[list[int]]) -> list[int]:
    label = list(range(n))
    for one, other in pairs:
        low, high = sorted((label[one], label[other]))
        label = [low if value == high else value for value in label] if low != high else label
    return label


def splits(folder: Path, paths: list[Path]) -> list[str]:
    of = {}
    for split in ("train", "val"):
        with (folder / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            of |= {row["uid"]: split for row in csv.DictReader(file, delimiter="\t")}
    return [of[path.stem] for path in paths]


def _print_changes(paths: list[Path], known: list[tuple[int, bytes]]) -> None:
    chosen = sorted(random.Random(SEED).sample(range(len(paths)), min(N_CHOSEN, len(paths))))
    print(f"| in another group than their original, of {len(chosen)} | before | now |\n|---|--:|--:|")
    for name, change in CHANGES.items():
        both = known + [seen(change(upright(paths[i]))) for i in chosen]
        labels = [grouped(both) for grouped in (by_dhash, by_fingerprint)]
        missed = [[i for k, i in enumerate(chosen, len(known)) if label[k] != label[i]] for label in labels]
        print(f"| {name} | {len(missed[0])} | {len(missed[1])} |", flush=True)


def _print_groups(name: str, label: list[int], of: list[str]) -> None:
    sizes = Counter(label)
    held = {group for group, split in zip(label, of, strict=True) if split == "val"}
    leave = sum(group in held for group, split in zip(label, of, strict=True) if split == "train")
    joined = Counter(size for size in sizes.values() if size > 1)
    sizes_text = ", ".join(f"{n} of {size}" for size, n in sorted(joined.items(), reverse=True)) or "none"
    print(f"\n{name}: groups of more than one meme: {sizes_text}; {leave} rows leave the training split")


def draw(paths: list[Path], label: list[int], out: Path, *, width: int = 150) -> None:
    groups = [group for group, size in Counter(label).most_common() if size > 1]
    rows = [[path for path, own in zip(paths, label, strict=True) if own == group] for group in groups]
    cells = [path for row in rows for path in (*row, None)]
    across = 12
    sheet = Image.new("RGB", (across * width, -(-len(cells) // across) * width), "grey")
    for place, path in enumerate(cells):
        if path:
            image = upright(path)
            image.thumbnail((width - 4, width - 4))
            sheet.paste(image, (place % across * width, place // across * width))
    sheet.save(out)


if __name__ == "__main__":
    main()
