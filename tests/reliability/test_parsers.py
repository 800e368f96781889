"""Whatever a file holds, reading it gives a value or one of our errors: valid files with bytes lost, changed, added."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memecap.checkpoints import record as checkpoint_record
from memecap.core import config, manifest, storage, sums, tensors
from memecap.core.chat_answer import read_answer as read_chat
from memecap.corpora.sources import tables
from memecap.errors import MemecapError
from memecap.memory.stored import load_recollections
from memecap.reading.stored.readings import load_readings
from memecap.scoring.predictions import read_predictions
from memecap.scraping.archive import read_lines
from memecap.scraping.post import read_posts
from memecap.scraping.wall import posts_of
from memecap.text.quotes import spans
from memecap.translation.runtime.answers import read_answer as read_translations

Read = Callable[[Path], Any]
HOSTILE = [
    b"",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b"\n",
    b"\r",
    b"\t",
    b";",
    b"|",
    b"-",
    b"1e999",
    b"NaN",
    b"null",
    b"true",
    b"9" * 5000,
    b"[" * 2000,
    b"&a [*a]",
    b"!!python/object:os.system",
    b"../",
    "«„“”\u202e\u2028\ufeff".encode(),
    b"\\ud83d",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"=1+1",
    b"%PDF",
]
ROW = {
    "captions": ["кот"],
    "image_id": "a",
    "group_id": "a",
    "corpus": "c",
    "split": "train",
    "file_name": "images/a.png",
}
LINE = {"text": "когда", "box": [0, 0, 9, 9], "confidence": 0.9, "language": "ru", "translation": ""}
READING = {"image_id": "a", "lines": [LINE], "width": 9, "height": 9, "reader": "r 1"}
POST = {
    "owner_id": -1,
    "post_id": 1,
    "date": 1,
    "photos": [{"kind": "photo", "owner_id": 1, "photo_id": 1, "url": "u"}],
}
ITEM = {"id": 1, "owner_id": -1, "date": 1, "text": "т", "attachments": [{"type": "photo", "photo": {"id": 1}}]}
RECALLED = {
    "image_id": "b", "group_id": "b", "corpus": "c", "split": "train", "captions": ["кот"],
    "lines": [{"text": "а", "box": [0, 0, 1, 1]}], "box": [0, 0, 1, 1], "covered": 0.5, "inliers": 9, "confidence": 0.9,
    "transform": [1, 0, 0, 0, 1, 0], "differs": [[0, 0, 1, 1]],
}  # fmt: skip


def line(value: Any) -> bytes:
    return storage.to_line(value).encode()


def corpus(path: Path) -> Any:
    folder = path.parent
    (folder / "corpus.json").write_text('{"name": "c", "counts": {"train": 1}}')
    opened = manifest.open_corpus(folder)
    return [opened.image_path(row) for row in opened.rows("train")]


def rows_of(path: Path) -> Any:
    (path.parent / "train").mkdir(exist_ok=True)
    path.replace(path.parent / "train" / "metadata.jsonl")
    return corpus(path)


def beside(folder: str, load: Callable[[Path], Any]) -> Read:
    def read(path: Path) -> Any:
        (path.parent / folder).mkdir(exist_ok=True)
        path.replace(path.parent / folder / "x.jsonl")
        return load(path.parent)

    return read


def named(name: str, load: Callable[[Path], Any]) -> Read:
    def read(path: Path) -> Any:
        return load(path.replace(path.with_name(name)))

    return read


#: what is read → a valid file, and who reads it
PARSERS: dict[str, tuple[bytes, Read]] = {
    "yaml": (
        b"captioner: {name: clipcap, lr: 1e-3}\nstages:\n  - {name: a, corpora: [b], epochs: 1}\n",
        config.read_yaml,
    ),
    "json": (b'{"a": [1, 2.5, "x", null, true]}', storage.read_json),
    "manifest": (
        b'{"name": "c", "counts": {"train": 1}}',
        named("corpus.json", lambda path: manifest.open_corpus(path.parent)),
    ),
    "rows": (line(ROW) * 2, rows_of),
    "readings": (line(READING) * 2, beside("readings", load_readings)),
    "recollections": (
        line({"image_id": "a", "recollections": [RECALLED]}),
        beside("recollections", load_recollections),
    ),
    "posts": (line(POST) * 2, named("posts.jsonl", lambda path: list(read_posts(path.parent)))),
    "answers of VK": (line({"response": {"count": 1, "items": [ITEM]}}), lambda path: posts_of(read_lines(path))),
    "captions.jsonl": (
        line({"image_id": "a", "caption": "к", "references": ["к"]}),
        named("x.jsonl", read_predictions),
    ),
    "captions.csv": (
        'image_id,caption,references\na,"кот, ""да""",кот\nb,пёс,пёс\n'.encode(),
        named("x.csv", read_predictions),
    ),
    "captions.tsv": ("image_id\tcaption\treferences\na\tкот\tкот\n".encode(), named("x.tsv", read_predictions)),
    "captions.json": (b'[{"image_id": "a", "caption": "k", "references": ["k"]}]', named("x.json", read_predictions)),
    "table": ('uid\ttext\n1\tНадпись "кот".\n2\tпёс\n'.encode(), lambda path: list(tables.delimited(path))),
    "quoted table": (
        'uid,text\n1,"кот, ""да"""\n2,пёс\n'.encode(),
        lambda path: list(tables.delimited(path, delimiter=",", quoted=True)),
    ),
    "coco": (
        b'{"images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 1, "caption": "c"}]}',
        lambda path: list(tables.coco(path)),
    ),
    "checksums": (b"0" * 64 + b"  a\n" + b"1" * 64 + b"  b\n", named(sums.NAME, lambda path: sums.read(path.parent))),
    "checkpoint": (
        b'{"references": {}, "format": 2, "tied": {}, "files": {"a": "b"}}',
        named(checkpoint_record.RECORD, lambda path: checkpoint_record.read(path.parent)),
    ),
    "pickle": (b"PK\x03\x04" + bytes(40), lambda path: tensors.read_pickle(path, fix="")),
    "safetensors": (
        b"\x40" + bytes(7) + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(64) + bytes(4),
        lambda path: tensors.read_safetensors(path, fix=""),
    ),
    "quotes": (
        'Кот говорит: «Да, "нет"». Надпись: "а".'.encode(),
        lambda path: spans(path.read_bytes().decode("utf-8", "replace")),
    ),
    "chat": (
        b'{"choices": [{"message": {"content": "k"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}',
        lambda path: read_chat(path.read_bytes().decode("utf-8", "replace")),
    ),
    "translations": (
        'Here: {"1": "кот", "2": "пёс"} ```json [{"number": 1, "translation": "кот"}]```'.encode(),
        lambda path: read_translations(path.read_bytes().decode("utf-8", "replace"), {"1": "cat", "2": "dog"}),
    ),
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A valid file with up to four pieces lost, changed, or put in; or bytes of any kind."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=80))
    content = whole
    for _ in range(draw(st.integers(1, 4))):
        place, lost = draw(st.integers(0, len(content))), draw(st.integers(0, 6))
        content = content[:place] + draw(st.sampled_from(HOSTILE)) + content[place + lost :]
    return content


def check(name: str, folder: Path, n_examples: int) -> None:
    whole, read = PARSERS[name]
    (folder / "file").write_bytes(whole)
    if name not in ("pickle",):
        read(folder / "file")

    @settings(
        max_examples=n_examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(content=damaged(whole))
    def never_anything_else(content: bytes) -> None:
        path = folder / "file"
        path.write_bytes(content)
        try:
            read(path)
        except MemecapError as error:
            assert str(error)

    never_anything_else()


@pytest.mark.parametrize("name", PARSERS)
def test_parsers(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, 40)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a guard, not a measure
@pytest.mark.parametrize("name", PARSERS)
def test_parsers_10_000_times(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, 10_000)


def test_a_yaml_of_aliases(tmp_path: Path) -> None:
    """Nine lines that stand for a billion words."""
    lines = ["a0: &a0 [лол, лол]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10))]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(MemecapError, match="alias") as told:
        config.read_yaml(tmp_path / "bomb.yaml")
    assert "line 2" in str(told.value)
    assert json.dumps(told.value.exit_code) == "2"
