"""The page for the eye shows what groups hold, and is closed to whatever a caption holds."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from memecap.core import manifest
from memecap.corpora.build.build import build
from memecap.corpora.tools.look import look
from tests.corpora.copies import CHANGES, Listed, changed


def test_the_page_for_the_eye(corpus: manifest.Corpus, texts: manifest.Corpus, tmp_path: Path) -> None:
    page = look(corpus, samples=2).read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert "train: 2 of 6" in page
    assert "http" not in page.replace("http-equiv", "")  # nothing is loaded
    row = next(texts.rows("train"))
    nasty = manifest.Row.from_json({**row.to_json(), "captions": ["<script>alert(1)</script> & кот"]})
    folder = tmp_path / "nasty"
    made = manifest.finish(folder, "<b>", manifest.write_rows(folder, [nasty]))
    page = look(made, out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; кот" in page


def test_look_lays_groups_and_near_misses_side_by_side(painted: list[Path], tmp_path: Path) -> None:
    copy = changed(painted[:1], CHANGES["3 % off each side"], tmp_path / "copies")[0]
    half = tmp_path / "half.png"  # some of its parts are as they were
    with Image.open(painted[0]) as image:
        mixed = image.convert("RGB")
        mixed.paste("white", (0, mixed.height // 3, mixed.width, mixed.height))
        mixed.save(half)
    page = look(build(Listed(*painted, copy), tmp_path / "c"), samples=3).read_text(encoding="utf-8")
    assert "Groups of more than one row: 1 of 1" in page
    assert page.count('alt="описание 0"') + page.count('alt="описание 0-copy"') >= 2
    assert 'alt=""' not in page
