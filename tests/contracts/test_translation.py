"""What every translator of the registry obeys; each translates here with a tiny engine of its own."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_server import Server
from tiny_models import write_nllb

from memecap.core import config, registry
from memecap.demo.world import ASSETS
from memecap.errors import TryLaterError

SENTENCES = ["a cat and a dog", "", "a green snowman", "a cat and a dog", "a fish"]


def _nllb(folder: Path) -> dict[str, Any]:
    write_nllb(folder, SENTENCES)
    return {"model": str(folder), "max_tokens": 12}  # it has 64 positions


def _sheet(folder: Path) -> dict[str, Any]:
    """A sheet that was written by the engine and filled in by hand."""
    path = folder / "sheet.csv"
    with pytest.raises(TryLaterError):
        config.build("translation", {"name": "sheet", "path": path}).prepare(SENTENCES)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *([key, source, f"перевод: {source}"] for key, source, _ in rows)])
    return {"path": path}


#: translator → the settings of its tiny engine, made in a folder
ENGINES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "marian": lambda _: {"model": str(ASSETS / "marian")},
    "nllb": _nllb,
    "llm": lambda _: {"model": "m", "key_variable": ""},
    "sheet": _sheet,
}


@pytest.fixture(scope="module", params=registry.names("translation"))
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A translator's settings; the language model's server stands while they are used."""
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMECAP_CACHE", str(folder / "cache"))
        made = {"name": name, **ENGINES[name](folder)}
        if name == "llm":
            server = Server()
            yield {**made, "endpoint": server.url}
            server.close()
        else:
            yield made


def test_every_translator_is_tried() -> None:
    assert set(ENGINES) == set(registry.names("translation"))


def test_each_sentence_has_its_translation_in_order(settings: dict[str, Any]) -> None:
    translator = config.build("translation", settings)
    translator.prepare(SENTENCES)
    translations = translator.translate(SENTENCES)
    assert len(translations) == len(SENTENCES)
    assert translations[0] == translations[3]
    assert all(translations[place] for place in (0, 2, 4))
    assert len(set(translations)) >= 3  # not one answer for all
    assert translator.translate([]) == []


def test_an_equal_engine_has_an_equal_version_and_answer(settings: dict[str, Any]) -> None:
    first, second = (config.build("translation", settings) for _ in range(2))
    assert first.version == second.version
    assert first.version.startswith(settings["name"])
    assert first.translate(SENTENCES[:1]) == second.translate(SENTENCES[:1])
    assert first.config.name == settings["name"]  # from which another process builds the same engine
