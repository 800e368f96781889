"""What `import memecap` offers, and what it costs."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import memecap
from memecap.errors import MemecapError, MissingFileError

PUBLIC = ["Caption", "Quote", "__version__", "evaluate", "load_captioner", "open_corpus", "read", "score", "train"]


def test_dir_shows_the_public_names_and_each_is_there() -> None:
    import memecap.core.storage  # a module of the package is no public name

    assert dir(memecap) == PUBLIC
    for name in PUBLIC:
        assert getattr(memecap, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        memecap.nothing  # noqa: B018


def test_importing_imports_nothing_large() -> None:
    told = "import sys, memecap; dir(memecap); print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "numpy", "pandas", "PIL", "pydantic", "typer"} & set(modules)


def test_one_picture_gives_one_reading_and_several_a_list() -> None:
    picture = Image.new("RGB", (60, 40), "white")
    assert memecap.read(picture).lines == ()
    assert [reading.width for reading in memecap.read([picture, picture.resize((80, 40))])] == [60, 80]


def test_scores_are_those_of_the_preset() -> None:
    scores = memecap.score(["кот спит"], [["кот спит"]])
    assert scores["bleu1"] == pytest.approx(100)
    assert memecap.score(["кот спит"], [["кот спит"]], "nltk-seed")["bleu1"] == pytest.approx(1)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        memecap.open_corpus(str(tmp_path / "none"))
    with pytest.raises(MissingFileError):
        memecap.train(tmp_path / "none.yaml")
    with pytest.raises(MemecapError):
        memecap.evaluate("template", tmp_path / "none", tmp_path / "out")
