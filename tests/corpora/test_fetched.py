"""Sources whose pictures come from elsewhere: links of Conceptual Captions, datasets of the Hub, XM3600."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from memecap.core import storage
from memecap.core.manifest import LEFT_OUT
from memecap.corpora import conceptual, hub, xm3600
from memecap.corpora.build.build import build
from memecap.errors import DataError, ServiceError


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A local server of the painted pictures."""
    (tmp_path / "images").mkdir()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *given: Quiet(*given, directory=str(tmp_path / "images"))
    )  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_conceptual_fetches_and_names_dead_links(address: str, paint, tmp_path: Path) -> None:
    paint("1.jpg", 1)
    paint("2.png", 2)
    lines = [("a cat .", "1.jpg"), ("a dog .", "2.png"), ("gone", "3.jpg"), ("the same cat", "1.jpg")]
    source = tmp_path / "train.tsv"
    source.write_text("".join(f"{caption}\t{address}/{name}\n" for caption, name in lines), encoding="utf-8")
    config = conceptual.Settings(source=source, images=tmp_path / "fetched", download={"allowed": ["127.0.0.1"]})
    corpus = build(conceptual.Conceptual(config), tmp_path / "conceptual")
    rows = {row.source_url.rpartition("/")[2]: row for row in corpus.rows("train")}
    assert {name: row.captions for name, row in rows.items()} == {
        "1.jpg": ("a cat .", "the same cat"),
        "2.png": ("a dog .",),
    }
    (left,) = storage.read_jsonl(corpus.folder / LEFT_OUT)
    assert left["reason"] == "not fetched: gone"
    offline = conceptual.Settings(source=source, images=tmp_path / "empty", fetch=False)
    assert {item.reason for item in conceptual.Conceptual(offline).items()} == {"not fetched: not tried yet"}


def test_conceptual_asks_nobody_inside_this_network(address: str, paint, tmp_path: Path) -> None:
    """A list is other people's; the others of it are not asked for either, as there is no network in a test."""
    paint("1.jpg", 1)
    source = tmp_path / "train.tsv"
    inward = (address, "http://10.0.0.1", "http://[::1]:8000", "http://metadata.localhost")
    source.write_text("".join(f"a cat\t{one}/1.jpg\n" for one in inward), encoding="utf-8")
    settings = conceptual.Settings(source=source, images=tmp_path / "fetched")
    items = list(conceptual.Conceptual(settings).items())
    assert [item.reason for item in items[:3]] == ["not fetched: not_public"] * 3
    assert items[3].reason in ("not fetched: not_public", "not fetched: unreachable")  # as its resolver knows it


def test_conceptual_as_text(tmp_path: Path) -> None:
    source = tmp_path / "validation.tsv"
    source.write_text("a cat\thttp://x/1\na dog\thttp://x/2\n", encoding="utf-8")
    items = list(conceptual.Conceptual(conceptual.Settings(source=source, limit=1)).items())
    assert [(item.captions, item.split, item.image) for item in items] == [(("a cat",), "val", None)]


@pytest.mark.real
def test_real_conceptual(shared_data: Path) -> None:
    source = shared_data / "conceptual" / "validation.tsv"
    items = list(conceptual.Conceptual(conceptual.Settings(source=source)).items())
    assert len(items) == 15_833
    assert all(item.source_url.startswith("http") and item.captions[0] for item in items)


def test_xm3600(tmp_path: Path) -> None:
    record = {
        "image/key": "abc",
        "image/locale": "ru",
        "ru": {"caption": ["Кот .", "Рыжий кот"]},
        "en": {"caption": []},
    }
    (tmp_path / "captions.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    (item,) = xm3600.Xm3600(xm3600.Settings(source=tmp_path, images=tmp_path / "i")).items()
    assert (item.captions, item.split, item.image) == (("Кот .", "Рыжий кот"), "test", tmp_path / "i" / "abc.jpg")
    with pytest.raises(DataError, match="'de'"):
        list(xm3600.Xm3600(xm3600.Settings(source=tmp_path, language="de")).items())


@pytest.fixture
def offline_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.mark.usefixtures("offline_cache")
def test_hub_dataset_with_splits(paint, tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    for split, numbers in {"train": (1, 2), "test": (3,)}.items():
        lines = []
        for number in numbers:
            paint(f"{number}.png", number, folder=f"dataset/{split}")
            lines.append(json.dumps({"file_name": f"{number}.png", "text": f"мем {number}"}))
        (folder / split / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")
    config = hub.Settings(source=folder, caption="text", images=tmp_path / "out")
    corpus = build(hub.Hub(config), tmp_path / "c")
    assert corpus.counts == {"train": 2, "test": 1}
    assert {row.captions for row in corpus.rows("train")} == {("мем 1",), ("мем 2",)}


@pytest.mark.usefixtures("offline_cache")
def test_hub_dataset_with_bytes_and_one_split(paint, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = paint("1.png", 1).read_bytes()
    table = pa.table(
        {
            "image": [{"bytes": content, "path": "x.png"}, {"bytes": None, "path": None}],
            "captions": [["раз", " два "], ["три"]],
            "uid": [7, 8],
        }
    )
    (tmp_path / "dataset").mkdir()
    pq.write_table(table, tmp_path / "dataset" / "train.parquet")
    config = hub.Settings(source=tmp_path / "dataset", caption="captions", id="uid", images=tmp_path / "out")
    first, second = hub.Hub(config).items()
    assert (first.key, first.captions, first.split) == ("7", ("раз", "два"), "")
    assert first.image is not None
    assert first.image.read_bytes() == content
    assert second.reason == "no picture in the record"
    with pytest.raises(DataError, match="no column 'caption'"):
        list(hub.Hub(hub.Settings(source=tmp_path / "dataset", images=tmp_path / "out")).items())


@pytest.mark.usefixtures("offline_cache")
def test_a_dataset_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be loaded"):
        list(hub.Hub(hub.Settings(source=Path("nobody/nothing-of-the-kind"), images=tmp_path)).items())
