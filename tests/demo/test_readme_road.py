"""Every line of the READMEs' road, as written, on the embedded world.

What cannot be had here is put where the lines look for it: a local server for VK, painted pictures in the layouts of
Kaggle and vizwiz.org, tiny checkpoints under the Hub's names in its cache. Training is cut short by further `--set`s.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hub_cache import put_into_the_hub_s_cache

from memecap.demo import grammar
from memecap.demo.painter import paint_scene
from memecap.demo.vk_server import VkServer
from memecap.demo.world import paint_wall

ROOT = Path(__file__).parents[2]
HEADINGS = {"README.md": "## The whole road", "README.ru.md": "## Весь путь"}
N_MEMES = 30

#: what is added to a verb so that it takes seconds
SHORTER = {
    "read": ["--set", "tesseract=false"],
    "train": [
        "--set", "stages.0.epochs=1", "--set", "stages.1.epochs=1", "--set", "n_workers=0", "--set", "val_captions=2",
        "--set", "samples=1", "--set", "decoding.max_new_tokens=8",
    ],
    "evaluate": ["--decoding", "greedy", "--set", "max_new_tokens=8"],
}  # fmt: skip


def road(document: str) -> list[list[str]]:
    """The words of each line of the road, comments aside."""
    text = (ROOT / document).read_text(encoding="utf-8").split(HEADINGS[document], 1)[1]
    block = re.search(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    assert block is not None
    lines = block[1].replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_both_languages_tell_the_same_road() -> None:
    assert road("README.md") == road("README.ru.md")


def test_each_corpus_that_the_training_wants_is_built_by_an_earlier_line() -> None:
    made: set[str] = set()
    trained = 0
    for words in road("README.md"):
        if "--out" in words and words[1:3] == ["corpus", "build"]:
            made.add(words[words.index("--out") + 1])
        if words[1] == "translate":
            assert words[2] in made
            made.add(words[words.index("--to") + 1])
        if words[1] == "features":
            assert made.issuperset(word for word in words if word.startswith("data/corpora/"))
        if words[1] == "train":
            trained += 1
            recipe = yaml.safe_load((ROOT / words[2]).read_text(encoding="utf-8"))
            wanted = {f"data/corpora/{name}" for stage in recipe["stages"] for name in stage["corpora"]}
            assert wanted <= made
    assert trained


def paint_archives(folder: Path) -> dict[str, str]:
    """Folders as Kaggle's archive of Flickr30k and vizwiz.org's archives unpack."""
    import random

    rng = random.Random(3)
    kaggle, vizwiz = folder / "kaggle", folder / "vizwiz"
    inner = kaggle / "flickr30k_images" / "flickr30k_images"
    inner.mkdir(parents=True)
    lines = ["image_name| comment_number| comment"]
    for number in range(16):
        scene = grammar.scene(rng, "wall")
        paint_scene(scene, rng, width=64, height=64).save(inner / f"{number}.jpg")
        lines += [f"{number}.jpg| {k}| {english}" for k, (english, _) in enumerate(grammar.captions(scene)[:2])]
    (kaggle / "flickr30k_images" / "results.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for split, count in {"train": 6, "val": 2}.items():
        (vizwiz / split).mkdir(parents=True)
        content: dict[str, list[dict[str, object]]] = {"images": [], "annotations": []}
        for number in range(count):
            scene, name = grammar.scene(rng, "wall"), f"VizWiz_{split}_{number:08}.jpg"
            paint_scene(scene, rng, width=64, height=64).save(vizwiz / split / name)
            content["images"].append({"id": number, "file_name": name})
            content["annotations"].append({"image_id": number, "caption": grammar.captions(scene)[0][0]})
        (vizwiz / "annotations").mkdir(exist_ok=True)
        (vizwiz / "annotations" / f"{split}.json").write_text(json.dumps(content), encoding="utf-8")
    return {"FLICKR_FOLDER": str(kaggle), "VIZWIZ_FOLDER": str(vizwiz)}


@contextmanager
def world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An empty working folder with the repository's YAMLs, the cache of the Hub, and VK. Yields what the names mean."""
    import huggingface_hub.constants

    monkeypatch.chdir(folder)
    shutil.copytree(ROOT / "configs", folder / "configs")
    put_into_the_hub_s_cache(folder / "hub")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("MEMECAP_CACHE", str(folder / "cache"))
    posts = paint_wall(folder / "painted", N_MEMES)
    with VkServer({"textmeme": posts[: N_MEMES - 5], "badtextmeme": posts[N_MEMES - 5 :]}) as server:
        monkeypatch.setenv("MEMECAP_VK_API", server.address)
        yield {"VK_TOKEN": server.token, **paint_archives(folder)}


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_the_road_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from memecap.cli import app
    from memecap.cli import verbs as _verbs

    assert _verbs
    with world(tmp_path, monkeypatch) as meant:
        for words in road("README.md"):
            if words[0] == "export":
                name, _, _ = words[1].partition("=")
                monkeypatch.setenv(name, meant[name])
                continue
            assert words[0] == "memecap"
            arguments = [meant.get(word, word) for word in words[1:]]
            code = app(args=[*arguments, *SHORTER.get(arguments[0], [])], standalone_mode=False)
            assert not code, " ".join(words)
    run = tmp_path / "output" / "clipcap_ruclip"
    assert json.loads((run / "run.json").read_text())["steps"] > 0
    assert (run / "test" / "report.html").exists()
    corpora = tmp_path / "data" / "corpora"
    for name, n_rows in {"flickr30k_opus": 16, "vizwiz_opus": 8}.items():
        assert len(list((corpora / name).glob("*/images/*"))) == n_rows
