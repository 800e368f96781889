"""Pictures that stand in two splits, whole or changed, are found and told from posts of one layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memecap.core import manifest, storage
from memecap.corpora.build.build import build
from memecap.corpora.tools.check import check
from memecap.corpora.tools.leaks import correlation
from tests.corpora.copies import CHANGES, N_MEMES, Listed, changed, post


def test_leaks_in_and_across_corpora_are_found(corpus: manifest.Corpus, paint, tmp_path: Path) -> None:
    leaked = tmp_path / "leaked"
    rows = [*corpus.rows("train"), *corpus.rows("val")]
    turned = {"train": "val", "val": "train"}
    for row in rows:
        path = corpus.image_path(row)
        assert path
        storage.write_bytes(leaked / turned[row.split] / row.file_name, path.read_bytes())
    moved = [manifest.Row.from_json({**row.to_json(), "split": turned[row.split]}) for row in rows]
    manifest.finish(leaked, "leaked", manifest.write_rows(leaked, moved))
    first, second = check([corpus.folder, leaked])
    assert first.faults == []
    assert sum("stands in" in fault for fault in second.faults) == 18  # each group and each picture
    assert sum("nearly equal" in fault for fault in second.faults) == 9


def test_check_finds_what_the_grouping_let_through(painted: list[Path], tmp_path: Path) -> None:
    """At a similarity of 1 hardly anything is one group, so the copies land on both sides."""
    copies = changed(painted, CHANGES["3 % off each side"], tmp_path / "copies")
    sides = {path.stem: "train" for path in painted} | {path.stem: "val" for path in copies}
    for folder, paths in (("a", painted), ("b", copies)):
        build(Listed(*paths, splits=sides, similarity=1.0), tmp_path / folder)
    reports = check([tmp_path / "a", tmp_path / "b"])
    assert sum("nearly equal" in fault for fault in reports[1].faults) == N_MEMES
    assert reports[0].faults == []


def test_check_calls_a_clean_corpus_clean(painted: list[Path], tmp_path: Path) -> None:
    sides = {path.stem: ("train", "val")[number % 2] for number, path in enumerate(painted)}
    assert check([build(Listed(*painted, splits=sides), tmp_path / "c").folder])[0].faults == []


def test_correlation_tells_copies_from_posts_of_one_layout() -> None:
    for change in CHANGES.values():
        assert correlation(post(1), change(post(1))) > 0.8
    assert max(correlation(post(1), post(number)) for number in range(2, 12)) < 0.5


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("share", [0.03, 0.05, 0.08])
def test_a_copy_that_lost_a_strip_of_one_side_is_a_copy(side: int, share: float) -> None:
    """What takes off the name of another community; grey noise stands for a photograph."""
    noise = np.random.default_rng(3).integers(0, 256, (40, 50), dtype=np.uint8)
    image = Image.fromarray(noise).resize((640, 500), Image.Resampling.BICUBIC)
    box = [0, 0, 640, 500]
    box[side] = round(box[side] + (1 if side < 2 else -1) * share * (640, 500)[side % 2])
    assert correlation(image, image.crop((box[0], box[1], box[2], box[3]))) > 0.65
