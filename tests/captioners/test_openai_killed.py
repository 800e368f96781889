"""`kill -9` at any moment of a folder behind an endpoint: nothing is asked twice but what was in flight."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killing import Killer
from vision_server import KEY, MODEL, VisionServer, painted, said_of

from memecap.core import config, storage
from memecap.inference.pipeline import Pipeline

N, PARALLEL = 24, 4


def job(url: str, pictures: Path, home: Path) -> None:
    os.environ["SEER_KEY"] = KEY
    settings = {
        "name": "openai", "model": MODEL, "endpoint": url, "key_variable": "SEER_KEY", "pause_s": 0.001,
        "parallel": PARALLEL, "cache": home / "answers.sqlite", "retries": 8,
    }  # fmt: skip
    pipeline = Pipeline(config.build("captioners", settings))
    results = pipeline.stream(sorted(pictures.iterdir()), batch_size=10)
    storage.write_jsonl(
        home / "captions.jsonl", ({"error": r.error, "caption": r.caption and r.caption.text} for r in results)
    )


def torment(n_kills: int, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(N):
        painted(number).save(pictures / f"{number:03}.png")
    killer = Killer("memecap.inference.pipeline", "memecap.captioners.openai")
    expected = [{"error": None, "caption": said_of(number)} for number in range(N)]
    server = VisionServer()
    try:
        n_steps = killer.run(job, server.url, pictures, tmp_path / "whole")
        assert server.asked.total() == N
        # Each round is a server's own run of pictures: what it was asked before is forgotten.
        server.asked.clear()
        n_done = 0
        for number, n_killed in killer.rounds(
            n_kills, job, n_steps, lambda number: (server.url, pictures, tmp_path / f"round{number}")
        ):
            assert list(storage.read_jsonl(tmp_path / f"round{number}" / "captions.jsonl")) == expected
            asked = server.asked.total() - n_done
            assert N <= asked <= N + PARALLEL * n_killed
            n_done = server.asked.total()
    finally:
        server.close()


@pytest.mark.timeout(600)  # a guard, not a measure
def test_two_kills(tmp_path: Path) -> None:
    torment(2, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_kills_of_a_folder(tmp_path: Path) -> None:
    torment(100, tmp_path)
