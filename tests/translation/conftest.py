"""A tiny Marian model, trained once, and a cache folder that is not the user's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pairs() -> list[tuple[str, str]]:
    animals = [("a cat", "кот"), ("a dog", "собака"), ("a bear", "медведь"), ("a fish", "рыба")]
    texts = ["monday again", "send help", "404", "coffee first"]
    return [
        (f'A meme with {en}. The text says: "{text}"', f'Мем, на котором {ru}. Надпись: "{text}"')
        for en, ru in animals
        for text in texts
    ]


@pytest.fixture(scope="session")
def marian(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> Path:
    from train_marian import train_marian

    folder = tmp_path_factory.mktemp("models") / "tiny-marian"
    train_marian(pairs, folder, steps=300, batch_size=16, width=48, n_layers=1, n_pieces=150, lr=1e-2, stop_loss=0.002)
    return folder


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    monkeypatch.setenv("MEMECAP_CACHE", str(cache_folder))
