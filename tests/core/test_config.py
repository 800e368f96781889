"""YAML means what it says, mistakes are named with their place, and settings survive being written and read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memecap.core import config
from memecap.core.config import ConfigError, Frozen, PartConfig, ReaderConfig
from memecap.errors import MissingFileError, UnknownPartError


class Stage(Frozen):
    lr: float = 1e-5
    corpora: tuple[str, ...] = ()


class Run(Frozen):
    name: str = "run"
    seed: int = 0
    bf16: bool = False
    threshold: float = 0.5
    stages: tuple[Stage, ...] = ()
    folder: Path | None = None


class WithPart(Frozen):
    reader: ReaderConfig
    width: int = 8


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E+2", 100.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("-.inf", -math.inf),
        ("10", 10),
        ("-3", -3),
        ("012", "012"),
        ("1:30", "1:30"),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("2020-01-01", "2020-01-01"),
        ("=", "="),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("[1, no, 1e2]", [1, "no", 100.0]),
        ("кот", "кот"),
    ],
)
def test_scalars(text: str, value: object, tmp_path: Path) -> None:
    read = config.read_yaml(write(tmp_path, f"key: {text}\n"))["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "'a' stands twice", "line 3"),
        ("a:\n  b: 1\n  b: 2\n", "'b' stands twice", "line 3"),
        ("a: [1\nb: 2\n", "expected", "line 2"),
        ("a: 1\n\tb: 2\n", "cannot start any token", "line 2"),
        ("- 1\n", "expected a mapping", "run.yaml"),
        ("", "expected a mapping", "run.yaml"),
        ("[a, b]: 1\n", "a key must be a plain word", "line 1"),
        ("a: \x07\n", "unacceptable character", "run.yaml"),
    ],
)
def test_bad_yaml_is_named_with_its_line(text: str, message: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        config.read_yaml(write(tmp_path, text))
    assert caught.value.where is not None
    assert line in caught.value.where


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        config.read_yaml(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.read_yaml(tmp_path)
    (tmp_path / "run.yaml").write_bytes("name: мем".encode("cp1251"))
    with pytest.raises(ConfigError, match="UTF-8"):
        config.read_yaml(tmp_path / "run.yaml")


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "name: file\nseed: 1\nthreshold: 1e-2\nstages:\n  - lr: 1\n")
    monkeypatch.setenv("MEMECAP__SEED", "2")
    monkeypatch.setenv("MEMECAP__NAME", "environment")
    monkeypatch.setenv("MEMECAP_VK_TOKEN", "not a setting")
    run = config.load(Run, path, ["name=flag", "stages.0.lr=2e-5"])
    assert (run.name, run.seed, run.threshold, run.bf16, run.stages[0].lr) == ("flag", 2, 0.01, False, 2e-5)
    sources = {key: source for key, _, source in config.explain(Run, path, ["name=flag", "stages.0.lr=2e-5"])}
    assert sources == {
        "name": "flag",
        "seed": "environment",
        "bf16": "default",
        "threshold": "file",
        "stages.0.lr": "flag",
        "stages.0.corpora": "default",
        "folder": "default",
    }


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "sed: 1\nthreshold: much\nstages:\n  - {lr: 1, corporra: [a]}\n")
    with pytest.raises(ConfigError) as caught:
        config.load(Run, path)
    said = caught.value.what
    assert "unknown key `sed` (did you mean `seed`?)" in said
    assert "`threshold`" in said
    assert "'much'" in said
    assert "unknown key `stages.0.corporra` (did you mean `corpora`?)" in said
    assert caught.value.where == str(path)


@pytest.mark.parametrize("override", ["seed", "stages.5.lr=1", "name.first.second.0=1", "seed.deep=1"])
def test_bad_overrides(override: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        config.load(Run, write(tmp_path, "seed: 1\nstages: []\n"), [override])


def test_overrides_leave_the_defaults_given_alone() -> None:
    defaults = {"reader": {"name": "tesseract"}}
    config.load(WithPart, overrides=["reader.processes=3"], defaults=defaults)
    assert defaults == {"reader": {"name": "tesseract"}}


def test_parts_by_name_and_by_mapping() -> None:
    short = config.load(WithPart, overrides=["reader=tesseract"])
    long = config.load(WithPart, defaults={"reader": {"name": "tesseract"}})
    assert short == long
    grown = config.load(WithPart, overrides=["reader.processes=2"], defaults={"reader": "tesseract"})
    assert grown.reader == long.reader


def test_parts_that_do_not_fit() -> None:
    with pytest.raises(UnknownPartError, match="'teseract'") as caught:
        config.load(WithPart, overrides=["reader=teseract"])
    assert "did you mean 'tesseract'" in str(caught.value)
    with pytest.raises(ConfigError, match=r"reader\.languags.*did you mean `languages`"):
        config.load(WithPart, defaults={"reader": {"name": "tesseract", "languags": "x"}})
    with pytest.raises(ConfigError, match="expected a name"):
        config.load(WithPart, defaults={"reader": {"width": 1}})
    with pytest.raises(ConfigError, match="`reader` is missing"):
        config.load(WithPart)


def test_where_a_parts_values_come_from(tmp_path: Path) -> None:
    leaves = {key: source for key, _, source in config.explain(WithPart, write(tmp_path, "reader: tesseract\n"))}
    assert leaves.pop("reader.name") == "file"
    assert set(leaves.values()) == {"default"}


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Run().seed = 3  # type: ignore[misc]


def test_configure_takes_ready_settings() -> None:
    ready = PartConfig(name="anything")
    assert config.configure("encoders", ready) is ready


texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12) | st.sampled_from(
    ["1e-3", "no", "012", "1:30", "null", "~", "true", "2020-01-01", "=", "<<", "1_0", "0x1", "- a", "a: b", "#"]
)


@settings(max_examples=60, deadline=None)
@given(
    run=st.builds(
        Run,
        name=texts,
        seed=st.integers(),
        bf16=st.booleans(),
        threshold=st.floats(allow_nan=False),
        stages=st.lists(
            st.builds(Stage, lr=st.floats(allow_nan=False), corpora=st.lists(texts, max_size=3)), max_size=2
        ),
    )
)
def test_what_is_written_is_read(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    path.write_text(config.to_yaml(run), encoding="utf-8", newline="\n")
    assert config.load(Run, path) == run


def test_keys_of_before_have_new_names(tmp_path: Path) -> None:
    from memecap.captioners.template import Template

    (tmp_path / "old.yaml").write_text("name: template\nleast_confidence: 0.5\n", encoding="utf-8")
    assert config.load(Template.Config, tmp_path / "old.yaml").min_confidence == 0.5
    shown = {key: (value, source) for key, value, source in config.explain(Template.Config, tmp_path / "old.yaml")}
    assert shown["min_confidence"] == (0.5, "file")
    with pytest.raises(ConfigError, match="unknown key `least_confidence`"):
        config.validate(Template.Config, {"least_confidence": 0.5, "min_confidence": 0.4}, where="x")
    with pytest.raises(ConfigError, match="unknown key `least_alike`"):
        config.validate(Template.Config, {"least_alike": 50}, where="x")
