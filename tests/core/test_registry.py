"""A file is a part; nothing lists it anywhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from memecap.core import registry
from memecap.errors import UnknownPartError

FAMILIES = sorted(registry.FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_names_are_the_files(family: str) -> None:
    folder = Path(registry.__file__).parents[1] / family
    for name in registry.names(family):
        assert (folder / f"{name}.py").is_file()
        assert not name.startswith("_")
        assert name != "base"
    assert registry.names(family) == sorted(registry.names(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_part_has_a_summary(family: str) -> None:
    for name in registry.names(family):
        assert len(registry.summary(family, name)) > 10


def test_listing_imports_no_part() -> None:
    code = (
        "import sys; from memecap.core import registry\n"
        "[registry.summary(f, n) for f in registry.FAMILIES for n in registry.names(f)]\n"
        "print('torch' in sys.modules, 'memecap.corpora.memes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownPartError, match="'flickr3k'") as caught:
        registry.load("corpora", "flickr3k")
    assert "did you mean 'flickr30k'?" in str(caught.value)
    assert all(name in str(caught.value) for name in registry.names("corpora"))
    with pytest.raises(UnknownPartError, match="'corpra'"):
        registry.names("corpra")


@pytest.mark.parametrize("name", ["", ".", "..", "base", "_tables", "_journal"])
def test_what_is_not_a_part(name: str) -> None:
    with pytest.raises(UnknownPartError):
        registry.load("corpora", name)


def test_a_dotted_path_reaches_a_part_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "corpus.py").write_text(
        "from memecap.corpora.base import Source\nclass Mine(Source):\n    def items(self): return iter(())\n"
    )
    assert registry.load("corpora", "mine.corpus").__name__ == "Mine"
    (tmp_path / "mine" / "two.py").write_text(
        "from memecap.corpora.base import Source\nclass A(Source): pass\n"
        "class B(Source): pass\nclass _C(Source): pass\n"
    )
    with pytest.raises(UnknownPartError, match="exactly one public Source, not 2"):
        registry.load("corpora", "mine.two")
    with pytest.raises(UnknownPartError, match=r"no module named 'mine\.three'"):
        registry.load("corpora", "mine.three")
    (tmp_path / "mine" / "needs.py").write_text("import a_library_nobody_has\n")
    with pytest.raises(UnknownPartError, match="no module named 'a_library_nobody_has'"):
        registry.load("corpora", "mine.needs")
