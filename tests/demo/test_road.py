"""The whole demo, as `make demo` runs it."""

from __future__ import annotations

import json
import shutil

import pytest

from memecap.demo.road import Road

SCORES = {"bleu1", "bleu2", "bleu3", "bleu4", "meteor", "chrf2", "quoted_recall", "quoted_precision"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_the_captioner_stands_above_every_floor_and_needs_its_picture(tmp_path, capsys):
    Road(tmp_path / "demo").walk()
    printed = capsys.readouterr().out
    for verb in ("scrape", "corpus build", "translate", "read", "features", "train", "evaluate", "caption"):
        assert f"$ memecap {verb} " in printed
    records = json.loads((tmp_path / "demo" / "scores.json").read_text())
    assert all(record["scores"].keys() >= SCORES for record in records)
    (ours,) = [record for record in records if record["kind"] == "captioner"]
    floors = {record["system"]: record for record in records if record["kind"] == "floor"}
    assert ours["n"] >= 200
    assert len(floors) >= 4
    for floor in floors.values():
        assert ours["scores"]["chrf2"] > floor["scores"]["chrf2"]
    shuffled = floors["shuffled_pictures"]["scores"]["chrf2"]
    assert shuffled <= 0.75 * ours["scores"]["chrf2"]
    page = (tmp_path / "demo" / "report.html").read_text()
    assert 'src="http' not in page
