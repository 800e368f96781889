"""Write what the documents say of the code's own tables: docs/yaml_keys.md and docs/schema/*.json.

    python scripts/write_reference.py [FOLDER]

In: the pydantic settings of runs and parts, and the dataclasses of records. Out: a page of every key, JSON Schemas.
"""

from __future__ import annotations

import inspect
import json
import sys
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.core.corrections import Correction
from memecap.core.manifest import Row
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading
from memecap.training.config import TrainConfig

OUT = Path(__file__).parents[1] / "docs"
HEAD = """# Every YAML key

Written by `scripts/write_reference.py` from the code; a test compares. A flag (`--set key=value`) wins over a variable
(`MEMECAP_KEY__KEY`), that over the file, that over the default; `memecap config show FILE` prints each value and where
it came from. An unknown key is an error that names the nearest known one. In a run, a part stands as its name, or as a
mapping with `name` and its keys.
"""
FAMILIES = {
    "captioners": "Captioners: `captioner`",
    "encoders": "Image encoders: `encoder` of a captioner",
    "decoding": "Decoding: `decoding`, `--decoding`",
    "reading": "Readers: `--reader`",
    "corpora": "Corpora: `memecap corpus build`, configs/corpora",
    "translation": "Translators: `memecap translate --engine`",
    "metrics": "Metrics: `val_metrics`, `--metric`",
}
#: a type in the words of a YAML
WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Path": "path",
    "NoneType": "null",
}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "at least", "multiple_of": "multiple of"}


def yaml_keys() -> str:
    """The page."""
    written: set[type[BaseModel]] = set()
    parts = [HEAD, "## A training run\n", *_sections(TrainConfig, written, "###")]
    for family, title in FAMILIES.items():
        parts.append(f"## {title}\n")
        base = _shared(family)
        if base is not None:
            written.add(base)
            parts += ["### Every one of them\n", _table(base, {"name"})]
        for name in registry.names(family):
            parts.append(f"### `{name}`\n\n{registry.summary(family, name)}\n")
            config = settings_of(family, name)
            known = set(base.model_fields) if base else set[str]()
            parts += list(_body(config, written, {"name"} | {key for key in known if _same(base, config, key)}))
    return "\n".join(parts).rstrip() + "\n"


def settings_of(family: str, name: str) -> type[BaseModel]:
    """The settings of a part: a search is its own."""
    part = registry.load(family, name)
    config: type[BaseModel] = part if issubclass(part, PartConfig) else part.Config
    return config


def _shared(family: str) -> type[BaseModel] | None:
    """The settings that every part of a family has, where its base says some."""
    base = getattr(__import__(f"memecap.{family}.base", fromlist=["base"]), registry.FAMILIES[family])
    config = base if issubclass(base, PartConfig) else getattr(base, "Config", None)
    return config if config is not None and set(config.model_fields) - {"name"} else None


def _same(base: type[BaseModel] | None, config: type[BaseModel], key: str) -> bool:
    """Is this key as it is for the whole family?"""
    return (
        base is not None
        and key in config.model_fields
        and repr(base.model_fields[key]) == repr(config.model_fields[key])
    )


def _sections(config: type[BaseModel], written: set[type[BaseModel]], level: str) -> Iterator[str]:
    yield f"{level} {config.__name__}\n\n{_said(config)}\n"
    yield from _body(config, written, set())


def _body(config: type[BaseModel], written: set[type[BaseModel]], without: set[str]) -> Iterator[str]:
    """A table, then those of the mappings inside it that have not been written yet."""
    yield _table(config, without)
    for field in config.model_fields.values():
        for inner in _models(field.annotation):
            if inner not in written and not _is_family(inner):
                written.add(inner)
                yield from _sections(inner, written, "####")


def _table(config: type[BaseModel], without: Collection[str] = ()) -> str:
    rows = [
        f"| `{key}` | {_kind(field)} | {_default(field)} | {_cell(field.description or '')} |"
        for key, field in config.model_fields.items()
        if key not in without
    ]
    if not rows:
        return "No keys of its own.\n"
    return "\n".join(["| key | value | default | what it is |", "|---|---|---|---|", *rows]) + "\n"


def _said(config: type[BaseModel]) -> str:
    return inspect.cleandoc(config.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return ""
    if isinstance(value, BaseModel):
        set_apart = value.model_dump(mode="json", exclude_defaults=True)
        value = {"name": getattr(value, "name", None), **set_apart} if hasattr(value, "name") else set_apart
    if isinstance(value, Path):
        value = str(value)
    return f"`{_cell(json.dumps(value, ensure_ascii=False, default=str))}`"


def _kind(field: FieldInfo) -> str:
    limits = [
        f"{sign} {_number(getattr(one, name))}"
        for one in field.metadata
        for name, sign in SIGNS.items()
        if isinstance(getattr(one, name, None), int | float)
    ]
    return _cell(", ".join([_spell(field.annotation), *limits]))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _spell(annotation: Any) -> str:
    """A type in words."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _spell(inside[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inside)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_spell(one) for one in inside))
    if origin in (list, tuple, set, frozenset, Sequence):
        kinds = dict.fromkeys(_spell(one) for one in inside if one is not Ellipsis)
        return f"list of {' and '.join(kinds)}".replace("list of a part", "list of parts") if kinds else "list"
    if origin in (dict, Mapping):
        return "mapping"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "a part" if _is_family(annotation) else f"{annotation.__name__} (below)"
    return WORDS.get(getattr(annotation, "__name__", ""), str(getattr(annotation, "__name__", annotation)))


def _is_family(model: type[BaseModel]) -> bool:
    """Is it a part of a family, which has a section of its own?"""
    return model is PartConfig or (issubclass(model, PartConfig) and "name" in model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The settings inside an annotation."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inside in get_args(annotation) for model in _models(inside)]


def schemas() -> dict[str, Any]:
    """file name → JSON Schema of the records that memecap writes and reads."""
    titles: dict[str, tuple[type, str]] = {
        "row": (Row, "A line of metadata.jsonl"),
        "reading": (Reading, "The text on one picture"),
        "quote": (Quote, "A quote of a caption"),
        "correction": (Correction, "A line of corrections.jsonl"),
    }
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    made = {"run": TrainConfig.model_json_schema()}
    for name, (kind, title) in titles.items():
        made[name] = {**TypeAdapter(kind).json_schema(), "title": title}
    return {f"{name}.json": {**dialect, **one} for name, one in made.items()}


def write(out: Path) -> None:
    """The page and the schemas, below a folder of documents."""
    (out / "schema").mkdir(parents=True, exist_ok=True)
    (out / "yaml_keys.md").write_text(yaml_keys(), encoding="utf-8")
    for name, schema in schemas().items():
        (out / "schema" / name).write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
