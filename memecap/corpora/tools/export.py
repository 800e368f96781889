"""A corpus → the files other programs want: parquet, webdataset, COCO, TSV, JSON lines; `datasets` loads each.

One record a row, so every form has as many records as the corpus has rows. Written a row at a time, atomically, with
equal bytes for an equal corpus. Sources: https://huggingface.co/docs/datasets,
https://github.com/webdataset/webdataset, https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from memecap.core import progress, shards, spelling, storage
from memecap.core.manifest import Corpus, Row
from memecap.core.parallel import chunks
from memecap.errors import UsageError

SHARD = 5_000  # rows in a tar file
ROW_GROUP = 200  # rows in memory at once
_COLUMNS = [name for name in Row.__dataclass_fields__ if name != "file_name"]
_SHARD = re.compile(r"[^/\\]+-\d{6,}\.tar")
RECORD = ".export.json"  # the files that exports into this folder wrote
# The one field of every picture in a webdataset, whatever its bytes: a field that some samples lack is another schema
# to `datasets`, and decoders look at the bytes. The row's `file_name` keeps the ending that fits them.
WEBDATASET_PICTURE = "jpg"


def export(corpus: Corpus, to: str, out: Path) -> list[Path]:
    """Write every split of the corpus in the form `to`; returns the files written, pictures aside.

    Raises:
        UsageError: no such form, a library that it needs is not installed, or a file of the user's is in the way.
    """
    spelling.choose(to, FORMS, "form", where="--to")
    stale = _claim(corpus, to, out)
    written = []
    for split in corpus.counts:
        rows = progress.track(corpus.rows(split), f"{corpus.name} {split}", total=corpus.counts[split])
        written += FORMS[to](corpus, split, rows, out)
    for name in stale:
        (out / name).unlink(missing_ok=True)
    storage.write_json(out / RECORD, sorted(set(storage.read_json(out / RECORD)).difference(stale)))
    return written


def _claim(corpus: Corpus, to: str, out: Path) -> list[str]:
    """See that no file in the way is the user's, and write down which will be ours.

    Returns the shards that an earlier, larger export left: whoever loads the folder would load their rows too.
    """
    known = set(storage.read_json(out / RECORD)) if (out / RECORD).exists() else set()
    names = [name for split, n_rows in corpus.counts.items() for name in _NAMES[to](split, n_rows)]
    for name in names:
        if name not in known and (out / name).exists():
            what = "the file is there, and no export wrote it"
            raise UsageError(what, where=out / name, fix="Name another folder with --out.")
    stale = [name for name in known - set(names) if to == "webdataset" and _SHARD.fullmatch(name)]
    storage.write_json(out / RECORD, sorted(known.union(names)))
    return stale


def _parquet(corpus: Corpus, split: str, rows: Iterator[Row], out: Path) -> list[Path]:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError("parquet needs pyarrow", where="--to parquet", fix="pip install 'memecap[eval]'") from error

    def column(name: str) -> Any:
        return pa.list_(pa.string()) if name in ("captions", "source_captions") else pa.string()

    pictured = _has_pictures(corpus)
    schema = pa.schema([(name, column(name)) for name in _COLUMNS])
    if pictured:
        schema = schema.insert(0, pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
        features: dict[str, Any] = {"image": {"_type": "Image"}}  # tells `datasets` to decode the column
        for name in _COLUMNS:
            text = {"dtype": "string", "_type": "Value"}
            features[name] = {"feature": text, "_type": "List"} if pa.types.is_list(column(name)) else text
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path = out / f"{split}.parquet"
    with storage.atomic_writer(path, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        for batch in chunks(rows, ROW_GROUP):
            writer.write_batch(pa.RecordBatch.from_pylist([_record(corpus, row, pictured) for row in batch], schema))
    return [path]


def _record(corpus: Corpus, row: Row, pictured: bool) -> dict[str, Any]:
    record = row.to_json()
    name = record.pop("file_name")
    path = corpus.image_path(row)
    if pictured:
        record["image"] = {"bytes": shards.content(path) if path else None, "path": Path(name).name}
    return record


def _webdataset(corpus: Corpus, split: str, rows: Iterator[Row], out: Path) -> list[Path]:
    written: list[Path] = []
    sourced = any(row.source_captions for other in corpus.counts for row in corpus.rows(other))
    for shard in chunks(rows, SHARD):
        written.append(out / _shard(split, len(written)))
        with storage.atomic_writer(written[-1], "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            for row in shard:
                record = row.to_json()
                if sourced and not row.source_captions:  # an empty list has no type, and `datasets` asks five samples
                    record["source_captions"] = [""] * len(row.captions)
                _add(tar, f"{row.image_id}.json", storage.to_line(record).encode())
                if path := corpus.image_path(row):
                    _add(tar, f"{row.image_id}.{WEBDATASET_PICTURE}", shards.content(path))
    return written


def _shard(split: str, number: int) -> str:
    return f"{split}-{number:06d}.tar"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # owner and time stay zero: equal corpora, equal archives
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _coco(corpus: Corpus, split: str, rows: Iterator[Row], out: Path) -> list[Path]:
    """`images` and `annotations` are written in two passes over the rows, so neither is held in memory."""
    path = out / f"captions_{split}.json"
    with storage.atomic_writer(path) as file:
        file.write(f'{{"info": {json.dumps({"description": corpus.name})},\n"images": [')
        for number, row in enumerate(rows):
            image = {"id": row.image_id, "file_name": _copied(corpus, row, out), "split": split}
            image |= {"group_id": row.group_id, "url": row.source_url}
            file.write(",\n" * bool(number) + json.dumps(image, ensure_ascii=False))
        file.write('],\n"annotations": [')
        captions = ((row.image_id, caption) for row in corpus.rows(split) for caption in row.captions)
        for number, (image_id, caption) in enumerate(captions):
            annotation = {"id": number, "image_id": image_id, "caption": caption}
            file.write(",\n" * bool(number) + json.dumps(annotation, ensure_ascii=False))
        file.write("]}\n")
    return [path]


def _tsv(corpus: Corpus, split: str, rows: Iterator[Row], out: Path) -> list[Path]:
    path = out / f"{split}.tsv"
    with storage.atomic_writer(path) as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["file_name", *_COLUMNS])
        for row in rows:
            record = row.to_json()
            cells = [record.get(name, "") for name in _COLUMNS]
            cells = [cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False) for cell in cells]
            writer.writerow([_copied(corpus, row, out), *cells])
    return [path]


def _jsonl(corpus: Corpus, split: str, rows: Iterator[Row], out: Path) -> list[Path]:
    path = out / f"{split}.jsonl"
    storage.write_jsonl(path, (row.to_json() | {"file_name": _copied(corpus, row, out)} for row in rows))
    return [path]


def _copied(corpus: Corpus, row: Row, out: Path) -> str:
    """Put the row's picture beside the table; its path from there."""
    source = corpus.image_path(row)
    if source is None:
        return ""
    place = out / row.split / row.file_name
    if not place.exists():
        storage.write_bytes(place, shards.content(source), durable=False)
    return f"{row.split}/{row.file_name}"


def _has_pictures(corpus: Corpus) -> bool:
    return any(row.file_name for split in corpus.counts for row in islice(corpus.rows(split), 1))


_NAMES: dict[str, Callable[[str, int], list[str]]] = {
    "parquet": lambda split, _: [f"{split}.parquet"],
    "webdataset": lambda split, n_rows: [_shard(split, number) for number in range(-(-n_rows // SHARD))],
    "coco": lambda split, _: [f"captions_{split}.json"],
    "tsv": lambda split, _: [f"{split}.tsv"],
    "jsonl": lambda split, _: [f"{split}.jsonl"],
}
FORMS: dict[str, Callable[[Corpus, str, Iterator[Row], Path], list[Path]]] = {
    "parquet": _parquet,
    "webdataset": _webdataset,
    "coco": _coco,
    "tsv": _tsv,
    "jsonl": _jsonl,
}
