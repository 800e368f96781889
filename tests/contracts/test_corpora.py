"""What every source of captions promises; each has a tiny sample of itself here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from memecap.core import manifest, registry, storage
from memecap.corpora.base import Source
from memecap.corpora.build.build import build
from memecap.corpora.tools.check import check

COCO = {
    "images": [{"id": n, "file_name": f"VizWiz_train_{n}.jpg"} for n in range(4)],
    "annotations": [{"image_id": n, "caption": f"a cat {n}"} for n in range(4)],
}
SAMPLES: dict[str, tuple[str, str]] = {  # the name of the source's file, and what is in it
    "conceptual": ("train.tsv", "".join(f"a cat {n}\thttp://host/{n}.jpg\n" for n in range(4))),
    "corrections": ("corrections.jsonl", ""),  # with pictures: written below
    "flickr30k": ("results.token", "".join(f"{n}.jpg#0\ta cat {n}\n" for n in range(4))),
    "memes": ("train.csv", "uid\ttext\n" + "".join(f"{n}\tмем {n}\n" for n in range(4))),
    "table": ("t.csv", "image_id,caption\n" + "".join(f"{n},кот {n}\n" for n in range(4))),
    "vizwiz": ("train.json", json.dumps(COCO)),
    "xm3600": (
        "captions.jsonl",
        "".join(json.dumps({"image/key": f"{n}", "ru": {"caption": [f"кот {n}"]}}) + "\n" for n in range(4)),
    ),
    "pictures": ("0.txt", "no picture"),
    "hub": ("train.jsonl", "".join(json.dumps({"caption": f"мем {n}"}) + "\n" for n in range(4))),
}
Make = Callable[..., Source]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """make(name) → that source over its sample."""

    def made(name: str, **settings: object) -> Source:
        file, text = SAMPLES[name]
        source = tmp_path / "source" / file
        storage.write_text(source, text)
        if name == "corrections":
            source.unlink()
            _correct(source.parent)
        if name in ("corrections", "memes", "hub", "pictures"):
            source = source.parent
        if name == "hub":
            datasets = pytest.importorskip("datasets")
            monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
            settings = {"image": "", **settings}
        if name in ("memes", "pictures"):
            _paint(source)
        part = registry.load("corpora", name)
        return part(part.Config(name=name, source=source, **settings))

    return made


def _correct(folder: Path) -> None:
    from memecap.core import corrections

    if not (folder / corrections.FILE).exists():
        _paint(folder / "painted")
        for number, path in enumerate(sorted((folder / "painted" / "images").iterdir())):
            corrections.add(folder, path.read_bytes(), ".jpg", f"мем {number}")


def _paint(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    (folder / "images").mkdir(parents=True, exist_ok=True)
    for number in range(4):
        squares = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(np.kron(squares, np.ones((4, 4, 1), np.uint8))).save(folder / "images" / f"{number}.jpg")


NAMES = registry.names("corpora")


def test_every_source_has_a_sample() -> None:
    assert set(SAMPLES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_becomes_a_sound_corpus(name: str, make: Make, tmp_path: Path) -> None:
    corpus = build(make(name), tmp_path / name)
    assert sum(corpus.counts.values()) == 4
    assert check([corpus.folder])[0].faults == []
    for split in corpus.counts:
        for row in corpus.rows(split):
            assert bool(row.captions) == (name != "pictures")
            assert row.source_id
            assert row.corpus == name
            assert row.language == corpus.details["language"]


@pytest.mark.parametrize("name", NAMES)
def test_items_come_again_alike(name: str, make: Make) -> None:
    corpus = make(name)
    assert list(corpus.items()) == list(corpus.items())


@pytest.mark.parametrize("name", NAMES)
def test_the_split_of_a_row_is_that_of_its_group(name: str, make: Make, tmp_path: Path) -> None:
    corpus = build(make(name, val=0.3, test=0.3, salt="other"), tmp_path / name)
    official = {item.key: item.split for item in make(name).items()}
    for split in corpus.counts:
        for row in corpus.rows(split):
            by_hash = manifest.split_of(row.group_id, salt="other", val=0.3, test=0.3)
            assert row.split == (official[row.source_id] or by_hash)
